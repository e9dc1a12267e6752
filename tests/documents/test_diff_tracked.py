"""Tracked changes: accepting all gives the second document, rejecting all the first."""

import io
import random
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.revisions import marks, read
from documents.test_diff_gate import SOURCE, translated
from documents.wordml import OFFICE, bold, document, package, paragraph, part, run, story
from dragoman_contracts.text import plain_text
from dragoman_documents import Budget, extract, merge, tracked
from dragoman_documents.docx.xml import parse_xml

CORPUS = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "docx").glob("*.docx"))
NOW = datetime(2025, 5, 4, 3, 2, 1, tzinfo=UTC)

NOTE = '<w:r><w:footnoteReference w:id="1"/></w:r>'


def related(targets: dict[str, str]) -> str:
    """The relationships of the main document: id to target;
    the kind is the target's name without numbers.
    """
    links = "".join(
        f'<Relationship Id="{link}" Type="{OFFICE}/{re.sub("[0-9]*[.].*", "", target)}" Target="{target}"/>'
        for link, target in targets.items()
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'


def changes(before: bytes, after: bytes) -> bytes:
    return tracked(before, after, "Dragoman", NOW)


def holds(before: bytes, after: bytes) -> bytes:
    """The changes, after it was made sure that they lead to both documents."""
    result = changes(before, after)
    assert read(result, "accepted") == read(after, "accepted")
    assert read(result, "rejected") == read(before, "accepted")
    return result


def lines(*texts: str) -> bytes:
    return document("".join(paragraph(run(text)) for text in texts))


def table(*rows: tuple[str, ...]) -> str:
    cells = ["".join(f"<w:tc>{paragraph(run(cell))}</w:tc>" for cell in row) for row in rows]
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>{paragraph()}"


def test_changed_words_are_marked_and_keep_their_properties() -> None:
    result = holds(
        document(paragraph(run("The "), bold("old cat"), run(" sat."))),
        document(paragraph(run("The "), bold("new cat"), run(" sat."))),
    )
    body = part(result)
    deleted = (
        '<w:r><w:rPr><w:b/></w:rPr><w:delText xml:space="preserve">old</w:delText></w:r></w:del>'
    )
    inserted = '<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">new</w:t></w:r></w:ins>'
    assert deleted in body
    assert inserted in body
    assert 'w:author="Dragoman" w:date="2025-05-04T03:02:01Z"' in body


def test_every_mark_has_an_id_of_its_own() -> None:
    result = changes(SOURCE, translated(SOURCE))
    found = marks(parse_xml(part(result).encode(), Budget()))
    assert found
    assert len({each[1] for each in found}) == len(found)
    assert {each[2] for each in found} == {"Dragoman"}


def test_equal_documents_have_no_changes() -> None:
    assert changes(SOURCE, SOURCE) == SOURCE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("one", "two", "three"), ("one", "three")),
        (("one", "two"), ("one", "two", "three", "four")),
        (("one", "two", "three"), ("one",)),
        (("one", "two"), ("zero", "one", "two")),
        (("one",), ("two",)),
        (("one two", "three four"), ("three four", "one two")),
        (("",), ("one", "")),
    ],
)
def test_paragraphs_come_and_go(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    holds(lines(*before), lines(*after))


_WORDS = st.lists(
    st.sampled_from(["red", "green", "blue", "cat", "dog", ".", "sat"]), max_size=5
).map(" ".join)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=6)


@given(before=_TEXTS, after=_TEXTS)
def test_any_texts_lead_to_both(before: list[str], after: list[str]) -> None:
    holds(lines(*before), lines(*after))


def test_rows_come_and_go_and_cells_change() -> None:
    old = document(table(("north", "1"), ("south", "2"), ("west", "3")))
    result = holds(old, document(table(("north", "1"), ("west", "4"), ("east", "5"))))
    assert "<w:trPr><w:ins " in part(result)
    assert "<w:trPr><w:del " in part(result)


def test_a_row_with_another_number_of_cells_is_a_new_one() -> None:
    holds(document(table(("north", "1"))), document(table(("north", "1", "more"))))


def test_a_whole_table_comes_and_goes() -> None:
    with_table, without = (
        document(paragraph(run("a")) + table(("x", "y"))),
        document(paragraph(run("a"))),
    )
    for before, after in ((with_table, without), (without, with_table)):
        result = changes(before, after)
        assert [text for text in read(result, "accepted") if text] == [
            t for t in read(after, "accepted") if t
        ]
        assert [text for text in read(result, "rejected") if text] == [
            t for t in read(before, "accepted") if t
        ]


def test_headers_footnotes_text_boxes_and_links_are_marked() -> None:
    def version(word: str) -> bytes:
        boxed = f"<w:txbxContent>{paragraph(run(f'boxed {word}'))}</w:txbxContent>"
        box = f"<w:r><w:pict><v:textbox>{boxed}</v:textbox></w:pict></w:r>"
        link = f'<w:hyperlink w:anchor="x">{run(f"link {word}")}</w:hyperlink>'
        parts = {
            "word/document.xml": story("document", paragraph(run(f"body {word}"), box, link, NOTE)),
            "word/_rels/document.xml.rels": related({"rId3": "footnotes.xml"}),
            "word/header1.xml": story("hdr", paragraph(run(f"head {word}"))),
            "word/footnotes.xml": story(
                "footnotes", f'<w:footnote w:id="1">{paragraph(run(f"note {word}"))}</w:footnote>'
            ),
        }
        return package(
            parts, types={"word/header1.xml": "header", "word/footnotes.xml": "footnotes"}
        )

    result = holds(version("old"), version("new"))
    assert all(
        "<w:del " in part(result, f"word/{name}.xml")
        for name in ("document", "header1", "footnotes")
    )
    assert (
        '<w:hyperlink w:anchor="x"><w:r><w:t xml:space="preserve">link </w:t></w:r><w:del '
        in part(result)
    )


def test_changes_that_are_already_there_are_accepted_first() -> None:
    old = document(paragraph(run("one "), f'<w:ins w:id="7" w:author="x">{run("two")}</w:ins>'))
    result = holds(old, lines("one two three"))
    assert 'w:author="x"' not in part(result)


def test_fields_stay_whole() -> None:
    field = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    page = (
        field.format("begin") + "<w:r><w:instrText>PAGE</w:instrText></w:r>" + field.format("end")
    )
    result = holds(lines("Page one"), document(paragraph(run("Page "), page)))
    assert part(result).count("fldChar ") == 2


@pytest.mark.skipif(not CORPUS, reason="the corpus of real files is not beside this checkout")
@pytest.mark.parametrize(
    "path", [path for path in CORPUS[::9] if path.stat().st_size < 150_000], ids=lambda p: p.stem
)
def test_real_files_and_their_edited_copies_lead_to_both(path: Path) -> None:
    data, order = path.read_bytes(), random.Random(path.stem)  # noqa: S311 - to be repeatable
    edited: dict[str, tuple[str, ...]] = {}
    for unit in extract(data).units:
        if order.random() < 0.5 and all(isinstance(piece, str) for piece in unit.source):
            words = plain_text(unit.source).split(" ")
            order.shuffle(words)
            edited[unit.unit_id] = (" ".join([*words, "added"]),)
    after = merge(data, edited)
    result = changes(data, after)
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.testzip() is None
    clean = changes(data, data)
    assert clean == data
    assert read(result, "accepted") == read(after, "accepted")
    assert read(result, "rejected") == read(data, "accepted")
