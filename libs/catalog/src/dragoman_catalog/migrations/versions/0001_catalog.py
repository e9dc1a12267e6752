"""Projects, language pairs, domain packs, users, tokens, sessions, sign-in links, audit;
and what every start needs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dragoman_contracts.identity import project_id

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, the project `default` and the domain pack `general`."""
    _projects()
    _people()
    op.create_table(
        "catalog_audit",
        sa.Column("entry_id", sa.Uuid, primary_key=True),
        sa.Column("occurred_at", _TIME, nullable=False),
        sa.Column("project_id", sa.Uuid, nullable=True),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("source_address", sa.String(80), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("entity", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.String(80), nullable=False),
        sa.Column("before_digest", sa.String(64), nullable=False),
        sa.Column("after_digest", sa.String(64), nullable=False),
    )
    op.create_index("catalog_audit_by_time", "catalog_audit", ["occurred_at", "entry_id"])


def downgrade() -> None:
    """Drop everything; what people entered is lost."""
    for table in (
        "audit",
        "sign_in_links",
        "sessions",
        "api_tokens",
        "users",
        "domain_packs",
        "language_pairs",
        "projects",
    ):
        op.drop_table(f"catalog_{table}")


def _projects() -> None:
    projects = op.create_table(
        "catalog_projects",
        sa.Column("project_id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.String(60), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "catalog_language_pairs",
        sa.Column("pair_id", sa.Uuid, primary_key=True),
        sa.Column(
            "project_id", sa.Uuid, sa.ForeignKey("catalog_projects.project_id"), nullable=False
        ),
        sa.Column("source_locale", sa.String(64), nullable=False),
        sa.Column("target_locale", sa.String(64), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("overrides", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "project_id", "source_locale", "target_locale", name="catalog_language_pairs_once"
        ),
    )
    packs = op.create_table(
        "catalog_domain_packs",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.String(2000), nullable=False),
    )
    op.bulk_insert(
        projects,
        [
            {
                "project_id": project_id("default"),
                "code": "default",
                "name": "Default",
                "settings": {},
                "version": 1,
            }
        ],
    )
    op.bulk_insert(
        packs,
        [{"code": "general", "name": "General", "description": "Texts of no particular field."}],
    )


def _people() -> None:
    op.create_table(
        "catalog_users",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "catalog_api_tokens",
        sa.Column("token_id", sa.Uuid, primary_key=True),
        sa.Column(
            "user_id", sa.Uuid, sa.ForeignKey("catalog_users.user_id"), nullable=False, index=True
        ),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("project_codes", sa.JSON, nullable=False),
        sa.Column("secret_digest", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("is_revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "catalog_sessions",
        sa.Column("secret_digest", sa.String(64), primary_key=True),
        sa.Column(
            "user_id", sa.Uuid, sa.ForeignKey("catalog_users.user_id"), nullable=False, index=True
        ),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_table(
        "catalog_sign_in_links",
        sa.Column("secret_digest", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("catalog_users.user_id"), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
    )
