"""What becomes a unit, and what its content and tags are."""

import pytest

from documents.wordml import bold, document, field, package, paragraph, run, sources, story
from dragoman_contracts.text import StoryKind, TagRole, Unit
from dragoman_documents import ExtractOptions, extract


def test_runs_that_look_alike_are_one_text() -> None:
    data = document(
        paragraph(
            run("Hel"), '<w:proofErr w:type="spellStart"/>', run("lo wor", "<w:lang/>"), run("ld")
        )
    )
    assert sources(data) == ["Hello world"]


def test_a_tag_stands_only_where_the_look_changes() -> None:
    assert sources(document(paragraph(run("The quick "), bold("brown"), run(" fox")))) == [
        "The quick <1>brown</1> fox"
    ]


def test_a_paragraph_in_one_look_has_no_tags() -> None:
    assert sources(document(paragraph(bold("All "), bold("bold")))) == ["All bold"]


def test_tags_and_space_at_the_edges_stay_outside() -> None:
    tab = "<w:r><w:tab/></w:r>"
    assert sources(document(paragraph(tab, run("  Name: "), bold("Ada"), run(" "), tab))) == [
        "Name: <1>Ada</1>"
    ]


def test_a_link_around_everything_is_no_tag() -> None:
    assert sources(
        document(paragraph(f'<w:hyperlink r:id="rId9">{run("Read me")}</w:hyperlink>'))
    ) == ["Read me"]


def test_a_link_in_text_is_a_pair() -> None:
    units = extract(
        document(
            paragraph(
                run("See "), f'<w:hyperlink w:anchor="x">{bold("here")}</w:hyperlink>', run(".")
            )
        )
    ).units
    assert [str(part) for part in units[0].source] == ["See ", "<1>", "here", "</1>", "."]
    assert units[0].tags[0].role is TagRole.LINK


@pytest.mark.parametrize(
    ("element", "role", "equivalent"),
    [
        ("<w:tab/>", TagRole.TAB, "\t"),
        ("<w:br/>", TagRole.BREAK, "\n"),
        ("<w:noBreakHyphen/>", TagRole.SYMBOL, "\u2011"),
        ("<w:softHyphen/>", TagRole.SYMBOL, "\u00ad"),
        ('<w:sym w:font="Wingdings" w:char="F04A"/>', TagRole.SYMBOL, ""),
        ('<w:footnoteReference w:id="2"/>', TagRole.NOTE, ""),
        ('<w:ptab w:relativeTo="margin" w:alignment="right" w:leader="none"/>', TagRole.TAB, "\t"),
    ],
)
def test_what_is_no_text_is_a_placeholder(element: str, role: TagRole, equivalent: str) -> None:
    unit = extract(document(paragraph(run("one"), f"<w:r>{element}</w:r>", run("two")))).units[0]
    assert [str(part) for part in unit.source] == ["one", "<1/>", "two"]
    assert (unit.tags[0].role, unit.tags[0].equivalent) == (role, equivalent)


def test_marks_of_position_are_not_in_the_text() -> None:
    marks = (
        '<w:bookmarkStart w:id="0" w:name="b"/>',
        '<w:bookmarkEnd w:id="0"/><w:commentRangeStart w:id="1"/>',
    )
    assert sources(
        document(paragraph(run("one "), marks[0], run("two "), marks[1], run("three")))
    ) == ["one two three"]


def test_the_shown_text_of_a_link_field_is_translated() -> None:
    link = field(' HYPERLINK "https://example.org" ', run("our site"))
    assert sources(document(paragraph(run("Visit "), link, run(" today")))) == [
        "Visit <1>our site</1> today"
    ]


@pytest.mark.parametrize("instruction", ["PAGE", "DATE \\@ yyyy", "REF bookmark", "SEQ Figure"])
def test_computed_fields_are_placeholders(instruction: str) -> None:
    assert sources(
        document(paragraph(run("Page "), field(instruction, run("two")), run(" of ten")))
    ) == ["Page <1/> of ten"]


def test_a_field_inside_a_computed_field_is_not_translated() -> None:
    inner = field("HYPERLINK x", run("shown"))
    assert sources(document(paragraph(run("See "), field("REF a", inner), run(" end")))) == [
        "See <1/> end"
    ]


def test_a_table_of_contents_over_paragraphs_has_its_entries_translated() -> None:
    begin, separate = (f'<w:fldChar w:fldCharType="{edge}"/>' for edge in ("begin", "separate"))
    opened = f"<w:r>{begin}<w:instrText> TOC </w:instrText>{separate}</w:r>"
    first = paragraph(
        opened, run("Chapter one"), "<w:r><w:tab/></w:r>", field("PAGEREF a", run("1"))
    )
    last = paragraph(run("Chapter two"), '<w:r><w:fldChar w:fldCharType="end"/></w:r>')
    assert sources(document(first + last)) == ["Chapter one", "Chapter two"]


def test_a_field_that_never_ends_does_not_swallow_the_rest() -> None:
    broken = paragraph('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', run("before"))
    assert sources(document(broken + paragraph(run("after")))) == ["before", "after"]


def test_insertions_are_text_and_deletions_are_left() -> None:
    deleted = '<w:del w:id="1" w:author="a"><w:r><w:delText>old</w:delText></w:r></w:del>'
    inserted = f'<w:ins w:id="2" w:author="a">{run("new")}</w:ins>'
    assert sources(document(paragraph(run("a "), deleted, inserted, run(" text")))) == [
        "a <1>new</1> text"
    ]


