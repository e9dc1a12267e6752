"""The money that each project spent by month, summed as calls are entered.

A trigger adds it, not the services: those of the version before write calls, too, while an update
rolls. It acts as the owner of the tables: a role that may enter calls need not know of sums. It is
made first, which waits for calls that are being entered and lets no other be until the
sum of those that are there is taken.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_SQLITE = (
    """
    CREATE TRIGGER catalog_spending_summed AFTER INSERT ON catalog_spending BEGIN
        INSERT INTO catalog_spent (project_id, month, cost_nanos)
        VALUES (NEW.project_id, substr(NEW.day, 1, 7) || '-01', NEW.cost_nanos)
        ON CONFLICT (project_id, month)
        DO UPDATE SET cost_nanos = catalog_spent.cost_nanos + excluded.cost_nanos;
    END
    """,
    """
    INSERT INTO catalog_spent (project_id, month, cost_nanos)
    SELECT project_id, substr(day, 1, 7) || '-01', sum(cost_nanos) FROM catalog_spending GROUP BY 1, 2
    """,
)
_POSTGRES = (
    """
    CREATE FUNCTION catalog_spending_summed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        INSERT INTO catalog_spent (project_id, month, cost_nanos)
        VALUES (NEW.project_id, CAST(date_trunc('month', NEW.day) AS date), NEW.cost_nanos)
        ON CONFLICT (project_id, month)
        DO UPDATE SET cost_nanos = catalog_spent.cost_nanos + excluded.cost_nanos;
        RETURN NULL;
    END $body$
    """,
    """
    CREATE TRIGGER catalog_spending_summed AFTER INSERT ON catalog_spending
    FOR EACH ROW EXECUTE FUNCTION catalog_spending_summed()
    """,
    """
    INSERT INTO catalog_spent (project_id, month, cost_nanos)
    SELECT project_id, CAST(date_trunc('month', day) AS date), sum(cost_nanos)
    FROM catalog_spending GROUP BY 1, 2
    """,
)


def upgrade() -> None:
    """Make the table and what keeps it, and sum what is there."""
    op.create_table(
        "catalog_spent",
        sa.Column("project_id", sa.Uuid, primary_key=True),
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("cost_nanos", sa.BigInteger, nullable=False),
    )
    for statement in _SQLITE if _is_sqlite() else _POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    """Drop what was made; the calls stay."""
    if _is_sqlite():
        op.execute("DROP TRIGGER catalog_spending_summed")
    else:
        op.execute("DROP TRIGGER catalog_spending_summed ON catalog_spending")
        op.execute("DROP FUNCTION catalog_spending_summed()")
    op.drop_table("catalog_spent")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
