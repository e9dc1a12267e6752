"""The bilingual table as DOCX, for review in a word processor.

    <w:r><w:rPr><w:noProof/><w:color w:val="808080"/></w:rPr><w:t><1></w:t></w:r>     a tag, in grey

Each row ends in a cell of small grey text that says which unit it is. python-docx makes the
document, with one row; its markup is the mould of all rows, since an object for each of their
elements takes several times the time and the memory.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.shared import Length, Pt, RGBColor, Twips
from docx.table import Table
from docx.text.font import Font
from docx.text.paragraph import Paragraph

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content
from dragoman_exchange.model import ReviewDocument
from dragoman_exchange.table import HEADINGS, east_asian_font, heading_mark, pieces, rows_of
from dragoman_exchange.xml import escaped, xml_text
from dragoman_exchange.zipped import packed

_element: Any = import_module("docx.oxml").OxmlElement

_DOCUMENT = "word/document.xml"
# Together the width of a landscape A4 page within its margins.
_WIDTHS = tuple(Twips(width) for width in (500, 4600, 4600, 1150, 2300, 1700, 850))
_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN, _EDGE = Twips(16838), Twips(11906), Twips(567), Twips(283)
_GREY, _PALE, _LINES = RGBColor(0x80, 0x80, 0x80), "F2F2F2", "BFBFBF"
_FONT, _EAST_ASIAN_FONT = "Arial", "Microsoft YaHei"
_MOST_PROPERTY_CHARS = 255
_LAYOUT_OF_WORD_2013 = "15"
# White space at both ends, so that python-docx writes `xml:space="preserve"`.
_TEXT = " text "
_RUN = re.compile("(<w:r>.*?</w:r>)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Run:
    """The markup of a run around its text, of which lines and tabs are elements.

    ECMA-376 Part 1 §17.3.3.
    """

    before: str
    line: str
    tab: str
    after: str

    def of(self, text: str) -> str:
        """The run with a text; empty where it has none."""
        if not text:
            return ""
        inside = escaped(text.replace("\r\n", "\n").replace("\r", "\n"))
        inside = inside.replace("\n", self.line).replace("\t", self.tab)
        return f"{self.before}{inside}{self.after}"


def write_docx(document: ReviewDocument) -> bytes:
    """The document as a table in DOCX."""
    members = _members(_frame(document))
    members[_DOCUMENT] = "".join(_filled(members[_DOCUMENT].decode(), document)).encode()
    return packed(members)


def _members(frame: Docx) -> dict[str, bytes]:
    buffer = io.BytesIO()
    frame.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _filled(frame: str, document: ReviewDocument) -> Iterator[str]:
    """The frame with a row for each unit in place of its last row."""
    before, begin, rest = frame.rpartition("<w:tr>")
    mould, end, after = rest.partition("</w:tr>")
    first, *between = _RUN.split(mould)
    number, source, target, stage, notes, tag, anchor = (
        _Run(*run.split(_TEXT)) for run in between[::2]
    )
    yield before
    for row in rows_of(document):
        runs = (
            number.of(str(row.number)),
            _runs(row.source, source, tag),
            _runs(row.target, target, tag),
            stage.of(row.stage),
            notes.of(row.notes),
            "",
            anchor.of(row.anchor),
        )
        yield begin + first
        for run, markup in zip(runs, between[1::2], strict=True):
            yield run + markup
        yield end
    yield after


def _runs(content: Content, words: _Run, tag: _Run) -> str:
    return "".join([(tag if is_tag else words).of(text) for text, is_tag in pieces(content)])


def _frame(document: ReviewDocument) -> Docx:
    frame = Document()
    title = xml_text(document.title or "Translation for review")
    _describe(frame, document, title)
    _lay_out(frame)
    _keep_spaces(frame)
    _set_styles(frame)
    frame.add_heading(title, level=1)
    frame.add_paragraph(_guide(document))
    table = frame.add_table(rows=2, cols=len(_WIDTHS), style="Table Grid")
    table.autofit = False
    _fill_heading(table, document)
    _fill_mould(table, document)
    for column, width in zip(table.columns, _WIDTHS, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
    _shade(frame)
    frame.add_paragraph()
    return frame


def _describe(frame: Docx, document: ReviewDocument, title: str) -> None:
    properties = frame.core_properties
    properties.title = title[:_MOST_PROPERTY_CHARS]
    properties.author = properties.last_modified_by = "Dragoman"
    properties.comments = ""
    properties.created = properties.modified = document.created_at
    # python-docx's template brings a picture of an empty page, which folders would show.
    package: Any = frame.part.package
    for each in [*package.rels.values()]:
        if each.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            del package.rels[each.rId]


def _lay_out(frame: Docx) -> None:
    (section,) = frame.sections
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = _PAGE_WIDTH, _PAGE_HEIGHT
    section.left_margin = section.right_margin = _MARGIN
    section.top_margin = section.bottom_margin = _MARGIN
    section.header_distance = section.footer_distance = _EDGE


def _keep_spaces(frame: Docx) -> None:
    """Set Word 2013's layout: LibreOffice drops spaces at the end of text in older ones."""
    settings: Any = frame.settings.element
    for each in settings.iter(qn("w:compatSetting")):
        if each.get(qn("w:name")) == "compatibilityMode":
            each.set(qn("w:val"), _LAYOUT_OF_WORD_2013)


