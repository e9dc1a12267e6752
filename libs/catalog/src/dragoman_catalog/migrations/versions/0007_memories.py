"""Translation memories: their units, imports, deletions and segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _memories()
    _units()
    op.create_table(
        "catalog_memory_segments",
        sa.Column("segment_id", sa.Uuid, primary_key=True),
        _memory(index=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("source_locale", sa.String(64), nullable=False),
        sa.Column("target_locale", sa.String(64), nullable=False),
        sa.Column("index_object", sa.JSON, nullable=False),
        sa.Column("units_object", sa.JSON, nullable=False),
        sa.Column("unit_count", _NUMBER, nullable=False),
        sa.Column("built_at", _TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them, with all that memories hold."""
    for name in ("segments", "deletions", "units", "batches"):
        op.drop_table(f"catalog_memory_{name}")
    op.drop_table("catalog_memories")


def _memory(*, index: bool = False) -> sa.Column[object]:
    return sa.Column(
        "memory_id",
        sa.Uuid,
        sa.ForeignKey("catalog_memories.memory_id"),
        nullable=False,
        index=index,
    )


def _memories() -> None:
    op.create_table(
        "catalog_memories",
        sa.Column("memory_id", sa.Uuid, primary_key=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("segments_seq", _NUMBER, nullable=False),
        sa.Column("index_job_id", sa.Uuid, nullable=True),
        sa.UniqueConstraint("project_id", "name", name="catalog_memories_once"),
    )
    op.create_table(
        "catalog_memory_batches",
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        _memory(index=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("job_id", sa.Uuid, nullable=True),
        sa.Column("source", sa.JSON, nullable=True),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("entry_count", _NUMBER, nullable=False),
        sa.Column("unit_count", _NUMBER, nullable=False),
        sa.Column("new_count", _NUMBER, nullable=False),
        sa.Column("changed_count", _NUMBER, nullable=False),
        sa.Column("unchanged_count", _NUMBER, nullable=False),
        sa.Column("published_at", _TIME, nullable=True),
        sa.Column("published_seq", _NUMBER, nullable=True),
        sa.Column("dropped_at", _TIME, nullable=True),
    )


def _units() -> None:
    op.create_table(
        "catalog_memory_units",
        sa.Column("row_id", _ROW_ID, primary_key=True, autoincrement=True),
        _memory(),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("segment_id", sa.Uuid, nullable=True),
        sa.Column("source_locale", sa.String(64), nullable=False),
        sa.Column("target_locale", sa.String(64), nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("is_candidate", sa.Boolean, nullable=False),
        sa.Column("source_text", sa.Text, nullable=False),
        sa.Column("target_text", sa.Text, nullable=False),
        sa.Column("source_digest", _NUMBER, nullable=False),
        sa.Column("target_digest", _NUMBER, nullable=False),
        sa.Column("content_digest", _NUMBER, nullable=False),
        sa.Column("origin", sa.String(200), nullable=False),
        sa.Column("dated_at", _TIME, nullable=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.UniqueConstraint("memory_id", "unit_id", "batch_id", name="catalog_memory_units_once"),
        sa.Index("catalog_memory_units_in_order", "memory_id", "row_id"),
        sa.Index("catalog_memory_units_by_source", "memory_id", "source_digest"),
        sa.Index("catalog_memory_units_by_segment", "memory_id", "segment_id", "row_id"),
        sa.Index("catalog_memory_units_by_batch", "batch_id", "row_id"),
        sa.Index("catalog_memory_units_candidates", "is_candidate", "row_id"),
    )
    op.create_table(
        "catalog_memory_deletions",
        sa.Column("entry_id", sa.Uuid, primary_key=True),
        _memory(),
        sa.Column("segment_id", sa.Uuid, nullable=True),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Index("catalog_memory_deletions_by_segment", "memory_id", "segment_id"),
    )
