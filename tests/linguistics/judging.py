"""What QA says about texts that are written as one line each."""

from __future__ import annotations

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import verify_units
from linguistics.units import unit


def judged(*texts: tuple[str, str], to: str = "de", source: str = "en") -> list[set[str]]:
    """The codes of warnings and worse of each pair of a document, in order."""
    pairs = [
        (
            unit(str(number), before),
            UnitTarget(unit_id=str(number), target=(after,), result_source=ResultSource.ENGINE),
        )
        for number, (before, after) in enumerate(texts)
    ]
    return [
        {each.code for each in verified.findings if each.severity is not Severity.INFO}
        for verified in verify_units(pairs, Locale(source), Locale(to))
    ]


def codes(before: str, after: str, to: str = "de", source: str = "en") -> set[str]:
    """The codes of warnings and worse of one pair, which is the whole document."""
    return judged((before, after), to=to, source=source)[0]
