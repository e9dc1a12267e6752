"""Alembic migrations of the catalogue. Run by `migrate_catalog`."""
