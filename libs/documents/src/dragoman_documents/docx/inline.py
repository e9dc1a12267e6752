"""The items of a paragraph: text in slots, opaques that are no text, and groups around both.

A slot is a text node of the file. Neighbouring slots that look alike make one `Text`. A bookmark,
range mark or tracked deletion between two slots is remembered as a seam, so that a translation
flows around marks and not over them:

    before   <w:p><w:r><w:t xml:space="preserve">Page </w:t></w:r>
             <w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>
             <w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>7</w:t></w:r>
             <w:r><w:fldChar w:fldCharType="end"/></w:r>
             <w:r><w:t xml:space="preserve"> of</w:t></w:r><w:bookmarkStart w:id="0" w:name="a"/>
             <w:r><w:t xml:space="preserve"> the list</w:t></w:r><w:bookmarkEnd w:id="0"/></w:p>
    items    Text "Page ", Opaque field, Text " of" + " the list"
    unit     Page <1/> of the list
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
    """A text node; or an XML comment inside a text node, with the text after the comment.

    `text` takes part in the unit; white space at the unit's edges stays in `before` and `after`.
    `has_seam` says that a mark separates the slot from the one before, or that its run looks
    different in a way that no reader notices. `mirrors` are text nodes of fallbacks, which are
    written in step.
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
    """A stretch of slots that look the same to a reader. `format` is the number of that look."""

    slots: list[Slot]
    format: int

    @property
    def content(self) -> str:
        """The stretch's text."""
        slots = self.slots
        return slots[0].text if len(slots) == 1 else "".join([slot.text for slot in slots])


@dataclass(eq=False, slots=True)
class Opaque:
    """A thing in a paragraph that is no text: a tab, a note reference, a picture, a computed field.

    `nodes` are neighbours in the file. For a piece of a field, `has_begin` and `has_end` say
    whether the field's first and last edge are among the nodes. An opening (`edge`) has everything
    of a typed field up to its result.
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
        """Whether a field begins and ends in the opaque."""
        return self.has_begin and self.has_end


@dataclass(eq=False, slots=True)
class Group:
    """Items inside an element of the file (a link, a content control, an insertion), or between a
    field's two edges.

    For a field `node` is None, and `opening` and `closing` hold its edges. `can_reorder` is False
    for a field that stands partly inside another element: moved, it would leave a piece of itself
    there.
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
    """Whether the items hold any text but white space."""
    return any(not slot.text.isspace() for text in texts(items) for slot in text.slots)


def prevailing(items: Sequence[Item]) -> int | None:
    """The visible format that most of the text has; None without text.

    Texts in groups count only if there are no others.
    """
    if len(items) == 1 and isinstance(items[0], Text):
        return items[0].format
    return heaviest([(text.format, text.content) for text in weighed(items)])


def weighed(items: Sequence[Item]) -> Sequence[Text]:
    """The stretches of text by which the prevailing format is found."""
    return [item for item in items if isinstance(item, Text)] or list(texts(items))


def heaviest(looks: Iterable[tuple[int, str]]) -> int | None:
    """The format that most of the text has, white space not counted; the first of equals, None
    without text.
    """
    weights: dict[int, int] = {}
    for look, text in looks:
        # Then its only white space is plain spaces, which are counted quicker.
        is_quick = text.isprintable()
        weight = len(text) - text.count(" ") if is_quick else len("".join(text.split()))
        weights[look] = weights.get(look, 0) + weight
    return max(weights, key=weights.__getitem__) if weights else None
