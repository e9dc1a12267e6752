"""Rejecting all tracked changes brings the first document back: its looks, pictures,
notes, fields and headers.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from documents.test_diff_gate import SOURCE, damaged
from documents.test_diff_tracked import NOTE, changes, holds, related, table
from documents.wordml import bold, document, field, package, paragraph, part, run, story
from dragoman_documents import Budget, DifferenceKind, accepted, compare, untracked
from dragoman_documents.docx.diff.comparable import comparable

BLIP = '<w:drawing><wp:inline><pic:pic><a:blip r:embed="rId5"/></pic:pic></wp:inline></w:drawing>'
LINK = '<w:hyperlink w:anchor="{}">{}</w:hyperlink>'
CENTRED = '<w:pPr><w:jc w:val="center"/></w:pPr>'


def comes_back(before: bytes, after: bytes) -> str:
    """The main document with the changes,
    after it was made sure that they lead to both documents, looks included.
    """
    result = changes(before, after)
    budget = Budget()
    assert untracked(before, result) == ()
    differences = compare(
        comparable(accepted(after), budget), comparable(accepted(result), budget)
    ).differences
    # What A needs.
    assert {each.kind for each in differences} <= {
        DifferenceKind.PART,
        DifferenceKind.RELATIONSHIP,
    }
    return part(result)


def test_a_run_that_looks_another_way_says_how_it_looked() -> None:
    text = comes_back(
        document(paragraph(run("Some old words"))),
        document(paragraph(run("Some "), bold("old"), run(" words"))),
    )
    assert "<w:b/><w:rPrChange " in text
    assert "<w:del " not in text


def test_paragraphs_cells_and_sections_say_how_they_looked() -> None:
    old = document(paragraph(run("one")) + table(("a", "b")))
    shaded = table(("a", "b")).replace("<w:tc>", '<w:tc><w:tcPr><w:tcW w:w="9"/></w:tcPr>', 1)
    text = comes_back(old, document(paragraph(CENTRED, run("one")) + shaded))
    assert '<w:jc w:val="center"/><w:pPrChange ' in text
    assert '<w:tcW w:w="9"/><w:tcPrChange ' in text
    wide = damaged(old, ("<w:sectPr/>", '<w:sectPr><w:pgSz w:w="9"/></w:sectPr>'))
    assert "<w:sectPrChange " in comes_back(old, wide)


def test_the_properties_of_a_last_paragraph_move_with_its_end() -> None:
    one, two = (
        paragraph(CENTRED, run("one")),
        paragraph('<w:pPr><w:ind w:left="9"/></w:pPr>', run("two")),
    )
    comes_back(document(one), document(one + two))
    comes_back(document(one + two), document(one))


def test_a_deleted_picture_brings_its_part_along() -> None:
    inner = paragraph(run("see "), f"<w:r>{BLIP}</w:r>", run("."))
    parts = {
        "word/document.xml": story("document", inner),
        "word/_rels/document.xml.rels": related({"rId5": "image1.xml"}),
        "word/image1.xml": "<old/>",
    }
    old = package(parts)
    other = package({**parts, "word/image1.xml": "<new/>"})
    comes_back(old, other)
    assert part(changes(old, other), "word/image1_2.xml") == "<old/>"
    gone = document(paragraph(run("see .")))
    comes_back(old, gone)
    assert part(changes(old, gone), "word/image1.xml") == "<old/>"


def test_a_deleted_link_leads_where_it_led_whatever_the_numbers() -> None:
    link = f'<w:hyperlink r:id="rId2">{run("here")}</w:hyperlink>'
    old = package(
        {
            "word/document.xml": story("document", paragraph(run("go "), link)),
            "word/_rels/document.xml.rels": related(
                {"rId2": "hyperlink1.xml", "rId3": "image1.xml"}
            ),
            "word/image1.xml": "<picture/>",
            "word/hyperlink1.xml": "<goal/>",
        }
    )
    new = package(
        {
            "word/document.xml": story("document", paragraph(run("go "))),
            "word/_rels/document.xml.rels": related({"rId2": "image2.xml"}),
            "word/image2.xml": "<other/>",
        }
    )
    comes_back(old, new)


def noted(*notes: str) -> bytes:
    """A document whose paragraph has these footnotes."""
    marks = [
        NOTE.replace('"1"', f'"{number}"') + run(" word") for number in range(1, len(notes) + 1)
    ]
    bodies = [
        f'<w:footnote w:id="{number}">{paragraph(run(text))}</w:footnote>'
        for number, text in enumerate(notes, 1)
    ]
    parts = {
        "word/document.xml": story("document", paragraph(run("start"), *marks)),
        "word/_rels/document.xml.rels": related({"rId3": "footnotes.xml"}),
        "word/footnotes.xml": story("footnotes", "".join(bodies)),
    }
    return package(parts, types={"word/footnotes.xml": "footnotes"})


def test_notes_come_back_whatever_their_numbers() -> None:
    comes_back(noted("first", "second"), noted("first"))
    comes_back(noted("first"), noted("first", "second"))
    comes_back(noted("old words"), noted("new words"))
    comes_back(noted("only here"), document(paragraph(run("start"))))


def test_a_field_with_another_instruction_is_another_field() -> None:
    text = comes_back(
        document(paragraph(run("Page "), field(" PAGE ", run("1")))),
        document(paragraph(run("Page "), field(" NUMPAGES ", run("1")))),
    )
    assert '<w:delInstrText xml:space="preserve"> PAGE </w:delInstrText>' in text
    assert text.count("<w:fldChar ") == 6


def test_a_simple_field_is_tracked_like_any_other() -> None:
    simple = f'<w:fldSimple w:instr=" PAGE ">{run("1")}</w:fldSimple>'
    for before, after in (((), (simple,)), ((simple,), ())):
        text = comes_back(
            document(paragraph(run("a "), *before)), document(paragraph(run("a "), *after))
        )
        assert "fldSimple" not in text


def test_a_header_only_the_first_document_has_is_brought_back() -> None:
    section = '<w:sectPr><w:headerReference w:type="default" r:id="rId4"/></w:sectPr>'
    parts = {
        "word/document.xml": story("document", paragraph(run("a"))).replace("<w:sectPr/>", section),
        "word/_rels/document.xml.rels": related({"rId4": "header1.xml"}),
        "word/header1.xml": story("hdr", paragraph(run("above"))),
    }
    old = package(parts, types={"word/header1.xml": "header"})
    result = changes(old, document(paragraph(run("a"))))
    assert untracked(old, result) == ()
    assert "<w:delText" in part(result, "word/header1.xml")


def test_what_word_cannot_track_is_named() -> None:
    other = damaged(SOURCE, ("<w:b/>", "<w:i/>"), part="word/styles.xml")
    assert {each.part for each in untracked(SOURCE, changes(SOURCE, other))} == {"word/styles.xml"}


_LOOKS = st.sampled_from(["", "<w:b/>", '<w:i/><w:sz w:val="20"/>'])
_RUNS = st.builds(run, st.sampled_from(["red ", "green ", "blue", ". "]), _LOOKS)
_LINKS = st.tuples(st.sampled_from("xy"), _RUNS).map(lambda pair: LINK.format(*pair))
_FIELDS = st.builds(field, st.sampled_from([" PAGE ", " DATE "]), _RUNS)
_INNER = st.lists(_RUNS | _LINKS | _FIELDS | st.just("<w:r><w:tab/></w:r>"), max_size=5).map(
    "".join
)
_PARAGRAPHS = st.builds(paragraph, st.sampled_from(["", CENTRED]), _INNER)
_BLOCKS = (
    _PARAGRAPHS | st.just(table(("a", "b"), ("c", "d"))) | st.just(table(("a", "x"), ("e", "f")))
)
_BODIES = st.lists(_BLOCKS, max_size=5).map(lambda blocks: "".join(blocks) + paragraph(run("end")))


@settings(max_examples=150)
@given(before=_BODIES, after=_BODIES)
def test_any_two_documents_lead_to_both(before: str, after: str) -> None:
    holds(document(before), document(after))


@settings(max_examples=150)
@given(before=_INNER, after=_INNER, looks=st.sampled_from(["", CENTRED]))
def test_any_two_paragraphs_lead_to_both_with_their_looks(
    before: str, after: str, looks: str
) -> None:
    comes_back(document(paragraph(before)), document(paragraph(looks, after)))
