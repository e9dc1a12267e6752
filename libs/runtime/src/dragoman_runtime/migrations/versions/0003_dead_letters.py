"""Messages that no worker could read or answer, kept for a person to look at."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table."""
    op.execute(
        """
        CREATE TABLE dead_letters (
            letter_id uuid PRIMARY KEY,
            queue text NOT NULL,
            message_id text NOT NULL,
            body bytea NOT NULL,
            died_at timestamptz NOT NULL,
            redriven_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX dead_letters_newest ON dead_letters (died_at, letter_id)")


def downgrade() -> None:
    """Drop the table: no work is lost by it, the reconciler sends what is owed."""
    op.execute("DROP TABLE dead_letters")
