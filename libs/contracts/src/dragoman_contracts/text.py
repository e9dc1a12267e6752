"""Text: units, segments and inline tags, with the meanings of XLIFF 2.1.

A unit is a paragraph's translatable text and contains segments. Its content is a run of strings and
inline tags, in reading order. A tag's rights live once per unit in `Unit.tags`; inside content only
its id and its side are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from operator import not_
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value


class TagSide(StrEnum):
    """Where a tag stands: it opens or closes a pair, or stands alone."""

    OPEN = "open"
    CLOSE = "close"
    PLACEHOLDER = "placeholder"


class Tag(Value):
    """One inline tag in content. `id` is unique in its unit; both sides of a pair share it."""

    id: Annotated[int, Field(ge=1)]
    side: TagSide

    def __str__(self) -> str:
        match self.side:
            case TagSide.OPEN:
                return f"<{self.id}>"
            case TagSide.CLOSE:
                return f"</{self.id}>"
            case TagSide.PLACEHOLDER:
                return f"<{self.id}/>"


@lru_cache(maxsize=1024)  # tags are many, and few of them differ
def opening(tag_id: int) -> Tag:
    """The opening side of pair `tag_id`."""
    return Tag(id=tag_id, side=TagSide.OPEN)


@lru_cache(maxsize=1024)
def closing(tag_id: int) -> Tag:
    """The closing side of pair `tag_id`."""
    return Tag(id=tag_id, side=TagSide.CLOSE)


@lru_cache(maxsize=1024)
def placeholder(tag_id: int) -> Tag:
    """The standalone tag `tag_id`."""
    return Tag(id=tag_id, side=TagSide.PLACEHOLDER)


_SIDES = {"<": TagSide.OPEN, "/": TagSide.CLOSE, "#": TagSide.PLACEHOLDER}
_MARKS = {side: mark for mark, side in _SIDES.items()}
_TAGS = {TagSide.OPEN: opening, TagSide.CLOSE: closing, TagSide.PLACEHOLDER: placeholder}


def _parse_content(value: Any) -> Any:
    """Turn the stored form, strings and `["<", id]` pairs, into strings and tags."""
    if not isinstance(value, list | tuple):
        return value
    return tuple(_parse_part(item) for item in cast("list[Any] | tuple[Any, ...]", value))


def _parse_part(item: Any) -> Any:
    if not isinstance(item, list | tuple):
        return item
    mark, tag_id = cast("tuple[Any, Any]", item)
    side = _SIDES.get(mark) if isinstance(mark, str) else None
    if side is None:
        raise ValueError('a tag begins with "<", "/" or "#"')
    return _TAGS[side](tag_id) if isinstance(tag_id, int) else Tag(id=tag_id, side=side)


def _dump_content(value: tuple[str | Tag, ...]) -> list[str | list[str | int]]:
    return [item if isinstance(item, str) else [_MARKS[item.side], item.id] for item in value]


Content = Annotated[
    tuple[str | Tag, ...],
    BeforeValidator(_parse_content),
    PlainSerializer(_dump_content),
    WithJsonSchema(
        {
            "type": "array",
            "description": 'Text and tags in reading order; a tag is ["<", id] (open), ["/", id] (close) or ["#", id].',
            "items": {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "array",
                        "prefixItems": [
                            {"enum": ["<", "/", "#"]},
                            {"type": "integer", "minimum": 1},
                        ],
                        "minItems": 2,
                        "maxItems": 2,
                    },
                ]
            },
        }
    ),
]
"""Strings and tags in reading order. No two strings stand side by side,
none is empty (`normalised` makes it so).
"""


def normalised(parts: Iterable[str | Tag]) -> tuple[str | Tag, ...]:
    """The same content with neighbouring strings joined and empty ones dropped."""
    result: list[str | Tag] = []
    for part in parts:
        if not isinstance(part, str):
            result.append(part)
        elif result and isinstance(result[-1], str):
            result[-1] += part
        elif part:
            result.append(part)
    return tuple(result)


def plain_text(content: Iterable[str | Tag]) -> str:
    """The text of content without its tags."""
    return "".join([part for part in content if isinstance(part, str)])


class TagRole(StrEnum):
    """The kind of construct in the document that a tag stands for."""

    FORMAT = "format"
    LINK = "link"
    FIELD = "field"
    BREAK = "break"
    TAB = "tab"
    NOTE = "note"
    IMAGE = "image"
    SYMBOL = "symbol"
    MARKER = "marker"
    OTHER = "other"


class TagSpec(Value):
    """The meaning of one tag of a unit, and a translator's rights over it (XLIFF 2.1 §4.7.2.4
    editing hints).

    `equivalent` is the text a placeholder stands for when tags are taken away: a tab, a line break,
    a hyphen.
    """

    id: Annotated[int, Field(ge=1)]
    role: TagRole
    can_delete: bool = False
    can_copy: bool = False
    can_reorder: bool = True
    equivalent: str = ""


class Segment(Value):
    """A piece of a unit that is matched and translated.
    Ignorable segments (white space) are kept as they are.
    """

    segment_id: str
    source: Content
    is_ignorable: bool = False


class StoryKind(StrEnum):
    """Which story of the document a unit stands in (ECMA-376 Part 1 §11.3)."""

    BODY = "body"
    HEADER = "header"
    FOOTER = "footer"
    FOOTNOTE = "footnote"
    ENDNOTE = "endnote"
    COMMENT = "comment"
    TEXT_BOX = "text_box"
    GLOSSARY = "glossary"
    CHART = "chart"
    DIAGRAM = "diagram"
    PROPERTY = "property"
    ALTERNATIVE_TEXT = "alternative_text"


class Anchor(Value):
    """Where a unit stands in its version of the document: part name and structural path,
    both opaque to other rooms.
    """

    part: str
    path: str


class Unit(Value):
    """A paragraph's translatable text.

    `unit_id` is unique in the document version and made from the anchor. `content_key` is a hash of
    the text with its tags, `context_key` of the neighbours' text: equal keys in another version or
    document mean equal text and equal surroundings. Segments, joined in order, are the whole
    source. `max_length_chars` is None where nothing limits the target.
    """

    unit_id: str
    anchor: Anchor
    story: StoryKind
    content_key: str
    context_key: str
    segments: tuple[Segment, ...]
    tags: tuple[TagSpec, ...] = ()
    style: str = ""
    is_translatable: bool = True
    max_length_chars: int | None = None

    @property
    def source(self) -> tuple[str | Tag, ...]:
        """The unit's whole source content, segments joined in order."""
        return normalised(part for segment in self.segments for part in segment.source)


