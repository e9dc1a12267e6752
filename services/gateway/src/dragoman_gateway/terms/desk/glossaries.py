"""Glossaries read and edited, and their terms: one by one, or from a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog import (
    MOST_TERMS,
    Catalog,
    EntryMissingError,
    Glossary,
    GlossaryEntry,
    GlossaryTerm,
    StaleEditError,
    TermChanges,
    changes_of,
)
from dragoman_contracts.identity import new_id
from dragoman_contracts.resources import TermEntry
from dragoman_exchange import (
    ExchangeRefusedError,
    TermFormat,
    TermLocales,
    TermReading,
    read_terms,
    write_terms,
)
from dragoman_gateway.terms.schemas import (
    GlossaryBody,
    GlossaryChange,
    TermBody,
    TermChange,
    glossary_entry,
)
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.errors import FieldRefusedError, ForbiddenError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.clock import Clock

_cursors = CursorCodec("terms", tuple[str, UUID])
_IMPORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """A file's terms held against the glossary, and the glossary behind it."""

    reading: TermReading
    changes: TermChanges
    glossary: Glossary


class GlossaryDesk:
    """Reads and edits glossaries. One that the principal may not see raises EntryMissingError, one
    that he may see and not edit ForbiddenError.

    Edits raise StaleEditError where somebody edited the glossary since the version that is named.
    """

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        # A file is read in memory; those of other requests wait on disk meanwhile.
        self._turn = asyncio.Semaphore(1)

    async def all(self, principal: Principal) -> list[tuple[Glossary, str | None]]:
        """The glossaries that the principal sees, by name, with the codes of their projects."""
        codes = await self._codes()
        return [
            (each, codes.get(each.project_id) if each.project_id else None)
            for each in await self._catalog.glossaries.all()
            if each.project_id is None or principal.sees(each.project_id)
        ]

    async def find(self, principal: Principal, glossary_id: UUID) -> tuple[Glossary, str | None]:
        """A glossary, with the code of its project.

        Raises:
            EntryMissingError: there is none with this id, or none that the principal sees.
        """
        found = await self._catalog.glossaries.find(glossary_id)
        if found is None or (found.project_id and not principal.sees(found.project_id)):
            raise EntryMissingError(f"There is no glossary {glossary_id}.")
        codes = await self._codes() if found.project_id else {}
        return found, codes.get(found.project_id) if found.project_id else None

    async def enter(self, principal: Principal, body: GlossaryBody) -> Glossary:
        """Enter a glossary without terms.

        Raises:
            ForbiddenError: it would be for more projects than the principal reaches.
            FieldRefusedError: there is no such project or domain pack.
            EntryExistsError: the name is taken.
        """
        project_id = await self._project_id(principal, body.project_code)
        if project_id is None:
            _require_whole(principal)
        pack = body.domain_pack_code
        if pack is not None and await self._catalog.domain_packs.find(pack) is None:
            raise FieldRefusedError(
                "domain_pack_code", "No domain pack has this code.", code="domain_pack.unknown"
            )
        if body.source_locale is not None and body.source_locale == body.target_locale:
            raise FieldRefusedError("target_locale", "Source and target are the same.")
        return await self._catalog.glossaries.create(
            editor_of(principal), self._clock.now(), glossary_entry(body, project_id)
        )

    async def edit(
        self, principal: Principal, glossary_id: UUID, version: int, change: GlossaryChange
    ) -> Glossary:
        """Change what is said of a glossary."""
        glossary = await self.editable(principal, glossary_id)
        said = glossary.model_dump(include=set(GlossaryEntry.model_fields))
        entry = GlossaryEntry.model_validate(said | change.model_dump(exclude_none=True))
        return await self._catalog.glossaries.edit(
            editor_of(principal), self._clock.now(), glossary_id, version=version, entry=entry
        )

    async def remove(self, principal: Principal, glossary_id: UUID, version: int) -> None:
        """Remove a glossary with its terms; jobs keep theirs."""
        await self.editable(principal, glossary_id)
        await self._catalog.glossaries.remove(
            editor_of(principal), self._clock.now(), glossary_id, version=version
        )

    async def terms(
        self,
        principal: Principal,
        glossary_id: UUID,
        *,
        text: str = "",
        version: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[GlossaryTerm]:
        """A page of the terms, by their texts.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        await self.find(principal, glossary_id)
        after = _cursors.key(cursor) if cursor else None
        found = await self._catalog.glossaries.terms(
            glossary_id, version=version, text=text, after=after, limit=limit + 1
        )
        rows = tuple(found[:limit])
        more = len(found) > limit
        return Page(rows, _cursors.cursor(_key(rows[-1])) if more else None)

    async def term(self, principal: Principal, glossary_id: UUID, term_id: UUID) -> GlossaryTerm:
        """A term as it is now.

        Raises:
            EntryMissingError: the glossary has none with this id.
        """
        await self.find(principal, glossary_id)
        found = await self._catalog.glossaries.term(glossary_id, term_id)
        if found is None:
            raise EntryMissingError(f"The glossary has no term {term_id}.")
        return found

    async def add_term(
        self, principal: Principal, glossary_id: UUID, body: TermBody
    ) -> tuple[GlossaryTerm, Glossary]:
        """Enter a term; gives it with the glossary's next version.

        Raises:
            FieldRefusedError: its locales or its target are missing, or do not fit the glossary.
            EntryExistsError: the glossary has a term with these locales and texts.
        """
        glossary = await self.editable(principal, glossary_id)
        if glossary.term_count >= MOST_TERMS:
            raise FieldRefusedError("source", f"A glossary has at most {MOST_TERMS} terms.")
        term = _entered(glossary, body)
        after = await self._change(principal, glossary, TermChanges(added=(term,)))
        return term, after

    async def edit_term(
        self, principal: Principal, glossary_id: UUID, term_id: UUID, change: TermChange
    ) -> tuple[GlossaryTerm, GlossaryTerm, Glossary]:
        """Change a term; gives it as it was and as it is, with the glossary's next version.

        Raises:
            EntryMissingError: the glossary has none with this id.
            EntryExistsError: it would be the same as another one.
        """
        glossary = await self.editable(principal, glossary_id)
        before = await self.term(principal, glossary_id, term_id)
        said = before.model_dump() | change.model_dump(exclude_none=True)
        after = GlossaryTerm.model_validate(said)
        if after == before:
            return before, after, glossary
        return before, after, await self._change(principal, glossary, TermChanges(changed=(after,)))

    async def remove_term(
        self, principal: Principal, glossary_id: UUID, term_id: UUID
    ) -> tuple[GlossaryTerm, Glossary]:
        """Remove a term; gives it as it was, with the glossary's next version.

        Raises:
            EntryMissingError: the glossary has none with this id.
        """
        glossary = await self.editable(principal, glossary_id)
        before = await self.term(principal, glossary_id, term_id)
        return before, await self._change(principal, glossary, TermChanges(removed=(before,)))

    async def import_file(
        self,
        principal: Principal,
        glossary_id: UUID,
        file: Upload,
        locales: TermLocales,
        *,
        replaces: bool = False,
        is_dry_run: bool = False,
    ) -> Imported:
        """Make the terms of a file terms of the glossary; with `replaces`, those it does not have
        are removed. A dry run changes nothing.

        Raises:
            ExchangeRefusedError: the file cannot be read, or says no languages.
            FieldRefusedError: the languages are not the glossary's, or there would be too many
                terms.
        """
        glossary = await self.editable(principal, glossary_id)
        wanted = _locales(glossary, locales)
        async with self._turn:
            reading = await asyncio.to_thread(lambda: read_terms(file.content, wanted))
        for _ in range(_IMPORT_ATTEMPTS):
            changes = await self._changes(glossary_id, reading, replaces=replaces)
            if is_dry_run:
                return Imported(reading, changes, glossary)
            try:
                after = await self._change(principal, glossary, changes, is_import=True)
            except StaleEditError:
                glossary = await self.editable(principal, glossary_id)
            else:
                return Imported(reading, changes, after)
        raise StaleEditError("The glossary is edited by others; import the file again.")

    async def _changes(
        self, glossary_id: UUID, reading: TermReading, *, replaces: bool
    ) -> TermChanges:
        known = await self._catalog.glossaries.terms(glossary_id)
        changes = await asyncio.to_thread(
            changes_of, known, reading.terms, new_id, replaces=replaces
        )
        if len(known) + len(changes.added) - len(changes.removed) > MOST_TERMS:
            raise ExchangeRefusedError(
                f"The glossary would have more than {MOST_TERMS} terms; split it.",
                code="exchange.too_large",
            )
        return changes

    async def export(
        self, principal: Principal, glossary_id: UUID, format_: TermFormat, version: int | None
    ) -> tuple[Glossary, Iterator[bytes]]:
        """The glossary's terms in a format, in pieces."""
        glossary, _ = await self.find(principal, glossary_id)
        terms = await self._catalog.glossaries.terms(glossary_id, version=version)
        entries: list[TermEntry] = [each.entry for each in terms]
        return glossary, write_terms(format_, glossary.name, entries)

    async def editable(self, principal: Principal, glossary_id: UUID) -> Glossary:
        """A glossary that the principal may edit.

        Raises:
            EntryMissingError: as `find`.
            ForbiddenError: it is every project's, and the principal does not reach them all.
        """
        glossary, _ = await self.find(principal, glossary_id)
        if glossary.project_id is None:
            _require_whole(principal)
        return glossary

    async def choices(self, principal: Principal) -> tuple[list[str], list[str]]:
        """The codes of the projects and of the domain packs that a glossary can be of."""
        projects = principal.visible(await self._catalog.projects.all())
        packs = await self._catalog.domain_packs.all()
        return [each.code for each in projects], [each.code for each in packs]

    async def _change(
        self,
        principal: Principal,
        glossary: Glossary,
        changes: TermChanges,
        *,
        is_import: bool = False,
    ) -> Glossary:
        return await self._catalog.glossaries.change_terms(
            editor_of(principal),
            self._clock.now(),
            glossary.glossary_id,
            changes,
            version=glossary.version,
            is_import=is_import,
        )

    async def _codes(self) -> dict[UUID, str]:
        return {each.project_id: each.code for each in await self._catalog.projects.all()}

    async def _project_id(self, principal: Principal, code: str | None) -> UUID | None:
        if code is None:
            return None
        principal.require_project(code)
        project = await self._catalog.projects.find(code)
        if project is None:
            raise FieldRefusedError(
                "project_code", "No project has this code.", code="project.unknown"
            )
        return project.project_id


def _require_whole(principal: Principal) -> None:
    if principal.project_codes is not None:
        raise ForbiddenError(
            "This glossary is every project's; use a credential that is not limited to some."
        )


def _key(term: GlossaryTerm) -> tuple[str, UUID]:
    return f"{term.source}\n{term.target}".casefold()[:1000], term.term_id


def _locales(glossary: Glossary, said: TermLocales) -> TermLocales:
    """The locales that a file's terms are read in: those of the glossary, else those of the request.

    Raises:
        FieldRefusedError: the request names others than the glossary has.
    """
    for name, ours, theirs in (
        ("source_language", glossary.source_locale, said.source),
        ("target_language", glossary.target_locale, said.target),
    ):
        if ours is not None and theirs is not None and ours != theirs:
            raise FieldRefusedError(name, f"The glossary's is {ours}; leave it out.")
    return TermLocales(
        source=glossary.source_locale or said.source, target=glossary.target_locale or said.target
    )


def _entered(glossary: Glossary, body: TermBody) -> GlossaryTerm:
    locales = {
        "source_locale": glossary.source_locale or body.source_locale,
        "target_locale": glossary.target_locale or body.target_locale,
    }
    for name, locale in locales.items():
        said = getattr(body, name)
        if locale is None:
            raise FieldRefusedError(name, "The glossary has no pair of locales; say the term's.")
        if said is not None and said != locale:
            raise FieldRefusedError(name, f"The glossary's is {locale}; leave it out.")
    if locales["source_locale"] == locales["target_locale"]:
        raise FieldRefusedError("target_locale", "Source and target are the same.")
    target = body.target or (body.source if body.is_do_not_translate else None)
    if target is None:
        raise FieldRefusedError("target", "Write the target, or mark the term as one that stays.")
    said = body.model_dump() | locales
    said |= {"source": " ".join(body.source.split()), "target": " ".join(target.split())}
    return GlossaryTerm.model_validate({**said, "term_id": new_id()})
