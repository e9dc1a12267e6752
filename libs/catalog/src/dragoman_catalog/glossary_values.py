"""Glossaries, their terms, and changes of them, as values."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from dragoman_catalog.values import Code, DisplayName, Version
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.resources import Term, TermEntry

MOST_TERMS = 200_000
"""The most terms that a glossary can have."""


class GlossaryEntry(Value):
    """A glossary as a person says it.

    It belongs to a project, to a domain pack, or to the installation where neither is named. With a
    pair of locales all its terms are of that pair; without, each term says its own. Jobs in the
    scope of one that `is_automatic` use it unasked; others use it where they, their project or
    their domain pack name it.
    """

    name: DisplayName
    description: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    project_id: UUID | None = None
    domain_pack_code: Code | None = None
    source_locale: Locale | None = None
    target_locale: Locale | None = None
    is_automatic: bool = True


class Glossary(GlossaryEntry):
    """A glossary. Every edit of it or of its terms is a new version.

    `digest` is the same for glossaries with the same terms.
    """

    glossary_id: UUID
    term_count: Annotated[int, Field(ge=0)]
    digest: str
    edited_at: AwareDatetime
    edited_by: str
    version: Version


class GlossaryTerm(TermEntry):
    """A term of a glossary."""

    term_id: UUID

    @property
    def term(self) -> Term:
        """The term as a job takes it."""
        fields = self.model_dump(exclude={"source_locale", "target_locale"})
        return Term.model_validate(fields)

    @property
    def entry(self) -> TermEntry:
        """The term without its id."""
        return TermEntry.model_validate(self.model_dump(exclude={"term_id"}))


class TermChanges(Value):
    """Terms that an edit adds, changes (as they are then) and removes (as they were)."""

    added: tuple[GlossaryTerm, ...] = ()
    changed: tuple[GlossaryTerm, ...] = ()
    removed: tuple[GlossaryTerm, ...] = ()
    unchanged_count: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.changed or self.removed)
