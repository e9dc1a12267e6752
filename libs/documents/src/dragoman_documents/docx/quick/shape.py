"""Shapes of paragraphs: one paragraph is read by the plain floor, and its reading is filled with
the words of others.

A shape is markup with texts of certain kinds in it: empty, white space, words, words that East
Asian or complex-script fonts draw. Paragraphs of one shape have the same tags and looks round other
words:

    <w:r><w:t>Pay </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>today</w:t></w:r>
    the words "Pay ", "today"
    the reading of the shape: text 0, <1>, text 1, </1>
    the words "Ship ", "at once" of another paragraph give the unit     Ship <1>at once</1>

One thing about them may differ: which look has most of the text, and so has no tags in the unit. So
a shape has a reading for each look that was found to prevail. With the words "By " and "the end of
March" the bold text prevails, and the unit is <1>By </1>the end of March.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from dragoman_contracts.text import Tag, TagRole, TagSpec
from dragoman_documents.docx.content import Tagged, strip_left, strip_right, tag_content, trimmed
from dragoman_documents.docx.distribute import distribute, gains_space
from dragoman_documents.docx.formats import RunFormat
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, heaviest, texts, weighed
from dragoman_documents.docx.kinds import atom_role, style_of
from dragoman_documents.docx.xml import XML_SPACE, Element, legal_text, short_name

Level = tuple[tuple[int, tuple[int, ...]], ...]
"""The looks on one level of a paragraph, each with the numbers of the texts that have it."""

_ATOMS = frozenset({TagRole.TAB, TagRole.BREAK, TagRole.SYMBOL, TagRole.NOTE})


@dataclass(frozen=True, slots=True)
class TextPlace:
    """One of a paragraph's texts as a part of its unit.

    `text` is the number of the text, `run` the number of the first text in the same run. The rest
    is as in `Slot`.
    """

    text: int
    run: int
    format: RunFormat
    has_seam: bool
    keeps_space: bool


@dataclass(eq=False, slots=True)
class Reading:
    """A unit's content with places in it for the words of a paragraph.

    `parts` has all that is known of each place, `outline` only the numbers of the texts, to fill
    them in quickly. `left` and `right` are the indexes of the parts whose outer white space stays
    outside the unit, -1 for none.
    """

    parts: tuple[Tag | tuple[TextPlace, ...], ...]
    outline: tuple[Tag | int | tuple[int, ...], ...]
    specs: tuple[TagSpec, ...]
    style: str
    left: int
    right: int

    def content(self, words: Sequence[str]) -> tuple[str | Tag, ...]:
        """The content of the unit whose paragraph has these texts."""
        parts = [
            words[part]
            if isinstance(part, int)
            else _joined(part, words)
            if isinstance(part, tuple)
            else part
            for part in self.outline
        ]
        if self.left >= 0:
            parts[self.left] = cast(str, parts[self.left]).lstrip()
        if self.right >= 0:
            parts[self.right] = cast(str, parts[self.right]).rstrip()
        return tuple(parts)

    def fill(
        self,
        part: int,
        words: Sequence[str],
        target: str,
    ) -> Iterator[tuple[TextPlace, str, bool]]:
        """The places that change when one string of the content becomes `target`.

        Each comes with its new text, and with whether `xml:space` must keep white space at the
        edges of that text.
        """
        place, *others = cast("tuple[TextPlace, ...]", self.parts[part])
        if others:
            for slot in distribute(self._slots(part, words), target):
                node = cast(TextNode, slot.node)
                yield node.place, node.text or "", node.keeps_space
            return
        old = words[place.text]
        inner = old.lstrip() if part == self.left else old
        start = old[: len(old) - len(inner)]
        end = inner[len(inner.rstrip()) :] if part == self.right else ""
        # The steps of `distribute` for a single slot, without making a slot.
        target = legal_text(target)
        if target != inner[: len(inner) - len(end)]:
            text = start + target + end
            yield place, text, place.keeps_space or gains_space(old, text)

    def _slots(self, part: int, words: Sequence[str]) -> list[Slot]:
        """Slots for one string of the content, on nodes that are no elements."""
        slots: list[Slot] = []
        for place in cast("tuple[TextPlace, ...]", self.parts[part]):
            node = cast(Element, TextNode(words[place.text], place))
            slots.append(Slot(node, node, place.format, words[place.text], place.has_seam))
        if part == self.left:
            strip_left(slots[0])
        if part == self.right:
            strip_right(slots[-1])
        return slots


def _joined(numbers: Sequence[int], words: Sequence[str]) -> str:
    return "".join([words[number] for number in numbers])


class TextNode:
    """Stands in for a `w:t` element, with the few members that `distribute` asks of an element."""

    __slots__ = ("keeps_space", "place", "text")

    tag = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"

    def __init__(self, text: str, place: TextPlace) -> None:
        self.text: str | None = text
        self.place = place
        self.keeps_space = place.keeps_space

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of `xml:space`; there are no other attributes."""
        return "preserve" if name == XML_SPACE and self.keeps_space else default

    def set(self, name: str, value: str) -> None:
        """Have the text keep its white space."""
        self.keeps_space = name == XML_SPACE and value == "preserve"

    def iterancestors(self) -> Iterator[Element]:
        """Nothing: a part in which another element states `xml:space` has no stubs."""
        return iter(())


