"""The pieces a folded paragraph is cut into: its markup between the text nodes, and what happens in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from dragoman_contracts.text import TagRole
from dragoman_documents.docx.collect import SEAMS, SILENT, atom, atom_role
from dragoman_documents.docx.formats import Formats, RunFormat, is_wide_text
from dragoman_documents.docx.inline import Group, Item, Opaque, Slot, Text, has_words, texts
from dragoman_documents.docx.xml import XML_SPACE, Element, short_name

START, RUN, LINKED_RUN, END = range(4)  # where a piece begins or ends: outside the paragraph, in a run, in a link's run
_ATOMS = frozenset({TagRole.TAB, TagRole.BREAK, TagRole.SYMBOL, TagRole.NOTE})


@dataclass(eq=False, slots=True)
class Step:
    """One thing between two text nodes. A run brings the looks its text has in Latin and in other letters."""

    kind: Literal["run", "seam", "atom", "open", "close"]
    name: str = ""
    run: Element | None = None
    looks: tuple[RunFormat, RunFormat] | None = None


@dataclass(eq=False, slots=True)
class Piece:
    """The markup before a text node, or after the last one; `state` is where it ends, `style` the paragraph's."""

    steps: tuple[Step, ...]
    state: int
    keeps_space: bool
    style: str = ""


def steps_of(root: Element, markup: bytes, begins_in: int, ends_in: int) -> tuple[Step, ...] | None:
    """What happens in the one paragraph below `root`, made of a piece and what completes it.

    None where there is more to it than runs, tabs, links and marks, or where bytes could be taken for other markup.
    """
    steps: list[Step] = []
    paragraphs = list(root)
    if len(paragraphs) != 1 or short_name(paragraphs[0]) != "w:p" or not _is_as_written(root, markup, begins_in):
        return None
    if not _reads_inline(paragraphs[0], steps, in_link=False):
        return None
    if begins_in != START and _has_properties(steps[int(begins_in == LINKED_RUN)].run):
        return None
    if begins_in != START:  # the run, and the link around it, were there to complete the piece
        del steps[: 2 if begins_in == LINKED_RUN else 1]
    if ends_in == LINKED_RUN:
        del steps[-1]
    return tuple(steps)


def items_of(cut: Sequence[tuple[Piece, str]], formats: Formats) -> list[Item] | None:
    """The items of a folded paragraph; None where some of its text stays as it is."""
    return _Reader(cut, formats).read()


class TextNode:
    """A text node of a folded paragraph: the `place` of its text, that of the piece its run begins in.

    It answers as far as an element that text is written into is asked.
    """

    __slots__ = ("keeps_space", "place", "run_place", "text")

    tag = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"

    def __init__(self, text: str, place: int, run_place: int, keeps_space: bool) -> None:
        self.text: str | None = text
        self.place = place
        self.run_place = run_place
        self.keeps_space = keeps_space

    def get(self, name: str, default: str | None = None) -> str | None:
        """Whether it keeps white space; there are no other attributes."""
        return "preserve" if name == XML_SPACE and self.keeps_space else default

    def set(self, name: str, value: str) -> None:
        """Have it keep white space."""
        self.keeps_space = name == XML_SPACE and value == "preserve"

    def iterancestors(self) -> Iterator[Element]:
        """None: parts in which something else says `xml:space` are not folded."""
        return iter(())


