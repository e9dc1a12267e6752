"""How far people were with the translations of a project, a row a day and target locale."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COUNTS = ("jobs", "units", "words", "translated", "pending", "reviewed", "approved")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "catalog_review_coverage",
        sa.Column("project_id", sa.Uuid, primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("target_locale", sa.String(64), primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _COUNTS),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("catalog_review_coverage")
