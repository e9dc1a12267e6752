"""Fields that repeat text are in step with it after translation, where they were before."""

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from documents.wordml import (
    PSEUDO,
    body,
    bold,
    document,
    field,
    package,
    paragraph,
    part,
    pseudo,
    run,
    story,
    zipped,
)
from dragoman_contracts.locale import Locale
from dragoman_documents import extract, inspect, merge

_CORE = "application/vnd.openxmlformats-package.core-properties+xml"
_CORE_NAMESPACES = (
    'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


@pytest.fixture(params=[0, sys.maxsize], ids=["quick", "plain"], autouse=True)
def reader_of_parts(request: pytest.FixtureRequest) -> Iterator[None]:
    with patch("dragoman_documents.docx.merge._QUICK_BYTES", request.param):
        yield


def marked(name: str, *runs: str) -> str:
    """Runs in a bookmark."""
    return f'<w:bookmarkStart w:id="7" w:name="{name}"/>{"".join(runs)}<w:bookmarkEnd w:id="7"/>'


def in_cyrillic(data: bytes) -> bytes:
    """The document with every letter mapped to another script."""
    units = extract(data).units
    return merge(data, {unit.unit_id: pseudo(unit) for unit in units}, target_locale=Locale("ru"))


def shown(text: str) -> str:
    """The text node that has the text in that script."""
    return f">{text.translate(PSEUDO)}</w:t>"


def findings(data: bytes) -> dict[str, str]:
    """Preflight's messages by code."""
    return {each.code: each.message for each in inspect(data).findings}


def titled(text: str, *paragraphs: str) -> bytes:
    """A document with a title among its properties."""
    with zipfile.ZipFile(
        io.BytesIO(package({"word/document.xml": story("document", "".join(paragraphs))}))
    ) as made:
        parts = {name: made.read(name).decode() for name in made.namelist()}
    listed = f'<Override PartName="/docProps/core.xml" ContentType="{_CORE}"/></Types>'
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", listed)
    parts["docProps/core.xml"] = (
        f"<cp:coreProperties {_CORE_NAMESPACES}><dc:title>{text}</dc:title></cp:coreProperties>"
    )
    return zipped(parts)


def test_a_cross_reference_shows_the_translated_heading() -> None:
    heading = paragraph(marked("_Ref1", run("Sco"), bold("pe")))
    data = document(
        heading + paragraph(run("See "), field(r" REF _Ref1 \h ", run("Scope")), run(" below"))
    )
    result = body(in_cyrillic(data))
    assert shown("Scope") in result
    assert f'<w:lang w:val="ru"/></w:rPr><w:t xml:space="preserve"{shown("Scope")}' in result
    assert findings(data)["repeating_fields"].startswith(
        "Fields that repeat a heading, a caption or the title: 1."
    )


def test_a_reference_to_a_caption_keeps_its_number() -> None:
    caption = paragraph(
        marked("_Ref1", run("Figure "), field("SEQ Figure", run("3"))), run(": A pump")
    )
    result = in_cyrillic(
        document(caption + paragraph(field("REF _Ref1", run("Figure 3")), run(" shows")))
    )
    assert shown("Figure 3") in body(result)


def test_capitals_are_kept() -> None:
    data = document(
        paragraph(marked("a", run("scope")))
        + paragraph(run("See "), field(r"REF a \* Upper", run("SCOPE")))
    )
    assert shown("SCOPE") in body(in_cyrillic(data))


def test_a_simple_field_follows_too() -> None:
    simple = f'<w:fldSimple w:instr=" REF a ">{run("scope")}</w:fldSimple>'
    assert (
        body(in_cyrillic(document(paragraph(marked("a", run("scope"))) + paragraph(simple)))).count(
            shown("scope")
        )
        == 2
    )


def test_a_reference_to_a_reference_follows_in_the_end() -> None:
    chain = paragraph(run("As "), field("REF b", run("scope"))) + paragraph(
        run("in "), marked("b", field("REF a", run("scope")))
    )
    assert (
        body(in_cyrillic(document(chain + paragraph(marked("a", run("scope")))))).count(
            shown("scope")
        )
        == 3
    )


def test_a_title_follows_the_property() -> None:
    data = titled(
        "Final report", paragraph(run("This is the "), field("TITLE", run("Final report")))
    )
    result = in_cyrillic(data)
    assert f"<dc:title>{'Final report'.translate(PSEUDO)}</dc:title>" in part(
        result, "docProps/core.xml"
    )
    assert shown("Final report") in part(result)


def test_a_running_head_follows_the_paragraph_that_it_repeats() -> None:
    parts = {
        "word/document.xml": story("document", paragraph(run("Scope")) + paragraph(run("Text."))),
        "word/h.xml": story("hdr", paragraph(field('STYLEREF "Heading 1"', run("Scope")))),
    }
    assert shown("Scope") in part(
        in_cyrillic(package(parts, {"word/h.xml": "header"})), "word/h.xml"
    )


@pytest.mark.parametrize(
    "reference",
    [
        field("REF a", run("out of step")),
        field("REF nowhere", run("scope")),
        field("DOCPROPERTY Client", run("scope")),
        field("REF a", run("sco") + "<w:r><w:tab/></w:r>" + run("pe")),
    ],
    ids=["stale", "unknown", "elsewhere", "more than words"],
)
def test_what_was_out_of_step_is_left_and_told(reference: str) -> None:
    data = document(paragraph(marked("a", run("scope"))) + paragraph(run("See "), reference))
    assert reference in body(in_cyrillic(data))
    assert "F9" in findings(data)["computed_fields"]


def test_a_reference_in_the_code_of_a_condition_is_left() -> None:
    condition = field(
        f"IF</w:instrText></w:r>{field('REF a', run('scope'))}<w:r><w:instrText> = x", run("fine")
    )
    result = body(
        in_cyrillic(
            document(paragraph(marked("a", run("scope"))) + paragraph(run("All "), condition))
        )
    )
    assert ">scope<" in result


def test_references_in_long_documents_are_found_among_folded_paragraphs() -> None:
    headings = "".join(
        paragraph(marked(f"_Ref{number}", run(f"head {number}"))) for number in range(40)
    )
    references = "".join(
        paragraph(run("See "), field(f"REF _Ref{number}", run(f"head {number}")))
        for number in range(40)
    )
    data = document(headings + references)
    result = body(in_cyrillic(data))
    assert "head" not in result
    assert merge(data, {unit.unit_id: unit.source for unit in extract(data).units}) == data


def test_a_result_in_several_looks_keeps_them() -> None:
    head = paragraph(marked("a", run("Overview of things")))
    see = paragraph(run("See "), field("REF a", run(" Overview of") + bold(" things ")))
    result = body(in_cyrillic(document(head + see)))
    first, second = "Overview of".translate(PSEUDO), "things".translate(PSEUDO)
    assert re.search(
        f"> {first}</w:t>.*<w:b/>[^/]*/></w:rPr><w:t xml:space=.preserve.> {second} </w:t>", result
    )
