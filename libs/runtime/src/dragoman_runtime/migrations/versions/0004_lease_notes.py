"""A note on each lease: how far the work has come, as its owner says."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the note; services of the version before go on beside it and write none."""
    op.execute("ALTER TABLE work_leases ADD COLUMN note text")


def downgrade() -> None:
    """Drop the note."""
    op.execute("ALTER TABLE work_leases DROP COLUMN note")
