"""One target for different sources: the trace of a refusal, a stuck model or a slipped answer.

Each source beside its target and the finding:

    "The supplier delivers."   "Der Lieferant liefert."   text.repeated
    "The customer pays."       "Der Lieferant liefert."   text.repeated
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

_LETTERS = re.compile(r"[^\W\d_]+")
_LEAST_SIZE = 20.0
_ALIKE_PCT = 70.0
_UNLIKE_PCT = 50.0
_SEVERAL = 3


class Repeats:
    """Finds the targets of a document that stand for sources of different meaning."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        groups: dict[str, list[Pair]] = {}
        for pair in pairs:
            if pair.is_made and pair.target_size >= _LEAST_SIZE:
                groups.setdefault(_words(pair.target), []).append(pair)
        several = (group for key, group in groups.items() if key and len(group) > 1)
        self._repeated = {id(pair) for group in several for pair in _of_others(group)}

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where another unit has the same target for a source that
        says something else.
        """
        if id(pair) in self._repeated:
            yield finding(
                "text.repeated",
                "The target is also that of a unit whose source says something else.",
            )


def _of_others(group: Sequence[Pair]) -> list[Pair]:
    """The pairs of a group with one target whose sources share too few words to mean the same."""
    sources = {source: pair for pair in group if (source := _words(pair.source))}
    if len(sources) < 2:
        return []
    texts = list(sources)
    # Two ways to say the same may share a translation; several that share no words do not.
    limit = _ALIKE_PCT if len(texts) >= _SEVERAL else _UNLIKE_PCT

    def is_unlike(text: str) -> bool:
        others = (other for other in texts if other is not text)
        return any(fuzz.token_set_ratio(text, other) < limit for other in others)

    unlike = {text for text in texts if is_unlike(text)}
    return [pair for pair in group if _words(pair.source) in unlike]


def _words(text: str) -> str:
    return " ".join(_LETTERS.findall(text.casefold()))
