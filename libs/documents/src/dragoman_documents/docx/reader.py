"""How the paragraphs of one part are read: the port `PartReader`, and the plain reader behind it.

Two readers stand behind the port and give the same units:

    PlainReader            parses the whole part and reads every paragraph from its tree: start here
    quick.StubReader       parses one paragraph of each shape and reads those like it from their bytes
    quick.PointsReader     keeps the numbers of a chart out of its tree

A package is given the function that makes its readers. Extraction and merging give it the quick
ones, everything else the plain one; `tests/documents/test_both_readers.py` holds the two against
each other.

    <w:p><w:r><w:t>Hello, </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>world</w:t></w:r></w:p>
    items of the paragraph     Text "Hello, ", Text "world" in another look
    content of its unit        Hello, <1>world</1>
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dragoman_contracts.text import Tag, TagSpec
from dragoman_documents.budget import Budget
from dragoman_documents.docx.collect import Collector
from dragoman_documents.docx.content import Tagged, tag_content
from dragoman_documents.docx.fields import Flow
from dragoman_documents.docx.inline import Item
from dragoman_documents.docx.located import Holder
from dragoman_documents.docx.xml import Element, parse_xml, prolog, serialise


@dataclass(eq=False, slots=True)
class ReadParagraph:
    """A paragraph and its items, with the elements in it whose text makes units of its own.

    `nested` are text boxes and drawings, `tips` elements with text in attributes (`Collector`).
    """

    element: Element
    items: list[Item]
    nested: Sequence[Element]
    tips: Sequence[Element]

    def tagged(self) -> Tagged | None:
        """The content of the unit that the items make; None without words.

        The items lose white space at their ends.
        """
        return tag_content(self.items)


@dataclass(eq=False, slots=True)
class KnownUnit:
    """A unit whose content was known without its items.

    `content` is empty where the paragraph has no words, and `holder` is None where the document is
    only read.
    """

    content: tuple[str | Tag, ...] = ()
    specs: Sequence[TagSpec] = ()
    style: str = ""
    holder: Holder | None = None


class PartReader(Protocol):
    """Reads one part: its tree, the items of its paragraphs, and its bytes once it has changed."""

    @property
    def root(self) -> Element:
        """The root of the part's tree.

        A paragraph may be a stub there, which only this reader can read.
        """
        ...

    @property
    def has_stubs(self) -> bool:
        """Whether paragraphs of the tree may be stubs, so that `known` is worth a question."""
        ...

    def known(
        self,
        paragraph: Element,
        collector: Collector,
        flow: Flow,
        *,
        is_writing: bool,
    ) -> KnownUnit | None:
        """The unit of a paragraph that is like an earlier one but for its words; None where `read`
        has to be asked.
        """
        ...

    def read(self, paragraph: Element, collector: Collector, flow: Flow) -> ReadParagraph:
        """The items of a paragraph.

        A stub gives way to the parsed paragraph, which the answer has as its element.
        """
        ...

    def bring_into_tree(self, pattern: re.Pattern[bytes]) -> list[Element]:
        """Put the paragraphs whose bytes match into the tree in place of their stubs; gives those
        that were put.
        """
        ...

    def written(self) -> bytes:
        """The bytes of the part as its tree is now."""
        ...


MakeReader = Callable[[bytes, Budget], PartReader]
"""Makes the reader of a part from its bytes. Raises what `parse_xml` raises."""


class PlainReader:
    """Reads every paragraph from the tree of the whole part.

    Raises:
        DamagedDocumentError: the part is not well-formed.
        TooLargeError: the part passes the budget.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._prolog = prolog(data)
        self._root = parse_xml(data, budget)

    @property
    def root(self) -> Element:
        """The root of the part's tree, with every paragraph in it."""
        return self._root

    @property
    def has_stubs(self) -> bool:
        """False: the tree has every paragraph."""
        return False

    def known(
        self,
        paragraph: Element,
        collector: Collector,
        flow: Flow,
        *,
        is_writing: bool,
    ) -> KnownUnit | None:
        """None: every paragraph is read by its items."""
        return None

    def read(self, paragraph: Element, collector: Collector, flow: Flow) -> ReadParagraph:
        """The items of a paragraph of the tree."""
        items = collector.paragraph(paragraph, flow)
        return ReadParagraph(paragraph, items, collector.nested, collector.tips)

    def bring_into_tree(self, pattern: re.Pattern[bytes]) -> list[Element]:
        """Nothing: every paragraph is in the tree already."""
        return []

    def written(self) -> bytes:
        """The bytes of the part as its tree is now, after the prolog that the part had."""
        return serialise(self._root, self._prolog)
