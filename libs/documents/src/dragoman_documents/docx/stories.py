"""Walks the parts of a package in document order and locates every unit (ECMA-376 Part 1 §11.3).

A story is a text of its own: the body, a header, a note, a text box, the alternative text of a
picture. Text boxes come behind the paragraph that their drawing is anchored in:

    before   <w:p><w:r><w:pict><v:shape alt="A pump"><v:textbox><w:txbxContent>
             <w:p><w:r><w:t>In the box</w:t></w:r></w:p>
             </w:txbxContent></v:textbox></v:shape></w:pict></w:r>
             <w:r><w:t>Around it</w:t></w:r></w:p>
    unit     Around it
    unit     A pump
    unit     In the box
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dragoman_contracts.text import StoryKind, Tag, TagSpec
from dragoman_documents.budget import Budget
from dragoman_documents.docx.attributes import (
    is_in_group,
    longest,
    shown_attributes,
    text_attributes,
)
from dragoman_documents.docx.collect import Collector
from dragoman_documents.docx.content import Tagged
from dragoman_documents.docx.databinding import BoundControls
from dragoman_documents.docx.dropcap import (
    DropCap,
    DropCapped,
    Opening,
    drop_cap,
    is_drop_cap,
    opening_of,
    with_cap,
)
from dragoman_documents.docx.fields import Flow
from dragoman_documents.docx.formats import Formats
from dragoman_documents.docx.hidden import HiddenStyles, read_hidden_styles
from dragoman_documents.docx.inline import texts
from dragoman_documents.docx.kinds import style_of
from dragoman_documents.docx.located import (
    Holder,
    LocatedUnit,
    ParagraphHolder,
    ValueHolder,
    path_below,
)
from dragoman_documents.docx.numbering import Numbering
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.reader import PartReader
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import SHORT_NAMES, Element, names, short_name

_STORIES = {
    PartRole.MAIN: (StoryKind.BODY, ""),
    PartRole.HEADER: (StoryKind.HEADER, "headers"),
    PartRole.FOOTER: (StoryKind.FOOTER, "footers"),
    PartRole.FOOTNOTES: (StoryKind.FOOTNOTE, "footnotes"),
    PartRole.ENDNOTES: (StoryKind.ENDNOTE, "endnotes"),
    PartRole.COMMENTS: (StoryKind.COMMENT, "comments"),
    PartRole.GLOSSARY: (StoryKind.GLOSSARY, "glossary"),
    PartRole.CHART: (StoryKind.CHART, "charts"),
    PartRole.STATISTICAL_CHART: (StoryKind.CHART, "statistical_charts"),
    PartRole.DIAGRAM: (StoryKind.DIAGRAM, "diagrams"),
    PartRole.CORE_PROPERTIES: (StoryKind.PROPERTY, "properties"),
}
_DRAWN = frozenset({StoryKind.CHART, StoryKind.DIAGRAM, StoryKind.PROPERTY})
# Nothing below these is text of the document: properties, deleted text, the annotations of ruby,
# formulas, and the numbers of charts.
_SKIPPED = names(
    "w:pPr w:rPr w:tblGrid w:trPr w:tcPr w:sectPr w:sdtPr w:sdtEndPr w:proofErr w:tblPrEx w:fldData m:ctrlPr "
    "w:del w:moveFrom w:rt m:oMath m:oMathPara w:docPartPr c:numCache c:numLit"
)
_DRAWINGS = names("wp:inline wp:anchor w:pict w:object")
_CACHES = names("c:strCache c:strLit c:lvl c15:dlblRangeCache c15:dlblFieldTableCache")
# The elements that begin a text flow of their own.
_NOTES = frozenset({"w:footnote", "w:endnote", "w:comment", "w:docPartBody"})
_PROPERTIES = frozenset({"dc:title", "dc:subject", "dc:description", "cp:keywords", "cp:category"})
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*%?")


def locate_units(
    package: Package,
    options: ExtractOptions,
    controls: BoundControls,
    is_writing: bool = False,
    left: Counter[str] | None = None,
) -> list[LocatedUnit]:
    """Every unit of a document, in document order: part by part, each story where it is anchored.

    Controls that `controls` cannot keep in step with their data are left. Only with `is_writing` do
    the units have holders. `left` takes counts of the text that stays as it is, by code of finding.
    """
    left = left if left is not None else Counter()
    formats = {
        part: Formats(_hidden_styles(package, part), options) for part in _with_styles(package)
    }
    found: list[LocatedUnit] = []
    for name in package.stories():
        story, switch = _STORIES[package.role(name)]
        root = package.root(name)
        if root is None or (switch and not getattr(options, switch)):
            continue
        looks = formats.get(name) or formats[package.main]  # a glossary has styles of its own
        collector = Collector(looks, package.fields(name, root), controls.kept)
        walker = _PartWalker(
            name, story, package.reader(name), collector, options, package.budget, is_writing
        )
        found += _in_step(walker.walk(), found)
        left["hidden_text"] += walker.hidden_count
    numbering = Numbering(package, is_writing)
    left["numbering" if options.numbering else "numbering_left"] += numbering.word_count
    left["numbering_left"] += numbering.letter_count
    return found + numbering.units if options.numbering else found


def prose_parts(package: Package, options: ExtractOptions) -> Iterator[str]:
    """The names of the parts with paragraphs of WordprocessingML that are to be translated."""
    for name in package.stories():
        story, switch = _STORIES[package.role(name)]
        if story not in _DRAWN and (not switch or getattr(options, switch)):
            yield name


def style_parts(package: Package) -> Iterator[str]:
    """The names of the parts with styles, that of the main document first."""
    yield from package.related(package.main, "styles")
    yield from package.with_role(PartRole.STYLES)


def _with_styles(package: Package) -> tuple[str, ...]:
    return (package.main, *package.with_role(PartRole.GLOSSARY))


def _hidden_styles(package: Package, part: str) -> HiddenStyles:
    """The styles of a part that hide text.

    Of a main document that refers to no styles, the styles may be found by their content type.
    """
    sheets = style_parts(package) if part == package.main else package.related(part, "styles")
    return read_hidden_styles(next((package.root(name, _may_hide) for name in sheets), None))


def _may_hide(data: bytes) -> bool:
    return b"vanish" in data


def _in_step(new: Sequence[LocatedUnit], known: Sequence[LocatedUnit]) -> list[LocatedUnit]:
    """The new units without those of charts and diagrams that repeat a text: these become mirrors
    of the first.

    A diagram has its texts twice, as data and as a drawing, and a chart repeats them in caches.
    """
    drawn = (located for located in reversed(known) if located.story is StoryKind.DIAGRAM)
    firsts = {_signature(located): located for located in drawn}
    own: list[LocatedUnit] = []
    for located in new:
        if (
            located.story not in {StoryKind.CHART, StoryKind.DIAGRAM}
            or (first := firsts.setdefault(_signature(located), located)) is located
        ):
            own.append(located)
        else:
            first.mirrors += (located,)
    return own


def _signature(located: LocatedUnit) -> object:
    return (located.story, located.content)


@dataclass(slots=True)
class _Frame:
    """The walker's place in an element: the children that remain, path, story and flow."""

    children: Iterator[tuple[int, Element]]
    path: str
    story: StoryKind
    flow: Flow
    mirror_from: int | None = None


