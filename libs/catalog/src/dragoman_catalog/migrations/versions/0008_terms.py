"""Glossaries with their terms, versions of domain packs, and the packs that come with an
installation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

from dragoman_catalog.glossary_rules import digest_with
from dragoman_catalog.glossary_values import GlossaryTerm

revision = "0008"
down_revision = "0007"

_SHIPPED = Path(__file__).parent.parent / "shipped_packs.json"
_IDS = UUID("5f0f7c1e-9d7b-5f5c-8f62-6c1d9f1f2a08")
_BY = "installation"


def upgrade() -> None:
    """Make the tables; add what is shipped where nobody took its name."""
    _columns_of_packs()
    versions = op.create_table(
        "catalog_domain_pack_versions",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entry", sa.JSON, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(120), nullable=False),
    )
    glossaries = _glossaries()
    terms = _terms()
    now = datetime.now(UTC)
    shipped: dict[str, Any] = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    packs = sa.table(
        "catalog_domain_packs",
        *(sa.column(name, sa.String) for name in ("code", "name", "description", "prompt")),
        *(sa.column(name, sa.String) for name in ("style_guide", "qa_profile", "engine", "model")),
        *(sa.column(name, sa.JSON) for name in ("qa", "glossaries")),
        sa.column("version", sa.Integer),
    )
    known = {row.code for row in op.get_bind().execute(sa.select(packs.c.code))}
    empty: dict[str, object] = {
        "qa_profile": "",
        "engine": "",
        "model": "",
        "glossaries": [],
        "version": 1,
    }
    new = [each | empty for each in shipped["packs"] if each["code"] not in known]
    if new:
        op.bulk_insert(packs, new)
    every = op.get_bind().execute(sa.select(packs)).mappings().all()
    op.bulk_insert(
        versions,
        [
            {
                "code": row["code"],
                "version": 1,
                "entry": dict(row),
                "saved_at": now,
                "saved_by": _BY,
            }
            for row in every
        ],
    )
    for each in shipped["glossaries"]:
        if each["domain_pack_code"] not in known:
            _plant(glossaries, terms, each, now)


def _plant(glossaries: sa.Table, terms: sa.Table, shipped: dict[str, Any], now: datetime) -> None:
    glossary_id = uuid5(_IDS, shipped["name"])
    made = list(_terms_of(glossary_id, shipped))
    op.bulk_insert(
        glossaries,
        [
            {
                "glossary_id": glossary_id,
                "name": shipped["name"],
                "description": shipped["description"],
                "domain_pack_code": shipped["domain_pack_code"],
                "source_locale": "en",
                "is_automatic": True,
                "term_count": len(made),
                "digest": digest_with("", made, ()),
                "edited_at": now,
                "edited_by": _BY,
                "version": 1,
            }
        ],
    )
    op.bulk_insert(
        terms,
        [
            term.model_dump(mode="python")
            | {
                "source_locale": str(term.source_locale),
                "target_locale": str(term.target_locale),
                "status": term.status.value,
                "glossary_id": glossary_id,
                "since_version": 1,
                "search_text": f"{term.source}\n{term.target}".casefold(),
            }
            for term in made
        ],
    )


def _terms_of(glossary_id: UUID, shipped: dict[str, Any]) -> Iterator[GlossaryTerm]:
    for source, part_of_speech, *targets in shipped["terms"]:
        for locale, target in zip(shipped["targets"], targets, strict=True):
            is_signal = source.isupper()
            yield GlossaryTerm.model_validate(
                {
                    "term_id": uuid5(glossary_id, f"{source} {locale} {target}"),
                    "source_locale": "en",
                    "target_locale": locale,
                    "source": source,
                    "target": target,
                    "part_of_speech": part_of_speech,
                    "is_case_sensitive": is_signal,
                    "is_inflected": not is_signal,
                }
            )


def _columns_of_packs() -> None:
    for name, kind, default in (
        ("prompt", sa.Text(), ""),
        ("style_guide", sa.Text(), ""),
        ("qa_profile", sa.String(80), ""),
        ("qa", sa.JSON(), "{}"),
        ("engine", sa.String(80), ""),
        ("model", sa.String(80), ""),
        ("glossaries", sa.JSON(), "[]"),
        ("version", sa.Integer(), "1"),
    ):
        op.add_column(
            "catalog_domain_packs", sa.Column(name, kind, nullable=False, server_default=default)
        )


def _glossaries() -> sa.Table:
    return op.create_table(
        "catalog_glossaries",
        sa.Column("glossary_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("description", sa.String(2000), nullable=False),
        sa.Column(
            "project_id", sa.Uuid, sa.ForeignKey("catalog_projects.project_id"), nullable=True
        ),
        sa.Column("domain_pack_code", sa.String(60), nullable=True),
        sa.Column("source_locale", sa.String(64), nullable=True),
        sa.Column("target_locale", sa.String(64), nullable=True),
        sa.Column("is_automatic", sa.Boolean, nullable=False),
        sa.Column("term_count", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by", sa.String(120), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _terms() -> sa.Table:
    made = op.create_table(
        "catalog_terms",
        sa.Column(
            "glossary_id",
            sa.Uuid,
            sa.ForeignKey("catalog_glossaries.glossary_id"),
            primary_key=True,
        ),
        sa.Column("term_id", sa.Uuid, primary_key=True),
        sa.Column("since_version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until_version", sa.Integer, nullable=True),
        sa.Column("source_locale", sa.String(64), nullable=False),
        sa.Column("target_locale", sa.String(64), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("is_do_not_translate", sa.Boolean, nullable=False),
        sa.Column("is_case_sensitive", sa.Boolean, nullable=False),
        sa.Column("is_inflected", sa.Boolean, nullable=False),
        sa.Column("part_of_speech", sa.String(60), nullable=False),
        sa.Column("note", sa.String(2000), nullable=False),
        sa.Column("search_text", sa.String(1100), nullable=False),
    )
    op.create_index(
        "catalog_terms_newest",
        "catalog_terms",
        ["glossary_id", "until_version", "search_text", "term_id"],
    )
    return made


def downgrade() -> None:
    """Drop the tables and the columns; the packs stay, as any other."""
    op.drop_table("catalog_terms")
    op.drop_table("catalog_glossaries")
    op.drop_table("catalog_domain_pack_versions")
    for name in ("prompt", "style_guide", "qa_profile", "qa", "engine", "model", "glossaries"):
        op.drop_column("catalog_domain_packs", name)
    op.drop_column("catalog_domain_packs", "version")