@dataclass(eq=False, slots=True)
class Shape:
    """The readings of one shape, by the looks that prevail.

    `is_fit` turns false for good when a paragraph shows that the markup alone says too little.
    """

    markup: Sequence[str]
    is_fit: bool = True
    levels: tuple[Level, ...] = ()
    readings: dict[tuple[int | None, ...], Reading | None] = field(
        default_factory=dict["tuple[int | None, ...]", "Reading | None"]
    )

    def learn(self, paragraph: Element, items: list[Item], has_nested: bool) -> Tagged | None:
        """The unit that the items make, as `tag_content` gives it.

        Its reading is kept for others of the shape.
        """
        # `trimmed` and the numbers come before `tag_content`, which takes white space and slots off
        # the items.
        nodes = [node for node in paragraph.iter() if short_name(node) == "w:t"]
        numbers = {node: number for number, node in enumerate(nodes)}
        held = trimmed(items)
        self.is_fit = (
            self.is_fit
            and not has_nested
            and len(nodes) == len(self.markup) - 1
            and _is_as_written(paragraph, "".join(self.markup))
            and _is_plain(held, numbers)
        )
        if not self.is_fit:
            return tag_content(items)
        self.levels = tuple(_levels(held, numbers))
        tagged = tag_content(items)
        words = [node.text or "" for node in nodes]
        reading = _reading(tagged, numbers, style_of(paragraph)) if tagged else None
        self.readings[self.prevailing(words)] = reading
        return tagged

    def prevailing(self, words: Sequence[str]) -> tuple[int | None, ...]:
        """The look that has most of these texts on each level: the key of their reading."""
        if not self.levels:
            return ()
        return tuple(
            [
                heaviest([(look, words[n]) for look, ns in level for n in ns])
                for level in self.levels
            ]
        )


def _reading(tagged: Tagged, numbers: Mapping[Element, int], style: str) -> Reading:
    flow = iter([slot for text in texts(tagged.items) for slot in text.slots])
    parts: list[Tag | tuple[TextPlace, ...]] = []
    for part in tagged.content:
        if isinstance(part, Tag):
            parts.append(part)
            continue
        places: list[TextPlace] = []
        length = 0
        while length < len(part):
            slot = next(flow)
            length += len(slot.text)
            places.append(_place(slot, numbers))
        parts.append(tuple(places))
    strings = [index for index, part in enumerate(parts) if not isinstance(part, Tag)]
    return Reading(
        parts=tuple(parts),
        outline=tuple([part if isinstance(part, Tag) else _outline(part) for part in parts]),
        specs=tuple(tagged.tags.specs),
        style=style,
        left=strings[0] if isinstance(tagged.items[0], Text) else -1,
        right=strings[-1] if isinstance(tagged.items[-1], Text) else -1,
    )


def _outline(places: Sequence[TextPlace]) -> int | tuple[int, ...]:
    return places[0].text if len(places) == 1 else tuple([place.text for place in places])


def _place(slot: Slot, numbers: Mapping[Element, int]) -> TextPlace:
    return TextPlace(
        text=numbers[slot.node],
        run=min(numbers[child] for child in slot.run if child in numbers),
        format=slot.format,
        has_seam=slot.has_seam,
        keeps_space=slot.node.get(XML_SPACE) == "preserve",
    )


def _levels(items: Sequence[Item], numbers: Mapping[Element, int]) -> Iterator[Level]:
    """The levels where more than one look could prevail: the paragraph, then each group in it."""
    level = [
        (text.format, tuple([numbers[slot.node] for slot in text.slots])) for text in weighed(items)
    ]
    if len({look for look, _ in level}) > 1:
        yield tuple(level)
    for item in items:
        if isinstance(item, Group):
            yield from _levels(item.items, numbers)


def _is_plain(items: Iterable[Item], numbers: Mapping[Element, int]) -> bool:
    """Whether the items hold nothing that depends on more than the shape."""
    for item in items:
        if isinstance(item, Text):
            if any(slot.node not in numbers or slot.mirrors for slot in item.slots):
                return False
        elif isinstance(item, Opaque):
            if item.field is not None or len(item.nodes) != 1:
                return False
            if atom_role(short_name(item.nodes[0])) not in _ATOMS:
                return False
        elif not _is_plain(item.items, numbers):
            return False
    return True


def _is_as_written(paragraph: Element, markup: str) -> bool:
    """Whether byte searches find what the tree has: no other prefix, spelling, order, nesting."""
    count = Counter(map(short_name, paragraph.iter()))
    return (
        count["w:r"] == markup.count("<w:r>") + markup.count("<w:r ")
        and count["w:rPr"] == markup.count("<w:rPr>")
        and count["w:p"] == 1
        # A `>` in an attribute would end a tag for the searches in bytes.
        and all(
            ">" not in value for element in paragraph.iter() for value in element.attrib.values()
        )
        and not any(_has_late_properties(element) for element in paragraph.iter())
    )


def _has_late_properties(element: Element) -> bool:
    return short_name(element) == "w:r" and any(
        short_name(child) == "w:rPr" for child in list(element)[1:]
    )
