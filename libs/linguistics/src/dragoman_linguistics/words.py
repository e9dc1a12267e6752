"""Words of a text with their offsets, and links from words of a source to words of its target.

Words are linked that are the same or look alike, and single words between two links:

    source   The pump by Acme costs 20 euros.
    target   Die Pumpe von Acme kostet 20 Euro.
    links    The-Die, pump-Pumpe, by-von, Acme-Acme, costs-kostet, 20-20, euros-Euro, .-.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz import fuzz

from dragoman_contracts.counting import WORD_OR_MARK

_COGNATE_PCT = 65.0  # of letters in common, as in `Pumpe` and `pump`
_COGNATE_LENGTH = 4


class Word(NamedTuple):
    """A word or a punctuation mark, with its offsets in the text."""

    text: str
    start: int
    end: int

    @property
    def is_punctuation(self) -> bool:
        """Whether this is a mark and not a word."""
        return not any(character.isalnum() for character in self.text)


class WordLink(NamedTuple):
    """A link from source word number `source` to target word number `target`. Both count from 0."""

    source: int
    target: int


def words_of(text: str) -> list[Word]:
    """The words and punctuation marks of a text, in order."""
    return [
        Word(match.group(), match.start(), match.end()) for match in WORD_OR_MARK.finditer(text)
    ]


def link_words(source: Sequence[Word], target: Sequence[Word]) -> list[WordLink]:
    """Links between equal or similar words, one to one: the best first, near before far.

    A single word left over on both sides of a gap is linked too. Other words without a counterpart
    get no link.
    """
    folded_source = [_folded(word.text) for word in source]
    folded_target = [_folded(word.text) for word in target]
    candidates: list[tuple[float, int, int]] = []
    for i, left in enumerate(folded_source):
        for j, right in enumerate(folded_target):
            likeness = _likeness(left, right)
            if likeness:
                distance = abs(i / max(len(source), 1) - j / max(len(target), 1))
                # Word order differs between languages, so distance halves a likeness at most.
                candidates.append((-likeness * (1 - distance / 2), i, j))
    return _with_gaps_filled(_one_to_one(sorted(candidates)), len(source), len(target))


def inside_offset(source: str, offset: int, target: str) -> int:
    """The offset into a target word for an offset into its source word: beside the same characters.

    `5|th` gives `5|.ª`, `house|1` gives `casa|1`. Words without characters in common are cut at the
    same share of their length, and neither part is left empty: `Q|uality` gives `C|alidad`.
    """
    before, after = source[:offset].casefold(), source[offset:].casefold()
    if target[:offset].casefold() == before:
        return offset
    if after and target.casefold().endswith(after):
        return len(target) - len(after)
    share = round(offset / max(len(source), 1) * len(target))
    return min(max(share, 1), len(target) - 1) if len(target) > 1 else share


def _one_to_one(candidates: Iterable[tuple[float, int, int]]) -> list[WordLink]:
    sources: set[int] = set()
    targets: set[int] = set()
    links: list[WordLink] = []
    for _, i, j in candidates:
        if i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            links.append(WordLink(i, j))
    return sorted(links)


def _with_gaps_filled(links: list[WordLink], sources: int, targets: int) -> list[WordLink]:
    """The links, with one more wherever both sides have a single word left over between two
    neighbouring links.
    """
    bounds = [WordLink(-1, -1), *links, WordLink(sources, targets)]
    filled = [
        WordLink(left.source + 1, left.target + 1)
        for left, right in pairwise(bounds)
        if right.source - left.source == 2 and right.target - left.target == 2
    ]
    taken = {link.target for link in links}
    return sorted([*links, *(link for link in filled if link.target not in taken)])


def _folded(word: str) -> str:
    # Case folding and NFKD (UAX #15): `Zürich` and `ZURICH` look alike.
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _likeness(left: str, right: str) -> float:
    """The likeness of two words, 0 to 1."""
    if left == right:
        return 1.0
    if min(len(left), len(right)) < _COGNATE_LENGTH:
        return 0.0
    ratio = fuzz.ratio(left, right, score_cutoff=_COGNATE_PCT)
    return ratio / 100 * 0.9
