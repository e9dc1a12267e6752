"""DOCX into Markdown: the text as our extractor finds it, with the structure of its paragraphs.

before    <w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Terms</w:t></w:r></w:p>
          <w:p><w:r><w:t xml:space="preserve">The </w:t></w:r>
          <w:r><w:rPr><w:b/></w:rPr><w:t>tenant</w:t></w:r></w:p>
after     # Terms

          The **tenant**
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dragoman_contracts.text import StoryKind, Unit
from dragoman_documents import Budget, DocumentError, extract
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.roles import PartRole
from dragoman_documents.docx.xml import Element, short_name
from dragoman_parsing import markdown
from dragoman_parsing.errors import ParseError
from dragoman_parsing.pages import Method, Page, Pictures
from dragoman_parsing.word_styles import Lists, Styles, child, is_on, value

_HOLDERS = {
    "w:sdt", "w:sdtContent", "w:ins", "w:moveTo", "w:customXml", "w:smartTag", "w:body",
}  # fmt: skip
_NO_TEXT = {
    "w:pPr", "w:rPr", "w:del", "w:moveFrom", "w:txbxContent", "mc:Fallback", "w:instrText", "w:drawing", "w:pict",
}  # fmt: skip
_CHARACTERS = {"w:tab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "\u2011"}
_NOTES = {StoryKind.FOOTNOTE, StoryKind.ENDNOTE}
_AT_THE_END = {StoryKind.CHART, StoryKind.DIAGRAM}
_MOST_SPAN = 64


@dataclass(frozen=True, slots=True)
class _Run:
    """Text of one look. `mark` stands behind it: the reference to a note."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    address: str = ""
    mark: str = ""


def read_word(data: bytes, pictures: Pictures) -> Page:
    """The document as one page.

    Raises:
        ParseError: it is no readable Word document; the message names the cure.
    """
    try:
        return Page(1, Method.TEXT, _Document(data, pictures).markdown())
    except DocumentError as error:
        raise ParseError(f"cannot be parsed: {error.message}") from error
    except RecursionError as error:
        raise ParseError("is nested deeper than can be read; save it anew with Word") from error


