"""Two versions of a document: what changed, where, and in which words."""

import json
from pathlib import Path

import pytest

from documents.test_diff_gate import PARTS, SOURCE, damaged, translated
from documents.wordml import bold, document, package, paragraph, run
from dragoman_documents.docx.diff import Change, DifferenceKind, DocumentDiff, WordEdit, compare

CORPUS = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "docx").glob("*.docx"))


def told(diff: DocumentDiff) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.change.value, each.what) for each in diff.differences]


def test_a_document_is_equal_to_itself() -> None:
    diff = compare(SOURCE, SOURCE)
    assert diff.is_equal
    assert diff.differences == ()


def test_a_translation_differs_in_text_only() -> None:
    diff = compare(SOURCE, translated(SOURCE))
    assert diff.is_text_only
    assert not diff.is_equal
    assert {each.kind for each in diff.differences} == {DifferenceKind.TEXT}
    assert diff.changed_paragraph_count == 4


def test_the_changed_words_are_told() -> None:
    diff = compare(
        document(paragraph(run("The cat sat on the mat."))),
        document(paragraph(run("The black cat lay on the mat."))),
    )
    assert diff.is_text_only
    assert diff.differences[0].words == (
        WordEdit(before="", after=" black"),
        WordEdit(before="sat", after="lay"),
    )


def test_added_removed_and_moved_paragraphs_are_told_apart() -> None:
    texts = ["The first of all", "A second one", "And a third here", "The fourth and last"]
    old = document("".join(paragraph(run(text)) for text in texts))
    changed = [texts[3], texts[0], texts[1], "Something else entirely", texts[2]]
    diff = compare(old, document("".join(paragraph(run(text)) for text in changed)))
    assert told(diff) == [("structure", "moved", "paragraph"), ("structure", "added", "paragraph")]
    assert not diff.is_text_only
    inserted = compare(
        old, document("".join(paragraph(run(text)) for text in [*texts[:2], "New", *texts[2:]]))
    )
    assert told(inserted) == [("structure", "added", "paragraph")]
    assert inserted.differences[0].after == "New"
    assert inserted.differences[0].path == "0.2"


def test_formatting_is_told_with_the_words_it_is_on() -> None:
    old = document(paragraph(run("Some "), bold("bold"), run(" words")))
    diff = compare(old, document(paragraph(run("Some bold words"))))
    assert told(diff) == [("formatting", "changed", "run")]
    assert (diff.differences[0].before, diff.differences[0].after) == ("bold: b", "bold: plain")


def test_rows_and_cells_are_compared_by_what_they_say() -> None:
    rows = [
        f"<w:tr><w:tc>{paragraph(run(text))}</w:tc></w:tr>" for text in ("north", "south", "west")
    ]
    old = document(f"<w:tbl>{''.join(rows)}</w:tbl>")
    diff = compare(old, document(f"<w:tbl>{rows[0]}{rows[2]}</w:tbl>"))
    assert told(diff) == [("structure", "removed", "row")]
    assert diff.differences[0].before == "south"


def test_styles_relationships_and_parts_have_kinds_of_their_own() -> None:
    other = damaged(SOURCE, ("<w:b/>", "<w:i/>"), part="word/styles.xml")
    assert {each.kind for each in compare(SOURCE, other).differences} == {DifferenceKind.FORMATTING}
    other = damaged(SOURCE, ("example.org", "example.com"), part="word/_rels/document.xml.rels")
    diff = compare(SOURCE, other)
    assert {each.kind for each in diff.differences} == {DifferenceKind.RELATIONSHIP}
    assert "example.com" in diff.differences[0].after
    more = package({**PARTS, "word/extra.xml": "<a/>"}, types={"word/styles.xml": "styles"})
    diff = compare(SOURCE, more)
    assert [(each.part, each.change) for each in diff.parts] == [("word/extra.xml", Change.ADDED)]


def test_a_comparison_can_be_written_as_json_and_read_back() -> None:
    diff = compare(SOURCE, translated(SOURCE))
    assert DocumentDiff.model_validate(json.loads(diff.model_dump_json())) == diff


@pytest.mark.skipif(not CORPUS, reason="the corpus of real files is not beside this checkout")
@pytest.mark.parametrize("path", CORPUS[::12], ids=lambda path: path.stem)
def test_two_real_files_can_always_be_compared(path: Path) -> None:
    data = path.read_bytes()
    assert compare(data, data).is_equal
    assert compare(data, translated(data)).is_text_only
    assert not compare(data, SOURCE).is_text_only


@pytest.mark.parametrize("mark", ["<!-- made by a program -->", "<?program it?>"])
def test_comments_and_instructions_between_paragraphs_are_compared_like_anything_else(
    mark: str,
) -> None:
    old = document(mark + paragraph(run("one")))
    assert told(compare(old, document(mark + paragraph(run("one", "<w:b/>"))))) == [
        ("formatting", "changed", "run")
    ]
    assert told(compare(old, document(paragraph(run("one", "<w:b/>"))))) != []
