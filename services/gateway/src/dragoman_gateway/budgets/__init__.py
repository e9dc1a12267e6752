"""Budgets: caps on the cost of projects and jobs."""
