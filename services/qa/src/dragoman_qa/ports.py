"""The ports of qa: a checker of documents, and a checker of grammar, which may be on a server; and
the advice of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from pydantic import Field

from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import QaFinding, UnitVerification
from dragoman_contracts.resources import Term
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_linguistics import QaProfile


class Assignment(Value):
    """By which measure a document is checked.

    `profile` says how much each finding matters; codes in `not_applicable` say nothing about the
    engine that was used; `rules` are the version of the rules the job was planned with. `terms` are
    the terms that the translation must use.
    """

    source_locale: Locale
    target_locale: Locale
    profile: QaProfile
    not_applicable: tuple[str, ...] = ()
    rules: int = 1
    terms: tuple[Term, ...] = ()


class DocumentChecker(Protocol):
    """Checks the targets of a document. Pure and CPU-bound:
    the handler runs it beside the event loop.
    """

    def check(
        self, pairs: Sequence[tuple[Unit, UnitTarget]], assignment: Assignment
    ) -> Iterable[UnitVerification]:
        """The findings and the verdict of each unit, in the document's order:
        neighbours and the whole may count.
        """
        ...


class GrammarText(Value):
    """The target of one unit, as the grammar of its language is checked: placeholders are U+FFFC."""

    unit_id: str
    text: str


class GrammarFindings(Value):
    """The findings of a grammar checker by unit, and by which checker and for which locale.

    Offsets count in the target's plain text. With `is_supported` off the checker does not know the
    locale, and has checked nothing.
    """

    checker: str
    locale: Locale
    is_supported: bool = True
    findings: dict[str, tuple[QaFinding, ...]] = Field(default_factory=dict)


class GrammarChecker(Protocol):
    """Checks the grammar of a document's targets."""

    @property
    def name(self) -> str:
        """The name that the fingerprint of the work holds; it changes with what may be found."""
        ...

    async def check(self, texts: Sequence[GrammarText], locale: Locale) -> GrammarFindings:
        """The findings of all texts.

        Raises:
            RetryableError: the checker is away or busy; the same texts may be checked later.
            PermanentError: it refuses the texts; the message says what to change.
        """
        ...

    async def aclose(self) -> None:
        """End what is open."""
        ...


class Judgement(Value):
    """The advice of a model on a job, by unit; offsets count in the target's plain text.

    `unit_ids` are those it was to judge. `left_out` has the code of the reason for each that it did
    not. `refused_count` remarks fitted no unit, place or category. `calls` are the records of the
    calls, in order, and `usage` is that of all of them.
    """

    model: str
    unit_ids: tuple[str, ...]
    findings: dict[str, tuple[QaFinding, ...]] = Field(default_factory=dict)
    left_out: dict[str, str] = Field(default_factory=dict)
    refused_count: int = 0
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()
