"""Content controls bound to data: what they show and what is stored are one text,
or the control is left.
"""

from xml.sax.saxutils import quoteattr

import pytest

from documents.wordml import (
    CUSTOM_XML,
    OFFICE,
    body,
    package,
    paragraph,
    part,
    run,
    sources,
    story,
    written,
)
from dragoman_contracts.text import Content
from dragoman_documents import extract, inspect, merge, text_only

_CORE, _APP = "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}", "{6668398D-A668-4E3E-A5EB-62B293D839F1}"
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
_LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_LINK = '<Relationship Id="r{}" Type="{}" Target="{}"/>'


def control(content: str, path: str, store: str = "{AB-1}", kind: str = "<w:text/>") -> str:
    """A control bound to the path in a store."""
    mappings = f"xmlns:n='urn:x' xmlns:p='{_PROPERTIES}'"
    binding = f'<w:dataBinding w:prefixMappings="{mappings}" w:xpath={quoteattr(path)} w:storeItemID="{store}"/>'
    return (
        f"<w:sdt><w:sdtPr>{binding}{kind}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"
    )


def bound(content: str, data: str = "", app: str = "") -> bytes:
    """A document with data of its own and properties."""
    parts = {
        "word/document.xml": story("document", content),
        "word/_rels/document.xml.rels": _LINKS.format(
            _LINK.format(1, f"{OFFICE}/customXml", "../data/item.xml")
        ),
        "data/item.xml": f'<n:a xmlns:n="urn:x">{data}</n:a>',
        "data/_rels/item.xml.rels": _LINKS.format(
            _LINK.format(1, f"{OFFICE}/customXmlProps", "props.xml")
        ),
        "data/props.xml": f'<ds:datastoreItem xmlns:ds="{CUSTOM_XML}" ds:itemID="{{ab-1}}"/>',
        "_rels/.rels": _LINKS.format(
            _LINK.format(1, f"{OFFICE}/officeDocument", "word/document.xml")
            + _LINK.format(2, f"{OFFICE}/extended-properties", "docProps/app.xml")
        ),
        "docProps/app.xml": f'<Properties xmlns="{_PROPERTIES}">{app}</Properties>',
    }
    return package(parts)


def translated(data: bytes, *targets: Content) -> bytes:
    """The document with its units translated in order."""
    units = extract(data).units
    result = merge(
        data, {unit.unit_id: target for unit, target in zip(units, targets, strict=True)}
    )
    assert text_only(data, result).is_text_only
    return result


def findings(data: bytes) -> dict[str, str]:
    return {each.code: each.message for each in inspect(data).findings}


def test_properties_of_the_application_follow() -> None:
    inline = paragraph(
        run("By "), control(run("Green Tools"), "/p:Properties[1]/p:Company[1]", _APP), run(".")
    )
    data = bound(inline, app="<Company>Green Tools</Company><Manager>Green Tools</Manager>")
    target = tuple(
        "Grüne Geräte" if part == "Green Tools" else part for part in extract(data).units[0].source
    )
    result = translated(data, target)
    assert "<Company>Grüne Geräte</Company><Manager>Green Tools</Manager>" in part(
        result, "docProps/app.xml"
    )


@pytest.mark.parametrize("spelling", ["\n", "_x000d_\n", "&#13;&#10;"])
def test_line_breaks_are_stored_as_they_were(spelling: str) -> None:
    lines = "<w:r><w:t>one</w:t><w:br/><w:t>two</w:t></w:r>"
    data = bound(
        paragraph(control(lines, "/n:a/n:b", kind='<w:text w:multiLine="1"/>')),
        f"<n:b>one{spelling}two</n:b>",
    )
    source = extract(data).units[0].source
    result = translated(data, ("eins", source[1], "zwei"))
    stored = part(result, "data/item.xml").replace("&#13;", "\r")
    assert f"<n:b>eins{spelling}zwei</n:b>".replace("&#13;&#10;", "\r\n") in stored


def test_a_paragraph_begins_a_line() -> None:
    data = bound(
        control(paragraph(run("one")) + paragraph(run("two")), "/n:a/n:b"), "<n:b>one\ntwo</n:b>"
    )
    assert "<n:b>eins\nzwei</n:b>" in part(translated(data, ("eins",), ("zwei",)), "data/item.xml")


@pytest.mark.parametrize(
    ("path", "data", "stored"),
    [
        (
            "/n:a[1]/n:b[2]/@title",
            '<n:b title="shown"/><n:b title="shown"/>',
            '<n:b title="shown"/><n:b title="neu"/>',
        ),
        ("/n:a/n:b/@n:c", '<n:b n:c="shown" c="shown"/>', '<n:b n:c="neu" c="shown"/>'),
        ("/n:a/n:b/text()", "<n:b>shown</n:b>", "<n:b>neu</n:b>"),
        ("/n:a/n:b", "<n:b> shown\n</n:b>", "<n:b>neu</n:b>"),
    ],
)
def test_attributes_and_texts_follow(path: str, data: str, stored: str) -> None:
    document = bound(paragraph(control(run("shown"), path)), data)
    assert stored in part(translated(document, ("neu",)), "data/item.xml")


def test_a_store_that_is_not_named_is_looked_for() -> None:
    data = bound(paragraph(control(run("shown"), "/n:a/n:b", "")), "<n:b>shown</n:b>")
    assert "<n:b>neu</n:b>" in part(translated(data, ("neu",)), "data/item.xml")


