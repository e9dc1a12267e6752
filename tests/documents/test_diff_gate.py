"""The gate: a translation passes, and every damage is named without a word of the document."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from documents.wordml import (
    bold,
    document,
    package,
    paragraph,
    pseudo,
    replaced,
    run,
    story,
    zipped,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Tag, TagSide, Unit
from dragoman_documents import extract, merge
from dragoman_documents.docx.diff import Change, DifferenceKind, text_only

CORPUS = sorted((Path(__file__).parents[3] / "shared" / "corpus" / "docx").glob("*.docx"))
corpus = pytest.mark.skipif(
    not CORPUS, reason="the corpus of real files is not beside this checkout"
)

LINK = '<w:hyperlink r:id="rId7" w:history="1">' + run("the terms", "<w:u/>") + "</w:hyperlink>"
NOTE = '<w:r><w:footnoteReference w:id="2"/></w:r>'
FIRST = paragraph(
    '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>',
    '<w:bookmarkStart w:id="1" w:name="here"/>',
    run("Some "),
    bold("bold"),
    run(" words"),
    '<w:bookmarkEnd w:id="1"/>',
)
SECOND = paragraph(run("See "), LINK, run(" and the note"), NOTE, run("."))
ROWS = (
    '<w:tr w:rsidR="00A1"><w:tc><w:tcPr><w:tcW w:w="10"/></w:tcPr>'
    + paragraph(run("one"))
    + "</w:tc></w:tr>",
    '<w:tr w:rsidR="00A2"><w:trPr><w:tblHeader/></w:trPr><w:tc>'
    + paragraph(run("two"))
    + "</w:tc></w:tr>",
)
TABLE = f'<w:tbl><w:tblPr><w:tblCaption w:val="A caption"/></w:tblPr>{"".join(ROWS)}</w:tbl>'
LINKS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId7" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" '
    'Target="https://example.org/terms" TargetMode="External"/></Relationships>'
)
STYLES = story(
    "styles", '<w:style w:type="paragraph" w:styleId="Heading1"><w:rPr><w:b/></w:rPr></w:style>'
)
PARTS = {
    "word/document.xml": story("document", FIRST + SECOND + TABLE),
    "word/_rels/document.xml.rels": LINKS,
    "word/styles.xml": STYLES,
}
SOURCE = package(PARTS, types={"word/styles.xml": "styles"})


def translated(data: bytes, locale: str = "ru") -> bytes:
    return merge(
        data,
        {unit.unit_id: pseudo(unit) for unit in extract(data).units},
        target_locale=Locale(locale),
    )


def damaged(data: bytes, *pairs: tuple[str, str], part: str = "word/document.xml") -> bytes:
    """The package with strings of one part replaced; each must be there."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    assert all(old in text for old, _ in pairs)
    return zipped({**parts, part: replaced(text, *pairs).encode()})


def test_equal_bytes_are_text_only() -> None:
    assert text_only(SOURCE, SOURCE).is_text_only


@pytest.mark.parametrize("locale", ["de", "ja", "ar"])
def test_a_translation_is_text_only(locale: str) -> None:
    report = text_only(SOURCE, translated(SOURCE, locale))
    assert report.differences == ()
    assert report.changed_parts == ("word/document.xml",)


