"""The bilingual tables as other libraries see them, and as people change them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl import load_workbook

from documents.examples import content_of
from dragoman_contracts.reports import ReviewStage
from dragoman_exchange import (
    ExchangeFormat,
    ExchangeRefusedError,
    ReviewDocument,
    read_review,
    write_review,
)
from dragoman_exchange import zipped as zipped_module
from exchange.reviews import COMMENT, FINDING, WHEN, assert_unchanged, document, unit

DOCX, XLSX = ExchangeFormat.BILINGUAL_DOCX, ExchangeFormat.BILINGUAL_XLSX
HEADINGS = ["#", "Source", "Target", "State", "Findings and comments", "New comment"]
REVIEW = document(
    unit(
        "word/document.xml#0.0",
        content_of("Pay <1>now</1>, page <2/>."),
        content_of("Jetzt <1>zahlen</1>, Seite <2/>."),
        findings=(FINDING,),
        comments=(COMMENT,),
    ),
    unit("u2", ("=SUM(A1)",), ("=SUMME(A1)",)),
    unit("u3", ("Press <5>.",), ("Drücken <5>.",)),
)
NOTES = "[warning] numbers.missing: 12 is missing.\nAna, 2026-03-04: Use <Sie> here & there."
FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", '=HYPERLINK("x")', "=cmd|' /C calc'!A0"]


def saved(book: Any) -> bytes:
    """The bytes of a document of python-docx or openpyxl."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def docx_of(review: ReviewDocument) -> Any:
    return Document(io.BytesIO(write_review(DOCX, review)))


def xlsx_of(review: ReviewDocument) -> Any:
    return load_workbook(io.BytesIO(write_review(XLSX, review)))


def test_python_docx_sees_the_table() -> None:
    opened = docx_of(REVIEW)
    (table,) = opened.tables
    rows: list[list[str]] = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[0][:6] == HEADINGS
    assert rows[1][:6] == [
        "1",
        "Pay <1>now</1>, page <2/>.",
        "Jetzt <1>zahlen</1>, Seite <2/>.",
        "translated",
        NOTES,
        "",
    ]
    assert rows[3][2] == "Drücken <\\5>."
    (section,) = opened.sections
    assert section.page_width > section.page_height
    tags = [run for run in table.rows[1].cells[2].paragraphs[0].runs if run.text.startswith("<")]
    assert [(run.text, str(run.font.color.rgb), run.font.no_proof) for run in tags] == [
        (text, "808080", True) for text in ("<1>", "</1>", "<2/>")
    ]


def test_a_docx_says_what_it_is_and_not_when_it_was_packed() -> None:
    title = "</w:tr>\x01 text \n" + "x" * 300
    opened = docx_of(ReviewDocument.model_validate({**REVIEW.model_dump(), "title": title}))
    properties = opened.core_properties
    assert (properties.author, properties.last_modified_by) == ("Dragoman", "Dragoman")
    assert properties.title == title.replace("\x01", "\ufffd")[:255]
    assert (properties.created, properties.modified) == (WHEN, WHEN)
    assert opened.paragraphs[0].text == title.replace("\x01", "\ufffd")
    with zipfile.ZipFile(io.BytesIO(write_review(DOCX, REVIEW))) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in archive.namelist() if "thumbnail" in name]


def test_pages_repeat_the_first_row_and_the_last_column_is_set_aside() -> None:
    heading, *rows = docx_of(REVIEW).tables[0].rows
    assert heading._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [row._tr.trPr for row in rows] == [None, None, None]
    for row in (heading, *rows):
        (anchor,) = row.cells[6].paragraphs[0].runs
        font = anchor.font
        assert (str(font.color.rgb), font.no_proof, font.size) == ("808080", True, Pt(4))
        assert row.cells[6]._tc.tcPr.find(qn("w:shd")).get(qn("w:fill")) == "F2F2F2"


def test_text_that_reads_like_the_table_s_own_markup_is_text() -> None:
    text = "</w:t></w:r><w:tr> text \n text \t text </w:tr><w:r> text "
    review = document(unit("u1", (text,), (text,)), unit("u2", ("Yes",), ("Ja",)))
    rows = docx_of(review).tables[0].rows
    assert [cell.text for cell in rows[1].cells[1:3]] == [text, text]
    assert [cell.text for cell in rows[2].cells[1:3]] == ["Yes", "Ja"]
    assert_unchanged(read_review(review, write_review(DOCX, review)), review)


