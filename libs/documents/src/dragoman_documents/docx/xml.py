"""The XML layer: lxml behind typed names, parsed within the budget, written with its prolog.

lxml has no type stubs. `Element` names the members that the engine uses, and only the functions
here call lxml.

    short_name(element)     "w:p", for {http://schemas.openxmlformats.org/wordprocessingml/2006/main}p
                            and for {http://purl.oclc.org/ooxml/wordprocessingml/main}p alike
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from copy import deepcopy
from importlib import import_module
from typing import Any, Protocol, cast

from dragoman_documents.budget import Budget
from dragoman_documents.errors import DamagedDocumentError, TooLargeError


class Element(Protocol):  # the names and meanings are those of the lxml manual
    """An element of lxml. `tag` is a string for elements only: comments and instructions have a
    function there.
    """

    tag: str
    text: str | None
    tail: str | None

    @property
    def attrib(self) -> MutableMapping[str, str]:
        """The attributes by expanded name, in the order of the file."""
        ...

    @property
    def nsmap(self) -> Mapping[str | None, str]:
        """The prefixes in scope."""
        ...

    def items(self) -> Sequence[tuple[str, str]]:
        """The attributes in the order of the file; quicker than `attrib`."""
        ...

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of an attribute."""
        ...

    def set(self, name: str, value: str) -> None:
        """Set an attribute."""

    def __iter__(self) -> Iterator[Element]: ...
    def __len__(self) -> int: ...

    def getparent(self) -> Element | None:
        """The parent; None for the root and for elements that were taken out."""
        ...

    def index(self, child: Element) -> int:
        """The place of a child among the children."""
        ...

    def iter(self, *tags: str) -> Iterator[Element]:
        """The element and everything in it, in document order."""
        ...

    def iterancestors(self) -> Iterator[Element]:
        """The parents, nearest first."""
        ...

    def itersiblings(self) -> Iterator[Element]:
        """The siblings that follow."""
        ...

    def makeelement(self, tag: str) -> Element:
        """A new element without a parent."""
        ...

    def append(self, child: Element) -> None:
        """Put a child last."""

    def insert(self, index: int, child: Element) -> None:
        """Put a child at a place."""

    def remove(self, child: Element) -> None:
        """Take a child out, and the text that follows it."""

    def addnext(self, sibling: Element) -> None:
        """Put a sibling after the element."""

    def addprevious(self, sibling: Element) -> None:
        """Put a sibling before the element."""


_etree: Any = import_module("lxml.etree")
_XMLSyntaxError = cast("type[Exception]", _etree.XMLSyntaxError)
# `huge_tree` lifts libxml2's own limits of 256 levels and texts of 10 MB, which honest documents
# exceed; the budget sets limits instead. Entities stay as they are, so that none can grow.
_SAFE = {"resolve_entities": False, "no_network": True, "huge_tree": True}

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
RELATIONSHIP_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://schemas.openxmlformats.org/drawingml/2006/main": "a",
    "http://schemas.openxmlformats.org/drawingml/2006/chart": "c",
    "http://schemas.microsoft.com/office/drawing/2014/chartex": "cx",
    "http://schemas.openxmlformats.org/drawingml/2006/diagram": "dgm",
    "http://schemas.microsoft.com/office/drawing/2008/diagram": "dsp",
    "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing": "wp",
    "http://schemas.openxmlformats.org/drawingml/2006/picture": "pic",
    RELATIONSHIP_TYPES: "r",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingShape": "wps",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup": "wpg",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingCanvas": "wpc",
    "http://schemas.openxmlformats.org/drawingml/2006/chartDrawing": "cdr",
    "http://schemas.microsoft.com/office/drawing/2012/chart": "c15",
    "http://schemas.microsoft.com/office/word/2010/wordml": "w14",
    "http://schemas.microsoft.com/office/word/2012/wordml": "w15",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://schemas.openxmlformats.org/package/2006/metadata/core-properties": "cp",
    "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": "ep",
    "http://schemas.openxmlformats.org/officeDocument/2006/extendedProperties": "ep",
    "http://schemas.openxmlformats.org/package/2006/content-types": "ct",
    "http://schemas.openxmlformats.org/package/2006/relationships": "rel",
    "http://schemas.openxmlformats.org/officeDocument/2006/customXml": "ds",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_STRICT = re.compile(r"http://purl\.oclc\.org/ooxml/(\w+)/(.*)")
