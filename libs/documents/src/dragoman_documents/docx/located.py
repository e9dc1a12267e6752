"""A unit together with its place in the document and its holder: the nodes that it was read from.

The id of a unit is the name of its part and the path of its paragraph below the part's root, each
step the number of a child. Both stay the same each time the document is read:

    before   <w:tbl><w:tr><w:tc><w:p><w:r><w:t>One</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
             <w:p><w:r><w:t>Two</w:t></w:r></w:p>
    unit     One
    unit     Two

    word/document.xml#0.0.0.0.0    body, table, row, cell, paragraph
    word/document.xml#0.1          body, the paragraph behind the table
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import StoryKind, Tag, TagSpec
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.direction import mark_language
from dragoman_documents.docx.distribute import set_text
from dragoman_documents.docx.place import place
from dragoman_documents.docx.ruby import fill_around_ruby, has_ruby, take_out_of_ruby
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element, legal_text


def path_below(top: Element, element: Element, path: str = "") -> str:
    """The structural path of an element below `top`, whose own path is given.

    The path of a part's root is empty.
    """
    steps: list[str] = []
    while element is not top:
        parent = element.getparent()
        if parent is None:
            break
        steps.append(str(parent.index(element)))
        element = parent
    return ".".join([path, *reversed(steps)] if path else reversed(steps))


class Holder(Protocol):
    """Holds the nodes that a unit was read from."""

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put a target into the nodes, and state its locale on the runs that change."""
        ...


@dataclass(eq=False, slots=True)
class ParagraphHolder:
    """Holds a unit read from the runs of a paragraph."""

    element: Element
    tagged: Tagged

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put a target into the runs, and state its locale on those that change."""
        # Ruby stays where its text does; else the annotations go, before anything is moved.
        write = fill_around_ruby if has_ruby(self.element) else place
        runs = write(self.tagged, target)
        if runs is None:
            take_out_of_ruby(self.tagged)
            runs = place(self.tagged, target)
        if locale is not None:
            mark_language(self.element, runs, locale, styles)


@dataclass(eq=False, slots=True)
class ValueHolder:
    """Holds a unit read from an attribute, or from an element's text where `attribute` is None.

    A target of more than `limit` characters is cut: QA warns of it, and the schema would not let
    the file be opened.
    """

    element: Element
    attribute: str | None
    text: str
    limit: int | None = None

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put a target into the attribute or element. Neither has a place to state a locale."""
        plain = legal_text("".join(part for part in target if isinstance(part, str)))
        inner = self.text.strip()
        # White space around the value is layout of the file, and stays.
        start = self.text.index(inner)
        value = self.text[:start] + plain + self.text[start + len(inner) :]
        if self.limit is not None and len(value) > self.limit:
            value = value[: self.limit - 1] + "…"
        if self.attribute is None:
            set_text(self.element, value)
        else:
            self.element.set(self.attribute, value)


@dataclass(eq=False, slots=True)
class LocatedUnit:
    """A unit, its place in the document, its holder, and its mirrors: units with the same text,
    which are written in step with it.

    Text without letters is never translatable, whatever `is_translatable` says: ask `has_letters`
    too.

    `holder` is None where the document is only read, since holders keep the nodes of every
    paragraph in memory. `max_length_chars` is None where the schema sets no limit.
    """

    part: str
    path: str
    story: StoryKind
    content: tuple[str | Tag, ...]
    specs: Sequence[TagSpec]
    holder: Holder | None
    style: str = ""
    is_translatable: bool = True
    mirrors: tuple[LocatedUnit, ...] = ()
    max_length_chars: int | None = None

    @property
    def unit_id(self) -> str:
        """The unit's id: unique in the document, the same each time the document is read."""
        return f"{self.part}#{self.path}"

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> bool:
        """Put a target in where it is another text than the source, and say whether it is.

        Raises:
            ValueError: the document was only read.
        """
        # Nothing is touched for an equal target: an identity translation gives the same bytes.
        if target == self.content:
            return False
        if self.holder is None:
            raise ValueError("units of a document that is only read cannot be written")
        self.holder.write(target, locale, styles)
        return True


def has_letters(text: str) -> bool:
    """Whether a text has anything to translate."""
    return text[:1].isalpha() or any(map(str.isalpha, text))
