"""Projects of users, and sessions that their user can list and end."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns. Who is a user already is in every project; open sessions stay open."""
    op.add_column("catalog_users", sa.Column("project_codes", sa.JSON, nullable=True))
    op.add_column("catalog_sessions", sa.Column("session_id", sa.Uuid, nullable=True))
    op.add_column("catalog_sessions", sa.Column("opened_at", _TIME, nullable=True))
    op.add_column(
        "catalog_sessions",
        sa.Column("source_address", sa.String(80), nullable=False, server_default=""),
    )
    sessions = sa.table(
        "catalog_sessions",
        sa.column("secret_digest", sa.String),
        sa.column("session_id", sa.Uuid),
        sa.column("opened_at", _TIME),
    )
    connection = op.get_bind()
    for (digest,) in connection.execute(sa.select(sessions.c.secret_digest)).all():
        values = {"session_id": uuid4(), "opened_at": datetime.now(UTC)}
        connection.execute(
            sa.update(sessions).where(sessions.c.secret_digest == digest).values(values)
        )


def downgrade() -> None:
    """Drop the columns: every user sees every project again."""
    for table, column in (
        ("catalog_sessions", "source_address"),
        ("catalog_sessions", "opened_at"),
        ("catalog_sessions", "session_id"),
        ("catalog_users", "project_codes"),
    ):
        op.drop_column(table, column)
