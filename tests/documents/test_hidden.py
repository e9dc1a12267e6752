"""Text that styles hide stays as it is, like text that is hidden by itself."""

from collections.abc import Sequence

import pytest

from documents.wordml import OFFICE, W, package, paragraph, run, sources, story
from dragoman_documents import ExtractOptions, extract, inspect

_ON, _OFF = "<w:vanish/>", '<w:vanish w:val="0"/>'


def style(kind: str, name: str, looks: str = "", base: str = "", default: bool = False) -> str:
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}"{" w:default=" + chr(34) + "1" + chr(34) if default else ""}>'
        + (f'<w:basedOn w:val="{base}"/>' if base else "")
        + f"<w:rPr>{looks}</w:rPr></w:style>"
    )


_STYLES = (
    style("paragraph", "Normal", default=True),
    style("paragraph", "Secret", _ON),
    style("paragraph", "Below", "<w:b/>", "Secret"),
    style("paragraph", "Shown", _OFF, "Below"),
    style("character", "Veil", _ON),
    style("table", "Hidden", _ON),
)


def styled(body: str, styles: Sequence[str] = _STYLES, defaults: str = "") -> bytes:
    """A package with styles."""
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
    )
    sheet = f"<w:docDefaults><w:rPrDefault><w:rPr>{defaults}</w:rPr></w:rPrDefault></w:docDefaults>{''.join(styles)}"
    parts = {
        "word/document.xml": story("document", body),
        "word/styles.xml": f'<w:styles xmlns:w="{W}">{sheet}</w:styles>',
        "word/_rels/document.xml.rels": links,
    }
    return package(parts, types={"word/styles.xml": "styles"})


def in_style(name: str, *runs: str) -> str:
    return paragraph(f'<w:pPr><w:pStyle w:val="{name}"/></w:pPr>', *runs)


@pytest.mark.parametrize(
    ("name", "looks", "is_shown"),
    [
        ("Normal", "", True),
        ("Nowhere", "", True),  # a style that is not there is the default one
        ("Secret", "", False),
        ("Below", "", False),
        ("Shown", "", True),
        ("Secret", _OFF, True),  # direct formatting is absolute
        ("Normal", _ON, False),
        ("Normal", '<w:rStyle w:val="Veil"/>', False),
        ("Secret", '<w:rStyle w:val="Veil"/>', True),  # two levels that hide show
        ("Shown", '<w:rStyle w:val="Veil"/>', False),
        ("Secret", '<w:webHidden/><w:rStyle w:val="Other"/>', False),
    ],
)
def test_styles_hide_as_toggle_properties_do(name: str, looks: str, is_shown: bool) -> None:
    data = styled(in_style(name, run("words", looks)))
    assert sources(data) == (["words"] if is_shown else [])
    assert [unit.source for unit in extract(data, ExtractOptions(hidden_text=True)).units] == [
        ("words",)
    ]


def test_visible_words_in_a_hidden_paragraph_are_translated() -> None:
    data = styled(in_style("Secret", run("not "), run("this", _OFF), run(" one")))
    assert sources(data) == ["this"]


def test_the_default_style_hides_what_states_none() -> None:
    styles = style("paragraph", "Normal", _ON, default=True), style("paragraph", "Open")
    assert sources(styled(paragraph(run("no")) + in_style("Open", run("yes")), styles)) == ["yes"]


def test_where_the_defaults_hide_only_what_says_so_itself_is_shown() -> None:
    data = styled(
        in_style("Secret", run("no")) + paragraph(run("no"), run("yes", _OFF)), defaults=_ON
    )
    assert sources(data) == ["yes"]


def test_a_hidden_mark_of_a_paragraph_hides_no_words() -> None:
    assert sources(
        styled(paragraph(f"<w:pPr><w:rPr>{_ON}<w:specVanish/></w:rPr></w:pPr>", run("words")))
    ) == ["words"]


def test_tables_hide_and_boxes_in_them_are_their_own() -> None:
    table = (
        '<w:tbl><w:tblPr><w:tblStyle w:val="Hidden"/></w:tblPr><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>'
    )
    assert sources(styled(table.format(paragraph(run("no")) + in_style("Secret", run("yes"))))) == [
        "yes"
    ]


@pytest.mark.parametrize("name", ["Secret", "Hidden"])
def test_long_documents_read_alike(name: str) -> None:
    """Paragraphs of one markup are read once there: a table's style is no part of it."""
    cell = paragraph(run("in a table that is as long as it needs to be")) * 6_000
    table = f'<w:tbl><w:tblPr><w:tblStyle w:val="{name}"/></w:tblPr><w:tr><w:tc>{cell}</w:tc></w:tr></w:tbl>'
    body = in_style(name, run("in a paragraph of the style")) * 300 + cell + table
    data = styled(body)
    assert len(data) > 0
    units = extract(data).units
    shown = 300 if name == "Hidden" else 0  # as a style of paragraphs it is not there
    assert len(units) == shown + (6_000 if name == "Hidden" else 12_000)
    facts = inspect(data)
    assert facts.units == len(units)


def test_preflight_counts_what_is_hidden_by_styles_and_by_itself() -> None:
    data = styled(
        in_style("Below", run("a"), run("b"))
        + paragraph(run("c "), run("d", _ON), run(" ", _ON), run(" e"))
    )
    (finding,) = [each for each in inspect(data).findings if each.code == "hidden_text"]
    assert ": 2." in finding.message
    assert "hidden_text" not in {
        each.code for each in inspect(styled(paragraph(run("x")))).findings
    }


def test_a_glossary_has_styles_of_its_own() -> None:
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    link = f'<Relationship Id="r1" Type="{OFFICE}/styles" Target="styles.xml"/>'
    inside = in_style("Secret", run("block"))
    block = (
        f"<w:docParts><w:docPart><w:docPartBody>{inside}</w:docPartBody></w:docPart></w:docParts>"
    )
    sheet = f'<w:styles xmlns:w="{W}">{{}}</w:styles>'
    parts = {
        "word/document.xml": story("document", in_style("Secret", run("body"))),
        "word/_rels/document.xml.rels": links.format(link),
        "word/styles.xml": sheet.format(style("paragraph", "Secret", _ON)),
        "word/glossary/document.xml": story("glossaryDocument", block),
        "word/glossary/_rels/document.xml.rels": links.format(link),
        "word/glossary/styles.xml": sheet.format(style("paragraph", "Secret")),
    }
    types = {
        "word/styles.xml": "styles",
        "word/glossary/styles.xml": "styles",
        "word/glossary/document.xml": "document.glossary",
    }
    assert sources(package(parts, types)) == ["block"]