def test_hidden_text_is_left_unless_asked_for() -> None:
    hidden = run("hidden", "<w:vanish/>"), run("too", "<w:b/><w:vanish/>")
    data = document(paragraph(run("seen "), *hidden, run(" again")))
    assert sources(data) == ["seen <1/> again"]
    shown = extract(data, ExtractOptions(hidden_text=True)).units[0]
    assert "hidden" in "".join(map(str, shown.source))


def test_formulas_are_placeholders() -> None:
    formula = "<m:oMath><m:r><m:t>x</m:t></m:r></m:oMath>"
    assert sources(document(paragraph(run("where "), formula, run(" is small")))) == [
        "where <1/> is small"
    ]


def test_tables_and_content_controls_are_walked() -> None:
    cell = f"<w:tbl><w:tr><w:tc>{paragraph(run('cell'))}</w:tc></w:tr></w:tbl>"
    control = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph(run('control'))}</w:sdtContent></w:sdt>"
    assert sources(document(cell + control)) == ["cell", "control"]


def test_a_text_box_in_choice_and_fallback_is_one_unit() -> None:
    box = f"<w:txbxContent>{paragraph(run('in the box'))}</w:txbxContent>"
    drawing = f"<w:drawing><wp:inline><wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp></wp:inline></w:drawing>"
    picture = f"<w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict>"
    branches = (
        f'<mc:Choice Requires="wps">{drawing}</mc:Choice><mc:Fallback>{picture}</mc:Fallback>'
    )
    both = f"<mc:AlternateContent>{branches}</mc:AlternateContent>"
    units = extract(document(paragraph(run("around"), f"<w:r>{both}</w:r>"))).units
    assert [(str(unit.source[0]), unit.story) for unit in units] == [
        ("around", StoryKind.BODY),
        ("in the box", StoryKind.TEXT_BOX),
    ]


def test_notes_headers_and_comments_have_their_stories() -> None:
    parts = {
        "word/document.xml": story("document", paragraph(run("body"))),
        "word/h.xml": story("hdr", paragraph(run("head"))),
        "word/f.xml": story(
            "footnotes", f'<w:footnote w:id="2">{paragraph(run("note"))}</w:footnote>'
        ),
        "word/c.xml": story(
            "comments", f'<w:comment w:id="0">{paragraph(run("remark"))}</w:comment>'
        ),
    }
    data = package(
        parts, {"word/h.xml": "header", "word/f.xml": "footnotes", "word/c.xml": "comments"}
    )
    found = {str(unit.source[0]): unit.story for unit in extract(data).units}
    assert found == {
        "body": StoryKind.BODY,
        "head": StoryKind.HEADER,
        "note": StoryKind.FOOTNOTE,
        "remark": StoryKind.COMMENT,
    }
    assert [
        unit.story for unit in extract(data, ExtractOptions(comments=False, headers=False)).units
    ] == [
        StoryKind.BODY,
        StoryKind.FOOTNOTE,
    ]


def test_the_main_part_is_found_by_relationship_in_strict_documents_too() -> None:
    text = story("document", paragraph(run("strict"))).replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    data = package({"elsewhere/main.part": text}, main="elsewhere/main.part")
    assert sources(data) == ["strict"]


def test_text_without_letters_needs_no_translation() -> None:
    units = extract(document(paragraph(run("12.5 %")) + paragraph(run("twelve")))).units
    assert [unit.is_translatable for unit in units] == [False, True]


def test_styles_highlights_and_colours_can_be_left_out() -> None:
    data = document(
        paragraph('<w:pPr><w:pStyle w:val="Code"/></w:pPr>', run("let x"))
        + paragraph(run("press "), run("Enter", '<w:highlight w:val="yellow"/>'), run(" now"))
        + paragraph(run("see "), run("XQ-7", '<w:color w:val="ff0000"/>'), run(" below"))
    )
    options = ExtractOptions.model_validate(
        {
            "untranslated_styles": ["Code"],
            "untranslated_highlights": ["yellow"],
            "untranslated_colours": ["FF0000"],
        }
    )
    code, press, see = extract(data, options).units
    assert not code.is_translatable
    assert [str(part) for part in press.source] == ["press ", "<1/>", " now"]
    assert [str(part) for part in see.source] == ["see ", "<1/>", " below"]


def test_ids_are_unique_and_the_same_every_time() -> None:
    data = document(paragraph(run("same")) * 3)
    ids = [unit.unit_id for unit in extract(data).units]
    assert len(set(ids)) == 3
    assert ids == [unit.unit_id for unit in extract(data).units]


def test_equal_text_has_equal_content_keys_and_its_neighbours_make_the_context() -> None:
    first, second, third = extract(
        document(paragraph(run("a")) + paragraph(run("b")) + paragraph(run("a")))
    ).units
    assert first.content_key == third.content_key != second.content_key
    assert first.context_key != third.context_key


def test_a_unit_that_was_made_unchecked_is_what_checking_makes_of_it() -> None:
    data = document(paragraph(run("one "), run("two", "<w:b/>")) + paragraph(run("7")))
    for unit in extract(data).units:
        checked = Unit.model_validate_json(unit.model_dump_json())
        assert checked == unit
        assert checked.model_dump_json() == unit.model_dump_json()
