"""The catalogue's tables. Their migrations are in `migrations/`; a test holds the two against each other."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.types import TypeDecorator
from typing_extensions import override


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC, also on SQLite, which keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

projects = Table(
    "catalog_projects",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("code", String(60), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("version", Integer, nullable=False),
)

language_pairs = Table(
    "catalog_language_pairs",
    metadata,
    Column("pair_id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("catalog_projects.project_id"), nullable=False),
    Column("source_locale", String(64), nullable=False),
    Column("target_locale", String(64), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("overrides", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("project_id", "source_locale", "target_locale", name="catalog_language_pairs_once"),
)

domain_packs = Table(
    "catalog_domain_packs",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("description", String(2000), nullable=False),
)

pipeline_versions = Table(
    "catalog_pipeline_versions",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("phases", JSON, nullable=False),
    Column("is_retired", Boolean, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", String(120), nullable=False),
)

users = Table(
    "catalog_users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("display_name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("password_hash", String(200), nullable=True),
    Column("version", Integer, nullable=False),
)

api_tokens = Table(
    "catalog_api_tokens",
    metadata,
    Column("token_id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("catalog_users.user_id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("project_codes", JSON, nullable=False),
    Column("secret_digest", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("last_used_at", UtcDateTime, nullable=True),
    Column("is_revoked", Boolean, nullable=False),
)

sessions = Table(
    "catalog_sessions",
    metadata,
    Column("secret_digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("catalog_users.user_id"), nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
)

sign_in_links = Table(
    "catalog_sign_in_links",
    metadata,
    Column("secret_digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("catalog_users.user_id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
)

audit = Table(
    "catalog_audit",
    metadata,
    Column("entry_id", Uuid, primary_key=True),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("project_id", Uuid, nullable=True),
    Column("actor", String(120), nullable=False),
    Column("actor_name", String(200), nullable=False),
    Column("source_address", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("entity", String(40), nullable=False),
    Column("entity_id", String(80), nullable=False),
    Column("before_digest", String(64), nullable=False),
    Column("after_digest", String(64), nullable=False),
    Index("catalog_audit_by_time", "occurred_at", "entry_id"),
)
