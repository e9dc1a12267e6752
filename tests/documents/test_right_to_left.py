"""A right-to-left target gets the direction and looks that its script is drawn by."""

import re

from documents.wordml import W, document, package, paragraph, part, run, story
from dragoman_contracts.locale import Locale
from dragoman_documents import extract, merge, text_only

_STYLES = (
    f'<w:styles xmlns:w="{W}"><w:docDefaults><w:rPrDefault>'
    '<w:rPr><w:sz w:val="24"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"/>'
    '<w:style w:type="paragraph" w:styleId="Title"><w:basedOn w:val="Heading"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Heading">'
    '<w:rPr><w:b/><w:sz w:val="40"/><w:szCs w:val="40"/></w:rPr></w:style>'
    "</w:styles>"
)


def translated(data: bytes, locale: str = "he") -> str:
    """The main document with every unit translated."""
    result = merge(
        data,
        {unit.unit_id: ("שלום",) for unit in extract(data).units},
        target_locale=Locale(locale),
    )
    assert text_only(data, result).is_text_only
    return part(result)


def styled(body: str) -> bytes:
    """A package with styles."""
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
        "</Relationships>"
    )
    parts = {"word/document.xml": story("document", body), "word/styles.xml": _STYLES}
    return package(
        {**parts, "word/_rels/document.xml.rels": links}, types={"word/styles.xml": "styles"}
    )


def test_size_of_the_defaults_is_stated_for_complex_scripts() -> None:
    assert '<w:szCs w:val="24"/><w:rtl/>' in translated(styled(paragraph(run("text"))))


def test_bold_of_a_style_is_stated_and_what_the_style_states_is_not_repeated() -> None:
    text = translated(
        styled('<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr>' + run("text") + "</w:p>")
    )
    assert "<w:bCs/>" in text
    assert "szCs" not in text


def test_a_run_that_switches_its_styles_bold_off_is_not_bold() -> None:
    inner = run("text", '<w:b w:val="0"/>')
    text = translated(styled(f'<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr>{inner}</w:p>'))
    assert "bCs" not in text


def test_looks_that_complex_scripts_state_themselves_stay() -> None:
    text = translated(
        styled(
            paragraph(run("text", '<w:b/><w:bCs w:val="0"/><w:sz w:val="30"/><w:szCs w:val="22"/>'))
        )
    )
    assert '<w:b/><w:bCs w:val="0"/><w:sz w:val="30"/><w:szCs w:val="22"/><w:rtl/>' in text


def test_a_table_is_mirrored_once_and_only_for_right_to_left() -> None:
    cells = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("one", "two"))
    properties = '<w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    table = f"<w:tbl>{properties}<w:tr>{cells}</w:tr></w:tbl>"
    mirrored = translated(document(table))
    assert re.findall(r"<w:tblPr>.*?</w:tblPr>", mirrored) == [
        '<w:tblPr><w:tblStyle w:val="Grid"/><w:bidiVisual/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    ]
    assert "bidiVisual" not in translated(document(table), "ru")
    stated = table.replace("<w:tblW", '<w:bidiVisual w:val="0"/><w:tblW')
    assert translated(document(stated)).count("bidiVisual") == 1


def paragraphs(text: str) -> list[str]:
    return re.findall(r"<w:p>.*?</w:p>", text)


def test_paragraphs_without_letters_are_mirrored_with_the_rest_and_letters_that_stay_are_not() -> (
    None
):
    inner = [paragraph(run(text)) for text in ("words", "12 %", "code();")]
    data = document("".join(inner) + "<w:p/>")
    units = [unit for unit in extract(data).units if unit.source != ("code();",)]
    result = merge(
        data, {unit.unit_id: unit.source for unit in units[1:]}, target_locale=Locale("he")
    )
    assert result == data
    result = merge(data, {units[0].unit_id: ("שלום",)}, target_locale=Locale("he"))
    assert ["<w:bidi/>" in each for each in paragraphs(part(result))] == [True, True, False]
    assert text_only(data, result).is_text_only


def test_a_table_that_stays_keeps_the_direction_of_its_numbers() -> None:
    cells = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("1", "2"))
    data = document(f"{paragraph(run('words'))}<w:tbl><w:tblPr/><w:tr>{cells}</w:tr></w:tbl>")
    result = merge(data, {extract(data).units[0].unit_id: ("שלום",)}, target_locale=Locale("he"))
    assert part(result).count("<w:bidi/>") == 1


def test_columns_run_from_right_to_left() -> None:
    section = '<w:sectPr><w:cols w:num="{}"/><w:docGrid/></w:sectPr>'
    for number, mark in (("2", "<w:bidi/>"), ("1", "")):
        body = story("document", paragraph(run("words"))).replace(
            "<w:sectPr/>", section.format(number)
        )
        assert f'<w:cols w:num="{number}"/>{mark}<w:docGrid/>' in translated(
            package({"word/document.xml": body})
        )
        assert f'<w:cols w:num="{number}"/><w:docGrid/>' in translated(
            package({"word/document.xml": body}), "ru"
        )