class _Document:
    def __init__(self, data: bytes, pictures: Pictures) -> None:
        self._package = Package(data, Budget())
        self._pictures = pictures
        main = self._package.main
        units = extract(data).units
        self._of_main = {each.anchor.path: each for each in units if each.anchor.part == main}
        self._paths = sorted(self._of_main)
        self._others = [each for each in units if each.anchor.part != main]
        self._targets = {each.id: each for each in self._package.relationships(main)}
        self._styles = Styles(self._root_of(PartRole.STYLES))
        self._lists = Lists(self._root_of(PartRole.NUMBERING), self._styles)

    def markdown(self) -> str:
        root = self._package.root(self._package.main)
        blocks = list(self._blocks(root, "")) if root is not None else []
        blocks += [*self._of_others(_AT_THE_END), *self._notes()]
        return _joined(blocks)

    def _root_of(self, role: PartRole) -> Element | None:
        names = self._package.with_role(role)
        return self._package.root(names[0]) if names else None

    def _blocks(self, parent: Element, path: str) -> Iterator[str]:
        for index, element in enumerate(parent):
            own = f"{path}.{index}" if path else str(index)
            match short_name(element):
                case "w:p":
                    yield from self._paragraph(element, own)
                case "w:tbl":
                    yield from self._table(element, own)
                case name if name in _HOLDERS:
                    yield from self._blocks(element, own)
                case _:
                    pass

    def _paragraph(self, element: Element, path: str) -> Iterator[str]:
        unit = self._of_main.get(path)
        text = self._inline(element, unit) if unit is not None else ""
        level = self._styles.heading_level(element)
        place = None if level else self._lists.place(element)
        if text.strip():
            if level:
                yield markdown.heading(text, level)
            elif place is not None:
                yield markdown.item(text, place.mark, place.depth)
            else:
                yield markdown.paragraph(text)
        for inner in self._inside(path):
            yield markdown.paragraph(markdown.escaped(_plain(inner)))
        yield from self._pictures_of(element)

    def _inside(self, path: str) -> Iterator[Unit]:
        """The units within a paragraph: those of text boxes."""
        prefix = f"{path}."
        place = bisect_left(self._paths, prefix)
        inside: list[Unit] = []
        while place < len(self._paths) and self._paths[place].startswith(prefix):
            unit = self._of_main[self._paths[place]]
            if unit.story is not StoryKind.ALTERNATIVE_TEXT:  # it goes with its picture
                inside.append(unit)
            place += 1
        yield from sorted(inside, key=lambda unit: _steps(unit.anchor.path))

    def _inline(self, element: Element, unit: Unit) -> str:
        """The unit's text, with the looks of its runs where these have just this text."""
        text, runs = _plain(unit), list(self._runs(element))
        if "".join(run.text for run in runs) != text:
            return markdown.escaped(text)
        return "".join(
            _dressed("".join(run.text for run in alike), *look[:3]) + look[3]
            for look, alike in (
                (look, list(group))
                for look, group in groupby(
                    runs, lambda run: (run.is_bold, run.is_italic, run.address, run.mark)
                )
            )
        )

    def _runs(self, element: Element, run: _Run | None = None) -> Iterator[_Run]:
        run = run or _Run("")
        for inner in element:
            name = short_name(inner)
            if name in _NO_TEXT:
                continue
            if name == "w:t":
                yield _Run(inner.text or "", run.is_bold, run.is_italic, run.address)
            elif name in _CHARACTERS:
                yield _Run(_CHARACTERS[name], run.is_bold, run.is_italic, run.address)
            elif name in ("w:footnoteReference", "w:endnoteReference"):
                yield _Run("", mark=f"[^{_note_name(name[2:-9], value(inner, 'w:id'))}]")
            elif name == "w:r":
                look = child(inner, "w:rPr")
                is_bold, is_italic = is_on(look, "w:b"), is_on(look, "w:i")
                yield from self._runs(inner, _Run("", is_bold, is_italic, run.address))
            elif name == "w:hyperlink":
                target = self._targets.get(value(inner, "r:id"))
                address = target.target if target and target.is_external else ""
                yield from self._runs(inner, _Run("", run.is_bold, run.is_italic, address))
            else:
                yield from self._runs(inner, run)

    def _table(self, element: Element, path: str) -> Iterator[str]:
        rows = list(self._rows(element, path))
        if len(rows) == 1 and len(rows[0]) == 1:  # a frame
            yield from rows[0][0]
        elif any(cell for row in rows for cell in row):
            yield markdown.table([[_in_cell(cell) for cell in row] for row in rows])

    def _rows(self, parent: Element, path: str) -> Iterator[list[list[str]]]:
        """The rows below an element, each cell as its blocks."""
        for index, element in enumerate(parent):
            own, name = f"{path}.{index}", short_name(element)
            if name == "w:tr":
                yield list(self._cells(element, own))
            elif name in _HOLDERS:
                yield from self._rows(element, own)

    def _cells(self, parent: Element, path: str) -> Iterator[list[str]]:
        for index, element in enumerate(parent):
            own, name = f"{path}.{index}", short_name(element)
            if name == "w:tc":
                yield list(self._blocks(element, own))
                span = value(child(child(element, "w:tcPr"), "w:gridSpan"), "w:val")
                width = int(span) if span.isascii() and span.isdigit() else 1
                yield from ([] for _ in range(min(width, _MOST_SPAN) - 1))
            elif name in _HOLDERS:
                yield from self._cells(element, own)

    def _pictures_of(self, element: Element) -> Iterator[str]:
        for drawing in _found(element, {"w:drawing", "w:pict"}):
            about = next(iter(_found(drawing, {"wp:docPr"})), None)
            alternative = " ".join(value(about, "descr").split())
            for blip in _found(drawing, {"a:blip", "v:imagedata"}):
                target = self._targets.get(value(blip, "r:embed") or value(blip, "r:id"))
                if target is None or target.is_external:
                    continue
                try:
                    data = self._package.read(target.target)
                except (DocumentError, KeyError):
                    continue  # the text is there, and a picture is not worth more
                name = self._pictures.add(posixpath.basename(target.target), data)
                if name:
                    yield f"![{markdown.escaped(alternative)}](pictures/{name})"

    def _of_others(self, stories: set[StoryKind]) -> Iterator[str]:
        for unit in self._others:
            if unit.story in stories:
                yield markdown.paragraph(markdown.escaped(_plain(unit)))

    def _notes(self) -> Iterator[str]:
        """The notes, each under the name that the text refers to it by."""
        notes = [unit for unit in self._others if unit.story in _NOTES]
        for (part, index), units in groupby(
            notes, lambda unit: (unit.anchor.part, int(unit.anchor.path.partition(".")[0]))
        ):
            together = list(units)
            root = self._package.root(part)
            number = value(list(root)[index], "w:id") if root is not None else ""
            text = " ".join(markdown.escaped(_plain(unit)).strip() for unit in together)
            yield f"[^{_note_name(together[0].story.value, number)}]: {' '.join(text.split())}"


def _joined(blocks: Sequence[str]) -> str:
    """The blocks with empty lines between, but for items of one list."""
    text = ""
    before = ""
    for block in blocks:
        are_items = _is_item(before) and _is_item(block)
        text += ("" if not text else "\n" if are_items else "\n\n") + block
        before = block
    return text


def _is_item(block: str) -> bool:
    mark = block.lstrip(" ").partition(" ")[0]
    return mark == "-" or (mark.endswith(".") and mark[:-1].isdigit())


def _plain(unit: Unit) -> str:
    """The unit's text, with what its placeholders stand for: a tab, a line break."""
    stand_for = {spec.id: spec.equivalent for spec in unit.tags}
    return "".join(
        part if isinstance(part, str) else stand_for.get(part.id, "") for part in unit.source
    )


def _dressed(text: str, is_bold: bool, is_italic: bool, address: str) -> str:
    """Text with its look. White space at its ends stays outside, where Markdown wants it."""
    shown = text.strip()
    if not shown:
        return text
    mark = "*" * (is_italic + 2 * is_bold)
    before, _, after = text.partition(shown)
    made = f"{mark}{markdown.escaped(shown)}{mark}"
    if address:
        made = f"[{made}](<{address}>)" if set(" ()<>") & set(address) else f"[{made}]({address})"
    return f"{before}{made}{after}"


def _in_cell(blocks: Sequence[str]) -> str:
    return "\n".join("\n".join(line.rstrip() for line in block.split("\n")) for block in blocks)


def _note_name(kind: str, number: str) -> str:
    return f"{'e' if kind.startswith('end') else ''}{number}"


def _found(element: Element, names: set[str]) -> Iterator[Element]:
    return (inner for inner in element.iter() if short_name(inner) in names)


def _steps(path: str) -> tuple[int, ...]:
    return tuple(int(step) for step in path.partition("@")[0].split(".") if step.isdigit())
