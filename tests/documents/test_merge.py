"""Targets go back into the nodes they came from, and nothing else changes."""

import io
import re
import zipfile

import pytest

from documents.wordml import (
    CUSTOM_XML,
    OFFICE,
    body,
    bold,
    document,
    field,
    package,
    paragraph,
    part,
    run,
    story,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag, closing, opening, placeholder
from dragoman_documents import UnknownUnitError, extract, merge, text_only


def translated(data: bytes, *target: str | Tag, locale: Locale | None = None) -> str:
    """The body after the first unit has become `target`."""
    unit = extract(data).units[0]
    return body(merge(data, {unit.unit_id: target}, target_locale=locale))


def test_a_target_equal_to_its_source_gives_the_same_bytes() -> None:
    data = document(paragraph(run("The "), bold("end"), run(".")))
    assert merge(data, {unit.unit_id: unit.source for unit in extract(data).units}) == data


def test_only_the_text_changes() -> None:
    data = document(paragraph(run("The quick "), bold("brown"), run(" fox")))
    result = translated(data, "Der schnelle ", opening(1), "braune", closing(1), " Fuchs")
    assert result == paragraph(run("Der schnelle "), bold("braune"), run(" Fuchs"))


def test_runs_that_look_alike_share_the_text_without_marks_between() -> None:
    result = translated(document(paragraph(run("Hel"), run("lo"))), "Guten Tag")
    assert result == paragraph(run("Guten Tag"), '<w:r><w:t xml:space="preserve"/></w:r>')


def test_a_bookmark_stays_between_the_words_it_stood_between() -> None:
    mark = '<w:bookmarkStart w:id="0" w:name="b"/>', '<w:bookmarkEnd w:id="0"/>'
    data = document(paragraph(run("one "), mark[0], run("two"), mark[1], run(" three")))
    assert translated(data, "eins zwei drei") == paragraph(
        run("eins "), mark[0], run("zwei"), mark[1], run(" drei")
    )


def test_tags_may_change_places() -> None:
    data = document(paragraph(bold("A"), run(" and then "), run("B", "<w:i/>")))
    result = translated(
        data, opening(2), "B", closing(2), " und dann ", opening(1), "A", closing(1)
    )
    order = [result.index(piece) for piece in ("<w:i/>", ">B<", "> und dann <", "<w:b/>", ">A<")]
    assert order == sorted(order)


def test_a_link_moves_with_its_text() -> None:
    link = '<w:hyperlink w:anchor="x">' + run("here") + "</w:hyperlink>"
    other = link.replace('"x"', '"y"').replace("here", "there")
    data = document(paragraph(run("Click "), link, run(" or "), other, run(" now")))
    result = translated(
        data, opening(2), "dort", closing(2), " oder ", opening(1), "hier", closing(1), " klicken"
    )
    assert result.count("<w:hyperlink") == 2
    order = [
        result.index(piece)
        for piece in ('"y"', ">dort<", "> oder <", '"x"', ">hier<", "> klicken<")
    ]
    assert order == sorted(order)


def test_links_made_by_fields_change_places_whole() -> None:
    data = document(
        paragraph(
            field("HYPERLINK a", run("one", "<w:u/>")),
            run(" or the other "),
            field("HYPERLINK b", run("two", "<w:u/>")),
        )
    )
    result = translated(
        data, opening(2), "zwei", closing(2), " oder ", opening(1), "eins", closing(1)
    )
    order = [
        result.index(piece)
        for piece in ("HYPERLINK b", ">zwei<", "> oder <", "HYPERLINK a", ">eins<")
    ]
    assert order == sorted(order)
    assert result.count('"begin"') == result.count('"end"') == 2


def test_text_goes_where_the_source_had_none() -> None:
    data = document(paragraph("<w:r><w:t>Chapter</w:t><w:tab/><w:t>one</w:t></w:r>"))
    result = translated(data, placeholder(1), "eins")
    assert result.index("<w:tab/>") < result.index("eins")
    assert "Chapter" not in result


@pytest.mark.parametrize(
    "target",
    [
        ("nothing left",),
        (closing(1), "x", opening(1)),
        (opening(1), "a", opening(3), "b", closing(1), "c", closing(3)),
        (opening(1), opening(1), "double", closing(1), closing(1)),
        (placeholder(99), "unknown", opening(77)),
        ("many", placeholder(2), placeholder(2), placeholder(2)),
        (),
    ],
    ids=["lost", "reversed", "crossed", "doubled", "invented", "copied", "empty"],
)
def test_broken_tags_lose_no_text_and_no_thing(target: tuple[str | Tag, ...]) -> None:
    link = '<w:hyperlink w:anchor="x">' + run("here") + "</w:hyperlink>"
    data = document(
        paragraph(
            bold("Now"),
            '<w:r><w:t>click</w:t><w:footnoteReference w:id="2"/></w:r>',
            link,
            run("please do"),
        )
    )
    result = translated(data, *target)
    assert result.count("<w:footnoteReference") == 1
    assert result.count("<w:hyperlink") == 1
    for piece in target:
        assert not isinstance(piece, str) or piece in result


def test_space_at_an_edge_that_is_new_is_kept() -> None:
    data = document(paragraph("<w:r><w:t>one</w:t></w:r>", bold("two")))
    assert '<w:t xml:space="preserve">eins </w:t>' in translated(
        data, opening(1), "eins ", closing(1), "zwei"
    )


def test_characters_xml_cannot_hold_are_dropped() -> None:
    assert ">ab<" in translated(document(paragraph(run("one"))), "a\x00b")


def test_both_branches_of_alternate_content_are_written() -> None:
    box = f"<w:txbxContent>{paragraph(run('inside'))}</w:txbxContent>"
    both = (
        f'<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>{box}</w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:shape>{box}</v:shape></w:pict></mc:Fallback></mc:AlternateContent>"
    )
    assert translated(document(paragraph(f"<w:r>{both}</w:r>")), "innen").count(">innen<") == 2


def test_runs_take_the_language_of_the_target() -> None:
    data = document(
        paragraph(run("one", '<w:lang w:val="en-US"/>'), "<w:r><w:tab/></w:r>", run("two"))
    )
    result = translated(data, "eins", placeholder(1), "two", locale=Locale("de-AT"))
    assert result.count('w:val="de-AT"') == 1


def test_the_language_stands_where_the_schema_has_it() -> None:
    extension = '<x:glow xmlns:x="http://schemas.microsoft.com/office/word/2010/wordml"/>'
    result = translated(
        document(paragraph(run("one", f'<w:b/><w:oMath w:val="0"/>{extension}'))),
        "eins",
        locale=Locale("de"),
    )
    assert (
        result.index("<w:b/>")
        < result.index("<w:lang")
        < result.index("<w:oMath")
        < result.index("<x:glow")
    )


def test_a_right_to_left_target_turns_paragraph_and_runs() -> None:
    """Bold is repeated for complex scripts, or Word would draw the words light."""
    result = translated(document(paragraph(bold("one"))), "واحد", locale=Locale("ar"))
    assert "<w:pPr><w:bidi/></w:pPr>" in result
    assert '<w:rPr><w:b/><w:bCs/><w:rtl/><w:lang w:bidi="ar"/></w:rPr>' in result


def test_two_merges_give_the_same_bytes() -> None:
    data = document(paragraph(run("one")))
    targets = {extract(data).units[0].unit_id: ("eins",)}
    assert merge(data, targets) == merge(data, targets)


def test_entries_without_changed_text_are_copied_as_stored() -> None:
    parts = {
        "word/document.xml": story("document", paragraph(run("one"))),
        "word/h.xml": story("hdr", paragraph(run("head"))),
        "word/media/é.bin": "picture",
    }
    data = package(parts, {"word/h.xml": "header"})
    result = merge(data, {extract(data).units[0].unit_id: ("eins",)})
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(result)) as after:
        assert after.testzip() is None
        assert [entry.filename for entry in after.infolist()] == [
            entry.filename for entry in before.infolist()
        ]
        assert [entry.date_time for entry in after.infolist()] == [
            entry.date_time for entry in before.infolist()
        ]
    assert part(result, "word/h.xml") == parts["word/h.xml"]


