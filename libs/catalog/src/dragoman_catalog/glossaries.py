"""Glossaries and their terms, as stored: every version of every term."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import EntryExistsError, EntryMissingError
from dragoman_catalog.glossary_rules import digest_with, term_key
from dragoman_catalog.glossary_values import Glossary, GlossaryEntry, GlossaryTerm, TermChanges
from dragoman_catalog.values import Editor
from dragoman_contracts.identity import new_id
from dragoman_contracts.resources import MOST_TERM_CHARS

_GLOSSARIES = tables.glossaries
_TERMS = tables.terms
_AT_ONCE = 500
_NO_DIGEST = f"{0:064x}"
_T = TypeVar("_T")


class Glossaries:
    """The glossaries. An edit names the version that it was made on."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[Glossary]:
        """Every glossary, by name."""
        async with reading(self._engine) as connection:
            return await values(
                connection, select(_GLOSSARIES).order_by(_GLOSSARIES.c.name), Glossary
            )

    async def find(self, glossary_id: UUID) -> Glossary | None:
        """The glossary with this id; None when there is none."""
        async with reading(self._engine) as connection:
            return await one(connection, _select(glossary_id), Glossary)

    async def named(self, name: str) -> Glossary | None:
        """The glossary of this name; None when there is none."""
        statement = select(_GLOSSARIES).where(_GLOSSARIES.c.name == name)
        async with reading(self._engine) as connection:
            return await one(connection, statement, Glossary)

    async def create(self, editor: Editor, now: datetime, entry: GlossaryEntry) -> Glossary:
        """Enter a glossary without terms.

        Raises:
            EntryExistsError: the name is taken.
        """
        made = Glossary(
            **entry.model_dump(include=set(GlossaryEntry.model_fields)),
            glossary_id=new_id(),
            term_count=0,
            digest=_NO_DIGEST,
            edited_at=now,
            edited_by=editor.actor,
            version=1,
        )
        async with writing(self._engine) as connection:
            await connection.execute(insert(_GLOSSARIES).values(_row(made)))
            await _audit(connection, editor, now, "glossary.created", None, made)
        return made

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        glossary_id: UUID,
        *,
        version: int,
        entry: GlossaryEntry,
    ) -> Glossary:
        """Replace all that is said of a glossary but its terms.

        Raises:
            EntryMissingError: there is no such glossary.
            StaleEditError: it was edited since `version`.
            EntryExistsError: the name is taken.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, glossary_id, version)
            change = entry.model_dump(include=set(GlossaryEntry.model_fields))
            after = _edited(before, editor, now, change)
            await _put(connection, before, after)
            await _audit(connection, editor, now, "glossary.edited", before, after)
        return after

    async def remove(
        self, editor: Editor, now: datetime, glossary_id: UUID, *, version: int
    ) -> None:
        """Remove a glossary with its terms; jobs keep those that they have.

        Raises:
            EntryMissingError: there is no such glossary.
            StaleEditError: it was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, glossary_id, version)
            await connection.execute(delete(_TERMS).where(_TERMS.c.glossary_id == glossary_id))
            done = await connection.execute(
                delete(_GLOSSARIES).where(
                    _GLOSSARIES.c.glossary_id == glossary_id, _GLOSSARIES.c.version == version
                )
            )
            require_one(done.rowcount)
            await _audit(connection, editor, now, "glossary.removed", before, None)

    async def terms(
        self,
        glossary_id: UUID,
        *,
        version: int | None = None,
        text: str = "",
        after: tuple[str, UUID] | None = None,
        limit: int | None = None,
    ) -> list[GlossaryTerm]:
        """The terms of a glossary, by their texts: of its newest version or of that one, behind
        `after` (search text, term id) where it is given; with `text` in source or target.
        """
        statement = select(_TERMS).where(_TERMS.c.glossary_id == glossary_id, _stands_at(version))
        if text.strip():
            folded = text.strip().casefold()
            statement = statement.where(_TERMS.c.search_text.contains(folded, autoescape=True))
        if after is not None:
            statement = statement.where(tuple_(_TERMS.c.search_text, _TERMS.c.term_id) > after)
        statement = statement.order_by(_TERMS.c.search_text, _TERMS.c.term_id).limit(limit)
        async with reading(self._engine) as connection:
            return await values(connection, statement, GlossaryTerm)

    async def term(self, glossary_id: UUID, term_id: UUID) -> GlossaryTerm | None:
        """A term as it is now; None when the glossary has no such term."""
        statement = select(_TERMS).where(
            _TERMS.c.glossary_id == glossary_id, _TERMS.c.term_id == term_id, _stands_at(None)
        )
        async with reading(self._engine) as connection:
            return await one(connection, statement, GlossaryTerm)

    async def change_terms(
        self,
        editor: Editor,
        now: datetime,
        glossary_id: UUID,
        changes: TermChanges,
        *,
        version: int,
        is_import: bool = False,
    ) -> Glossary:
        """Save the terms' next version; without changes the glossary stays at its version.

        Raises:
            EntryMissingError: there is no such glossary, or none of the terms that are to change.
            StaleEditError: it was edited since `version`.
            EntryExistsError: it has a term with these locales and texts already.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, glossary_id, version)
            if changes.is_empty:
                return before
            gone = [*changes.changed, *changes.removed]
            old = await _terms_at(connection, glossary_id, [term.term_id for term in gone])
            if len(old) != len(gone):
                raise EntryMissingError("The glossary has no such term any more; read it again.")
            come = [*changes.added, *changes.changed]
            change = {
                "term_count": before.term_count + len(changes.added) - len(changes.removed),
                "digest": digest_with(before.digest, come, old),
            }
            after = _edited(before, editor, now, change)
            await _put(connection, before, after)
            for ids in _in_parts([term.term_id for term in gone]):
                await connection.execute(
                    update(_TERMS)
                    .where(
                        _TERMS.c.glossary_id == glossary_id,
                        _TERMS.c.term_id.in_(ids),
                        _TERMS.c.until_version.is_(None),
                    )
                    .values(until_version=after.version)
                )
            await _require_new(connection, glossary_id, come)
            rows = [_term_row(glossary_id, after.version, term) for term in come]
            for part in _in_parts(rows):
                await connection.execute(insert(_TERMS), part)
            done = "terms_imported" if is_import else "terms_edited"
            await _audit(connection, editor, now, f"glossary.{done}", before, after)
        return after

    async def automatic(self, project_id: UUID, domain_pack_code: str) -> list[Glossary]:
        """The glossaries that jobs of the project and the pack use unasked: those of the project,
        of the pack, of the installation.
        """
        of_project = _GLOSSARIES.c.project_id == project_id
        of_pack = _GLOSSARIES.c.project_id.is_(None) & (
            _GLOSSARIES.c.domain_pack_code == domain_pack_code
        )
        of_all = _GLOSSARIES.c.project_id.is_(None) & _GLOSSARIES.c.domain_pack_code.is_(None)
        in_project = of_project & (
            _GLOSSARIES.c.domain_pack_code.is_(None)
            | (_GLOSSARIES.c.domain_pack_code == domain_pack_code)
        )
        statement = (
            select(_GLOSSARIES)
            .where(_GLOSSARIES.c.is_automatic, or_(in_project, of_pack, of_all))
            .order_by(_GLOSSARIES.c.name)
        )
        async with reading(self._engine) as connection:
            found = await values(connection, statement, Glossary)
        return sorted(
            found, key=lambda each: (each.project_id is None, each.domain_pack_code is None)
        )


def _select(glossary_id: UUID) -> Executable:
    return select(_GLOSSARIES).where(_GLOSSARIES.c.glossary_id == glossary_id)


async def _required(connection: AsyncConnection, glossary_id: UUID, version: int) -> Glossary:
    before = await one(connection, _select(glossary_id), Glossary)
    if before is None:
        raise EntryMissingError(f"There is no glossary {glossary_id}.")
    require_version(before.version, version)
    return before


def _edited(
    before: Glossary, editor: Editor, now: datetime, change: Mapping[str, object]
) -> Glossary:
    beside = {"version": before.version + 1, "edited_at": now, "edited_by": editor.actor}
    return before.model_copy(update={**change, **beside})


async def _put(connection: AsyncConnection, before: Glossary, after: Glossary) -> None:
    done = await connection.execute(
        update(_GLOSSARIES)
        .where(
            _GLOSSARIES.c.glossary_id == before.glossary_id,
            _GLOSSARIES.c.version == before.version,
        )
        .values(_row(after))
    )
    require_one(done.rowcount)


def _row(glossary: Glossary) -> dict[str, object]:
    row = glossary.model_dump(mode="python")
    for name in ("source_locale", "target_locale"):
        row[name] = None if row[name] is None else str(row[name])
    return row


def _stands_at(version: int | None) -> ColumnElement[bool]:
    if version is None:
        return _TERMS.c.until_version.is_(None)
    return and_(
        _TERMS.c.since_version <= version,
        or_(_TERMS.c.until_version.is_(None), _TERMS.c.until_version > version),
    )


async def _terms_at(
    connection: AsyncConnection, glossary_id: UUID, ids: Sequence[UUID]
) -> list[GlossaryTerm]:
    found: list[GlossaryTerm] = []
    for part in _in_parts(list(ids)):
        statement = select(_TERMS).where(
            _TERMS.c.glossary_id == glossary_id, _TERMS.c.term_id.in_(part), _stands_at(None)
        )
        found += await values(connection, statement, GlossaryTerm)
    return found


async def _require_new(
    connection: AsyncConnection, glossary_id: UUID, terms: Sequence[GlossaryTerm]
) -> None:
    """Refuse terms with the locales and texts of others that stand.

    Raises:
        EntryExistsError: there is such a term.
    """
    keys = [term_key(term) for term in terms]
    if len(set(keys)) != len(keys):
        raise EntryExistsError("Two terms have the same locales and texts; leave one out.")
    by_source: dict[str, set[tuple[str, str, str, str]]] = {}
    for key in keys:
        by_source.setdefault(key[2], set()).add(key)
    for part in _in_parts(list(by_source)):
        statement = select(_TERMS).where(
            _TERMS.c.glossary_id == glossary_id, _TERMS.c.source.in_(part), _stands_at(None)
        )
        for found in await values(connection, statement, GlossaryTerm):
            if term_key(found) in by_source[found.source]:
                raise EntryExistsError(
                    f"The glossary has this term already, with the id {found.term_id}; edit it."
                )


def _term_row(glossary_id: UUID, version: int, term: GlossaryTerm) -> dict[str, object]:
    row: dict[str, object] = term.model_dump(mode="python")
    for name in ("source_locale", "target_locale", "status"):
        row[name] = str(row[name])
    text = f"{term.source}\n{term.target}".casefold()
    return row | {
        "glossary_id": glossary_id,
        "since_version": version,
        "until_version": None,
        "search_text": text[: 2 * MOST_TERM_CHARS],
    }


def _in_parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: Glossary | None,
    after: Glossary | None,
) -> None:
    entry = after or before
    if entry is None:
        raise ValueError("an edit has an entry before or after it")
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(entry.glossary_id),
        project_id=entry.project_id,
        before=before,
        after=after,
    )
