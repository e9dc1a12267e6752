"""TMX 1.4b: translations for other tools, at level 2, which keeps inline tags.

A unit "Pay <1>now</1>" with the target "Jetzt <1>zahlen</1>" becomes

    <tu tuid="word/document.xml#0.0"><tuv xml:lang="en"><seg>Pay <bpt i="1" x="1">&lt;1&gt;</bpt>now
    <ept i="1">&lt;/1&gt;</ept></seg></tuv><tuv xml:lang="de">…</tuv></tu>
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Tag, TagSide
from dragoman_exchange.xml import escaped, quoted


@dataclass(frozen=True, slots=True)
class TmxUnit:
    """One translation unit.

    `notes` become `note` elements, and `properties` `prop` elements, by type; `kept` are more
    properties, whose types may repeat. `attributes` are those of `tu` beside its id. The codes are
    the native ones of tags, by `str(tag)`, where they are not ours.
    """

    unit_id: str
    source: Content
    target: Content
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    source_codes: Mapping[str, str] = field(default_factory=dict[str, str])
    target_codes: Mapping[str, str] = field(default_factory=dict[str, str])
    kept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TmxHeader:
    """The header of a TMX file. `created_at` is in UTC; `properties` are as a unit's."""

    source_locale: Locale
    target_locale: Locale
    tool_version: str
    created_at: datetime
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    segment_type: str = "paragraph"


def write_tmx(header: TmxHeader, units: Iterable[TmxUnit]) -> bytes:
    """The units as a TMX 1.4b document in UTF-8, in their order. Equal units give equal bytes.

    A tag whose other side is missing is written as an isolated tag (`it`), as TMX 1.4b asks.
    """
    return b"".join(tmx_pieces(header, units))


def tmx_pieces(header: TmxHeader, units: Iterable[TmxUnit]) -> Iterator[bytes]:
    """As `write_tmx`, in pieces: units are asked for as they are written."""
    for piece in _document(header, units):
        yield piece.encode()


def _document(header: TmxHeader, units: Iterable[TmxUnit]) -> Iterator[str]:
    source, target = quoted(str(header.source_locale)), quoted(str(header.target_locale))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">\n'
    yield (
        f'<header creationtool="Dragoman" creationtoolversion={quoted(header.tool_version)} '
        f'segtype={quoted(header.segment_type)} o-tmf="dragoman" adminlang="en" srclang={source} datatype="xml" '
        f'creationdate="{header.created_at:%Y%m%dT%H%M%SZ}"'
    )
    yield (
        f">{_props(header.properties)}</header>\n<body>\n" if header.properties else "/>\n<body>\n"
    )
    for unit in units:
        rest = "".join(f" {name}={quoted(value)}" for name, value in unit.attributes.items())
        yield f"<tu tuid={quoted(unit.unit_id)}{rest}>"
        yield "".join([f"<note>{escaped(note)}</note>" for note in unit.notes])
        yield _props(unit.properties) + _props_of(unit.kept)
        yield f"<tuv xml:lang={source}><seg>{_segment(unit.source, unit.source_codes)}</seg></tuv>"
        yield f"<tuv xml:lang={target}><seg>{_segment(unit.target, unit.target_codes)}</seg></tuv></tu>\n"
    yield "</body>\n</tmx>\n"


def _props(properties: Mapping[str, str]) -> str:
    return _props_of(properties.items())


def _props_of(properties: Iterable[tuple[str, str]]) -> str:
    return "".join(
        [f"<prop type={quoted(name)}>{escaped(value)}</prop>" for name, value in properties]
    )


def _segment(content: Content, codes: Mapping[str, str]) -> str:
    paired = _paired(content)
    return "".join(
        escaped(part)
        if isinstance(part, str)
        else _tag(part, part.id in paired, codes.get(str(part), str(part)))
        for part in content
    )


def _paired(content: Content) -> frozenset[int]:
    """The ids of pairs that open once and close once, in this order."""
    seen: dict[int, list[TagSide]] = {}
    for part in content:
        if isinstance(part, Tag):
            seen.setdefault(part.id, []).append(part.side)
    return frozenset(
        tag_id for tag_id, sides in seen.items() if sides == [TagSide.OPEN, TagSide.CLOSE]
    )


def _tag(tag: Tag, is_paired: bool, code: str) -> str:
    # TMX 1.4b has the native code inside `bpt`, `ept`, `it` and `ph`; ours is the protocol text.
    native = escaped(code)
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
