"""Places for the inline tags of a source in a target text, found by the words in common.

The source's tags are read as a tree, so that the result nests as the source does:

    source   Call <1>Acme Ltd</1> at <2>030 123</2>.
    target   Rufen Sie Acme Ltd unter 030 123 an.
    result   Rufen Sie <1>Acme Ltd</1> unter <2>030 123</2> an.

The literature calls this tag projection, and so does the outcome `projected` of `repair`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from dragoman_contracts.text import Content, Tag, TagSide, TagSpec, closing, normalised
from dragoman_linguistics.tags import spec_of, unpaired_ids
from dragoman_linguistics.words import Word, WordLink, inside_offset, words_of


@dataclass(frozen=True)
class TagNode:
    """A pair with the nodes inside it, or a tag that stands alone.

    `start` and `end` are offsets into the plain source text. The end of a tag that stands alone is
    -1.
    """

    tag: Tag
    start: int
    end: int
    children: tuple[TagNode, ...] = ()

    @property
    def is_pair(self) -> bool:
        """Whether the node has an opening and a closing side."""
        return self.end >= 0


class Place(NamedTuple):
    """The place of a node in the plain target text.

    `is_certain` says that words gave it, not a guess by proportion.
    """

    start: int
    end: int
    is_certain: bool = True


def tag_tree(content: Content) -> tuple[TagNode, ...]:
    """The tags of content as a tree. Tags that do not pair stand alone."""
    unpaired = set(unpaired_ids(content))
    levels: list[list[TagNode]] = [[]]
    opened: list[tuple[Tag, int]] = []
    offset = 0
    for part in content:
        if isinstance(part, str):
            offset += len(part)
        elif part.side is TagSide.PLACEHOLDER or part.id in unpaired:
            levels[-1].append(TagNode(part, offset, -1))
        elif part.side is TagSide.OPEN:
            opened.append((part, offset))
            levels.append([])
        else:
            tag, start = opened.pop()
            children = tuple(levels.pop())
            levels[-1].append(TagNode(tag, start, offset, children))
    return tuple(levels[0])


def place_by_words(
    node: TagNode,
    source: str,
    target: str,
    source_words: Sequence[Word],
    links: Mapping[int, Sequence[Word]],
) -> Place:
    """The place of a source node in the target.

    `links` gives the target words for the number of each source word. An edge inside a source word
    comes to stand inside the target word.
    """
    place = _raw_place(node, source, target, source_words, links)
    return _cut_at_edges(place, node, source_words, links)


def _raw_place(
    node: TagNode,
    source: str,
    target: str,
    source_words: Sequence[Word],
    links: Mapping[int, Sequence[Word]],
) -> Place:
    if not node.is_pair:
        return _point_place(node.start, source, target, source_words, links)
    numbered = enumerate(source_words)
    inside = [i for i, word in numbered if word.end > node.start and word.start < node.end]
    if not inside:
        return _point_place(node.start, source, target, source_words, links)
    if len(inside) == len(source_words):
        return Place(0, len(target))
    run = _longest_run(inside, links, target)
    first, last = inside[0], inside[-1]
    start, end = (run[0].start, run[-1].end) if run else (-1, -1)
    # A pair at an edge of the sentence stays at that edge, even where its outer word has no link.
    if first == 0 and not links.get(first):
        start = 0
    if last == len(source_words) - 1 and not links.get(last):
        end = len(target)
    if run and start >= 0 and end >= start:
        return _with_margins(Place(start, end), node, source, target)
    guess_start = start if start >= 0 else _proportional(node.start, source, target)
    guess_end = (
        end if end >= guess_start else max(_proportional(node.end, source, target), guess_start)
    )
    return Place(guess_start, guess_end, is_certain=False)


def _cut_at_edges(
    place: Place, node: TagNode, source_words: Sequence[Word], links: Mapping[int, Sequence[Word]]
) -> Place:
    """The place, with edges inside target words where the source has them inside words."""
    start, end = place.start, place.end
    for number, word in enumerate(source_words):
        opens, closes = (
            word.start < node.start < word.end,
            node.is_pair and word.start < node.end < word.end,
        )
        if not opens and not closes:
            continue
        meant = max(
            links.get(number, ()),
            key=lambda each: (each.text == word.text, len(each.text)),
            default=None,
        )
        if meant is None:
            continue
        if opens and (not node.is_pair or meant.start <= place.start < meant.end):
            start = meant.start + inside_offset(word.text, node.start - word.start, meant.text)
            end = end if node.is_pair else start
        if closes and meant.start < place.end <= meant.end:
            end = meant.start + inside_offset(word.text, node.end - word.start, meant.text)
    return place._replace(start=start, end=max(start, end))


def _longest_run(
    inside: Sequence[int],
    links: Mapping[int, Sequence[Word]],
    target: str,
) -> list[Word]:
    """The target words of some source words: the longest stretch without words of other source
    words in it.
    """
    numbers = set(inside)
    all_own = {word for i in inside for word in links.get(i, ())}
    # A comma is linked to any other comma, so only words tell where a run is.
    own = {word for word in all_own if not word.is_punctuation} or all_own
    foreign = {word for i, words in links.items() if i not in numbers for word in words} - all_own
    runs: list[list[Word]] = [[]]
    for word in sorted(
        own | {word for word in foreign if not word.is_punctuation}, key=lambda word: word.start
    ):
        if word in own:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    run = max(runs, key=lambda run: sum(len(word.text) for word in run))
    return (
        _with_marks(run, sorted(all_own - own, key=lambda word: word.start), target) if run else run
    )


def _with_marks(run: list[Word], marks: Sequence[Word], target: str) -> list[Word]:
    """The run of words, with the punctuation of the same source words directly around it."""
    for mark in marks:
        if mark.start >= run[-1].end and not target[run[-1].end : mark.start].strip():
            run = [*run, mark]
    for mark in reversed(marks):
        if mark.end <= run[0].start and not target[mark.end : run[0].start].strip():
            run = [mark, *run]
    return run


def _with_margins(place: Place, node: TagNode, source: str, target: str) -> Place:
    """The place, widened by marks and white space that the source's pair has at that edge."""
    start, end = place.start, place.end
    held = source[node.start : node.end]
    before, after = _leading_marks(held), _leading_marks(held[::-1])[::-1]
    if before and target[:start].endswith(before):
        start -= len(before)
    if after and target[end:].startswith(after):
        end += len(after)
    if held[:1].isspace() and target[start - 1 : start].isspace():
        start -= 1
    if held[-1:].isspace() and target[end : end + 1].isspace():
        end += 1
    return Place(start, end, place.is_certain)


