"""TMX 1.4b: translations for other tools, at level 2, which keeps inline tags.

A unit "Pay <1>now</1>" with the target "Jetzt <1>zahlen</1>" becomes

    <tu tuid="word/document.xml#0.0"><tuv xml:lang="en"><seg>Pay <bpt i="1" x="1">&lt;1&gt;</bpt>now
    <ept i="1">&lt;/1&gt;</ept></seg></tuv><tuv xml:lang="de">…</tuv></tu>
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, TagSide

MEDIA_TYPE = "application/x-tmx+xml"


@dataclass(frozen=True, slots=True)
class TmxUnit:
    """One translation unit. `properties` become `prop` elements, by type."""

    unit_id: str
    source: Content
    target: Content
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class TmxHeader:
    """The header of a TMX file. `created_at` is in UTC."""

    source_locale: Locale
    target_locale: Locale
    tool_version: str
    created_at: datetime


def write_tmx(header: TmxHeader, units: Iterable[TmxUnit]) -> bytes:
    """The units as a TMX 1.4b document in UTF-8, in their order. Equal units give equal bytes.

    A tag whose other side is missing is written as an isolated tag (`it`), as TMX 1.4b asks.
    """
    return "".join(_document(header, units)).encode()


def _document(header: TmxHeader, units: Iterable[TmxUnit]) -> Iterator[str]:
    source, target = quoteattr(str(header.source_locale)), quoteattr(str(header.target_locale))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">\n'
    yield (
        f'<header creationtool="Dragoman" creationtoolversion={quoteattr(header.tool_version)} segtype="paragraph" '
        f'o-tmf="dragoman" adminlang="en" srclang={source} datatype="xml" '
        f'creationdate="{header.created_at:%Y%m%dT%H%M%SZ}"/>\n<body>\n'
    )
    for unit in units:
        yield f"<tu tuid={quoteattr(unit.unit_id)}>"
        for name, value in unit.properties.items():
            yield f"<prop type={quoteattr(name)}>{_text(value)}</prop>"
        yield f"<tuv xml:lang={source}><seg>{_segment(unit.source)}</seg></tuv>"
        yield f"<tuv xml:lang={target}><seg>{_segment(unit.target)}</seg></tuv></tu>\n"
    yield "</body>\n</tmx>\n"


def _segment(content: Content) -> str:
    paired = _paired(content)
    return "".join(_text(part) if isinstance(part, str) else _tag(part, part.id in paired) for part in content)


def _paired(content: Content) -> frozenset[int]:
    """The ids of pairs that open once and close once, in this order."""
    seen: dict[int, list[TagSide]] = {}
    for part in content:
        if isinstance(part, Tag):
            seen.setdefault(part.id, []).append(part.side)
    return frozenset(tag_id for tag_id, sides in seen.items() if sides == [TagSide.OPEN, TagSide.CLOSE])


def _tag(tag: Tag, is_paired: bool) -> str:
    # TMX 1.4b has the native code inside `bpt`, `ept`, `it` and `ph`; ours is the protocol text.
    native = escape(str(tag))
    match tag.side:
        case TagSide.PLACEHOLDER:
            return f'<ph x="{tag.id}">{native}</ph>'
        case TagSide.OPEN if is_paired:
            return f'<bpt i="{tag.id}" x="{tag.id}">{native}</bpt>'
        case TagSide.CLOSE if is_paired:
            return f'<ept i="{tag.id}">{native}</ept>'
        case TagSide.OPEN:
            return f'<it pos="begin" x="{tag.id}">{native}</it>'
        case TagSide.CLOSE:
            return f'<it pos="end" x="{tag.id}">{native}</it>'


def _text(text: str) -> str:
    """The text, with U+FFFD for characters that XML 1.0 cannot hold (§2.2)."""
    kept = "".join(char if _is_xml(char) else "\N{REPLACEMENT CHARACTER}" for char in text)
    # A parser reads a bare carriage return as a line feed (XML 1.0 §2.11).
    return escape(kept, {"\r": "&#13;"})


def _is_xml(char: str) -> bool:
    code = ord(char)
    return char in "\t\n\r" or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
