"""The findings of checks.

Offsets count in the target without its tags:

    finding("words.doubled", "A word is doubled.", 4, 11)     characters 4 to 10 of the target
"""

from __future__ import annotations

from dragoman_contracts.reports import QaFinding, Severity
from dragoman_linguistics.quality.pairs import Pair


def finding(code: str, message: str, start: int | None = None, end: int | None = None) -> QaFinding:
    """A finding of a check. Its severity is set by the profile."""
    return QaFinding(code=code, severity=Severity.INFO, message=message, start=start, end=end)


def at(pair: Pair, code: str, message: str, start: int, end: int) -> QaFinding:
    """A finding at a place of the pair's `target`, placeholders counted."""
    return finding(code, message, pair.place_in_plain_text(start), pair.place_in_plain_text(end))
