"""Providers of models, their models with prices and use, and which seeds were planted."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from dragoman_catalog.model_values import (
    LOCAL_EMBEDDING_ID,
    LOCAL_EMBEDDING_PROVIDER_ID,
    LOCAL_VISION_PROVIDER_ID,
    PADDLEOCR_VL_ID,
)

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and enter the vision server that the default pipeline links to, and an
    embedding server. Nothing brings them back once an admin has deleted them.
    """
    providers, models = _registry()
    _numbers()
    op.create_table(
        "catalog_seeds",
        sa.Column("name", sa.String(600), primary_key=True),
        sa.Column("seeded_at", _TIME, nullable=False),
    )
    now = datetime.now(UTC)
    stamp = {"created_at": now, "updated_at": now, "version": 1}
    servers = (
        (LOCAL_VISION_PROVIDER_ID, "Local vision server", 8101),
        (LOCAL_EMBEDDING_PROVIDER_ID, "Local embedding server", 8102),
    )
    served = (
        (PADDLEOCR_VL_ID, LOCAL_VISION_PROVIDER_ID, "PaddleOCR-VL-1.5", "VL"),
        (LOCAL_EMBEDDING_ID, LOCAL_EMBEDDING_PROVIDER_ID, "multilingual-e5-small", "Embedding"),
    )
    op.bulk_insert(
        providers,
        [
            {
                "provider_id": provider_id,
                "name": name,
                "api_kind": "openai",
                "base_url": f"http://127.0.0.1:{port}/v1",
                "has_key": False,
                "is_enabled": True,
                **stamp,
            }
            for provider_id, name, port in servers
        ],
    )
    op.bulk_insert(
        models,
        [
            {
                "model_id": model_id,
                "provider_id": provider_id,
                "model_name": name,
                "display_name": "",
                "category": category,
                "is_default_in_category": True,
                "is_enabled": True,
                "config": {},
                **stamp,
            }
            for model_id, provider_id, name, category in served
        ],
    )


def downgrade() -> None:
    """Drop them all, keys of providers and prices too."""
    for name in ("seeds", "model_calls", "model_use", "model_prices", "models", "providers"):
        op.drop_table(f"catalog_{name}")


def _registry() -> tuple[sa.Table, sa.Table]:
    providers = op.create_table(
        "catalog_providers",
        sa.Column("provider_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("api_kind", sa.String(40), nullable=False),
        sa.Column("base_url", sa.String(500), nullable=False),
        sa.Column("key_ciphertext", sa.LargeBinary, nullable=True),
        sa.Column("key_nonce", sa.LargeBinary, nullable=True),
        sa.Column("has_key", sa.Boolean, nullable=False),
        sa.Column("max_concurrent_calls", sa.Integer, nullable=True),
        sa.Column("requests_per_minute", sa.Integer, nullable=True),
        sa.Column("tokens_per_minute", sa.Integer, nullable=True),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    models = op.create_table(
        "catalog_models",
        sa.Column("model_id", sa.Uuid, primary_key=True),
        sa.Column(
            "provider_id", sa.Uuid, sa.ForeignKey("catalog_providers.provider_id"), nullable=False
        ),
        sa.Column("model_name", sa.String(200), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("is_default_in_category", sa.Boolean, nullable=False),
        sa.Column("context_tokens", sa.Integer, nullable=True),
        sa.Column("max_output_tokens", sa.Integer, nullable=True),
        sa.Column("max_concurrent_calls", sa.Integer, nullable=True),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("provider_id", "model_name", "category", name="catalog_models_once"),
    )
    # Two defaults of a category cannot be, whoever sets them at the same moment.
    is_default = sa.text("is_default_in_category")
    op.create_index(
        "catalog_models_one_default",
        "catalog_models",
        ["category"],
        unique=True,
        postgresql_where=is_default,
        sqlite_where=is_default,
    )
    return providers, models


def _numbers() -> None:
    op.create_table(
        "catalog_model_prices",
        _of_model(primary_key=True),
        sa.Column("valid_from", _TIME, primary_key=True),
        sa.Column("input", sa.String(24), nullable=True),
        sa.Column("cache_read", sa.String(24), nullable=True),
        sa.Column("cache_write", sa.String(24), nullable=True),
        sa.Column("output", sa.String(24), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
    )
    op.create_table(
        "catalog_model_use",
        _of_model(primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("call_count", sa.Integer, nullable=False),
        sa.Column("failed_count", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_nanos", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "catalog_model_calls",
        sa.Column("call_id", sa.Uuid, primary_key=True),
        _of_model(index=True),
        sa.Column("project_id", sa.Uuid, nullable=False),
        sa.Column("called_at", _TIME, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
    )


def _of_model(*, primary_key: bool = False, index: bool = False) -> sa.Column[object]:
    return sa.Column(
        "model_id",
        sa.Uuid,
        sa.ForeignKey("catalog_models.model_id"),
        primary_key=primary_key,
        nullable=False,
        index=index,
    )
