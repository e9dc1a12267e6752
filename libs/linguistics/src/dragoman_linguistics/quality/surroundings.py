"""Translations that were kept from the previous version although their neighbours are others now.

version 1    "Pay now." after "Dear customer"
version 2    "Pay now." after "Dear tenant"       context.changed: look whether it still fits
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

CONTEXT_CHANGED = "context.changed"
"""The code of the finding of this module."""


def check_surroundings(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a translation was kept among other neighbours than it was made for."""
    taken = pair.answer.taken_from
    if taken is not None and taken.is_context_changed:
        yield finding(
            "context.changed",
            "Kept from the previous version, where it stood beside other texts.",
        )
