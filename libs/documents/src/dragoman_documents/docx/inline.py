"""The inside of a paragraph as the engine sees it: text in slots, things that are no text, and groups around them.

Slots are the file's own text nodes. Neighbouring slots that look alike make one `Text`; what stands between them
(bookmarks, range marks, tracked deletions) is remembered as a seam, so that text flows around marks, not over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dragoman_contracts.text import TagRole
from dragoman_documents.docx.fields import Field
from dragoman_documents.docx.formats import RunFormat
from dragoman_documents.docx.xml import Element


@dataclass(eq=False, slots=True)
class Slot:
    """A text node, or a comment inside one and the text after it.

    `text` takes part in the unit; white space at the unit's edges stays in `before` and `after`. `has_seam` says that
    something separates it from the slot before, or that its run looks different in the small.
    """

    node: Element
    run: Element
    format: RunFormat
    text: str
    has_seam: bool
    before: str = ""
    after: str = ""
    mirrors: tuple[Element, ...] = ()


@dataclass(eq=False, slots=True)
class Text:
    """A stretch of slots that look the same to a reader; `format` is the number of that look."""

    slots: list[Slot]
    format: int

    @property
    def content(self) -> str:
        """The stretch's text."""
        slots = self.slots
        return slots[0].text if len(slots) == 1 else "".join([slot.text for slot in slots])


@dataclass(eq=False, slots=True)
class Opaque:
    """What is no text: a tab, a note reference, a picture, a computed field. `nodes` are neighbours in the file.

    For a piece of a field, `has_begin` and `has_end` say whether the field's first and last edge are among the nodes.
    A field's opening (`edge`) is all of a typed field up to its result, its code with whatever is nested in it.
    """

    nodes: list[Element]
    role: TagRole
    equivalent: str = ""
    can_delete: bool = False
    can_copy: bool = False
    can_reorder: bool = True
    field: Field | None = None
    edge: str = ""
    has_begin: bool = False
    has_end: bool = False

    @property
    def is_whole_field(self) -> bool:
        """Whether a field begins and ends in here."""
        return self.has_begin and self.has_end


@dataclass(eq=False, slots=True)
class Group:
    """Items inside an element of the file (a link, a content control, an insertion), or between a field's two edges.

    For a field `node` is None, and `opening` and `closing` hold its edges. `can_reorder` is False where moving it would
    take a piece of it out of something else that keeps the rest.
    """

    role: TagRole
    items: list[Item]
    node: Element | None = None
    inner: Element | None = None
    opening: Opaque | None = None
    closing: Opaque | None = None
    can_reorder: bool = True


Item = Text | Opaque | Group


def texts(items: Sequence[Item]) -> Iterator[Text]:
    """Every stretch of text, in reading order, groups entered."""
    for item in items:
        if isinstance(item, Text):
            yield item
        elif isinstance(item, Group):
            yield from texts(item.items)


def has_words(items: Sequence[Item]) -> bool:
    """Whether any text but white space is in there."""
    return any(not slot.text.isspace() for text in texts(items) for slot in text.slots)


def prevailing(items: Sequence[Item]) -> int | None:
    """The visible format most of the text has, stretches outside groups first; None without text."""
    if len(items) == 1 and isinstance(items[0], Text):
        return items[0].format
    return heaviest([(text.format, text.content) for text in weighed(items)])


def weighed(items: Sequence[Item]) -> Sequence[Text]:
    """The stretches of text that have a say in which format prevails."""
    return [item for item in items if isinstance(item, Text)] or list(texts(items))


def heaviest(looks: Iterable[tuple[int, str]]) -> int | None:
    """The format that most of the text has, white space not counted; the first of several, None without text."""
    weights: dict[int, int] = {}
    for look, text in looks:
        is_quick = text.isprintable()  # so its only white space is plain spaces, which are counted quicker
        weight = len(text) - text.count(" ") if is_quick else len("".join(text.split()))
        weights[look] = weights.get(look, 0) + weight
    return max(weights, key=weights.__getitem__) if weights else None
