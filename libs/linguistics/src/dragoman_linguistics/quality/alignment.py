"""Whether targets stand at their own sources: texts that were shifted by one, swapped, or merged.

    1  "Pay 20 euros."         "Rufen Sie Herrn Smith um 9 an."   the target of 2: text.shifted
    2  "Call Mr Smith at 9."   "…"

    1  "One."                  "Eins. Zwei."                      both targets: text.merged
    2  "Two."                  "Zwei."

Targets are compared with neighbouring sources by numbers, beginnings of words, ends and lengths.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.numbers import with_ascii_digits
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.lengths import Lengths
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.sizes import size

_TOKEN = re.compile(r"\d+|[^\W\d_]{3,}")
_STEM = 5
"""The first letters of a word, without accents, by which cognates are told: `trans` of transport,
transporte.
"""
_END = re.compile(r"([.!?:;…。！？：；])?[\s\"'»”’)\]]*$")
_END_CLASSES = {"。": ".", "！": "!", "？": "?", "：": ":", "；": ";", "…": "."}
_RUN, _RUN_GAIN, _STEP = 3, 9.0, 0.8
_SWAP_GAIN, _SWAP_EACH = 8.0, 2.5
_MERGED_WEIGHT = 2.5
_LEAST_CONTAINED = 6.0
_LEAST_MERGED = 1.25
_ALIKE_SHARE = 0.55
_LEAST_REST, _MOST_REST = 0.6, 1.7
_MOST_WEIGHT, _LEAST_WEIGHT = 3.0, 0.3


@dataclass(frozen=True, slots=True)
class _Features:
    """The features of a text that can be compared across languages: its numbers and beginnings of
    words (`anchors`), the sign at its end, its length.
    """

    anchors: frozenset[str]
    end: str
    length: float


class Alignment:
    """Compares each target of a document with the sources before and after its own."""

    def __init__(self, pairs: Sequence[Pair], lengths: Lengths) -> None:
        self._pairs = [pair for pair in pairs if pair.is_made and pair.has_both]
        self._lengths = lengths
        self._sources = [_features(pair.source, pair.source_size) for pair in self._pairs]
        self._targets = [_features(pair.target, pair.target_size) for pair in self._pairs]
        spread = Counter(anchor for each in self._sources for anchor in each.anchors)
        count = len(self._pairs) + 1
        # Rare anchors say more than common ones (inverse document frequency).
        self._weights = {
            anchor: min(max(math.log(count / seen), _LEAST_WEIGHT), _MOST_WEIGHT)
            for anchor, seen in spread.items()
        }
        self._shifted: set[int] = set()
        self._merged: set[int] = set()
        if len(self._pairs) > 1:
            self._find_shifted()
            self._find_merged()

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """Findings where a target seems to belong to a neighbour, or to hold its text as well."""
        if id(pair) in self._shifted:
            yield finding(
                "text.shifted",
                "The target fits the unit before or after better than its own source.",
            )
        if id(pair) in self._merged:
            yield finding(
                "text.merged", "The target holds the text of the unit before or after as well."
            )

    def _score(self, source: int, target: int) -> float:
        """The evidence that a target belongs to a source; higher is likelier."""
        ours, theirs = self._sources[source], self._targets[target]
        common = ours.anchors & theirs.anchors
        score = sum(self._weights[anchor] for anchor in common)
        score += 0.6 if ours.end == theirs.end else -0.6
        distance = self._lengths.distance(ours.length, theirs.length)
        return score - distance * distance / 2

    def _find_shifted(self) -> None:
        own = [self._score(place, place) for place in range(len(self._pairs))]
        gains: dict[int, list[float]] = {}
        for step in (1, -1):
            gains[step] = [
                self._score(place, place + step) - own[place]
                if self._is_other(place, place + step)
                else 0.0
                for place in range(len(self._pairs))
            ]
            # One unit that fits its neighbour is chance; a run of them is a shift.
            for first, last in _runs(gains[step]):
                self._shifted.update(
                    id(self._pairs[place + step]) for place in range(first, last + 1)
                )
        for place in range(len(self._pairs) - 1):
            forward, back = gains[1][place], gains[-1][place + 1]
            if min(forward, back) >= _SWAP_EACH and forward + back >= _SWAP_GAIN:
                self._shifted |= {id(self._pairs[place]), id(self._pairs[place + 1])}

    def _is_other(self, place: int, other: int) -> bool:
        """Whether a neighbour exists whose source differs."""
        return 0 <= other < len(self._pairs) and self._sources[other] != self._sources[place]

    def _find_merged(self) -> None:
        for place, pair in enumerate(self._pairs):
            is_long = self._lengths.relative(pair) > _LEAST_MERGED
            for other in (place - 1, place + 1):
                if 0 <= other < len(self._pairs) and (
                    self._contains(place, other) or (is_long and self._reads_as_both(place, other))
                ):
                    self._merged.add(id(pair))

    def _contains(self, place: int, other: int) -> bool:
        """Whether a target begins or ends with the neighbour's target, and the rest is as long as
        its own source asks for.

        Where the source holds the neighbour's source, the target may well hold the neighbour's
        target.
        """
        whole, inner = (" ".join(self._pairs[each].target.split()) for each in (place, other))
        is_there = whole.endswith(inner) if other > place else whole.startswith(inner)
        if len(inner) >= len(whole) or not is_there:
            return False
        if self._targets[other].length < _LEAST_CONTAINED or not any(map(str.isalpha, inner)):
            return False
        rest = whole[: -len(inner)] if other > place else whole[len(inner) :]
        ratio = self._lengths.ratio(self._sources[place].length, size(rest))
        ours, theirs = (set(self._pairs[each].source.casefold().split()) for each in (place, other))
        return _LEAST_REST <= ratio <= _MOST_REST and len(ours & theirs) < _ALIKE_SHARE * len(
            theirs
        )

    def _reads_as_both(self, place: int, other: int) -> bool:
        """Whether a target is as long as both sources ask for, and has words and numbers of the
        neighbour alone.
        """
        ours, theirs, target = self._sources[place], self._sources[other], self._targets[place]
        both = self._lengths.distance(ours.length + theirs.length, target.length)
        alone = self._lengths.distance(ours.length, target.length)
        if alone < 3.0 or both > alone - 1.5 or target.length < ours.length:
            return False
        foreign = (theirs.anchors - ours.anchors) & target.anchors
        return sum(self._weights[anchor] for anchor in foreign) >= _MERGED_WEIGHT


def _runs(gains: Sequence[float]) -> Iterator[tuple[int, int]]:
    """The first and last places of runs whose gains, less a price for each step, are more than
    chance gives.
    """
    # Kadane's search for the largest sum, which ends a run when the sum has fallen far below it.
    total, first, best, last = 0.0, 0, 0.0, -1
    for place, gain in enumerate([*gains, -math.inf]):
        if total <= 0.0:
            total, first, best, last = 0.0, place, 0.0, -1
        total += gain - _STEP
        if total > best:
            best, last = total, place
        if total < best - _RUN_GAIN or total <= 0.0 or place == len(gains):
            if best >= _RUN_GAIN and last - first + 1 >= _RUN:
                yield first, last
            total = 0.0


def _features(text: str, length: float) -> _Features:
    anchors = frozenset(_anchor(token) for token in _TOKEN.findall(with_ascii_digits(text)))
    match = _END.search(text)
    end = (match[1] or "") if match else ""
    return _Features(anchors, _END_CLASSES.get(end, end), length)


@lru_cache(maxsize=20_000)
def _anchor(token: str) -> str:
    if token.isdecimal():
        return token.lstrip("0") or "0"
    if token.isascii():
        return token[:_STEM].lower()
    # Without accents (UAX #15): `económico` and `economic` have one beginning.
    decomposed = unicodedata.normalize("NFKD", token.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))[
        :_STEM
    ]
