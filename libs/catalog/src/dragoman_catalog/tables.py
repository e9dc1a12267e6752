"""The catalogue's tables. Their migrations are in `migrations/`;
a test holds the two against each other.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
    true,
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
    UniqueConstraint(
        "project_id", "source_locale", "target_locale", name="catalog_language_pairs_once"
    ),
)

domain_packs = Table(
    "catalog_domain_packs",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("description", String(2000), nullable=False),
    Column("prompt", Text, nullable=False, server_default=""),
    Column("style_guide", Text, nullable=False, server_default=""),
    Column("qa_profile", String(80), nullable=False, server_default=""),
    Column("qa", JSON, nullable=False, server_default="{}"),
    Column("engine", String(80), nullable=False, server_default=""),
    Column("model", String(80), nullable=False, server_default=""),
    Column("glossaries", JSON, nullable=False, server_default="[]"),
    Column("version", Integer, nullable=False, server_default="1"),
)

domain_pack_versions = Table(
    "catalog_domain_pack_versions",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("entry", JSON, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", String(120), nullable=False),
)

glossaries = Table(
    "catalog_glossaries",
    metadata,
    Column("glossary_id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("description", String(2000), nullable=False),
    Column("project_id", Uuid, ForeignKey("catalog_projects.project_id"), nullable=True),
    Column("domain_pack_code", String(60), nullable=True),
    Column("source_locale", String(64), nullable=True),
    Column("target_locale", String(64), nullable=True),
    Column("is_automatic", Boolean, nullable=False),
    Column("term_count", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("edited_at", UtcDateTime, nullable=False),
    Column("edited_by", String(120), nullable=False),
    Column("version", Integer, nullable=False),
)

terms = Table(
    "catalog_terms",
    metadata,
    Column("glossary_id", Uuid, ForeignKey("catalog_glossaries.glossary_id"), primary_key=True),
    Column("term_id", Uuid, primary_key=True),
    Column("since_version", Integer, primary_key=True, autoincrement=False),
    Column("until_version", Integer, nullable=True),
    Column("source_locale", String(64), nullable=False),
    Column("target_locale", String(64), nullable=False),
    Column("source", String(500), nullable=False),
    Column("target", String(500), nullable=False),
    Column("status", String(20), nullable=False),
    Column("is_do_not_translate", Boolean, nullable=False),
    Column("is_case_sensitive", Boolean, nullable=False),
    Column("is_inflected", Boolean, nullable=False),
    Column("part_of_speech", String(60), nullable=False),
    Column("note", String(2000), nullable=False),
    Column("search_text", String(1100), nullable=False),
    Index("catalog_terms_newest", "glossary_id", "until_version", "search_text", "term_id"),
)
"""Every version of every term: it stands from `since_version` up to before `until_version`."""

pipeline_versions = Table(
    "catalog_pipeline_versions",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("phases", JSON, nullable=False),
    Column("is_retired", Boolean, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("saved_by", String(120), nullable=False),
    Column("title", String(200), nullable=False, server_default=""),
)

class_versions = Table(
    "catalog_class_versions",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Uuid, nullable=False),
    Column("declaration", JSON, nullable=False),
    Column("files", JSON, nullable=False),
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
    Column("project_codes", JSON(none_as_null=True), nullable=True),
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
    Column("session_id", Uuid, nullable=True),
    Column("opened_at", UtcDateTime, nullable=True),
    Column("source_address", String(80), nullable=False, server_default=""),
)

sign_in_links = Table(
    "catalog_sign_in_links",
    metadata,
    Column("secret_digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("catalog_users.user_id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
)

presence = Table(
    "catalog_presence",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("actor", String(120), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("unit_id", String(500), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

dismissals = Table(
    "catalog_dismissals",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("code", String(80), primary_key=True),
    Column("source_digest", String(64), primary_key=True),
    Column("target_digest", String(64), primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("dismissed_by", String(120), nullable=False),
    Column("dismissed_at", UtcDateTime, nullable=False),
)

review_coverage = Table(
    "catalog_review_coverage",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("target_locale", String(64), primary_key=True),
    Column("jobs", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("words", Integer, nullable=False),
    Column("translated", Integer, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("reviewed", Integer, nullable=False),
    Column("approved", Integer, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
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

providers = Table(
    "catalog_providers",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("api_kind", String(40), nullable=False),
    Column("base_url", String(500), nullable=False),
    Column("key_ciphertext", LargeBinary, nullable=True),
    Column("key_nonce", LargeBinary, nullable=True),
    Column("has_key", Boolean, nullable=False),
    Column("max_concurrent_calls", Integer, nullable=True),
    Column("requests_per_minute", Integer, nullable=True),
    Column("tokens_per_minute", Integer, nullable=True),
    Column("is_enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)

models = Table(
    "catalog_models",
    metadata,
    Column("model_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, ForeignKey("catalog_providers.provider_id"), nullable=False),
    Column("model_name", String(200), nullable=False),
    Column("display_name", String(200), nullable=False),
    Column("category", String(40), nullable=False),
    Column("is_default_in_category", Boolean, nullable=False),
    Column("context_tokens", Integer, nullable=True),
    Column("max_output_tokens", Integer, nullable=True),
    Column("max_concurrent_calls", Integer, nullable=True),
    Column("is_enabled", Boolean, nullable=False),
    Column("config", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("provider_id", "model_name", "category", name="catalog_models_once"),
    Index(
        "catalog_models_one_default",
        "category",
        unique=True,
        postgresql_where=text("is_default_in_category"),
        sqlite_where=text("is_default_in_category"),
    ),
)

model_prices = Table(
    "catalog_model_prices",
    metadata,
    Column("model_id", Uuid, ForeignKey("catalog_models.model_id"), primary_key=True),
    Column("valid_from", UtcDateTime, primary_key=True),
    Column("input", String(24), nullable=True),
    Column("cache_read", String(24), nullable=True),
    Column("cache_write", String(24), nullable=True),
    Column("output", String(24), nullable=True),
    Column("currency", String(3), nullable=False),
    Column("source", String(200), nullable=False),
)

model_use = Table(
    "catalog_model_use",
    metadata,
    Column("model_id", Uuid, ForeignKey("catalog_models.model_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("call_count", Integer, nullable=False),
    Column("failed_count", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
)

model_calls = Table(
    "catalog_model_calls",
    metadata,
    Column("call_id", Uuid, primary_key=True),
    Column("model_id", Uuid, ForeignKey("catalog_models.model_id"), nullable=False, index=True),
    Column("project_id", Uuid, nullable=False),
    Column("called_at", UtcDateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("code", String(80), nullable=False),
    Column("record", JSON, nullable=False),
)

budgets = Table(
    "catalog_budgets",
    metadata,
    Column("project_id", Uuid, ForeignKey("catalog_projects.project_id"), primary_key=True),
    Column("job_cap", String(24), nullable=True),
    Column("month_cap", String(24), nullable=True),
    Column("project_cap", String(24), nullable=True),
    Column("version", Integer, nullable=False),
)

job_caps = Table(
    "catalog_job_caps",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("cap", String(24), nullable=False),
)

spending = Table(
    "catalog_spending",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("call", String(64), primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("provider", String(200), nullable=True),
    Column("model", String(200), nullable=True),
    Column("input_tokens", BigInteger, nullable=True),
    Column("cached_tokens", BigInteger, nullable=True),
    Column("output_tokens", BigInteger, nullable=True),
    Column("is_priced", Boolean, nullable=False, server_default=true()),
    Index("catalog_spending_days", "project_id", "day"),
    Index("catalog_spending_jobs", "project_id", "job_id"),
)
"""A row for each call that was paid. Rows from before revision 0012 say neither who was paid nor what
was counted.
"""

spent = Table(
    "catalog_spent",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("cost_nanos", BigInteger, nullable=False),
)
"""The sum of a project's calls in a month, which is named by its first day. A trigger of the database
adds each row of `catalog_spending`, in its transaction: nothing else writes here.
"""

reuse = Table(
    "catalog_reuse",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("job_id", Uuid, primary_key=True),
    Column("call", String(64), primary_key=True),
    Column("part", String(40), primary_key=True),
    Column("day", Date, nullable=False),
    Column("share_ppm", Integer, nullable=False),
    Index("catalog_reuse_days", "project_id", "day"),
)
"""A row for each part of a job that got answers of a call which another job had paid, with their
share of the call in millionths.
"""

webhooks = Table(
    "catalog_webhooks",
    metadata,
    Column("webhook_id", Uuid, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("url", String(1000), nullable=False),
    Column("project_id", Uuid, ForeignKey("catalog_projects.project_id"), nullable=True),
    Column("types", JSON, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("secret_ciphertext", LargeBinary, nullable=False),
    Column("secret_nonce", LargeBinary, nullable=False),
    Column("previous_ciphertext", LargeBinary, nullable=True),
    Column("previous_nonce", LargeBinary, nullable=True),
    Column("previous_secret_until", UtcDateTime, nullable=True),
    Column("position", BigInteger, nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("failing_since", UtcDateTime, nullable=True),
    Column("next_attempt_at", UtcDateTime, nullable=True),
    Column("delivered_at", UtcDateTime, nullable=True),
    Column("off_reason", String(40), nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)
"""A webhook with its sealed secrets and its place in the log."""

webhook_deliveries = Table(
    "catalog_webhook_deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("catalog_webhooks.webhook_id"), nullable=False),
    Column("message_id", String(80), nullable=False),
    Column("type", String(80), nullable=False),
    Column("job_id", Uuid, nullable=True),
    Column("attempted_at", UtcDateTime, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("status_code", Integer, nullable=True),
    Column("duration_ms", Integer, nullable=False),
    Column("error", String(500), nullable=False),
    Index("catalog_webhook_deliveries_last", "webhook_id", "attempted_at"),
)
"""The last attempts to post to each webhook."""

seeds = Table(
    "catalog_seeds",
    metadata,
    Column("name", String(600), primary_key=True),
    Column("seeded_at", UtcDateTime, nullable=False),
)