def _set_styles(frame: Docx) -> None:
    styles: Any = frame.styles
    normal, heading = styles["Normal"], styles["Heading 1"]
    _set_font(normal.font, _EAST_ASIAN_FONT, Pt(9))
    normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.line_spacing = 1
    _set_font(heading.font, _EAST_ASIAN_FONT, Pt(14))
    heading.font.color.rgb = RGBColor(0, 0, 0)
    heading.paragraph_format.space_before = Pt(0)
    heading.paragraph_format.space_after = Pt(6)
    for line in styles["Table Grid"].element.find(f".//{qn('w:tblBorders')}"):
        line.set(qn("w:color"), _LINES)


def _guide(document: ReviewDocument) -> str:
    return (
        f"{document.source_locale} to {document.target_locale}. Change Target, State (draft, "
        "translated, reviewed, approved) and New comment; nothing else is read back. Keep tags "
        "such as <1>, </1> and <2/>, and the last column."
    )


def _fill_heading(table: Table, document: ReviewDocument) -> None:
    *cells, last = table.rows[0].cells
    for cell, text in zip(cells, HEADINGS, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    anchor = last.paragraphs[0].add_run(heading_mark(document))
    _set_aside(anchor.font, Pt(4))


def _fill_mould(table: Table, document: ReviewDocument) -> None:
    """One run in each cell, with its text, a line break and a tab between three of `_TEXT`.

    The cell for a new comment lends its run to the tags.
    """
    paragraphs = [cell.paragraphs[0] for cell in table.rows[1].cells]
    fonts = [each.add_run(f"{_TEXT}\n{_TEXT}\t{_TEXT}").font for each in paragraphs]
    for at, locale in ((1, document.source_locale), (2, document.target_locale)):
        _set_language(paragraphs[at], fonts[at], locale)
    _set_aside(fonts[5])
    _set_aside(fonts[6], Pt(4))


def _set_aside(font: Font, size: Length | None = None) -> None:
    """Grey, and no words to a spelling checker."""
    font.no_proof = True
    font.color.rgb = _GREY
    if size is not None:
        _set_size(font, size)


def _set_language(paragraph: Paragraph, font: Font, locale: Locale) -> None:
    properties = _set_font(font, east_asian_font(locale))
    if locale.is_right_to_left:
        font.rtl = True
        mark: Any = paragraph.paragraph_format.element
        mark.get_or_add_pPr().append(_element("w:bidi"))
    names = ("w:val", "w:eastAsia", "w:bidi")
    # Of the properties here the language is last (ECMA-376 Part 1 §17.3.2.28).
    properties.append(_element("w:lang", {qn(name): str(locale) for name in names}))


def _set_font(font: Font, east_asian: str, size: Length | None = None) -> Any:
    """Set the font of all scripts, which python-docx does for Latin alone; the run's properties."""
    run: Any = font.element
    properties = run.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    # A theme's font has precedence over a named one.
    fonts.attrib.clear()
    for name in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(name), _FONT)
    fonts.set(qn("w:eastAsia"), east_asian)
    if size is not None:
        _set_size(font, size)
    return properties


def _set_size(font: Font, size: Length) -> None:
    """Set the size of all scripts, which python-docx does not for those from right to left."""
    font.size = size
    run: Any = font.element
    points = run.rPr.find(qn("w:sz"))
    for other in run.rPr.findall(qn("w:szCs")):
        run.rPr.remove(other)
    points.addnext(_element("w:szCs", {qn("w:val"): points.get(qn("w:val"))}))


def _shade(frame: Docx) -> None:
    """Shade the first row, which every page repeats, and the last column."""
    document: Any = frame.element
    heading, mould = document.body.tbl_lst[0].tr_lst
    properties = heading.get_or_add_trPr()
    properties.extend([_element("w:cantSplit"), _element("w:tblHeader")])
    for cell in (*heading.tc_lst, mould.tc_lst[-1]):
        shade = {qn("w:val"): "clear", qn("w:color"): "auto", qn("w:fill"): _PALE}
        cell.get_or_add_tcPr().append(_element("w:shd", shade))