LANGUAGE = '<w:rPr><w:lang w:val="ru"/></w:rPr>'
DAMAGES = {
    "a dropped bookmark": (
        '<w:bookmarkStart w:id="1" w:name="here"/>',
        "",
        DifferenceKind.STRUCTURE,
    ),
    "a lost run property": ("<w:b/>", "", DifferenceKind.FORMATTING),
    "a lost paragraph style": ('<w:pStyle w:val="Heading1"/>', "", DifferenceKind.FORMATTING),
    "another style": ('w:val="Heading1"', 'w:val="Heading2"', DifferenceKind.FORMATTING),
    "a lost note": ('<w:footnoteReference w:id="2"/>', "", DifferenceKind.STRUCTURE),
    "another note": (
        '<w:footnoteReference w:id="2"/>',
        '<w:footnoteReference w:id="3"/>',
        DifferenceKind.STRUCTURE,
    ),
    "another link": ('r:id="rId7"', 'r:id="rId8"', DifferenceKind.STRUCTURE),
    "a lost run": (NOTE, "", DifferenceKind.STRUCTURE),
    "an empty run more": (NOTE, NOTE + "<w:r/>", DifferenceKind.STRUCTURE),
    "an empty formatted run more": (
        NOTE,
        NOTE + f"<w:r>{LANGUAGE}</w:r>",
        DifferenceKind.STRUCTURE,
    ),
    "a run in a look of its own": (NOTE, NOTE + run("x", "<w:i/>"), DifferenceKind.STRUCTURE),
    "another width": ('w:w="10"', 'w:w="11"', DifferenceKind.FORMATTING),
    "a right-to-left gutter": (
        "<w:sectPr/>",
        "<w:sectPr><w:rtlGutter/></w:sectPr>",
        DifferenceKind.FORMATTING,
    ),
    "a paragraph more": ("<w:sectPr/>", "<w:p/><w:sectPr/>", DifferenceKind.STRUCTURE),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_to_the_document_is_named(name: str) -> None:
    old, new, kind = DAMAGES[name]
    for result in (SOURCE, translated(SOURCE)):
        report = text_only(SOURCE, damaged(result, (old, new)))
        assert not report.is_text_only
        assert kind in {each.kind for each in report.differences}
        assert {each.part for each in report.differences} == {"word/document.xml"}


def test_rows_in_another_order_are_found() -> None:
    body = story("document", FIRST + SECOND + TABLE.replace("".join(ROWS), ROWS[1] + ROWS[0]))
    other = package({**PARTS, "word/document.xml": body}, types={"word/styles.xml": "styles"})
    assert DifferenceKind.STRUCTURE in {each.kind for each in text_only(SOURCE, other).differences}


def test_a_removed_and_an_added_part_are_named() -> None:
    other = package({**PARTS, "word/extra.xml": "<a/>"}, types={"word/styles.xml": "styles"})
    added, removed = text_only(SOURCE, other).differences, text_only(other, SOURCE).differences
    assert [(each.part, each.kind, each.change) for each in added] == [
        ("word/extra.xml", DifferenceKind.PART, Change.ADDED)
    ]
    assert [(each.part, each.change) for each in removed] == [("word/extra.xml", Change.REMOVED)]


def test_parts_in_another_order_are_found() -> None:
    with zipfile.ZipFile(io.BytesIO(SOURCE)) as archive:
        parts = {name: archive.read(name) for name in reversed(archive.namelist())}
    assert [each.change for each in text_only(SOURCE, zipped(parts)).differences] == [Change.MOVED]


def test_a_changed_relationship_is_named_as_one() -> None:
    other = damaged(SOURCE, ("example.org", "example.com"), part="word/_rels/document.xml.rels")
    assert {each.kind for each in text_only(SOURCE, other).differences} == {
        DifferenceKind.RELATIONSHIP
    }


def test_a_changed_style_is_formatting() -> None:
    other = damaged(SOURCE, ("<w:b/>", "<w:i/>"), part="word/styles.xml")
    assert {(each.part, each.kind) for each in text_only(SOURCE, other).differences} == {
        ("word/styles.xml", DifferenceKind.FORMATTING)
    }


def test_a_changed_field_instruction_is_no_text() -> None:
    field = '<w:p><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r></w:p>'
    source = document(field)
    other = damaged(source, (" PAGE ", " DATE "))
    assert {each.what for each in text_only(source, other).differences} == {"w:instrText"}


def test_a_part_that_is_no_longer_xml_is_found() -> None:
    other = damaged(translated(SOURCE), ("</w:body>", "</w:bodi>"))
    with pytest.raises(Exception, match="not well-formed"):
        text_only(SOURCE, other)
    broken = damaged(SOURCE, ("</w:style>", ""), part="word/styles.xml")
    assert [each.part for each in text_only(SOURCE, broken).differences] == ["word/styles.xml"]


def test_an_unescaped_sign_in_a_text_does_not_pass() -> None:
    broken = damaged(SOURCE, ("Some ", "Some & "))
    with pytest.raises(Exception, match="not well-formed"):
        text_only(SOURCE, broken)


def test_the_report_holds_no_text() -> None:
    report = text_only(SOURCE, damaged(SOURCE, ("<w:b/>", ""), ("Some", "Secret"), (NOTE, "")))
    assert not report.is_text_only
    assert "Secret" not in report.model_dump_json()
    assert all(not each.before and not each.after for each in report.differences)
    assert "in word/document.xml" in report.summary()


def test_reordered_tags_are_text_only() -> None:
    link, note, words = '<w:hyperlink r:id="rId7">', NOTE, (run("See "), bold("bold"), run(" and "))
    source = document(
        paragraph(*words, link + run("the terms") + "</w:hyperlink>", note, run(" now"))
    )
    (unit,) = extract(source).units
    order = random.Random(3)  # noqa: S311 - to be repeatable
    for _ in range(20):
        target = shuffled(unit, order)
        assert text_only(source, merge(source, {unit.unit_id: target})).differences == ()


def test_fields_in_another_order_are_text_only() -> None:
    fields = [
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{name}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        for name in ("PAGE", "DATE")
    ]
    source = document(paragraph(run("a "), fields[0], run(" b "), fields[1], run(" c")))
    (unit,) = extract(source).units
    result = merge(source, {unit.unit_id: tuple(reversed(unit.source))})
    assert text_only(source, result).differences == ()
    other = damaged(result, ("PAGE", "TIME"))
    assert not text_only(source, other).is_text_only


def shuffled(unit: Unit, order: random.Random) -> tuple[str | Tag, ...]:
    """The pieces of a unit in another order, some tags lost or doubled: what a bad model does."""
    pieces = list(pseudo(unit))
    fate = order.random()
    if fate < 0.5:
        order.shuffle(pieces)
    elif fate < 0.7:
        pieces = [piece for piece in pieces if isinstance(piece, str) or order.random() > 0.3]
    elif fate < 0.9:
        pieces.append(order.choice(pieces))
    return tuple(pieces)


@corpus
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_pseudo_translation_of_a_real_file_is_text_only(path: Path) -> None:
    data = path.read_bytes()
    assert text_only(data, translated(data, "ru")).differences == ()


@corpus
@pytest.mark.parametrize("path", CORPUS[::4], ids=lambda path: path.stem)
def test_the_identity_translation_of_a_real_file_is_text_only(path: Path) -> None:
    data = path.read_bytes()
    same = merge(
        data,
        {unit.unit_id: unit.source for unit in extract(data).units},
        target_locale=Locale("ar"),
    )
    assert text_only(data, same).differences == ()


@corpus
@pytest.mark.parametrize("path", CORPUS[1::6], ids=lambda path: path.stem)
def test_what_a_bad_model_makes_of_a_real_file_is_text_only(path: Path) -> None:
    data, order = path.read_bytes(), random.Random(path.stem)  # noqa: S311 - to be repeatable
    targets = {unit.unit_id: shuffled(unit, order) for unit in extract(data).units}
    assert text_only(data, merge(data, targets, target_locale=Locale("he"))).differences == ()


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ('<w:hyperlink w:anchor="a">', '<w:hyperlink w:anchor="b">'),
        ('<w:ins w:id="1">', '<w:ins w:id="2">'),
        ('<w:ins w:id="1">', '<w:hyperlink w:anchor="b">'),
    ],
)
def test_what_the_schema_bars_from_standing_inside_is_refused(outer: str, inner: str) -> None:
    ends = ["</" + start[1:].split(" ")[0] + ">" for start in (outer, inner)]
    apart = document(paragraph(outer, run("one"), ends[0], inner, run("two"), ends[1]))
    nested = document(paragraph(outer, run("one"), inner, run("two"), ends[1], ends[0]))
    assert not text_only(apart, nested).is_text_only
    assert text_only(nested, damaged(nested, ("two", "zwei"))).is_text_only


