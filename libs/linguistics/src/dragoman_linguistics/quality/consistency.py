"""One source, one translation: the same source with different targets in a document, and the reverse.

Case, tags, white space and end marks are looked through:

    "Payment terms"   "Zahlungsbedingungen"   consistency.target
    "PAYMENT TERMS"   "Zahlungsfristen"       consistency.target

A source of one short word, or of numbers, may be translated as its place asks: "No" in a table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHORT_CHARS = 10


class Consistency:
    """Finds the units of a document whose sources or targets are the same, and the others not."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        texts = [(_text(pair.source), _text(pair.target), pair) for pair in pairs if pair.has_both]
        self._by_source = _rarer((source, target, pair) for source, target, pair in texts)
        self._by_target = _others((target, source, pair) for source, target, pair in texts)

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the same source is translated otherwise elsewhere, or the same target
        stands for another source.
        """
        if id(pair) in self._by_source:
            yield finding(
                "consistency.target",
                "The same source is translated otherwise elsewhere; choose one translation.",
            )
        if id(pair) in self._by_target:
            yield finding(
                "consistency.source",
                "Another source has the same target; see whether a difference is lost.",
            )


def _rarer(texts: Iterable[tuple[str, str, Pair]]) -> frozenset[int]:
    """The pairs of a source with several targets, without those that have the commonest target.

    Where no target is commoner, the first stays and the others are found.
    """
    found: set[int] = set()
    for group in _grouped(texts):
        counts = Counter(other for other, _ in group)
        if len(counts) > 1:
            commonest = counts.most_common(1)[0][0]
            found |= {id(pair) for other, pair in group if other != commonest}
    return frozenset(found)


def _others(texts: Iterable[tuple[str, str, Pair]]) -> frozenset[int]:
    groups = (group for group in _grouped(texts) if len({other for other, _ in group}) > 1)
    return frozenset(id(pair) for group in groups for _, pair in group)


def _grouped(texts: Iterable[tuple[str, str, Pair]]) -> Iterable[list[tuple[str, Pair]]]:
    groups: dict[str, list[tuple[str, Pair]]] = {}
    for key, other, pair in texts:
        if _counts(key):
            groups.setdefault(key, []).append((other, pair))
    return groups.values()


def _counts(text: str) -> bool:
    """Whether a text says enough to be translated in one way only."""
    words = _LETTERS.findall(text)
    return len(words) > 1 or (len(words) == 1 and len(words[0]) > _SHORT_CHARS)


def _text(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