def needs_engine(unit: Unit) -> bool:
    """Whether a unit has anything to translate: it may be translated, and has a letter."""
    return unit.is_translatable and any(
        character.isalpha() for character in plain_text(unit.source)
    )


class UnitList(Value):
    """The units of one document version, in document order, as extract stores them."""

    source_locale: Locale
    units: tuple[Unit, ...]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each unit stands, by its id: made once,
        though a long document's every batch asks.
        """
        return {unit.unit_id: place for place, unit in enumerate(self.units)}


class ResultSource(StrEnum):
    """Where a target came from. `previous_version` is told and exchanged, and never stored."""

    ENGINE = "engine"
    MEMORY = "memory"
    REVIEW = "review"
    SOURCE_COPY = "source_copy"
    PREVIOUS_VERSION = "previous_version"


class TagRepair(StrEnum):
    """Which rung of the ladder made the tags of a target agree with those of its source."""

    EXACT = "exact"
    REORDERED = "reordered"
    PROJECTED = "projected"
    WHOLE_UNIT = "whole_unit"


class TakenFrom(Value):
    """The unit of an earlier job that a translation was taken over from.

    A translation `is_persons` where a person wrote or accepted it there; `accepted` are the codes of
    the findings that this person let stand. Where `is_context_changed`, the unit's neighbours are
    others now.
    """

    job_id: UUID
    unit_id: str
    is_persons: bool = False
    is_context_changed: bool = False
    accepted: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class UnitTarget(Value):
    """One unit's translation and where it came from.

    `call` is the sha256 of the recorded model call that gave the text; None where no engine was
    asked. `taken_from` is there for a translation of the previous version; its `result_source` says
    who made it there: `memory` for a person's, since readers of older versions know no other word
    for a text that needed no call, else `engine`.
    """

    unit_id: str
    target: Content
    result_source: ResultSource
    tag_repair: TagRepair = TagRepair.EXACT
    call: str | None = None
    taken_from: Annotated[TakenFrom | None, Field(exclude_if=not_)] = None

    @property
    def came_from(self) -> ResultSource:
        """Where the text came from, in the word that people are told."""
        return self.result_source if self.taken_from is None else ResultSource.PREVIOUS_VERSION


class TargetList(Value):
    """The targets of some units of one job, in document order."""

    target_locale: Locale
    targets: tuple[UnitTarget, ...]
