"""The tables of the views. Each belongs to one projection and carries its version in its name:
raise the version with every change here. They are made and dropped freely; nothing in them is the
only copy of anything.

Times are whole microseconds since 1970 in UTC (`web/columns.py`).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

from dragoman_runtime.projection import versioned
from dragoman_runtime.table_differences import ERASED

JOBS_VERSION = 8

jobs_metadata = MetaData()

_jobs = versioned("view_jobs", JOBS_VERSION)
jobs = Table(
    _jobs,
    jobs_metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("subject_kind", String(20)),
    Column("subject_id", Uuid),
    Column("subject_version", Integer),
    Column("version", Integer, nullable=False),
    Column("status", String(40), nullable=False),
    Column("stage", String(80), nullable=False),
    Column("progress_pct", Float, nullable=False),
    Column("pipeline_name", String(80), nullable=False),
    Column("engine", Text, nullable=False, info={ERASED: ""}),
    Column("source_locale", String(64)),
    Column("target_locale", String(64)),
    Column("project_code", Text, nullable=False, info={ERASED: ""}),
    Column("file_name", Text, nullable=False, info={ERASED: ""}),
    Column("document_title", Text, nullable=False, info={ERASED: ""}),
    Column("external_reference", Text, nullable=False, info={ERASED: ""}),
    Column("version_label", Text, nullable=False, info={ERASED: ""}),
    Column("submitted_by", Text, nullable=False),
    Column("submitted_by_name", Text, nullable=False, info={ERASED: ""}),
    Column("submitted_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("unit_count", Integer),
    Column("translated_count", Integer, nullable=False),
    Column("review_count", Integer, nullable=False),
    Column("blocked_count", Integer, nullable=False),
    Column("covered_units", Integer, nullable=False),
    Column("covered_words", Integer, nullable=False),
    Column("covered_translated", Integer, nullable=False),
    Column("covered_pending", Integer, nullable=False),
    Column("covered_reviewed", Integer, nullable=False),
    Column("covered_approved", Integer, nullable=False),
    Column("trouble_code", String(80)),
    Column("parent_job_id", Uuid),
    Column("submission_id", Uuid),
    Column("finished_phases", JSON, nullable=False),
    Column("stopped_at", BigInteger),
    Column("is_interrupted", Boolean, nullable=False),
    Column("needs_attention", Boolean, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Column("search_text", Text, nullable=False, info={ERASED: "\n\n"}),
    Index(f"{_jobs}_newest", "submitted_at", "job_id"),
    Index(f"{_jobs}_status", "status", "submitted_at", "job_id"),
    Index(f"{_jobs}_project", "project_id", "submitted_at", "job_id"),
    Index(f"{_jobs}_parent", "parent_job_id"),
    Index(f"{_jobs}_submission", "submission_id"),
    Index(f"{_jobs}_interrupted", "is_interrupted", "submitted_at", "job_id"),
    Index(f"{_jobs}_attention", "needs_attention", "submitted_at", "job_id"),
    Index(f"{_jobs}_subject", "subject_id", "target_locale", "submitted_at"),
)
"""One row a job, as its stream stands at the view's position."""

_parked = versioned("view_parked", JOBS_VERSION)
parked = Table(
    _parked,
    jobs_metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("kind", String(80), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("phase", String(80), primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("code", String(80), nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked_at", BigInteger, nullable=False),
    Index(f"{_parked}_newest", "parked_at", "job_id", "kind", "index", "phase"),
    Index(f"{_parked}_code", "code", "parked_at"),
)
"""One row a piece of work that waits for a person."""

_artifacts = versioned("view_artifacts", JOBS_VERSION)
artifacts = Table(
    _artifacts,
    jobs_metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("name", String(120), primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("producer_event_id", Uuid, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retention_expires_at", BigInteger),
    Index(f"{_artifacts}_retention", "retention_expires_at"),
    Index(f"{_artifacts}_digest", "project_id", "digest"),
)
"""One row an artifact that a job shows and that is not erased."""