class _Reader:
    """Makes the items a `Collector` makes of the same paragraph; the rules are told there."""

    def __init__(self, cut: Sequence[tuple[Piece, str]], formats: Formats) -> None:
        self._cut = cut
        self._formats = formats
        self._items: list[Item] = []
        self._around: list[Item] = []
        self._seam = False
        self._look: RunFormat | None = None
        self._run_place = 0

    def read(self) -> list[Item] | None:
        for place, (piece, text) in enumerate(self._cut):
            for step in piece.steps:
                if step.kind == "run":
                    self._run_place = place
                    self._look = self._look_of(step, place)
                    if self._look is None:
                        return None
                else:
                    self._step(step)
            if text and self._look is not None:
                self._text(text, place, piece.keeps_space, self._look)
        return self._items

    def _step(self, step: Step) -> None:
        if step.kind == "atom":
            self._items.append(atom(step.name))
        elif step.kind == "open":
            self._around, self._items = self._items, []
        elif step.kind == "close":
            held, self._items = self._items, self._around
            if has_words(held):
                self._items.append(Group(TagRole.LINK, held))
            elif held:
                shown = "".join(text.content for text in texts(held))
                self._items.append(Opaque([], TagRole.LINK, equivalent=shown))
        self._seam = step.kind != "open"

    def _look_of(self, step: Step, place: int) -> RunFormat | None:
        if step.looks is None and step.run is not None:
            properties = next(iter(step.run), None)
            has_properties = properties is not None and short_name(properties) == "w:rPr"
            step.looks = self._formats.looks(step.run, properties if has_properties else None)
            step.run = None
        if step.looks is None or step.looks[0].is_kept:
            return None
        narrow, wide = step.looks
        return narrow if narrow is wide or not any(map(is_wide_text, self._run_texts(place))) else wide

    def _run_texts(self, place: int) -> Iterator[str]:
        """The texts of the last run that begins in a piece."""
        yield self._cut[place][1]
        for piece, text in self._cut[place + 1 :]:
            if any(step.kind == "run" for step in piece.steps):
                return
            yield text

    def _text(self, text: str, place: int, keeps_space: bool, look: RunFormat) -> None:
        node = TextNode(text, place, self._run_place, keeps_space)
        element = cast(Element, node)
        slot = Slot(element, element, look, text, has_seam=True)
        last = self._items[-1] if self._items else None
        if isinstance(last, Text) and last.format == look.visible:
            slot.has_seam = self._seam or last.slots[-1].format.exact != look.exact
            last.slots.append(slot)
        else:
            self._items.append(Text([slot], look.visible))
        self._seam = False


def _is_as_written(root: Element, markup: bytes, begins_in: int) -> bool:
    """Whether what is looked for in bytes is what the tree has: no other prefix, spelling or nesting of it."""
    count = Counter(map(short_name, root.iter()))
    runs, links = int(begins_in != START), int(begins_in == LINKED_RUN)  # what completes the piece
    return (
        count["w:r"] == markup.count(b"<w:r>") + markup.count(b"<w:r ") + runs
        and count["w:hyperlink"] == markup.count(b"<w:hyperlink") + links
        and count["w:rPr"] == markup.count(b"<w:rPr>")
        and count["w:pPr"] == markup.count(b"<w:pPr>")
        and count["w:p"] == 1
        and not count["w:rPrChange"]
        and not count["w:pPrChange"]
        and all(">" not in value for element in root.iter() for value in element.attrib.values())
    )


def _reads_inline(parent: Element, steps: list[Step], in_link: bool) -> bool:
    for place, child in enumerate(parent):
        name = short_name(child)
        if name == "w:r":
            steps.append(Step("run", run=child))
            if not _reads_run(child, steps):
                return False
        elif name == "w:hyperlink" and not in_link:
            steps.append(Step("open"))
            if not _reads_inline(child, steps, in_link=True):
                return False
            steps.append(Step("close"))
        elif name in SEAMS:
            steps.append(Step("seam"))
        elif not name or name not in SILENT or (name == "w:pPr" and place):
            return False
    return True


def _reads_run(run: Element, steps: list[Step]) -> bool:
    for place, child in enumerate(run):
        name = short_name(child)
        if name == "w:t":
            if child.text or len(child):
                return False
        elif name in SEAMS and not child.text:
            steps.append(Step("seam"))
        elif atom_role(name) in _ATOMS:
            steps.append(Step("atom", name))
        elif not name or name not in SILENT or (name == "w:rPr" and place):
            return False
    return True


def _has_properties(run: Element | None) -> bool:
    return run is not None and any(short_name(child) == "w:rPr" for child in run)