class _PartWalker:
    """Walks one part without recursion: no nesting of tables or boxes exhausts the stack."""

    def __init__(
        self,
        part: str,
        story: StoryKind,
        reader: PartReader,
        collector: Collector,
        options: ExtractOptions,
        budget: Budget,
        is_writing: bool,
    ) -> None:
        self._part = part
        self._reader = reader
        self._has_stubs = reader.has_stubs
        self._budget = budget
        self._root = root = reader.root
        self._story = story
        self._options = options
        self._is_writing = is_writing
        self._collector = collector
        self._found: list[LocatedUnit] = []
        self._has_alternates = any(
            short_name(element) for element in root.iter("{*}AlternateContent")
        )
        self._has_frames = next(root.iter("{*}framePr"), None) is not None
        self._cap: DropCap | None = None
        self._places: dict[tuple[str | Tag, ...], list[int]] = {}
        self._described: dict[str, LocatedUnit] = {}
        self._stack: list[_Frame] = []

    @property
    def hidden_count(self) -> int:
        """How many stretches of text stay because nobody sees them."""
        return self._collector.hidden_count

    def walk(self) -> list[LocatedUnit]:
        """The units of the part in document order."""
        if self._story is StoryKind.PROPERTY:
            self._properties()
            return self._found
        self._push(self._root, "", self._story, Flow())
        while self._stack:
            frame = self._stack[-1]
            following = next(frame.children, None)
            if following is None:
                self._stack.pop()
            else:
                index, child = following
                self._visit(child, f"{frame.path}.{index}" if frame.path else str(index), frame)
        return self._found

    def _push(
        self,
        element: Element,
        path: str,
        story: StoryKind,
        flow: Flow,
        mirror_from: int | None = None,
    ) -> None:
        if not len(element):
            return
        # The budget is asked only when it is passed: holding it at each element would cost too
        # much.
        if len(self._stack) >= self._budget.depth:
            self._budget.hold("depth", len(self._stack) + 1)
        self._stack.append(_Frame(iter(enumerate(element)), path, story, flow, mirror_from))

    def _visit(self, element: Element, path: str, frame: _Frame) -> None:
        name = short_name(element)
        if name == "w:p" or name == "a:p":
            self._paragraph(element, path, frame)
        elif not name or name in _SKIPPED:
            return
        # WordArt has runs outside of any paragraph, and VML has runs that are no text of Word.
        elif name == "w:r":
            parent = element.getparent()
            if parent is not None and not short_name(parent).startswith("v:"):
                self._paragraph(element, path, frame)
        elif name == "mc:AlternateContent":
            self._alternate(element, path, frame)
        elif name == "w:txbxContent":
            if self._options.text_boxes:
                story = frame.story if frame.story is StoryKind.GLOSSARY else StoryKind.TEXT_BOX
                self._push(element, path, story, Flow(), frame.mirror_from)
        # Each note begins a flow: a field that is open in the text does not reach into it.
        elif name in _NOTES:
            self._push(element, path, frame.story, Flow())
        elif element not in self._collector.kept_controls:
            self._values(element, name, path, frame)
            self._push(element, path, frame.story, frame.flow, frame.mirror_from)

    def _paragraph(self, element: Element, path: str, frame: _Frame) -> None:
        # A drop cap that waits is joined to the items of the next paragraph.
        if self._has_stubs and self._cap is None:
            collector, flow = self._collector, frame.flow
            known = self._reader.known(element, collector, flow, is_writing=self._is_writing)
            if known is not None:
                if known.content:
                    self._add_paragraph(
                        known.content, known.specs, known.holder, known.style, path, frame
                    )
                return
        read = self._reader.read(element, self._collector, frame.flow)
        element, items, nested = read.element, read.items, read.nested
        opening = opening_of(element, items) if self._cap is not None else None
        is_cap = self._has_frames and not nested and is_drop_cap(element)
        is_spaced = is_cap and "".join([text.content for text in texts(items)])[-1:].isspace()
        tagged = read.tagged()
        content, holder = self._joined(element, tagged, opening, frame)
        self._cap = drop_cap(element, tagged, is_spaced, path) if is_cap else None
        if tagged is not None and self._cap is None:
            self._add_paragraph(content, tagged.tags.specs, holder, style_of(element), path, frame)
        for tip in read.tips:
            for inner in (tip,) if short_name(tip) == "w:hyperlink" else tip.iter():
                self._attributes(inner, short_name(inner), path_below(element, inner, path), frame)
        # Pushed in reverse, so that the first nested element is walked first.
        for inner in reversed(nested):
            inner_path = path_below(element, inner, path)
            if short_name(inner) == "mc:AlternateContent":
                self._alternate(inner, inner_path, frame)
            else:
                self._push(inner, inner_path, frame.story, Flow(), frame.mirror_from)

    def _joined(
        self, element: Element, tagged: Tagged | None, opening: Opening | None, frame: _Frame
    ) -> tuple[tuple[str | Tag, ...], Holder | None]:
        """The content and the holder of a paragraph, joined with the drop cap that waited for it.

        A drop cap whose word does not go on in the paragraph is a unit of its own.
        """
        content = tagged.content if tagged is not None else ()
        holder = (
            ParagraphHolder(element, tagged) if self._is_writing and tagged is not None else None
        )
        cap, self._cap = self._cap, None
        if cap is None:
            return content, holder
        if tagged is not None and opening is not None:
            joined = DropCapped(cap, holder, tagged, opening) if holder is not None else None
            return with_cap(cap, opening, content), joined
        alone = cap.paragraph
        self._add_paragraph(
            (cap.text,),
            (),
            alone if self._is_writing else None,
            style_of(alone.element),
            cap.path,
            frame,
        )
        return content, holder

    def _add_paragraph(
        self,
        content: tuple[str | Tag, ...],
        specs: Sequence[TagSpec],
        holder: Holder | None,
        style: str,
        path: str,
        frame: _Frame,
    ) -> None:
        kept = style in self._options.untranslated_styles
        self._add(
            LocatedUnit(self._part, path, frame.story, content, specs, holder, style, not kept),
            frame.mirror_from,
        )

    def _add(self, located: LocatedUnit, mirror_from: int | None) -> None:
        """Add a unit, or make it a mirror of the first unit from number `mirror_from` on that shows
        the same text.
        """
        if not self._has_alternates:
            self._found.append(located)
            return
        places = self._places.setdefault(located.content, [])
        # A fallback mirrors only units of its own first choice: those from `mirror_from` on.
        first = bisect_left(places, mirror_from) if mirror_from is not None else len(places)
        if first < len(places):
            self._found[places[first]].mirrors += (located,)
        else:
            places.append(len(self._found))
            self._found.append(located)

    def _alternate(self, element: Element, path: str, frame: _Frame) -> None:
        """Push the branches of alternate content: the first choice for itself, every other branch
        in step with it.
        """
        mark = frame.mirror_from if frame.mirror_from is not None else len(self._found)
        branches = [(index, child) for index, child in enumerate(element) if short_name(child)]
        for position, (index, child) in reversed(list(enumerate(branches))):
            branch = f"{path}.{index}"
            if position == 0 and short_name(child) == "mc:Choice":
                self._push(child, branch, frame.story, frame.flow, frame.mirror_from)
            else:
                self._push(child, branch, frame.story, frame.flow.branch(), mark)

    def _values(self, element: Element, name: str, path: str, frame: _Frame) -> None:
        if name in _DRAWINGS:
            self._described = {}
        elif name in {"c:v", "cx:v", "cx:pt"}:
            if _is_shown_string(element, name):
                self._text_value(element, path, frame)
        elif text_attributes(name):
            self._attributes(element, name, path, frame)

    def _attributes(self, element: Element, name: str, path: str, frame: _Frame) -> None:
        """Add the units of an element's attributes.

        Within a drawing, equal descriptions are written in step.
        """
        for key, text in shown_attributes(element, name, self._options):
            short = SHORT_NAMES[key]
            story = StoryKind.TEXT_BOX if short == "string" else StoryKind.ALTERNATIVE_TEXT
            own_path = f"{path}@{short.rpartition(':')[2]}"
            located = self._value(element, key, text, own_path, story, longest(name))
            # `wp:docPr` comes first in a drawing; these two often repeat its description.
            may_repeat = name.endswith("cNvPr") or name.startswith("a:hlink")
            described = self._described.get(text.strip()) if may_repeat else None
            if described is not None:
                described.mirrors += (located,)
            elif name != "pic:cNvPr" or is_in_group(element):
                self._add(located, frame.mirror_from)
                if frame.mirror_from is None and story is StoryKind.ALTERNATIVE_TEXT:
                    self._described.setdefault(text.strip(), located)

    def _text_value(self, element: Element, path: str, frame: _Frame) -> None:
        text = element.text or ""
        if text.strip() and not _NUMBER.fullmatch(text):
            self._add(self._value(element, None, text, path, frame.story), frame.mirror_from)

    def _value(
        self,
        element: Element,
        name: str | None,
        text: str,
        path: str,
        story: StoryKind,
        limit: int | None = None,
    ) -> LocatedUnit:
        holder = ValueHolder(element, name, text, limit) if self._is_writing else None
        return LocatedUnit(
            self._part, path, story, (text.strip(),), (), holder, max_length_chars=limit
        )

    def _properties(self) -> None:
        frame = _Frame(iter(()), "", StoryKind.PROPERTY, Flow())
        for index, element in enumerate(self._root):
            if short_name(element) in _PROPERTIES:
                self._text_value(element, str(index), frame)


def _is_shown_string(element: Element, name: str) -> bool:
    """Whether a chart's cached value is a string that it shows: a category, a series name
    (§21.2.2.201).
    """
    parent = element.getparent()
    above = parent.getparent() if parent is not None else None
    parent_name = short_name(parent) if parent is not None else ""
    above_name = short_name(above) if above is not None else ""
    if name == "c:v":
        return parent_name == "c:tx" or (parent_name == "c:pt" and above_name in _CACHES)
    if name == "cx:pt":
        return above_name == "cx:strDim"
    return True