@pytest.mark.parametrize(
    ("target", "font"), [("ja", "Yu Gothic"), ("ko", "Malgun Gothic"), ("de", "Microsoft YaHei")]
)
def test_every_script_has_a_font_and_each_text_its_language(target: str, font: str) -> None:
    opened = docx_of(document(*REVIEW.units, target=target))
    _, source, cell, *_ = opened.tables[0].rows[1].cells
    for each, locale in ((source, "en"), (cell, target)):
        language = each.paragraphs[0].runs[0]._r.rPr.find(qn("w:lang"))
        assert {*language.attrib.values()} == {locale}
    named: Any = cell.paragraphs[0].runs[0]._r.rPr.rFonts.attrib
    assert {key.rpartition("}")[2]: name for key, name in named.items()} == {
        "ascii": "Arial",
        "hAnsi": "Arial",
        "cs": "Arial",
        "eastAsia": font,
    }
    for style in ("Normal", "Heading 1"):
        themes: Any = opened.styles[style].element.rPr.rFonts.attrib
        assert not [key for key in themes if key.endswith("Theme")]


def test_text_from_right_to_left_is_set_so_and_other_text_is_not() -> None:
    arabic = document(*REVIEW.units, target="ar")
    _, source, target, *_ = docx_of(arabic).tables[0].rows[1].cells
    for cell, is_rtl in ((source, False), (target, True)):
        paragraph = cell.paragraphs[0]
        assert (
            paragraph._p.pPr is not None and paragraph._p.pPr.find(qn("w:bidi")) is not None
        ) is (is_rtl)
        assert bool(paragraph.runs[0].font.rtl) is is_rtl
    sheet = xlsx_of(arabic).active
    assert sheet.sheet_view.rightToLeft
    assert [sheet.cell(2, at).alignment.readingOrder for at in (2, 3)] == [1, 2]


