"""Who was paid for a call and what it counted, and the calls that were found on record.

Rows from before say neither provider nor tokens: they stay empty. They were entered only where the
price was known.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_NAMES = ("provider", "model")
_TOKENS = ("input_tokens", "cached_tokens", "output_tokens")


def upgrade() -> None:
    """Add the columns, and make the table of reuse."""
    for name in _NAMES:
        op.add_column("catalog_spending", sa.Column(name, sa.String(200), nullable=True))
    for name in _TOKENS:
        op.add_column("catalog_spending", sa.Column(name, sa.BigInteger, nullable=True))
    op.add_column(
        "catalog_spending",
        sa.Column("is_priced", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.create_table(
        "catalog_reuse",
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("call", sa.String(64), nullable=False),
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("share_ppm", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "job_id", "call", "part"),
    )
    op.create_index("catalog_reuse_days", "catalog_reuse", ["project_id", "day"])


def downgrade() -> None:
    """Drop what was added; what was spent stays."""
    op.drop_table("catalog_reuse")
    for name in (*_NAMES, *_TOKENS, "is_priced"):
        op.drop_column("catalog_spending", name)