def test_form_fields_that_change_places_are_not_changed_fields() -> None:
    def box(name: str) -> str:
        data = f'<w:ffData><w:name w:val="{name}"/><w:checkBox/></w:ffData>'
        inner = (
            f'<w:fldChar w:fldCharType="begin">{data}</w:fldChar>',
            "<w:instrText> FORMCHECKBOX </w:instrText>",
            '<w:fldChar w:fldCharType="end"/>',
        )
        return "".join(f"<w:r>{piece}</w:r>" for piece in inner)

    data = document(paragraph(run("yes "), box("first"), run(" no "), box("second"), run(" end")))
    (unit,) = extract(data).units
    tags = [part for part in unit.source if isinstance(part, Tag)]
    result = merge(data, {unit.unit_id: ("ja ", tags[1], " nein ", tags[0], " ende")})
    assert text_only(data, result).is_text_only


def control(number: int, *runs: str) -> str:
    properties = f'<w:sdtPr><w:alias w:val="control {number}"/><w:id w:val="{number}"/></w:sdtPr>'
    return f"<w:sdt>{properties}<w:sdtContent>{''.join(runs)}</w:sdtContent></w:sdt>"


def links_to_one_target() -> tuple[str, str]:
    first, second = (
        f'<w:hyperlink w:anchor="there">{inner}</w:hyperlink>'
        for inner in (bold("one"), run("two"))
    )
    return first, second


