"""Titles of pipelines, and the pipeline of requirement A that comes with an installation."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from dragoman_catalog.model_values import PADDLEOCR_VL_ID
from dragoman_contracts.phases import PADDLEOCR_PARSE_COMMAND

revision = "0006"
down_revision = "0005"

_PADDLEOCR = {
    "name": "parse",
    "kind": "command",
    "weight": 1.0,
    "config": {
        "command": list(PADDLEOCR_PARSE_COMMAND),
        "model_id": str(PADDLEOCR_VL_ID),
    },
}


def upgrade() -> None:
    """Add the column, and the pipeline where nobody saved one of its name."""
    op.add_column(
        "catalog_pipeline_versions",
        sa.Column("title", sa.String(200), nullable=False, server_default=""),
    )
    versions = sa.table(
        "catalog_pipeline_versions",
        sa.column("name", sa.String),
        sa.column("version", sa.Integer),
        sa.column("phases", sa.JSON),
        sa.column("is_retired", sa.Boolean),
        sa.column("saved_at", sa.DateTime(timezone=True)),
        sa.column("saved_by", sa.String),
        sa.column("title", sa.String),
    )
    name = "paddleocr-document-parse"
    taken = op.get_bind().execute(sa.select(versions.c.name).where(versions.c.name == name))
    if taken.first() is None:
        row = {"name": name, "version": 1, "phases": [_PADDLEOCR], "is_retired": False}
        row |= {"saved_at": datetime.now(UTC), "saved_by": "installation"}
        op.bulk_insert(versions, [row | {"title": "PaddleOCR Document Parse"}])


def downgrade() -> None:
    """Drop the column; the pipeline stays, as any other."""
    op.drop_column("catalog_pipeline_versions", "title")
