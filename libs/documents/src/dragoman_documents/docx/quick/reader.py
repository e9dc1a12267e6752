"""The quick readers of parts, and the choice between them and the plain reader.

A part with 600 paragraphs `<w:p><w:r><w:t>…</w:t></w:r></w:p>` is parsed as one such paragraph and
599 stubs:

    <w:p dragoman-shape="0"><w:r><w:t>First words.</w:t></w:r></w:p>     read from the tree
    <w:p dragoman-stub="0"/>                                             read from the bytes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dragoman_documents.budget import Budget
from dragoman_documents.docx.collect import Collector
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.fields import Flow
from dragoman_documents.docx.quick.holder import StubHolder
from dragoman_documents.docx.quick.points import Points, take_points
from dragoman_documents.docx.quick.shape import Shape
from dragoman_documents.docx.quick.stubs import Stubs, stub_number, stub_repeats
from dragoman_documents.docx.reader import (
    KnownUnit,
    MakeReader,
    PartReader,
    PlainReader,
    ReadParagraph,
)
from dragoman_documents.docx.xml import Element


def quick_reader(at_least_bytes: int) -> MakeReader:
    """The function that makes the quickest fitting reader of a part: the plain one for parts of
    fewer bytes.
    """

    def made(data: bytes, budget: Budget) -> PartReader:
        if len(data) >= at_least_bytes:
            if (stubbed := stub_repeats(data, budget)) is not None:
                return StubReader(*stubbed, budget)
            if (pointed := take_points(data, budget)) is not None:
                return PointsReader(*pointed, budget)
        return PlainReader(data, budget)

    return made


class PointsReader(PlainReader):
    """Reads a chart whose numbers are kept beside its tree."""

    def __init__(self, points: Points, reduced: bytes, budget: Budget) -> None:
        super().__init__(reduced, budget)
        self._points = points

    def written(self) -> bytes:
        """The bytes of the part as its tree is now, with the numbers in their places."""
        return self._points.restored(super().written())


@dataclass(eq=False, slots=True)
class _FirstOfShape(ReadParagraph):
    """The paragraph of a shape that is in the tree: its reading serves the stubs of that shape."""

    shape: Shape

    def tagged(self) -> Tagged | None:
        return self.shape.learn(self.element, self.items, bool(self.nested or self.tips))


class StubReader(PlainReader):
    """Reads a part in whose tree most paragraphs are stubs."""

    def __init__(self, stubs: Stubs, reduced: bytes, budget: Budget) -> None:
        super().__init__(reduced, budget)
        self._stubs = stubs

    @property
    def has_stubs(self) -> bool:
        """True: most paragraphs of the tree are stubs."""
        return True

    def known(
        self,
        paragraph: Element,
        collector: Collector,
        flow: Flow,
        *,
        is_writing: bool,
    ) -> KnownUnit | None:
        """The unit of a stub, from the reading of its shape and its own words; None where that does
        not tell enough.
        """
        number = stub_number(paragraph)
        if number is None:
            return None
        shape, words = self._stubs.taken(number)
        if collector.has_table_styles or flow.computing is not None:
            return None  # the style of a table, or a field, reaches into the paragraph
        looks = shape.prevailing(words)
        if shape.is_fit and looks not in shape.readings:
            # Another look has most of the text than in the paragraphs before: one of these has to
            # be read in full.
            self._learn(shape, number, collector)
            looks = shape.prevailing(words)
        if not shape.is_fit:
            return None
        reading = shape.readings[looks]
        if reading is None:
            return KnownUnit()
        content = reading.content(words)
        holder = (
            StubHolder(number, self._stubs, paragraph, reading, content, collector)
            if is_writing
            else None
        )
        return KnownUnit(content, reading.specs, reading.style, holder)

    def read(self, paragraph: Element, collector: Collector, flow: Flow) -> ReadParagraph:
        """The items of a paragraph; where others are like it, its reading is kept for them."""
        # Asked before the reading moves the flow over fields.
        is_told = flow.computing is None and not collector.has_table_styles
        if stub_number(paragraph) is not None:
            paragraph = self._stubs.parsed_in_place(paragraph)
            collector.learn_fields(paragraph)
        shape = self._stubs.shape_of(paragraph) if is_told else None
        read = super().read(paragraph, collector, flow)
        if shape is None:
            return read
        return _FirstOfShape(read.element, read.items, read.nested, read.tips, shape)

    def bring_into_tree(self, pattern: re.Pattern[bytes]) -> list[Element]:
        """Parse the stubbed paragraphs whose bytes match into the tree, for a search that needs
        their elements.
        """
        return self._stubs.parse_matching(self.root, pattern)

    def written(self) -> bytes:
        """The bytes of the part as its tree is now, with paragraphs in place of their stubs."""
        return self._stubs.restored(super().written())

    def _learn(self, shape: Shape, number: int, collector: Collector) -> None:
        """Read a stubbed paragraph outside the tree, for its shape to keep the reading."""
        element = self._stubs.parsed(number)
        collector.learn_fields(element)
        items = collector.paragraph(element, Flow())
        shape.learn(element, items, bool(collector.nested or collector.tips))