def test_openpyxl_sees_the_table() -> None:
    sheet = xlsx_of(REVIEW).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0][:6] == HEADINGS
    assert rows[1][:5] == [
        1,
        "Pay <1>now</1>, page <2/>.",
        "Jetzt <1>zahlen</1>, Seite <2/>.",
        "translated",
        NOTES,
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:G4")
    assert sheet.column_dimensions["G"].hidden
    assert sheet.cell(2, 3).alignment.wrap_text
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == '"draft,translated,reviewed,approved"'


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    review = document(
        unit("u", (text,), (text, *content_of("<1>x</1>"))), unit("v", (text,), (text,))
    )
    sheet = xlsx_of(review).active
    with zipfile.ZipFile(io.BytesIO(write_review(XLSX, review))) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    for row in (2, 3):
        for column in (2, 3):
            cell = sheet.cell(row, column)
            assert (cell.data_type, cell.number_format, cell.quotePrefix) == ("s", "@", True)
    assert_unchanged(read_review(review, saved(xlsx_of(review))), review)


def set_docx(opened: Any, row: int, column: int, text: str) -> None:
    opened.tables[0].rows[row].cells[column].text = text


def set_xlsx(opened: Any, row: int, column: int, text: str) -> None:
    cell = opened.active.cell(row + 1, column + 1)
    cell.value = text
    cell.data_type = "s"


BOOKS: list[tuple[Callable[[ReviewDocument], Any], Callable[[Any, int, int, str], None]]] = [
    (docx_of, set_docx),
    (xlsx_of, set_xlsx),
]
every_book = pytest.mark.parametrize(("opened", "change"), BOOKS, ids=["docx", "xlsx"])


@every_book
def test_a_table_that_a_library_saved_is_the_same(
    opened: Callable[[ReviewDocument], Any], change: Callable[[Any, int, int, str], None]
) -> None:
    book = opened(REVIEW)
    change(book, 1, 1, "a reviewer's slip in the source, which is not read")
    assert_unchanged(read_review(REVIEW, saved(book)), REVIEW)


@every_book
def test_target_state_and_comment_are_read_back(
    opened: Callable[[ReviewDocument], Any], change: Callable[[Any, int, int, str], None]
) -> None:
    book = opened(REVIEW)
    change(book, 1, 2, "Bitte < 1 >sofort</1>, S. <2/>.")
    change(book, 1, 3, " Reviewed ")
    change(book, 1, 5, "  Better so. ")
    change(book, 2, 3, "done")
    change(book, 3, 2, "<\\5> drücken.")
    reading = read_review(REVIEW, saved(book))
    first, third = reading.imported
    assert first.target == content_of("Bitte <1>sofort</1>, S. <2/>.")
    assert (first.stage, first.comment) == (ReviewStage.REVIEWED, "Better so.")
    assert (third.unit_id, third.target) == ("u3", ("<5> drücken.",))
    assert [(each.unit_id, each.place, each.code) for each in reading.rejected] == [
        ("u2", "row 2", "exchange.state_unknown")
    ]


def test_rows_may_be_sorted_filtered_and_left_out() -> None:
    book = xlsx_of(REVIEW)
    sheet = book.active
    third = [cell.value for cell in sheet[4]]
    sheet.delete_rows(3, 2)
    sheet.insert_rows(2)
    for at, value in enumerate(third, start=1):
        sheet.cell(2, at).value = value
    reading = read_review(REVIEW, saved(book))
    assert [each.unit_id for each in reading.imported] == ["u3", "word/document.xml#0.0"]
    assert reading.rejected == ()


def test_a_formula_that_a_reviewer_typed_is_rejected() -> None:
    book = xlsx_of(REVIEW)
    book.active["C3"] = "=1+1"
    reading = read_review(REVIEW, saved(book))
    assert [(each.unit_id, each.code) for each in reading.rejected] == [("u2", "exchange.formula")]


def test_a_target_that_no_cell_holds_is_left_as_it_is() -> None:
    long = document(unit("long", ("y" * 40_000,), ("x" * 40_000,)), REVIEW.units[1])
    assert_unchanged(read_review(long, write_review(XLSX, long)), long)


def test_tracked_changes_count_as_accepted() -> None:
    data = write_review(DOCX, REVIEW)
    old = '<w:t xml:space="preserve">Jetzt </w:t></w:r>'
    new = (
        '<w:t xml:space="preserve">Jetzt </w:t></w:r><w:del><w:r><w:delText>nie</w:delText></w:r></w:del>'
        "<w:ins><w:r><w:t>sofort</w:t></w:r></w:ins>"
    )
    reading = read_review(REVIEW, repacked(data, "word/document.xml", old, new))
    assert reading.rejected == ()
    assert reading.imported[0].target == content_of("Jetzt sofort<1>zahlen</1>, Seite <2/>.")


def repacked(data: bytes, name: str, old: str, new: str) -> bytes:
    """The file with other text in one of its members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for each in before.namelist():
            member = before.read(each).decode()
            assert each != name or old in member
            after.writestr(each, member.replace(old, new) if each == name else member)
    return buffer.getvalue()


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut off": (lambda: write_review(XLSX, REVIEW)[:900], "exchange.unreadable"),
    "another ZIP": (
        lambda: zipped_module.packed({"mimetype": b"application/epub+zip"}),
        "exchange.format_unknown",
    ),
    "no table": (lambda: saved(Document()), "exchange.unreadable"),
    "no last column": (
        lambda: repacked(write_review(DOCX, REVIEW), "word/document.xml", "dragoman:job", "job"),
        "exchange.unreadable",
    ),
    "entities": (
        lambda: repacked(
            write_review(DOCX, REVIEW),
            "word/document.xml",
            "<w:document",
            '<!DOCTYPE d [<!ENTITY a "b">]><w:document',
        ),
        "exchange.entities",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_table_that_cannot_be_read_is_refused(kind: str) -> None:
    made, code = BROKEN[kind]
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(REVIEW, made())
    assert refused.value.code == code


def test_a_damaged_member_is_refused() -> None:
    data = bytearray(write_review(DOCX, REVIEW))
    at = data.index(b"word/document.xml") + 40
    data[at : at + 60] = b"\xff" * 60
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(REVIEW, bytes(data))
    assert refused.value.code == "exchange.unreadable"


@pytest.mark.parametrize("limit", ["MOST_MEMBERS", "MOST_MEMBER_BYTES"])
def test_no_more_is_unpacked_than_the_limit(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped_module, limit, 3)
    with pytest.raises(ExchangeRefusedError) as refused:
        read_review(REVIEW, write_review(DOCX, REVIEW))
    assert refused.value.code == "exchange.too_large"
