"""Text that charts hold in cells, and the direction of drawn text."""

import re

import pytest

from documents.wordml import OFFICE, document, package, paragraph, part, pseudo, run, story
from dragoman_contracts.locale import Locale
from dragoman_documents import ExtractOptions, extract, inspect, merge, text_only

_SPACES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c15="http://schemas.microsoft.com/office/drawing/2012/chart"'
)
_CHART = "word/chart1.xml"


def charted(inner: str) -> bytes:
    """A document with a chart."""
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="{OFFICE}/chart" Target="chart1.xml"/></Relationships>'
    )
    parts = {
        "word/document.xml": story("document", ""),
        "word/_rels/document.xml.rels": links,
        _CHART: f"<c:chartSpace {_SPACES}>{inner}</c:chartSpace>",
    }
    return package(parts)


def points(*texts: str) -> str:
    return "".join(
        f'<c:pt idx="{index}"><c:v>{text}</c:v></c:pt>' for index, text in enumerate(texts)
    )


def texts(data: bytes) -> list[str]:
    return [str(unit.source[0]) for unit in extract(data).units]


@pytest.mark.parametrize(
    "holder",
    [
        "<c:cat><c:strLit><c:ptCount/>{}</c:strLit></c:cat>",
        "<c:cat><c:strRef><c:f/><c:strCache>{}</c:strCache></c:strRef></c:cat>",
        "<c:cat><c:multiLvlStrRef><c:multiLvlStrCache><c:lvl>{}</c:lvl></c:multiLvlStrCache></c:multiLvlStrRef></c:cat>",
        "<c15:datalabelsRange><c15:f/><c15:dlblRangeCache>{}</c15:dlblRangeCache></c15:datalabelsRange>",
        "<c15:dlblFTEntry><c15:dlblFieldTableCache>{}</c15:dlblFieldTableCache></c15:dlblFTEntry>",
        "<c15:filteredBarSeries><c15:ser><c:tx><c:strRef><c:strCache>{}</c:strCache></c:strRef></c:tx></c15:ser>"
        "</c15:filteredBarSeries>",
    ],
)
def test_strings_of_a_chart_are_translated_wherever_it_keeps_them(holder: str) -> None:
    data = charted(holder.format(points("spring", "autumn", "2024", "spring")))
    assert texts(data) == ["spring", "autumn"]
    result = merge(data, {unit.unit_id: pseudo(unit) for unit in extract(data).units})
    assert text_only(data, result).is_text_only
    assert not re.search("<c:v>[a-z]", part(result, _CHART))
    assert "<c:v>2024</c:v>" in part(result, _CHART)


def test_numbers_that_are_literal_are_no_text() -> None:
    assert not texts(charted(f"<c:val><c:numLit>{points('3', '4')}</c:numLit></c:val>"))


def test_newer_charts_that_stay_are_counted() -> None:
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
        'Type="http://schemas.microsoft.com/office/2014/relationships/chartEx" Target="x.xml"/></Relationships>'
    )
    parts = {
        "word/document.xml": story("document", paragraph(run("text"))),
        "word/_rels/document.xml.rels": links,
        "word/x.xml": '<cx:chartSpace xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex"/>',
    }
    data = package(parts)
    assert [each.code for each in inspect(data).findings] == ["statistical_charts"]
    assert not inspect(data, ExtractOptions(statistical_charts=True)).findings


def hebrew(data: bytes, name: str) -> str:
    """The part with every unit translated."""
    result = merge(
        data, {unit.unit_id: ("שלום",) for unit in extract(data).units}, target_locale=Locale("he")
    )
    assert text_only(data, result).is_text_only
    return part(result, name)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '<a:pPr rtl="1"/>'),
        ("<a:pPr><a:defRPr/></a:pPr>", '<a:pPr rtl="1"><a:defRPr/></a:pPr>'),
        ('<a:pPr rtl="0" lvl="0"/>', '<a:pPr rtl="1" lvl="0"/>'),
        ('<a:pPr algn="l"/>', '<a:pPr algn="r" rtl="1"/>'),
        ('<a:pPr algn="r"/>', '<a:pPr algn="l" rtl="1"/>'),
        ('<a:pPr algn="ctr"/>', '<a:pPr algn="ctr" rtl="1"/>'),
        ('<a:pPr algn="r" rtl="1"/>', '<a:pPr algn="r" rtl="1"/>'),
    ],
)
def test_drawn_paragraphs_read_from_right_to_left(before: str, after: str) -> None:
    title = "<c:title><c:tx><c:rich><a:bodyPr/><a:p>{}<a:r><a:t>sales</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    data = charted(title.format(before))
    assert f"<a:p>{after}<a:r>" in hebrew(data, _CHART)
    russian = merge(data, {extract(data).units[0].unit_id: ("сбыт",)}, target_locale=Locale("ru"))
    assert f"<a:p>{before}<a:r>" in part(russian, _CHART)


def test_text_of_a_shape_that_states_no_side_changes_it() -> None:
    box = "<a:txBody><a:bodyPr/>{}<a:p><a:r><a:t>sales</a:t></a:r></a:p></a:txBody>"
    drawing = "<w:drawing><wp:inline>{}</wp:inline></w:drawing>"
    plain = document(paragraph(f"<w:r>{drawing.format(box.format('<a:lstStyle/>'))}</w:r>"))
    assert '<a:pPr rtl="1" algn="r"/>' in hebrew(plain, "word/document.xml")
    styled = '<a:lstStyle><a:lvl1pPr algn="ctr"/></a:lstStyle>'
    data = document(paragraph(f"<w:r>{drawing.format(box.format(styled))}</w:r>"))
    assert '<a:pPr rtl="1"/>' in hebrew(data, "word/document.xml")


def test_labels_of_axes_turn_with_the_text_in_the_cells() -> None:
    looks = (
        '<c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz="900"/></a:pPr><a:endParaRPr/></a:p></c:txPr>'
    )
    data = charted(
        f"<c:cat><c:strLit>{points('spring')}</c:strLit></c:cat><c:catAx>{looks}</c:catAx>"
    )
    assert '<a:pPr rtl="1"><a:defRPr sz="900"/>' in hebrew(data, _CHART)


def test_another_look_of_drawn_text_is_no_direction() -> None:
    before, after = (
        document(
            paragraph(
                f'<w:r><w:drawing><a:p><a:pPr algn="l" marL="{margin}"/></a:p></w:drawing></w:r>'
            )
        )
        for margin in ("0", "9")
    )
    assert not text_only(before, after).is_text_only
