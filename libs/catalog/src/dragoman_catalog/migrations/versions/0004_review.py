"""Who has which unit open, and the findings that people dismissed for a project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "catalog_presence",
        sa.Column("job_id", sa.Uuid, primary_key=True),
        sa.Column("actor", sa.String(120), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("unit_id", sa.String(500), nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
    )
    op.create_table(
        "catalog_dismissals",
        sa.Column("project_id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.String(80), primary_key=True),
        sa.Column("source_digest", sa.String(64), primary_key=True),
        sa.Column("target_digest", sa.String(64), primary_key=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("dismissed_by", sa.String(120), nullable=False),
        sa.Column("dismissed_at", _TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them; dismissals of single jobs stay in their events."""
    op.drop_table("catalog_dismissals")
    op.drop_table("catalog_presence")
