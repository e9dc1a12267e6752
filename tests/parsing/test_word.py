"""DOCX into Markdown: headings, lists, tables, looks, links, notes, pictures."""

from __future__ import annotations

from documents.wordml import OFFICE, bold, document, package, paragraph, run, story, zipped
from dragoman_parsing.pages import Pictures
from dragoman_parsing.word import read_word

_RELATIONSHIPS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/hyperlink" Target="https://example.org/a(b)" TargetMode="External"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/footnotes" Target="footnotes.xml"/>'
    f'<Relationship Id="rId3" Type="{OFFICE}/image" Target="media/image1.png"/>'
    f'<Relationship Id="rId4" Type="{OFFICE}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId5" Type="{OFFICE}/numbering" Target="numbering.xml"/></Relationships>'
)


def markdown(data: bytes) -> str:
    return read_word(data, Pictures()).text


def styled(style: str, text: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run(text)}</w:p>'


def item(text: str, number: int, level: int = 0) -> str:
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def with_parts(body: str, **more: str) -> bytes:
    parts = {
        "word/document.xml": story("document", body),
        "word/_rels/document.xml.rels": _RELATIONSHIPS,
        **{f"word/{name}.xml": content for name, content in more.items()},
    }
    types = {f"word/{name}.xml": name for name in more}
    return package(parts, types)


def test_headings_by_their_style_and_what_it_is_based_on() -> None:
    styles = story(
        "styles",
        '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="H"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Out"><w:name w:val="Out"/>'
        '<w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>',
    )
    body = styled("Mine", "Two") + styled("Out", "One") + styled("Loop", "Text")
    assert markdown(with_parts(body, styles=styles)) == "## Two\n\n# One\n\nText"
    assert (
        markdown(document(styled("Heading3", "Three") + styled("Title", "T"))) == "### Three\n\n# T"
    )


def test_looks_and_links() -> None:
    italic = '<w:r><w:rPr><w:i/><w:b/></w:rPr><w:t xml:space="preserve">both </w:t></w:r>'
    off = '<w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t>plain*</w:t></w:r>'
    link = f'<w:hyperlink r:id="rId1">{run("here")}</w:hyperlink>'
    body = paragraph(run("Pay "), bold("the "), bold("rent"), run(" "), italic, off, link)
    assert markdown(with_parts(body)) == (
        "Pay **the rent** ***both*** plain\\*[here](<https://example.org/a(b)>)"
    )


def test_lists_are_counted_and_nested() -> None:
    numbering = story(
        "numbering",
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
    )
    body = (
        item("a", 1) + item("b", 1, 1) + item("c", 1) + paragraph(run("- no item")) + item("d", 0)
    )
    assert markdown(with_parts(body, numbering=numbering)) == (
        "1. a\n    - b\n2. c\n\n\\- no item\n\nd"
    )


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(run(text))}</w:tc>"


def test_tables_and_frames() -> None:
    wide = cell("w", '<w:gridSpan w:val="2"/>')
    body = (
        f"<w:tbl><w:tr>{wide}{cell('x|y')}</w:tr><w:tr>{cell('1')}{cell('2')}</w:tr></w:tbl>"
        f"<w:tbl><w:tr>{cell('framed')}</w:tr></w:tbl>"
    )
    assert markdown(document(body)) == "| w |  | x\\|y |\n|---|---|---|\n| 1 | 2 |  |\n\nframed"


def test_notes_stand_at_the_end_and_are_named_where_they_belong() -> None:
    footnotes = story(
        "footnotes", f'<w:footnote w:id="7">{paragraph(run("See below."))}</w:footnote>'
    )
    reference = '<w:r><w:footnoteReference w:id="7"/></w:r>'
    body = paragraph(run("Rent"), reference, run(" is due."))
    assert markdown(with_parts(body, footnotes=footnotes)) == "Rent[^7] is due.\n\n[^7]: See below."


def test_pictures_stand_where_they_are_drawn() -> None:
    drawing = (
        '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="p" descr="A house"/><a:graphic><a:graphicData>'
        '<pic:pic><pic:blipFill><a:blip r:embed="rId3"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
        ),
        "word/document.xml": story("document", paragraph(run("Look:"), drawing)),
        "word/_rels/document.xml.rels": _RELATIONSHIPS,
        "word/media/image1.png": b"a picture",
    }
    pictures = Pictures()
    page = read_word(zipped(parts), pictures)
    assert page.text == "Look:\n\n![A house](pictures/image1.png)"
    assert [(each.name, each.data) for each in pictures] == [("image1.png", b"a picture")]


def test_text_boxes_follow_their_paragraph() -> None:
    box = f"<w:r><w:pict><v:textbox><w:txbxContent>{paragraph(run('boxed'))}</w:txbxContent></v:textbox></w:pict></w:r>"
    assert markdown(document(paragraph(run("Around"), box) + paragraph(run("After")))) == (
        "Around\n\nboxed\n\nAfter"
    )
