"""WordprocessingML in small pieces: enough of ECMA-376 part 1 to write the bundled sample by hand.

Text is written with three marks: `**bold**`, `*italic*`, `[shown](address)` for a link, `[^1]` for
a footnote.
"""

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACES: Mapping[str, str] = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "wp14": "http://schemas.microsoft.com/office/word/2010/wordprocessingDrawing",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
_MARKS = re.compile(r"(\*\*.+?\*\*|\*.+?\*|\[\^\d+\]|\[[^\]]+\]\([^)]+\))")
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class Links:
    """The external addresses of one part, numbered in order of first use."""

    def __init__(self, first_id: int) -> None:
        self._first_id = first_id
        self._addresses: list[str] = []

    def id_of(self, address: str) -> str:
        """The relationship id of an address."""
        if address not in self._addresses:
            self._addresses.append(address)
        return f"rId{self._first_id + self._addresses.index(address)}"

    def relationships(self) -> list[str]:
        """The relationships that the ids stand for."""
        return [
            relationship(self.id_of(address), "hyperlink", address, external=True)
            for address in self._addresses
        ]


def part(root: str, content: str) -> str:
    """A whole part whose root element declares all namespaces."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f'{_XML}<{root} {declared} mc:Ignorable="wp14">{content}</{root}>'


def plain_part(content: str) -> str:
    """A part that brings its own namespaces."""
    return _XML + content


def relationship(rel_id: str, kind: str, target: str, *, external: bool = False) -> str:
    """One entry of a .rels part; the kind is the last step of the relationship type's address."""
    base = {
        "core-properties": "http://schemas.openxmlformats.org/package/2006/relationships/metadata",
    }.get(kind, NAMESPACES["r"])
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="{rel_id}" Type="{base}/{kind}" Target={quoteattr(target)}{mode}/>'


def relationships(entries: Sequence[str]) -> str:
    """A .rels part."""
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    return plain_part(f'<Relationships xmlns="{namespace}">{"".join(entries)}</Relationships>')


def run(text: str, properties: str = "") -> str:
    """A run of text, with its run properties; a tab character becomes a tab element."""
    held = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    pieces = "<w:tab/>".join(
        f'<w:t xml:space="preserve">{escape(piece)}</w:t>' if piece else ""
        for piece in text.split("\t")
    )
    return f"<w:r>{held}{pieces}</w:r>"


def runs(marked: str, links: Links | None = None) -> str:
    """The runs of a marked text."""
    return "".join(_piece(piece, links) for piece in _MARKS.split(marked) if piece)


def _piece(piece: str, links: Links | None) -> str:
    if piece.startswith("**"):
        return run(piece[2:-2], "<w:b/>")
    if piece.startswith("*"):
        return run(piece[1:-1], "<w:i/>")
    if piece.startswith("[^"):
        note = f'<w:footnoteReference w:id="{piece[2:-1]}"/>'
        return f'<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr>{note}</w:r>'
    if piece.startswith("[") and links is not None:
        shown, address = piece[1:-1].split("](")
        inner = run(shown, '<w:rStyle w:val="Hyperlink"/>')
        return f'<w:hyperlink r:id="{links.id_of(address)}" w:history="1">{inner}</w:hyperlink>'
    return run(piece)


def paragraph(content: str, style: str = "", properties: str = "") -> str:
    """A paragraph of ready-made content."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    held = f"<w:pPr>{named}{properties}</w:pPr>" if named or properties else ""
    return f"<w:p>{held}{content}</w:p>"


def listed(content: str, list_id: int, level: int = 0) -> str:
    """A paragraph of a list."""
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(content, "ListParagraph", numbering)


def field(instruction: str, result: str) -> str:
    """A complex field (ECMA-376 §17.16.18) with the result that was last computed."""

    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    instructed = f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
    return mark("begin") + instructed + mark("separate") + run(result) + mark("end")


def table(
    rows: Sequence[Sequence[str]], widths: Sequence[int], style: str, *, has_header: bool
) -> str:
    """A table of ready-made cells; the widths are in twentieths of a point."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    looks = f'<w:tblLook w:val="0420" w:firstRow="{int(has_header)}" w:lastRow="0" w:noHBand="0" w:noVBand="1"/>'
    total = f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
    body = "".join(
        _row(row, widths, is_header=has_header and index == 0) for index, row in enumerate(rows)
    )
    properties = f'<w:tblPr><w:tblStyle w:val="{style}"/>{total}{looks}</w:tblPr>'
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>"


def _row(cells: Sequence[str], widths: Sequence[int], *, is_header: bool) -> str:
    held = f"<w:trPr><w:cantSplit/>{'<w:tblHeader/>' if is_header else ''}</w:trPr>"
    content = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{cell}</w:tc>'
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr>{held}{content}</w:tr>"


def text_box(content: str, *, width_pt: int, height_pt: int) -> str:
    """A run with a floating box at the right margin: DrawingML, and VML for readers that know no
    better.

    Both branches hold the same content, as Word writes it (ECMA-376 part 3, §7.6).
    """
    emu_per_pt = 12_700
    extent = f'cx="{width_pt * emu_per_pt}" cy="{height_pt * emu_per_pt}"'
    body = f"<w:txbxContent>{content}</w:txbxContent>"
    choice = (
        '<w:drawing><wp:anchor distT="45720" distB="45720" distL="114300" distR="114300" simplePos="0"'
        ' relativeHeight="251659264" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="1">'
        '<wp:simplePos x="0" y="0"/>'
        '<wp:positionH relativeFrom="margin"><wp:align>right</wp:align></wp:positionH>'
        '<wp:positionV relativeFrom="paragraph"><wp:posOffset>50800</wp:posOffset></wp:positionV>'
        f'<wp:extent {extent}/><wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapSquare wrapText="bothSides"/>'
        '<wp:docPr id="1" name="Text Box 1" descr="Summary of the agreement"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic><a:graphicData uri="{NAMESPACES["wps"]}"><wps:wsp><wps:cNvSpPr txBox="1"/>'
        f'<wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {extent}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        '<a:solidFill><a:srgbClr val="EAF1F7"/></a:solidFill>'
        '<a:ln w="9525"><a:solidFill><a:srgbClr val="1F4E79"/></a:solidFill></a:ln></wps:spPr>'
        f'<wps:txbx>{body}</wps:txbx><wps:bodyPr lIns="91440" tIns="64008" rIns="91440" bIns="64008" anchor="t"/>'
        "</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
    )
    fallback = (
        '<w:pict><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
        '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
        '<v:shape id="Text_x0020_Box_x0020_1" type="#_x0000_t202" alt="Summary of the agreement"'
        f' style="position:absolute;width:{width_pt}pt;height:{height_pt}pt;z-index:251659264;'
        'mso-position-horizontal:right;mso-position-horizontal-relative:margin"'
        f' fillcolor="#EAF1F7" strokecolor="#1F4E79"><v:textbox>{body}</v:textbox></v:shape></w:pict>'
    )
    return (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps">'
        f"{choice}</mc:Choice><mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent></w:r>"
    )
