"""A file as its reader found it, before it is held against the job.

FoundUnit("tu 12", "u1", source "Pay <1>now</1>", target "Jetzt <1>zahlen</1>")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import Content
from dragoman_exchange.errors import ExchangeRefusedError
from dragoman_exchange.marks import JobMark
from dragoman_exchange.model import ExchangeFormat, Repair

MOST_UNITS = 200_000


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """One unit of a file. None stands for what the file does not say; `fault` is a code and a
    reason for which the unit cannot be taken, whatever the job says.
    """

    place: str
    unit_id: str | None
    source: Content | None = None
    target: Content | None = None
    stage: ReviewStage | None = None
    base: str | None = None
    base_stage: ReviewStage | None = None
    is_verified: bool = False
    comments: tuple[str, ...] = ()
    fault: tuple[str, str] | None = None


class Repairs:
    """The faults that reading put right, counted by code."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, code: str, message: str, count: int = 1) -> None:
        """Count a fault that was put right."""
        if count:
            self._counts[code, message] += count

    def all(self) -> tuple[Repair, ...]:
        """The repairs so far, in the order of their first fault."""
        return tuple(
            Repair(code=code, message=message, count=count)
            for (code, message), count in self._counts.items()
        )


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file's head and its units, which are read while they are asked for.

    `as_written` gives content as it comes back from the format when nobody changed it.
    """

    format: ExchangeFormat
    mark: JobMark
    source_locale: str | None
    target_locale: str | None
    units: Iterable[FoundUnit]
    as_written: Callable[[Content], Content]
    repairs: Repairs = field(default_factory=Repairs)


def too_large(what: str) -> ExchangeRefusedError:
    """The refusal of a file that exceeds a limit of reading."""
    return ExchangeRefusedError(
        f"The file {what}; export fewer units into one file.", code="exchange.too_large"
    )


def unreadable(what: str) -> ExchangeRefusedError:
    """The refusal of a file that is damaged beyond repair."""
    return ExchangeRefusedError(
        f"The file {what}; save it again in the reviewer's tool, or export it anew.",
        code="exchange.unreadable",
    )