def test_declaration_comments_and_instructions_stay() -> None:
    text = story("document", "<!-- note --><?app data?>" + paragraph(run("one")))
    data = package({"word/document.xml": text})
    result = merge(data, {extract(data).units[0].unit_id: ("eins",)})
    assert part(result) == text.replace(">one<", ">eins<")


def test_a_unit_the_document_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownUnitError, match="extract it again"):
        merge(document(paragraph(run("one"))), {"word/document.xml#9.9": ("x",)})


def test_a_comment_inside_a_text_node_stays_between_its_words() -> None:
    data = document(paragraph("<w:r><w:t>one <!-- c -->two</w:t></w:r>"))
    assert translated(data, "ONE TWO") == paragraph("<w:r><w:t>ONE <!-- c -->TWO</w:t></w:r>")


def test_the_data_behind_a_bound_control_is_translated_in_step() -> None:
    binding = '<w:dataBinding w:prefixMappings="xmlns:n=\'urn:x\'" w:xpath="/n:a[1]/n:b[2]" w:storeItemID="{AB-1}"/>'
    control = f"<w:sdt><w:sdtPr>{binding}</w:sdtPr><w:sdtContent>{paragraph(run('shown'))}</w:sdtContent></w:sdt>"
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    link = f'<Relationship Id="r1" Type="{OFFICE}/{{}}" Target="{{}}"/>'
    parts = {
        "word/document.xml": story("document", control),
        "word/_rels/document.xml.rels": links.format(link.format("customXml", "../data/item.xml")),
        "data/item.xml": '<a xmlns="urn:x"><b>shown</b><b>shown</b></a>',
        "data/_rels/item.xml.rels": links.format(link.format("customXmlProps", "props.xml")),
        "data/props.xml": f'<ds:datastoreItem xmlns:ds="{CUSTOM_XML}" ds:itemID="{{ab-1}}"/>',
    }
    data = package(parts)
    result = merge(data, {extract(data).units[0].unit_id: ("gezeigt",)})
    assert part(result, "data/item.xml") == '<a xmlns="urn:x"><b>shown</b><b>gezeigt</b></a>'


