"""The port of qa to the outside: a checker of documents, either the built-in checks or LanguageTool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.reports import UnitVerification
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_linguistics import QaProfile


class Assignment(Value):
    """By which measure a document is checked.

    `profile` says how much each finding matters; codes in `not_applicable` say nothing about the engine that was used;
    `rules` are the version of the rules the job was planned with.
    """

    source_locale: Locale
    target_locale: Locale
    profile: QaProfile
    not_applicable: tuple[str, ...] = ()
    rules: int = 1


class DocumentChecker(Protocol):
    """Checks the targets of a document. Pure and CPU-bound: the handler runs it beside the event loop."""

    def check(self, pairs: Sequence[tuple[Unit, UnitTarget]], assignment: Assignment) -> Iterable[UnitVerification]:
        """The findings and the verdict of each unit, in the document's order: neighbours and the whole may count."""
        ...
