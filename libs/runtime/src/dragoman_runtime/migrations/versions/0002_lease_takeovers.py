"""How many workers let the lease of a piece of work expire, one after the other."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the count; services of the version before go on beside it."""
    op.execute("ALTER TABLE work_leases ADD COLUMN takeovers integer NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop the count."""
    op.execute("ALTER TABLE work_leases DROP COLUMN takeovers")