def swapped(data: bytes) -> bytes:
    """The document with the two paired tags of its one unit, and what is in them,
    changed for each other.
    """
    (unit,) = extract(data).units
    opens = [
        index
        for index, part in enumerate(unit.source)
        if isinstance(part, Tag) and part.side is TagSide.OPEN
    ]
    closes = [
        index
        for index, part in enumerate(unit.source)
        if isinstance(part, Tag) and part.side is TagSide.CLOSE
    ]
    first, second = (unit.source[opens[i] : closes[i] + 1] for i in range(2))
    rest = (
        unit.source[: opens[0]],
        unit.source[closes[0] + 1 : opens[1]],
        unit.source[closes[1] + 1 :],
    )
    return merge(data, {unit.unit_id: (*rest[0], *second, *rest[1], *first, *rest[2])})


def test_content_controls_that_change_places_are_not_changed_controls() -> None:
    data = document(
        paragraph(run("a "), control(1, bold("one")), run(" b "), control(2, run("two")), run(" c"))
    )
    assert text_only(data, swapped(data)).is_text_only


def test_links_to_one_target_that_change_places_keep_their_looks() -> None:
    first, second = links_to_one_target()
    data = document(paragraph(run("a "), first, run(" b "), second, run(" c")))
    assert text_only(data, swapped(data)).is_text_only


def test_links_to_one_target_of_which_one_has_more_runs_may_change_places() -> None:
    first, second = (
        f'<w:hyperlink w:anchor="there">{inner}</w:hyperlink>'
        for inner in (run("a"), run("b") + bold("c"))
    )
    data = document(paragraph(run("x "), first, run(" y "), second, run(" z")))
    assert text_only(data, swapped(data)).is_text_only


def test_a_control_that_took_the_name_of_another_is_found() -> None:
    data = document(
        paragraph(run("a "), control(1, run("one")), run(" b "), control(2, run("two")), run(" c"))
    )
    spoiled = damaged(swapped(data), ("control 1", "control 2"))
    assert DifferenceKind.STRUCTURE in {each.kind for each in text_only(data, spoiled).differences}


def test_a_look_that_a_link_lost_to_another_is_found() -> None:
    first, second = links_to_one_target()
    data = document(paragraph(run("a "), first, run(" b "), second, run(" c")))
    spoiled = damaged(swapped(data), ("<w:b/>", "<w:i/>"))
    assert not text_only(data, spoiled).is_text_only
