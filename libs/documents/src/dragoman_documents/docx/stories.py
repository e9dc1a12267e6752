"""Walks the parts of a package in document order and makes a plan of every unit (ECMA-376 Part 1 §11.3)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dragoman_contracts.text import StoryKind, Tag, TagSpec
from dragoman_documents.budget import Budget
from dragoman_documents.docx.collect import Collector, Flow, style_of
from dragoman_documents.docx.content import tag_content
from dragoman_documents.docx.fold import Folds, fold_number
from dragoman_documents.docx.formats import Formats, read_hidden_styles
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package, PartRole
from dragoman_documents.docx.plan import FoldedParagraph, Holder, Paragraph, Plan, Value
from dragoman_documents.docx.xml import Element, names, short_name

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
_SKIPPED = names(
    "w:pPr w:rPr w:tblGrid w:trPr w:tcPr w:sectPr w:sdtPr w:sdtEndPr w:proofErr w:tblPrEx w:fldData m:ctrlPr "
    "w:del w:moveFrom w:rt m:oMath m:oMathPara w:docPartPr c:numCache c:numLit"
)
_NOTES = frozenset({"w:footnote", "w:endnote", "w:comment", "w:docPartBody"})
_PROPERTIES = frozenset({"dc:title", "dc:subject", "dc:description", "cp:keywords", "cp:category"})
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+(?:[eE][-+]?\d+)?\s*%?")


def plan_units(package: Package, options: ExtractOptions, is_writing: bool = False) -> list[Plan]:
    """The plan of every unit of a document, in document order: part by part, each story where it is anchored.

    Only with `is_writing` do the plans hold what they were read from.
    """
    sheet = next((package.root(name, naming=b"vanish") for name in style_parts(package)), None)
    formats = Formats(read_hidden_styles(sheet), options)
    plans: list[Plan] = []
    for name in package.stories():
        story, switch = _STORIES[package.role(name)]
        root = package.root(name)
        if root is None or (switch and not getattr(options, switch)):
            continue
        folds, fields = package.folds(name), package.fields(name, root)
        walker = _PartWalker(name, story, root, Collector(formats, fields), options, package.budget, folds, is_writing)
        plans += _in_step(walker.walk(), plans)
    return plans


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


def _in_step(new: Sequence[Plan], known: Sequence[Plan]) -> list[Plan]:
    """Plans of charts and diagrams that repeat a text become mirrors of the first: caches and drawings stay in step."""
    firsts = {_signature(plan): plan for plan in reversed(known) if plan.story is StoryKind.DIAGRAM}
    own: list[Plan] = []
    for plan in new:
        if (
            plan.story not in {StoryKind.CHART, StoryKind.DIAGRAM}
            or (first := firsts.setdefault(_signature(plan), plan)) is plan
        ):
            own.append(plan)
        else:
            first.mirrors += (plan,)
    return own


def _signature(plan: Plan) -> object:
    return (plan.story, plan.content)


@dataclass(slots=True)
class _Frame:
    """Where the walker stands in one element: its remaining children, and what it knows of the place."""

    children: Iterator[tuple[int, Element]]
    path: str
    story: StoryKind
    flow: Flow
    mirror_from: int | None = None


class _PartWalker:
    """Walks one part without recursion, so that no nesting of tables or boxes is too deep for it."""

    def __init__(
        self,
        part: str,
        story: StoryKind,
        root: Element,
        collector: Collector,
        options: ExtractOptions,
        budget: Budget,
        folds: Folds | None,
        is_writing: bool,
    ) -> None:
        self._part = part
        self._folds = folds
        self._budget = budget
        self._root = root
        self._story = story
        self._options = options
        self._is_writing = is_writing
        self._collector = collector
        self._plans: list[Plan] = []
        self._has_alternates = any(short_name(element) for element in root.iter("{*}AlternateContent"))
        self._places: dict[tuple[str | Tag, ...], list[int]] = {}
        self._stack: list[_Frame] = []

    def walk(self) -> list[Plan]:
        """The plans of the part in document order."""
        if self._story is StoryKind.PROPERTY:
            self._properties()
            return self._plans
        self._push(self._root, "", self._story, Flow())
        while self._stack:
            frame = self._stack[-1]
            following = next(frame.children, None)
            if following is None:
                self._stack.pop()
            else:
                index, child = following
                self._visit(child, f"{frame.path}.{index}" if frame.path else str(index), frame)
        return self._plans

    def _push(self, element: Element, path: str, story: StoryKind, flow: Flow, mirror_from: int | None = None) -> None:
        if not len(element):
            return
        if len(self._stack) >= self._budget.depth:
            self._budget.hold("depth", len(self._stack) + 1)
        self._stack.append(_Frame(iter(enumerate(element)), path, story, flow, mirror_from))

    def _visit(self, element: Element, path: str, frame: _Frame) -> None:
        name = short_name(element)
        if name == "w:p" or name == "a:p":
            self._paragraph(element, path, frame)
        elif not name or name in _SKIPPED:
            return
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
        elif name in _NOTES:
            self._push(element, path, frame.story, Flow())
        else:
            self._values(element, name, path, frame)
            self._push(element, path, frame.story, frame.flow, frame.mirror_from)

    def _paragraph(self, element: Element, path: str, frame: _Frame) -> None:
        number = fold_number(element) if self._folds is not None else None
        if self._folds is not None and number is not None:
            if self._folded(self._folds, number, element, path, frame):
                return
            element = self._folds.unfolded(element)
            self._collector.learn_fields(element)
        shape = self._folds.shape_of(element) if self._folds is not None and frame.flow.computing is None else None
        items = self._collector.paragraph(element, frame.flow)
        nested = self._collector.nested
        tagged = tag_content(items) if shape is None else shape.learn(element, items, bool(nested))
        if tagged is not None:
            holder = Paragraph(element, tagged) if self._is_writing else None
            self._add_paragraph(tagged.content, tagged.tags.specs, holder, style_of(element), path, frame)
        for inner in reversed(nested):
            inner_path = _path_below(element, inner, path)
            if short_name(inner) == "mc:AlternateContent":
                self._alternate(inner, inner_path, frame)
            else:
                self._push(inner, inner_path, frame.story, Flow(), frame.mirror_from)

    def _folded(self, folds: Folds, number: int, stub: Element, path: str, frame: _Frame) -> bool:
        """Read a folded paragraph; whether it could be."""
        shape, words = folds.taken(number)
        if frame.flow.computing is not None:
            return False
        looks = shape.prevailing(words)
        if shape.is_fit and looks not in shape.readings:
            element = folds.parsed(number)
            self._collector.learn_fields(element)
            shape.learn(element, self._collector.paragraph(element, Flow()), bool(self._collector.nested))
            looks = shape.prevailing(words)
        if not shape.is_fit:
            return False
        reading = shape.readings[looks]
        if reading is not None:
            content, holder = reading.content(words), None
            if self._is_writing:
                holder = FoldedParagraph(number, folds, stub, reading, content, self._collector)
            self._add_paragraph(content, reading.specs, holder, reading.style, path, frame)
        return True

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
        self._add(Plan(self._part, path, frame.story, content, specs, holder, style, not kept), frame.mirror_from)

    def _add(self, plan: Plan, mirror_from: int | None) -> None:
        """Add a plan, or make it the mirror of the plan from `mirror_from` on that shows the same text."""
        if not self._has_alternates:
            self._plans.append(plan)
            return
        places = self._places.setdefault(plan.content, [])
        first = bisect_left(places, mirror_from) if mirror_from is not None else len(places)
        if first < len(places):
            self._plans[places[first]].mirrors += (plan,)
        else:
            places.append(len(self._plans))
            self._plans.append(plan)

    def _alternate(self, element: Element, path: str, frame: _Frame) -> None:
        """Alternate content: the first choice as it is, every other branch in step with it."""
        mark = frame.mirror_from if frame.mirror_from is not None else len(self._plans)
        branches = [(index, child) for index, child in enumerate(element) if short_name(child)]
        for position, (index, child) in reversed(list(enumerate(branches))):
            branch = f"{path}.{index}"
            if position == 0 and short_name(child) == "mc:Choice":
                self._push(child, branch, frame.story, frame.flow, frame.mirror_from)
            else:
                self._push(child, branch, frame.story, frame.flow.branch(), mark)

    def _values(self, element: Element, name: str, path: str, frame: _Frame) -> None:
        options = self._options
        if options.alternative_text and name in {"wp:docPr", "pic:cNvPr"}:
            for attribute_name in ("descr", "title"):
                self._attribute(element, attribute_name, path, frame, twin=name == "pic:cNvPr")
        elif options.word_art and name == "v:textpath":
            self._attribute(element, "string", path, frame, story=StoryKind.TEXT_BOX)
        elif options.alternative_text and name.startswith("v:"):
            self._attribute(element, "alt", path, frame)
        elif options.alternative_text and name in {"w:tblCaption", "w:tblDescription"}:
            full = next((key for key in element.attrib if key.endswith("}val")), None)
            if full:
                self._attribute(element, full, path, frame)
        elif name in {"c:v", "cx:v", "cx:pt"} and _is_shown_string(element, name):
            self._text_value(element, path, frame)

    def _attribute(
        self,
        element: Element,
        name: str,
        path: str,
        frame: _Frame,
        story: StoryKind = StoryKind.ALTERNATIVE_TEXT,
        twin: bool = False,
    ) -> None:
        text = element.get(name) or ""
        if text.strip():
            plan = self._value(element, name, text, f"{path}@{name.rpartition('}')[2]}", story)
            if not twin:
                self._add(plan, frame.mirror_from)
            elif self._plans and self._plans[-1].content == plan.content:
                self._plans[-1].mirrors += (plan,)

    def _text_value(self, element: Element, path: str, frame: _Frame) -> None:
        text = element.text or ""
        if text.strip() and not _NUMBER.fullmatch(text):
            self._add(self._value(element, None, text, path, frame.story), frame.mirror_from)

    def _value(self, element: Element, name: str | None, text: str, path: str, story: StoryKind) -> Plan:
        holder = Value(element, name, text) if self._is_writing else None
        return Plan(self._part, path, story, (text.strip(),), (), holder)

    def _properties(self) -> None:
        frame = _Frame(iter(()), "", StoryKind.PROPERTY, Flow())
        for index, element in enumerate(self._root):
            if short_name(element) in _PROPERTIES:
                self._text_value(element, str(index), frame)


def _path_below(top: Element, element: Element, path: str) -> str:
    """The structural path of an element below a paragraph whose own path is known."""
    steps: list[str] = []
    while element is not top:
        parent = element.getparent()
        if parent is None:
            break
        steps.append(str(parent.index(element)))
        element = parent
    return ".".join([path, *reversed(steps)])


def _is_shown_string(element: Element, name: str) -> bool:
    """Whether a chart's cached value is a string it shows: a category, a series name (§21.2.2.201)."""
    parent = element.getparent()
    above = parent.getparent() if parent is not None else None
    parent_name = short_name(parent) if parent is not None else ""
    above_name = short_name(above) if above is not None else ""
    if name == "c:v":
        return parent_name == "c:tx" or (parent_name == "c:pt" and above_name in {"c:strCache", "c:lvl"})
    if name == "cx:pt":
        return above_name == "cx:strDim"
    return True
