"""Pairs the blocks of two documents: paragraphs, tables, rows, cells, content controls.

Blocks whose text is the same on both sides and occurs once are sure pairs. Between them the most
alike blocks are paired, in order:

    old    Scope | Price in euros | Law
    new    Scope | Delivery | Price in dollars | Law
    steps  (Scope, Scope), (None, Delivery), (Price in euros, Price in dollars), (Law, Law)
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman_documents.docx.diff.tree import own_text, text_of
from dragoman_documents.docx.xml import Element, attribute, names, short_name

_BLOCKS = names(
    "w:p w:tbl w:tr w:tc w:sdt w:sdtContent w:customXml w:body w:footnote w:endnote w:comment w:docParts w:docPart "
    "w:docPartBody w:ins w:del w:moveTo w:moveFrom"
)
_THROUGH = names("w:sdt w:sdtContent w:customXml w:ins w:moveTo")
_CELLS = 20_000
_CHUNK = 100


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block as alignment sees it: element, kind, style and text, and the words of the text."""

    element: Element
    kind: str
    style: str
    text: str
    words: Counter[str]


Step = tuple[Block | None, Block | None]


def is_block(element: Element) -> bool:
    """Whether an element is a block that alignment pairs."""
    return short_name(element) in _BLOCKS


def blocks_of(container: Element) -> list[Block]:
    """The blocks directly in a container."""
    return [_block(child) for child in container if is_block(child)]


def flat_blocks_of(container: Element) -> list[Block]:
    """The blocks in a container. Blocks in a content control come in the place of the control."""
    found: list[Block] = []
    stack = [iter(container)]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
        elif short_name(child) in _THROUGH:
            stack.append(iter(child))
        elif is_block(child):
            found.append(_block(child))
    return found


def aligned(old: Sequence[Block], new: Sequence[Block]) -> list[Step]:
    """The blocks of both sides in one order: pairs, and blocks that only one side has."""
    steps: list[Step] = []
    i = j = 0
    for a, b in [*_anchors(old, new), (len(old), len(new))]:
        steps += _between(old[i:a], new[j:b])
        if a < len(old) and b < len(new):
            steps.append((old[a], new[b]))
        i, j = a + 1, b + 1
    return steps


def _block(element: Element) -> Block:
    kind = short_name(element)
    if kind == "w:p":
        text = own_text(element)
    else:
        text = " ".join(text_of(node) for node in element.iter() if short_name(node) == "w:t")
    return Block(element, _identified(kind, element), _style(element), text, Counter(text.split()))


def _identified(kind: str, element: Element) -> str:
    """The kind of a block.

    Notes and comments have their ids in it, so that only equal ids are paired.
    """
    if kind in {"w:footnote", "w:endnote", "w:comment"}:
        return f"{kind} {attribute(element, 'w:id')}"
    return kind


def _style(element: Element) -> str:
    for properties in element:
        for child in properties if short_name(properties) in {"w:pPr", "w:tblPr"} else ():
            if short_name(child) in {"w:pStyle", "w:tblStyle"}:
                return attribute(child, "w:val") or ""
        break
    return ""


def _anchors(old: Sequence[Block], new: Sequence[Block]) -> list[tuple[int, int]]:
    """The places of sure pairs: blocks of equal text at both ends, and between them the longest row
    of blocks whose text occurs once on each side.
    """
    left, right = [(b.kind, b.text) for b in old], [(b.kind, b.text) for b in new]
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < min(len(left), len(right)) - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    ends = len(left) - tail, len(right) - tail
    counts = Counter(left[head : ends[0]]), Counter(right[head : ends[1]])
    once = {key for key, count in counts[1].items() if count == 1}
    places = {
        key: index for index, key in enumerate(right[: ends[1]]) if index >= head and key in once
    }
    # A text that occurs twice may be paired with the wrong twin, and an empty one with any other.
    unique = [
        (index, places[key])
        for index, key in enumerate(left[: ends[0]])
        if index >= head and key[1] and counts[0][key] == 1 and key in places
    ]
    tails = [(ends[0] + step, ends[1] + step) for step in range(tail)]
    return [*((step, step) for step in range(head)), *_longest_rise(unique), *tails]


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest choice of pairs whose second places rise, found by patience sorting."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        before.append(piles[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            piles.append(index)
        else:
            tops[pile], piles[pile] = place, index
    found: list[tuple[int, int]] = []
    index = piles[-1] if piles else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _between(old: Sequence[Block], new: Sequence[Block]) -> list[Step]:
    if not old or not new:
        return [*((block, None) for block in old), *((None, block) for block in new)]
    # The table of likenesses grows with the product of both sides, so long stretches are cut.
    if len(old) * len(new) <= _CELLS:
        return _most_alike(old, new)
    if [block.kind for block in old] == [block.kind for block in new]:
        return list(zip(old, new, strict=True))
    # Very long and all different: piece by piece, each at its share of the other side.
    steps: list[Step] = []
    for start in range(0, len(old), _CHUNK):
        end = min(start + _CHUNK, len(old))
        first, last = (round(place * len(new) / len(old)) for place in (start, end))
        steps += _most_alike(old[start:end], new[first:last])
    return steps


def _most_alike(old: Sequence[Block], new: Sequence[Block]) -> list[Step]:
    """The pairing in order with the most likeness in sum (Needleman and Wunsch, gaps are free)."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            paired = best[i + 1][j + 1] + _likeness(old[i], new[j])
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    steps: list[Step] = []
    i = j = 0
    while i < len(old) and j < len(new):
        likeness = _likeness(old[i], new[j])
        # Floats are equal here: `best` was made of the very same sum.
        if likeness and best[i][j] == best[i + 1][j + 1] + likeness:
            steps.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            steps.append((old[i], None))
            i += 1
        else:
            steps.append((None, new[j]))
            j += 1
    return [*steps, *((block, None) for block in old[i:]), *((None, block) for block in new[j:])]


def _likeness(old: Block, new: Block) -> float:
    """The likeness of two blocks, up to about 1.2; 0 for blocks of different kinds, which must not
    be paired.
    """
    if old.kind != new.kind:
        return 0.0
    total = old.words.total() + new.words.total()
    shared = 2 * (old.words & new.words).total() / total if total else 1.0
    same_emptiness = bool(old.words) == bool(new.words)
    # A little likeness for any two of a kind: a rewritten paragraph is changed, not removed and
    # added.
    return 0.05 + 0.1 * (old.style == new.style) + 0.15 * same_emptiness + shared
