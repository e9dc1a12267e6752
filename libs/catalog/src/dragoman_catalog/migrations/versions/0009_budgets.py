"""Budgets of projects and jobs, and what calls cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "catalog_budgets",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("job_cap", sa.String(24), nullable=True),
        sa.Column("month_cap", sa.String(24), nullable=True),
        sa.Column("project_cap", sa.String(24), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
        sa.ForeignKeyConstraint(["project_id"], ["catalog_projects.project_id"]),
    )
    op.create_table(
        "catalog_job_caps",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("cap", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_table(
        "catalog_spending",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("call", sa.String(64), nullable=False),
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("cost_nanos", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "call"),
    )
    op.create_index("catalog_spending_days", "catalog_spending", ["project_id", "day"])
    op.create_index("catalog_spending_jobs", "catalog_spending", ["project_id", "job_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("catalog_spending", "catalog_job_caps", "catalog_budgets"):
        op.drop_table(table)
