"""Tags inside words: letters raised, lowered or coloured; their place is a character, no word.

A word that is the same in the target has its tags at the same characters:

    source   CO<1>2</1> of the house     a lowered 2
    answer   <1>CO2</1> de la casa       of most engines
    target   CO<1>2</1> de la casa

In another word, as in `5<1>th</1>` and `5<1>.ª</1>`, the place is a guess, and there is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dragoman_contracts.text import (
    Content,
    Tag,
    TagSide,
    TagSpec,
    closing,
    normalised,
    opening,
    plain_text,
)
from dragoman_linguistics.tag_places import TagNode, flattened, tag_tree
from dragoman_linguistics.tags import TagReport, align_tags
from dragoman_linguistics.words import Word, words_of

# Scripts without spaces between words, and Hangul, which writes particles as a part of the word.
_UNSPACED = re.compile(
    r"[\u0e00-\u0fff\u1000-\u11ff\u1780-\u17ff\u3000-\u318f\u31a0-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]"
)
# Signs behind a word that mark it: numbers of notes, charges, powers.
_MARK = re.compile(r"(?=.*[\d†‡§¶‖®™©℠°+\u2212])[\d()\[\],*+/†‡§¶‖®™©℠°\u2013\u2212-]*")
_IN_BRACKETS = re.compile(r"\[.*\]|\(.*\)")
_NOTE_NUMBER = re.compile(r"\d{1,2}(?:[,\u2013-]\d{1,2})*")
_NOTE_STANDS_BEHIND = ".,;:!?)]»”’\"'"


_Place = tuple[str, int, int, int]
"""A word, the offsets of a tag's edges in it, and the word's offset in a target."""


@dataclass(frozen=True)
class Cut:
    """A tag with an edge inside a word of the source.

    `start` and `end` are the offsets of the edges in the plain text. `at_start` and `at_end` say
    which edges are inside a word. `low` to `high` is the stretch of words around those edges; the
    stretch is empty where no words have to stay the same.
    """

    node: TagNode
    text: str
    at_start: bool
    at_end: bool
    low: int
    high: int

    @property
    def start(self) -> int:
        """The offset at which the tag begins."""
        return self.node.start

    @property
    def end(self) -> int:
        """The offset at which the pair ends. A tag that stands alone ends where it begins."""
        return self.node.end if self.node.is_pair else self.node.start

    @property
    def is_within(self) -> bool:
        """Whether the whole pair stands in the stretch of words."""
        return self.low <= self.start and self.end <= self.high


def cuts_of(source: Content, specs: Iterable[TagSpec] = ()) -> list[Cut]:
    """The tags of a source that have an edge inside a word, in reading order.

    Tags that stand for white space part words. In scripts without spaces the words are not known
    (UAX #29), so that no tag counts as inside a word.
    """
    if sum(isinstance(part, str) for part in source) < 2:
        return []
    text = plain_text(source)
    spaces = {spec.id for spec in specs if spec.equivalent.isspace()}
    nodes = flattened(tag_tree(source))
    breaks = {node.start for node in nodes if not node.is_pair and node.tag.id in spaces}
    if not any(_touch(text, edge, breaks) for node in nodes for edge in (node.start, node.end)):
        return []
    words = _words(text, breaks)
    cuts = [_cut(node, text, words, breaks) for node in nodes if node.tag.id not in spaces]
    return [cut for cut in cuts if cut is not None]


def is_mark(text: str) -> bool:
    """Whether a text marks the word before it, as `2`, `1,2`, `−3` or `®` do."""
    return _MARK.fullmatch(text) is not None


def lacks_space(before: str, after: str) -> bool:
    """Whether two texts that meet are words without a space between, which an author forgot:
    `such as|Joy Hakim`.
    """
    ends_small = before[-1:].islower() and before[-2:-1].isalpha()
    return ends_small and after[:1].isupper() and after[1:2].isalpha()


def settle_inside_words(source: Content, target: Content, specs: Iterable[TagSpec] = ()) -> Content:
    """The target with tags that stand inside a source word at the same characters of that word.

    The target must have the word unchanged but for its case. Other tags do not move, and the text
    does not change. A tag that could move only across another tag stays where it is.
    """
    specs = tuple(specs)
    cuts = [cut for cut in cuts_of(source, specs) if cut.high > cut.low]
    if not cuts:
        return target
    text = plain_text(source)
    report = align_tags(source, target, specs)
    taken: dict[_Place, int] = {}
    # Tags within one word come first: their place is sure, and wider tags must not cross them.
    for cut in sorted(cuts, key=lambda cut: not cut.is_within):
        moved = _settled(cut, text, target, taken)
        if moved is not None:
            found = align_tags(source, moved, specs)
            # A move must not break anything else, so all tags are compared after each move.
            if _is_no_worse(found, report):
                target, report = moved, found
    return target


def unsettled(source: Content, target: Content, specs: Iterable[TagSpec] = ()) -> list[Cut]:
    """The pairs with an edge inside a source word that hold other characters in the target, or
    stand beside other characters.

    An edge where two words meet without a space (`such as<1>Joy`) need not stay.
    """
    text, result = plain_text(source), plain_text(target)
    places: dict[int, list[tuple[int, int]]] = {}
    for node in flattened(tag_tree(target)):
        if node.is_pair:
            places.setdefault(node.tag.id, []).append((node.start, node.end))
    return [
        cut
        for cut in cuts_of(source, specs)
        if cut.node.is_pair
        and _has_to_stay(cut, text)
        and not any(_is_same(cut, text, result, place) for place in places.get(cut.node.tag.id, ()))
    ]


def _touch(text: str, edge: int, breaks: Collection[int]) -> bool:
    """Whether an edge has no white space on either side."""
    inside = 0 < edge < len(text) and edge not in breaks
    return inside and not text[edge - 1].isspace() and not text[edge].isspace()


def _words(text: str, breaks: Collection[int]) -> list[Word]:
    bounds = sorted({0, *breaks, len(text)})
    return [
        Word(word.text, word.start + start, word.end + start)
        for start, end in pairwise(bounds)
        for word in words_of(text[start:end])
    ]


def _cut(node: TagNode, text: str, words: Sequence[Word], breaks: Collection[int]) -> Cut | None:
    end = node.end if node.is_pair else node.start
    held = text[node.start : end]
    if node.is_pair and not held.strip():
        return None
    at_start = _is_inside(text, node.start, breaks)
    at_end = node.is_pair and _is_inside(text, end, breaks)
    if not at_start and not at_end and node.is_pair and _touch(text, node.start, breaks):
        before = text[node.start - 1]
        # The number of a note stands behind a full stop, and belongs to no word.
        if before in _NOTE_STANDS_BEHIND and _NOTE_NUMBER.fullmatch(held):
            return Cut(node, held, at_start=True, at_end=False, low=node.start, high=node.start)
        at_start = is_mark(held) and before.isalnum() and not _UNSPACED.match(before)
    if not at_start and not at_end:
        return None
    low, high = _words_around(node, end, text, words, at_start=at_start, at_end=at_end)
    return Cut(node, held, at_start, at_end, low, high)


def _words_around(
    node: TagNode, end: int, text: str, words: Sequence[Word], *, at_start: bool, at_end: bool
) -> tuple[int, int]:
    """The stretch of words that must be the same for a tag to stay;
    empty for edges in two words.
    """
    held = text[node.start : end]
    is_one_word = bool(held) and not any(map(str.isspace, held))
    around = [
        *((node.start - 1, node.start) if at_start else ()),
        *((end - 1, end) if at_end else ()),
        *((node.start, end - 1) if is_one_word else ()),
    ]
    touched = [word for word in words if any(word.start <= offset < word.end for offset in around)]
    low, high = touched[0].start, touched[-1].end
    return (node.start, node.start) if any(map(str.isspace, text[low:high])) else (low, high)


def _is_inside(text: str, edge: int, breaks: Collection[int]) -> bool:
    """Whether an edge stands between two letters or digits of one word."""
    if not _touch(text, edge, breaks):
        return False
    sides = text[edge - 1], text[edge]
    return all(side.isalnum() and not _UNSPACED.match(side) for side in sides)


def _settled(
    cut: Cut,
    text: str,
    target: Content,
    taken: dict[_Place, int],
) -> Content | None:
    """The target with one tag moved to the same characters of the same words; None without a move.

    `taken` has the places that other tags got, each with the offset of their word in the source,
    and gets the place of this one. Only tags of the same word have a place in common.
    """
    place = _place_of(cut, target)
    if place is None:
        return None
    result = plain_text(target)
    core, offsets = text[cut.low : cut.high], (cut.start - cut.low, cut.end - cut.low)
    in_source = _occurrences(core, text)
    free = [
        at
        for at in _occurrences(core, result)
        if taken.get((core.lower(), *offsets, at), cut.low) == cut.low
    ]
    touching = [at for at in free if at <= place[1] and place[0] <= at + len(core)]
    if not free or (not touching and not cut.is_within):
        return None
    at = _chosen(touching or free, in_source, cut.low, place)
    taken[core.lower(), *offsets, at] = cut.low
    start, end = at + offsets[0], at + offsets[1]
    if not cut.is_within:  # the pair holds other words, too, and keeps them
        if (cut.at_start and place[0] < at) or (cut.at_end and place[1] > at + len(core)):
            return None
        start = start if cut.at_start else min(place[0], at)
        end = end if cut.at_end else max(place[1], at + len(core))
    return None if (start, end) == place else _moved(cut.node, target, start, end)


def _place_of(cut: Cut, target: Content) -> tuple[int, int] | None:
    """The offsets of the tag in the target; None unless the target has it exactly once."""
    tag_id = cut.node.tag.id
    found = [
        (part.side, len(plain_text(target[:index])))
        for index, part in enumerate(target)
        if isinstance(part, Tag) and part.id == tag_id
    ]
    sides = [TagSide.OPEN, TagSide.CLOSE] if cut.node.is_pair else [cut.node.tag.side]
    return (found[0][1], found[-1][1]) if [side for side, _ in found] == sides else None


def _occurrences(core: str, text: str) -> list[int]:
    """The offsets of some words in a text, in upper or lower case.

    A word ends where a script without spaces begins: `指标是rp` has the word `rp`.
    """
    found = (match.start() for match in re.finditer(f"(?={re.escape(core)})", text, re.IGNORECASE))
    return [
        at
        for at in found
        if not _is_inside(text, at, ()) and not _is_inside(text, at + len(core), ())
    ]


def _chosen(
    candidates: Sequence[int],
    in_source: Sequence[int],
    low: int,
    place: tuple[int, int],
) -> int:
    """The offset of the word with the same number as in the source, if both have as many; else the
    offset nearest to the tag.
    """
    if len(candidates) == len(in_source) and low in in_source:
        return candidates[in_source.index(low)]
    return min(candidates, key=lambda at: abs(at - place[0]))


def _moved(node: TagNode, target: Content, start: int, end: int) -> Content:
    """The target with one tag at other offsets, as deep inside other tags as it can stand."""
    tag_id = node.tag.id
    rest = normalised(part for part in target if not (isinstance(part, Tag) and part.id == tag_id))
    if not node.is_pair:
        return _inserted(rest, node.tag, start, is_first=True)
    # The closing tag first: it does not shift the offset of the opening one.
    closed = _inserted(rest, closing(tag_id), end, is_first=True)
    return _inserted(closed, opening(tag_id), start, is_first=False)


def _inserted(content: Content, tag: Tag, offset: int, *, is_first: bool) -> Content:
    """Content with a tag at an offset into its text, before or behind the tags at that offset."""
    parts: list[str | Tag] = []
    passed, waits = 0, True
    for part in content:
        length = len(part) if isinstance(part, str) else 0
        if waits and (passed == offset if is_first else isinstance(part, str) and passed == offset):
            parts.append(tag)
            waits = False
        if waits and isinstance(part, str) and passed < offset < passed + length:
            parts += [part[: offset - passed], tag, part[offset - passed :]]
            waits = False
        else:
            parts.append(part)
        passed += length
    return normalised([*parts, tag] if waits else parts)


def _is_no_worse(found: TagReport, before: TagReport) -> bool:
    return (
        set(found.missing) <= set(before.missing)
        and set(found.added) <= set(before.added)
        and set(found.crossed) <= set(before.crossed)
        and set(found.moved) <= set(before.moved)
        and set(found.emptied) <= set(before.emptied)
    )


def _has_to_stay(cut: Cut, text: str) -> bool:
    """Whether a pair has an edge that must stay beside its characters.

    A pair around a text in brackets has none, since the brackets move as a whole.
    """
    if _IN_BRACKETS.fullmatch(cut.text):
        return False
    at_start = cut.at_start and not lacks_space(text[: cut.start], text[cut.start :])
    return at_start or (cut.at_end and not lacks_space(text[: cut.end], text[cut.end :]))


def _is_same(cut: Cut, text: str, result: str, place: tuple[int, int]) -> bool:
    """Whether a place in the target holds the characters of a pair, and the edges that were inside
    words have the same neighbours.
    """
    start, end = place
    held = result[start:end]
    is_whole = any(map(str.isspace, cut.text)) or held.casefold() == cut.text.casefold()
    return (
        is_whole
        and (not cut.at_start or _same(text, cut.start, result, start))
        and (not cut.at_end or _same(text, cut.end, result, end))
    )


def _same(text: str, at: int, result: str, place: int) -> bool:
    return text[at - 1 : at + 1].casefold() == result[max(place - 1, 0) : place + 1].casefold()
