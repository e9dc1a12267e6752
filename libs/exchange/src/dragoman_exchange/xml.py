r"""The XML layer: text made safe for XML, and lxml behind typed names, without entities or network.

escaped("a\x01 & b")     "a\ufffd &amp; b"     XML 1.0 holds no U+0001 (§2.2)
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol
from xml.sax.saxutils import escape, quoteattr

from dragoman_contracts.text import Tag, normalised
from dragoman_exchange.errors import ExchangeRefusedError

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# XML 1.0 §2.2; the surrogates are no characters at all.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_etree: Any = import_module("lxml.etree")
_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_PIECE_BYTES = 64 * 1024
_MOST_MARKUP_AT_ONCE = 1_000_000  # tags and attributes of one element: 250 MiB of a tree


class Element(Protocol):
    """An element of lxml; `tag` is a function for comments, instructions and entities."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of an attribute."""
        ...

    def items(self) -> Iterable[tuple[str, str]]:
        """The attributes, by their names with namespaces."""
        ...

    def find(self, path: str) -> Element | None:
        """The first child that the path names."""
        ...

    def findall(self, path: str) -> list[Element]:
        """The children that the path names."""
        ...

    def iter(self, *tags: str) -> Iterator[Element]:
        """The element and everything in it, in document order."""
        ...

    def clear(self) -> None:
        """Forget content, attributes and tail."""

    def getparent(self) -> Element | None:
        """The parent; None for the root."""
        ...

    def getprevious(self) -> Element | None:
        """The sibling before."""
        ...

    def remove(self, child: Element) -> None:
        """Take a child out."""

    def __iter__(self) -> Iterator[Element]: ...


def xml_text(text: str) -> str:
    """The text, with U+FFFD for characters that XML cannot hold."""
    return FORBIDDEN.sub(REPLACEMENT, text)


def xml_content(content: tuple[str | Tag, ...]) -> tuple[str | Tag, ...]:
    """The content as it comes back from XML."""
    return normalised(xml_text(part) if isinstance(part, str) else part for part in content)


def escaped(text: str) -> str:
    """The text as content of an element."""
    # A parser reads a bare carriage return as a line feed (XML 1.0 §2.11).
    return escape(xml_text(text), {"\r": "&#13;"})


def quoted(text: str) -> str:
    """The text as an attribute's value, quotes included."""
    return quoteattr(xml_text(text))


def local_name(element: Element) -> str:
    """The name without its namespace; empty for what is no element."""
    # A comment or an entity has a function of lxml for a tag.
    name: Any = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def text_in(element: Element | None) -> str:
    """All text inside an element, in document order; empty for None."""
    if element is None or not local_name(element):
        return ""
    return (element.text or "") + "".join([text_in(each) + (each.tail or "") for each in element])


def root_of(data: bytes) -> Element:
    """The root with its attributes, before anything in it is read.

    Raises:
        ExchangeRefusedError: the bytes are no well-formed XML.
    """
    parser = _etree.iterparse(io.BytesIO(data), events=("start",), **_OPTIONS)
    try:
        root: Element = next(iter(parser))[1]
    except _etree.XMLSyntaxError as error:
        raise _ill_formed(parser) from error
    return root


def elements(data: bytes, *names: str) -> Iterator[Element]:
    """The elements of these local names, each when it is complete, in the order of their ends.

    An element is forgotten when the next is asked for.

    Raises:
        ExchangeRefusedError: the bytes are no well-formed XML, or one element is far too large.
    """
    view = memoryview(data)
    pieces = (bytes(view[at : at + _PIECE_BYTES]) for at in range(0, len(data), _PIECE_BYTES))
    yield from elements_of(pieces, names, None)


def elements_of(
    pieces: Iterable[bytes], names: Iterable[str], on_cut: Callable[[], None] | None
) -> Iterator[Element]:
    """As `elements`, of a file that comes in pieces; one element is held at a time.

    `on_cut` is called where the file ends before its root does, after all that was whole; without
    one the file is then refused.

    Raises:
        ExchangeRefusedError: the bytes are no well-formed XML, or one element is far too large.
    """
    parser = _etree.XMLPullParser(("end",), tag=[f"{{*}}{name}" for name in names], **_OPTIONS)
    markup = 0
    try:
        for piece in pieces:
            parser.feed(piece)
            markup += piece.count(b"<") + piece.count(b'="') + piece.count(b"='")
            for _, element in parser.read_events():
                markup = 0
                yield element
                forget(element)
            if markup > _MOST_MARKUP_AT_ONCE:
                raise ExchangeRefusedError(
                    f"The file has an element with more than {_MOST_MARKUP_AT_ONCE} pieces of"
                    " markup; export it anew.",
                    code="exchange.too_large",
                )
    except _etree.XMLSyntaxError as error:
        raise _ill_formed(parser) from error
    try:
        parser.close()
    except _etree.XMLSyntaxError as error:
        if on_cut is None:
            raise _ill_formed(parser) from error
        on_cut()
    for _, element in parser.read_events():
        yield element


def _ill_formed(parser: Any) -> ExchangeRefusedError:
    log: Any = parser.feed_error_log if hasattr(parser, "feed_error_log") else parser.error_log
    line = next((each.line for each in log if each.line), 1)
    return ExchangeRefusedError(
        f"The file is not well-formed XML at line {line}; "
        "save it again in the reviewer's tool, or export it anew.",
        code="exchange.unreadable",
    )


def forget(element: Element) -> None:
    """Free an element that was read, with the siblings before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        parent.remove(before)
