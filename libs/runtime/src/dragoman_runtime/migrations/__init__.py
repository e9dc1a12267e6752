"""Alembic migrations of the event database: events, leases, positions, live jobs.

Run by `migrate_events`.
"""