def _leading_marks(text: str) -> str:
    """The signs before the first letter or digit, without white space in front of them."""
    text = text.lstrip()
    return "".join(takewhile(lambda character: not character.isalnum(), text))


def _point_place(
    offset: int,
    source: str,
    target: str,
    words: Sequence[Word],
    links: Mapping[int, Sequence[Word]],
) -> Place:
    before = [i for i, word in enumerate(words) if word.end <= offset]
    after = [i for i, word in enumerate(words) if word.start >= offset]
    if not before:
        return Place(0, 0)
    if not after:
        return Place(len(target), len(target))
    left, right = before[-1], after[0]
    left_place = max((word.end for word in links.get(left, ())), default=-1)
    right_place = min((word.start for word in links.get(right, ())), default=-1)
    # The mark of a note stays with the word that it touches, any other tag with the word before it.
    touches_right = words[right].start == offset and words[left].end != offset
    # A tag that has a space before it keeps one before it.
    follows_space = source[offset - 1].isspace()
    if left_place >= 0 and follows_space and target[left_place : left_place + 1].isspace():
        left_place += 1
    for place in (right_place, left_place) if touches_right else (left_place, right_place):
        if place >= 0:
            return Place(place, place)
    guess = _proportional(offset, source, target)
    return Place(guess, guess, is_certain=False)


def _proportional(offset: int, source: str, target: str) -> int:
    """The word boundary of the target that is nearest to the same share of the text."""
    wish = offset / max(len(source), 1) * len(target)
    words = words_of(target)
    edges = {0, len(target), *(word.start for word in words), *(word.end for word in words)}
    return min(sorted(edges), key=lambda edge: abs(edge - wish))


def assemble(
    nodes: Sequence[TagNode],
    places: Mapping[Tag, Place],
    text: str,
    specs: Mapping[int, TagSpec],
) -> Content:
    """The target text with each node at its place, nested as in the source.

    Nodes without a place are left out, and their children take their position. Places that overlap
    are cut where they meet. Children stay inside their parents. Tags that may not be reordered come
    in source order.
    """
    return normalised(_assemble(nodes, places, text, specs, 0, len(text)))


def _assemble(
    nodes: Sequence[TagNode],
    places: Mapping[Tag, Place],
    text: str,
    specs: Mapping[int, TagSpec],
    low: int,
    high: int,
) -> list[str | Tag]:
    placed = _in_target_order(_hoisted(nodes, places), places, specs)
    parts: list[str | Tag] = []
    cursor = low
    for node, place in placed:
        # Overlapping places are cut here: the earlier one keeps the shared text.
        start = min(max(place.start, cursor), high)
        parts.append(text[cursor:start])
        cursor = start
        if node.is_pair:
            cursor = min(max(place.end, start), high)
            inner = _assemble(node.children, places, text, specs, start, cursor)
            parts += [node.tag, *inner, closing(node.tag.id)]
        else:
            parts.append(node.tag)
    parts.append(text[cursor:high])
    return parts


def _hoisted(nodes: Sequence[TagNode], places: Mapping[Tag, Place]) -> list[TagNode]:
    """The nodes that have a place. The children of a node without a place take its position."""
    kept: list[TagNode] = []
    for node in nodes:
        kept += [node] if node.tag in places else _hoisted(node.children, places)
    return kept


def _in_target_order(
    nodes: Sequence[TagNode], places: Mapping[Tag, Place], specs: Mapping[int, TagSpec]
) -> list[tuple[TagNode, Place]]:
    """Nodes with their places, sorted by place.

    Nodes that may not be reordered take their turns in source order.
    """
    order = {node: number for number, node in enumerate(nodes)}

    def position(node: TagNode) -> tuple[int, bool, int]:
        place = places[node.tag]
        return (place.start, node.is_pair and place.end > place.start, order[node])

    turns = sorted(nodes, key=position)
    fixed = iter([node for node in nodes if _is_fixed(node, specs)])
    return [(next(fixed) if _is_fixed(node, specs) else node, places[node.tag]) for node in turns]


def _is_fixed(node: TagNode, specs: Mapping[int, TagSpec]) -> bool:
    return not spec_of(node.tag.id, specs).can_reorder or any(
        _is_fixed(child, specs) for child in node.children
    )


def linked_words(links: Sequence[WordLink], target_words: Sequence[Word]) -> dict[int, list[Word]]:
    """The target words for each number of a source word."""
    result: dict[int, list[Word]] = {}
    for link in links:
        result.setdefault(link.source, []).append(target_words[link.target])
    return result


def flattened(nodes: Sequence[TagNode]) -> list[TagNode]:
    """All nodes of a tree, parents before their children, in reading order."""
    return [found for node in nodes for found in (node, *flattened(node.children))]