def linked(word: str, anchor: str) -> str:
    return f'<w:hyperlink w:anchor="{anchor}">{run(word)}</w:hyperlink>'


def test_a_link_put_into_a_link_ends_it() -> None:
    data = document(
        paragraph(run("See "), linked("one", "a"), run(" or "), linked("two", "b"), run("."))
    )
    target = ("Ver ", opening(1), "uno ", opening(2), "dos", closing(2), " tres", closing(1), ".")
    result = merge(data, {extract(data).units[0].unit_id: target})
    text = body(result)
    assert "".join(re.findall("<w:t[^>]*>([^<]*)", text)) == "Ver uno dos tres."
    assert text.index("</w:hyperlink>") < text.index('w:anchor="b"')
    assert text_only(data, result).is_text_only


def test_a_link_put_into_an_insertion_ends_it() -> None:
    data = document(
        paragraph(
            f'<w:ins w:id="1">{run("one")}</w:ins>', run(" or "), linked("two", "b"), run(" end")
        )
    )
    target = (opening(1), "uno ", opening(2), "dos", closing(2), " tres", closing(1), " fin")
    result = merge(data, {extract(data).units[0].unit_id: target})
    assert body(result).index("</w:ins>") < body(result).index("<w:hyperlink")
    assert text_only(data, result).is_text_only


@pytest.mark.parametrize("target", ["x--y", "-x-y", "x-y-", "--xy", "-x--y-", "xy-"])
def test_a_hyphen_that_may_be_copied_stands_wherever_the_target_has_it(target: str) -> None:
    data = document(paragraph("<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t></w:r>"))
    result = translated(data, *(placeholder(1) if char == "-" else char for char in target))
    shown = re.sub(
        "<[^>]*>", "", result[result.index("<w:p>") :].replace("<w:noBreakHyphen/>", "-")
    )
    assert shown == target
