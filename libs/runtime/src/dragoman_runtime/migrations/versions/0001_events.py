"""Events in the event-sourcing library's table, leases, positions,
and the jobs the reconciler watches.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    CREATE TABLE dragoman_events (
        originator_id uuid NOT NULL,
        originator_version bigint NOT NULL,
        topic text,
        state bytea,
        notification_id bigserial,
        PRIMARY KEY (originator_id, originator_version)
    )
    """,
    "CREATE UNIQUE INDEX dragoman_events_notification_id_idx ON dragoman_events (notification_id ASC)",
    """
    CREATE TABLE work_leases (
        work_id uuid PRIMARY KEY,
        job_id uuid NOT NULL,
        owner text NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX work_leases_job ON work_leases (job_id)",
    "CREATE TABLE positions (name text PRIMARY KEY, position bigint NOT NULL)",
    "CREATE TABLE live_jobs (job_id uuid PRIMARY KEY, due_at timestamptz NOT NULL)",
    "CREATE INDEX live_jobs_due ON live_jobs (due_at)",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Events are never deleted, so there is no way back."""
    raise NotImplementedError("restore a backup instead")
