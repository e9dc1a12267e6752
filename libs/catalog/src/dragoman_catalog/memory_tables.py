"""The tables of translation memories: memories, imports, units, deletions, segments.

A unit counts when its batch was published; `NO_BATCH` always is. Each change of a memory's units
takes the memory's next `seq`: by it a segment that is being built is told from edits made meanwhile.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from dragoman_catalog.tables import UtcDateTime, metadata

NO_BATCH = UUID(int=0)
"""The batch of units that came in one by one."""

# SQLite numbers rows by itself only where the key is an INTEGER.
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

memories = Table(
    "catalog_memories",
    metadata,
    Column("memory_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", String(2000), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("segments_seq", BigInteger, nullable=False),
    Column("index_job_id", Uuid, nullable=True),
    UniqueConstraint("project_id", "name", name="catalog_memories_once"),
)

batches = Table(
    "catalog_memory_batches",
    metadata,
    Column("batch_id", Uuid, primary_key=True),
    Column("memory_id", Uuid, ForeignKey("catalog_memories.memory_id"), nullable=False, index=True),
    Column("project_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("job_id", Uuid, nullable=True),
    Column("source", JSON(none_as_null=True), nullable=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("entry_count", BigInteger, nullable=False),
    Column("unit_count", BigInteger, nullable=False),
    Column("new_count", BigInteger, nullable=False),
    Column("changed_count", BigInteger, nullable=False),
    Column("unchanged_count", BigInteger, nullable=False),
    Column("published_at", UtcDateTime, nullable=True),
    Column("published_seq", BigInteger, nullable=True),
    Column("dropped_at", UtcDateTime, nullable=True),
)

units = Table(
    "catalog_memory_units",
    metadata,
    Column("row_id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("memory_id", Uuid, ForeignKey("catalog_memories.memory_id"), nullable=False),
    Column("batch_id", Uuid, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("entry_id", Uuid, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("segment_id", Uuid, nullable=True),
    Column("source_locale", String(64), nullable=False),
    Column("target_locale", String(64), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("is_candidate", Boolean, nullable=False),
    Column("source_text", Text, nullable=False),
    Column("target_text", Text, nullable=False),
    Column("source_digest", BigInteger, nullable=False),
    Column("target_digest", BigInteger, nullable=False),
    Column("content_digest", BigInteger, nullable=False),
    Column("origin", String(200), nullable=False),
    Column("dated_at", UtcDateTime, nullable=True),
    # The unit as JSON. Text: objects are looked for in columns of JSON, and it holds none.
    Column("record", Text, nullable=False),
    UniqueConstraint("memory_id", "unit_id", "batch_id", name="catalog_memory_units_once"),
    Index("catalog_memory_units_in_order", "memory_id", "row_id"),
    Index("catalog_memory_units_by_source", "memory_id", "source_digest"),
    Index("catalog_memory_units_by_segment", "memory_id", "segment_id", "row_id"),
    Index("catalog_memory_units_by_batch", "batch_id", "row_id"),
    Index("catalog_memory_units_candidates", "is_candidate", "row_id"),
)

deletions = Table(
    "catalog_memory_deletions",
    metadata,
    Column("entry_id", Uuid, primary_key=True),
    Column("memory_id", Uuid, ForeignKey("catalog_memories.memory_id"), nullable=False),
    Column("segment_id", Uuid, nullable=True),
    Column("seq", BigInteger, nullable=False),
    Index("catalog_memory_deletions_by_segment", "memory_id", "segment_id"),
)

segments = Table(
    "catalog_memory_segments",
    metadata,
    Column("segment_id", Uuid, primary_key=True),
    Column("memory_id", Uuid, ForeignKey("catalog_memories.memory_id"), nullable=False, index=True),
    Column("project_id", Uuid, nullable=False),
    Column("source_locale", String(64), nullable=False),
    Column("target_locale", String(64), nullable=False),
    Column("index_object", JSON, nullable=False),
    Column("units_object", JSON, nullable=False),
    Column("unit_count", BigInteger, nullable=False),
    Column("built_at", UtcDateTime, nullable=False),
)
