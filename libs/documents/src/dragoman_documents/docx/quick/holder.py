"""The holder of a unit whose paragraph is a stub: a target goes into the paragraph's bytes.

A target with the source's tags in their places goes into the bytes, any other into the tree:

    bytes    <w:r><w:t>Pay </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>today</w:t></w:r>
    source   Pay <1>today</1>
    target   Zahlen Sie <1>heute</1>     both texts are replaced in the bytes
    target   <1>Heute</1> zahlen         the parsed paragraph takes the stub's place, and is written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag
from dragoman_documents.docx.collect import Collector
from dragoman_documents.docx.content import tag_content
from dragoman_documents.docx.fields import Flow
from dragoman_documents.docx.located import ParagraphHolder
from dragoman_documents.docx.place import stays_in_place
from dragoman_documents.docx.quick.shape import Reading
from dragoman_documents.docx.quick.stubs import Stubs
from dragoman_documents.docx.styles import Styles
from dragoman_documents.docx.xml import Element


@dataclass(eq=False, slots=True)
class StubHolder:
    """Holds a unit read from a stub.

    The collector reads the paragraph where it has to be parsed after all.
    """

    number: int
    stubs: Stubs
    stub: Element
    reading: Reading
    content: tuple[str | Tag, ...]
    collector: Collector

    def write(self, target: Sequence[str | Tag], locale: Locale | None, styles: Styles) -> None:
        """Put a target into the bytes, or into the tree if its tags are not in source order."""
        if stays_in_place(self.content, target):
            self.stubs.write(self.number, self.reading, self.content, target, locale)
        elif (whole := self._parsed()) is not None:
            whole.write(target, locale, styles)

    def _parsed(self) -> ParagraphHolder | None:
        """The holder of the same unit in the tree, once the parsed paragraph replaced its stub."""
        element = self.stubs.parsed_in_place(self.stub)
        self.collector.learn_fields(element)
        tagged = tag_content(self.collector.paragraph(element, Flow()))
        return ParagraphHolder(element, tagged) if tagged is not None else None
