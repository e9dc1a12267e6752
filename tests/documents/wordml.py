"""Small Word packages to test with, written by hand so that every byte is known."""

import io
import zipfile
from collections.abc import Mapping
from functools import reduce

from dragoman_contracts.text import Tag, Unit
from dragoman_documents import extract

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CUSTOM_XML = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
_NAMESPACES = {
    "w": W,
    "r": OFFICE,
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "v": "urn:schemas-microsoft-com:vml",
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
_MAIN = f"{_WORD}.document.main+xml"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_PSEUDO = "абвгдежзиклмнопрстуфхцчшщэ"
PSEUDO = str.maketrans(ALPHABET + ALPHABET.upper(), _PSEUDO + _PSEUDO.upper())


def story(root: str, inner: str) -> str:
    """A part with the usual namespaces: `document` with its body, or a header, footnotes …"""
    body = f"<w:body>{inner}<w:sectPr/></w:body>" if root == "document" else inner
    return f"{_DECLARATION}<w:{root} {_DECLARATIONS}>{body}</w:{root}>"


def package(
    parts: Mapping[str, str],
    types: Mapping[str, str] | None = None,
    main: str = "word/document.xml",
    main_type: str = _MAIN,
) -> bytes:
    """A package of the given parts; `types` are the ends of the content types
    of parts besides main.
    """
    overrides = {main: main_type} | {
        name: f"{_WORD}.{end}+xml" for name, end in (types or {}).items()
    }
    listed = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items()
    )
    content_types = (
        f'{_DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
    links = (
        f'{_DECLARATION}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="{main}"/></Relationships>'
    )
    return zipped({"[Content_Types].xml": content_types, "_rels/.rels": links, **parts})


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file of the parts, always the same bytes for the same parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, date_time=(2020, 2, 2, 2, 2, 2))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def document(body: str) -> bytes:
    """A package whose main document has this body."""
    return package({"word/document.xml": story("document", body)})


def paragraph(*runs: str) -> str:
    """A paragraph of the given runs and marks."""
    return f"<w:p>{''.join(runs)}</w:p>"


def run(text: str, properties: str = "") -> str:
    """A run of text; `properties` is the inside of its rPr."""
    look = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{text}</w:t></w:r>'


def bold(text: str) -> str:
    """A bold run."""
    return run(text, "<w:b/>")


def field(instruction: str, result: str) -> str:
    """A complex field whose result is the given runs."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def part(data: bytes, name: str = "word/document.xml") -> str:
    """The text of a part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def body(data: bytes) -> str:
    """The inside of the main document's body."""
    text = part(data)
    return text[text.index("<w:body>") + 8 : text.index("<w:sectPr/>")]


def sources(data: bytes) -> list[str]:
    """The source of every unit with its tags written out, in document order."""
    return [written(unit.source) for unit in extract(data).units]


def written(content: tuple[str | Tag, ...]) -> str:
    """Content as text: `a <1>b</1><2/>`."""
    return "".join(map(str, content))


def pseudo(unit: Unit) -> tuple[str | Tag, ...]:
    """The unit's source with every letter of the alphabet replaced, tags as they are."""
    return tuple(
        piece.translate(PSEUDO) if isinstance(piece, str) else piece for piece in unit.source
    )


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each first string of the pairs replaced by its second."""
    return reduce(lambda result, pair: result.replace(*pair), pairs, text)