_ENCODING = re.compile(rb"""<\?xml\s[^>]*encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?\s*")
_ROOT_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*\?>)?\s*<[^!?\s]")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _ShortNames(dict[object, str]):
    """Cache: expanded name → short name (`w:p`), for strict and transitional namespaces alike.

    A comment has a function of lxml for a tag, which is no name: its short name is empty.
    """

    def __missing__(self, expanded: object) -> str:
        if len(self) > 20_000:  # a hostile file must not grow a table that outlives it
            self.clear()
        short = expanded if isinstance(expanded, str) else ""
        if short.startswith("{"):
            namespace, _, local = short[1:].partition("}")
            prefix = _PREFIXES.get(transitional(namespace))
            short = f"{prefix}:{local}" if prefix else short
        self[expanded] = short
        return short


def transitional(uri: str) -> str:
    """The transitional spelling of a namespace or relationship type; other uris as they are
    (ISO/IEC 29500-4).
    """
    match = _STRICT.fullmatch(uri)
    return (
        f"http://schemas.openxmlformats.org/{match.group(1)}/2006/{match.group(2)}"
        if match
        else uri
    )


SHORT_NAMES = _ShortNames()


def short_name(element: Element) -> str:
    """`w:p` for an element in any prefix and edition.

    Empty for comments, instructions and entities.
    """
    return SHORT_NAMES[element.tag]


def attribute(element: Element, short: str) -> str | None:
    """The value of the attribute with a short name such as `w:val`,
    in either edition's namespace.
    """
    for name, value in element.items():
        if SHORT_NAMES[name] == short:
            return value
    return None


def namespace_of(element: Element) -> str:
    """The namespace of an element in braces, to make new elements of the same edition; empty
    without a namespace.
    """
    head, brace, _ = element.tag.rpartition("}")
    return head + brace


def names(text: str) -> frozenset[str]:
    """The set of the names in a text, which white space parts."""
    return frozenset(text.split())


def legal_text(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold (§2.2) and a model may send."""
    return _ILLEGAL.sub("", text) if _ILLEGAL.search(text) else text


def parse_xml(data: bytes, budget: Budget) -> Element:
    """The root of a part.

    No document type is read, no entity is expanded, nothing outside is fetched.

    Raises:
        DamagedDocumentError: the part is not well-formed.
        TooLargeError: the part passes the budget's depth, elements or attributes, or declares a
            document type.
    """
    try:
        if _may_declare_type(data):
            _refuse_type(data)
        # Nobody asks for elements by id here, and lxml's table of ids costs time and memory.
        root = _etree.fromstring(data, _etree.XMLParser(collect_ids=False, **_SAFE))
    except (_XMLSyntaxError, ValueError, LookupError) as error:
        raise DamagedDocumentError(
            "A part of the document is not well-formed XML. Open it in Word, let it repair the file, and save it again."
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _declares_type()
    element = cast(Element, root)
    _measure(element, data, budget)
    return element


def _may_declare_type(data: bytes) -> bool:
    """Whether the bytes may declare a document type: they are in another encoding, or do not begin
    with an element.
    """
    return _ROOT_FIRST.match(data) is None or not is_utf8(data)


def _refuse_type(data: bytes) -> None:
    """Read a part up to its first tag, and refuse a document type before it is read."""
    with suppress(_FirstTag):
        _etree.fromstring(data, _etree.XMLParser(target=_UntilFirstTag(), **_SAFE))


class _FirstTag(Exception):  # noqa: N818 - it is no error
    """The first tag of a part was met."""


class _UntilFirstTag:
    """A target for lxml's parser that reads a part no further than its first tag."""

    def doctype(self, *_: object) -> None:
        """Refuse the document type, of which only the name was read."""
        raise _declares_type()

    def start(self, *_: object) -> None:
        """Read no further."""
        raise _FirstTag

    def close(self) -> None:
        """Give nothing: the parser asks for this method."""


def _declares_type() -> TooLargeError:
    return TooLargeError(
        "A part of the document declares a document type (DTD), where entities can grow without end. Word never "
        "writes one, and the format forbids it. Open the document in LibreOffice and save it again.",
        code="document.entities",
    )


def _measure(root: Element, data: bytes, budget: Budget) -> None:
    """Hold the tree to its limits.

    The costly count runs only where a very long tag makes it possible.
    """
    budget.hold("elements", data.count(b"<"))
    # A tag with too many attributes is longer than two steps, and so covers a whole one.
    step = 2 * budget.attributes
    if any(
        data.find(b"<", start, start + step) < 0 for start in range(0, len(data) - step + 1, step)
    ):
        budget.hold("attributes", max(len(element.attrib) for element in root.iter()))


def is_utf8(data: bytes) -> bool:
    """Whether a part is written in UTF-8, so that its bytes can be searched for names."""
    # UTF-16 and UTF-32 begin with a byte order mark, or have a zero among the first four bytes
    # (XML 1.0, appendix F).
    is_wide = data.startswith((b"\xfe\xff", b"\xff\xfe")) or b"\0" in data[:4]
    return not is_wide and not _ENCODING.match(data)


def prolog(data: bytes) -> bytes:
    """The byte order mark, XML declaration and white space before the root, to be written again as
    they were.
    """
    match = _PROLOG.match(data)
    return match.group(0) if match else b""


def serialise(root: Element, start: bytes) -> bytes:
    """The document of `root` after the prolog `start`, in the encoding the part was read in."""
    tree = cast(Any, root).getroottree()
    encoding: str = tree.docinfo.encoding or "UTF-8"
    # lxml writes a declaration of its own, with other quotes and without the line break of Word's.
    if encoding.upper() in {"UTF-8", "US-ASCII", "ASCII"}:
        return start + cast(bytes, _etree.tostring(tree, encoding=encoding, xml_declaration=False))
    return cast(bytes, _etree.tostring(tree, encoding=encoding, standalone=tree.docinfo.standalone))


def copied(element: Element) -> Element:
    """A deep copy without the tail."""
    # lxml copies the text behind an element along with it.
    twin = deepcopy(element)
    twin.tail = None
    return twin