def test_controls_of_one_piece_of_data_stay_in_step() -> None:
    one = control(run("the shop"), "/n:a/n:b")
    data = bound(paragraph(one) + paragraph(run("In "), one, run(" now")), "<n:b>the shop</n:b>")
    _, second = (unit.source for unit in extract(data).units)
    assert written(second) == "In <1>the shop</1> now"
    target = tuple("dem Laden" if part == "the shop" else part for part in second)
    result = translated(data, ("der Laden",), target)
    assert "<n:b>der Laden</n:b>" in part(result, "data/item.xml")
    assert body(result).count("der Laden") == 2
    assert "dem Laden" not in body(result)


def test_a_property_that_was_translated_is_shown_by_its_control() -> None:
    core = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>the title</dc:title></cp:coreProperties>'
    )
    binding = (
        "<w:dataBinding w:prefixMappings=\"xmlns:c='http://schemas.openxmlformats.org/package/2006/metadata/"
        "core-properties' xmlns:d='http://purl.org/dc/elements/1.1/'\" "
        f'w:xpath="/c:coreProperties[1]/d:title[1]" w:storeItemID="{_CORE}"/>'
    )
    inner = f"<w:sdt><w:sdtPr>{binding}</w:sdtPr><w:sdtContent>{paragraph(run('the title'))}</w:sdtContent></w:sdt>"
    links = _LINKS.format(
        _LINK.format(1, f"{OFFICE}/officeDocument", "word/document.xml")
        + _LINK.format(2, "http://x/metadata/core-properties", "docProps/core.xml")
    )
    parts = {
        "word/document.xml": story("document", inner),
        "docProps/core.xml": core,
        "_rels/.rels": links,
    }
    data = package(parts)
    shown, stored = extract(data).units
    for targets in (
        {shown.unit_id: ("A",), stored.unit_id: ("B",)},
        {shown.unit_id: ("A",)},
        {stored.unit_id: ("A",)},
    ):
        result = merge(data, targets)
        assert "<dc:title>A</dc:title>" in part(result, "docProps/core.xml")
        assert ">A</w:t>" in body(result)


@pytest.mark.parametrize(
    ("path", "kind", "data"),
    [
        (
            "/n:a/n:b",
            '<w:dropDownList><w:listItem w:displayText="shown" w:value="7"/></w:dropDownList>',
            "<n:b>7</n:b>",
        ),
        ("/n:a/n:b", '<w:comboBox><w:listItem w:value="shown"/></w:comboBox>', "<n:b>shown</n:b>"),
        ("/n:a/n:b", "<w:text/>", "<n:b>another text</n:b>"),
        ("//n:b", "<w:text/>", "<n:b>shown</n:b>"),
        ("/n:a/*[local-name()='b']", "<w:text/>", "<n:b>shown</n:b>"),
    ],
)
def test_what_word_would_fill_anew_is_left_and_counted(path: str, kind: str, data: str) -> None:
    alone = paragraph(run("shown"))
    inline = paragraph(run("See "), control(run("shown"), path, kind=kind), run(" here"))
    cell = f"<w:tbl><w:tr>{control(f'<w:tc>{alone}</w:tc>', path, kind=kind)}</w:tr></w:tbl>"
    document = bound(inline + control(alone, path, kind=kind) + cell, data)
    (unit,) = extract(document).units
    assert written(unit.source) == "See <1/> here"
    assert ": 3." in findings(document)["data_bound_left"]
    assert "data_bound" not in findings(document)
    result = translated(document, ("Siehe ", unit.source[1], " hier"))
    assert body(result).count(">shown<") == 3
    assert part(result, "data/item.xml") == part(document, "data/item.xml")


@pytest.mark.parametrize(
    ("path", "data"),
    [("/n:a/n:b", ""), ("/n:a/n:b", "<n:b/>"), ("/n:a/n:b", "<n:b><n:c/></n:b>"), ("", "")],
)
def test_a_control_without_data_shows_what_it_holds(path: str, data: str) -> None:
    document = bound(
        paragraph(control(run("shown"), path, "{NO-1}" if not path else "{AB-1}")), data
    )
    assert sources(document) == ["shown"]
    assert "data_bound_left" not in findings(document)


def test_dates_are_translated_and_counted() -> None:
    kind = '<w:date w:fullDate="2007-10-09T00:00:00Z"><w:lid w:val="en-US"/></w:date>'
    document = bound(
        paragraph(control(run("9 October"), "/n:a/n:b", kind=kind)),
        "<n:b>2007-10-09T00:00:00</n:b>",
    )
    assert sources(document) == ["9 October"]
    assert ": 1." in findings(document)["data_bound_left"]


def test_entries_that_repeat_are_followed_each_by_itself() -> None:
    rows = "".join(
        control(paragraph(run(word)), f"/n:a/n:b[{n}]") for n, word in enumerate(("one", "two"), 1)
    )
    section = control(
        rows,
        "/n:a/n:b",
        kind='<w15:repeatingSection xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>',
    )
    data = bound(section, "<n:b>one</n:b><n:b>two</n:b>")
    assert "<n:b>eins</n:b><n:b>zwei</n:b>" in part(
        translated(data, ("eins",), ("zwei",)), "data/item.xml"
    )
