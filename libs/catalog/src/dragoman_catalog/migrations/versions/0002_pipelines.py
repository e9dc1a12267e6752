"""Pipelines that people make, every version of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "catalog_pipeline_versions",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("phases", sa.JSON, nullable=False),
        sa.Column("is_retired", sa.Boolean, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(120), nullable=False),
    )


def downgrade() -> None:
    """Drop the table; the pipelines are lost, but jobs hold theirs."""
    op.drop_table("catalog_pipeline_versions")
