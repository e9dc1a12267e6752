"""Memory units as TMX 1.4b, and TMX of any program as memory units.

    <tu tuid="9f1c…" creationdate="20240105T101500Z" creationid="ana" segtype="sentence">
      <prop type="x-dragoman-state">approved</prop><prop type="x-dragoman-before">5f0c…</prop>…

The neighbours of a unit are also read as memoQ (`x-context-pre`) and OmegaT (`prev`) write them.
All else that a file says of a unit is kept in its properties and notes, and written again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import plain_text
from dragoman_exchange import Rejection, TmxEntry, TmxFile, TmxUnit, TmxVariant
from dragoman_memory.unit import MemoryState, MemoryUnit, SegmentType, context_digest, exact_digest

MOST_CHARS = 20_000
_STATE, _BEFORE, _AFTER = "x-dragoman-state", "x-dragoman-before", "x-dragoman-after"
_ORIGIN, _DOCUMENT, _UNIT = "x-dragoman-origin", "x-dragoman-document", "x-dragoman-unit"
_PROJECT, _DOMAIN = "x-project", "x-domain"
_ATTRIBUTE, _CODE, _VARIANT = "x-tmx-", "x-dragoman-code-", "x-dragoman-target-"
# The text of neighbours, as memoQ and OmegaT write it.
_BEFORE_TEXTS, _AFTER_TEXTS = ("x-context-pre", "prev"), ("x-context-post", "next")
_TIMES = {"creationdate": "created_at", "changedate": "changed_at"}
_PEOPLE = {"creationid": "created_by", "changeid": "changed_by"}
_OWN_ATTRIBUTES = frozenset({*_TIMES, *_PEOPLE, "segtype"})
# Those of `tu` that TMX 1.4b knows beside; others are kept as properties only.
_TU_ATTRIBUTES = frozenset(
    {
        "o-encoding",
        "datatype",
        "usagecount",
        "lastusagedate",
        "creationtool",
        "creationtoolversion",
        "o-tmf",
        "srclang",
    }
)
_MARKUP = re.compile(r"</?seg>")
# Thrice as quick as strptime, and an import reads millions.
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_FORM = "%Y%m%dT%H%M%SZ"
_HEX = re.compile(r"[0-9a-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Intake:
    """How a file becomes memory units: the pair asked for, and the values for units that do not say
    theirs. `namespace` makes ids: the same file again gives the same units.
    """

    source_locale: Locale
    target_locale: Locale
    namespace: UUID
    origin: str
    state: MemoryState = MemoryState.CANDIDATE
    segment_type: SegmentType = SegmentType.SENTENCE
    project: str = ""
    domain: str = ""
    is_state_trusted: bool = False


def units_in(file: TmxFile, intake: Intake) -> Iterator[MemoryUnit | Rejection]:
    """A unit for each target in the language, or the reason why an entry gives none, in the order
    of the file.

    A state that the file says is taken only where `is_state_trusted`, as for our own export.

    Raises:
        ExchangeRefusedError: the file turns out not to be well-formed.
    """
    kind = _segment_type(file.attributes.get("segtype"), intake.segment_type)
    for entry in file.entries:
        yield from _units(entry, replace(intake, segment_type=kind))


def _units(entry: TmxEntry, intake: Intake) -> Iterator[MemoryUnit | Rejection]:
    sources = entry.variants_in(intake.source_locale)
    # The languages of a pair may be as near as en and en-GB: the source is no target as well.
    targets = [
        each
        for each in entry.variants_in(intake.target_locale)
        if not sources or each is not sources[0]
    ]
    if not sources or not targets:
        missing = intake.target_locale if sources else intake.source_locale
        yield _rejection(
            entry,
            "exchange.language_missing",
            f"It has no text in {missing}: export it with both languages.",
        )
        return
    for number, target in enumerate(targets):
        fault = _fault(sources[0]) or _fault(target)
        if fault:
            yield _rejection(entry, *fault)
        else:
            yield _unit(entry, number, sources[0], target, intake)


def _rejection(entry: TmxEntry, code: str, reason: str) -> Rejection:
    return Rejection(unit_id=entry.unit_id or "", place=entry.place, code=code, reason=reason)


def _fault(variant: TmxVariant) -> tuple[str, str] | None:
    text = plain_text(variant.content)
    if variant.fault:
        return variant.fault
    if not text.strip():
        return "exchange.empty", f"Its text in {variant.language} is empty: leave it out."
    if len(text) > MOST_CHARS:
        return (
            "exchange.too_long",
            f"It has {len(text)} characters in {variant.language}, and a memory keeps at most"
            f" {MOST_CHARS}: cut it into segments.",
        )
    return None


def _unit(
    entry: TmxEntry, number: int, source: TmxVariant, target: TmxVariant, intake: Intake
) -> MemoryUnit:
    said = dict((*entry.properties, *target.properties))
    attributes = {**entry.attributes, **target.attributes}
    # Ids of a file may repeat, and a unit may move: its source is part of its name.
    words = [exact_digest(source.content), number]
    words += [] if entry.unit_id else [exact_digest(target.content)]
    name = "\n".join([entry.unit_id or "", *map(str, words)])
    return MemoryUnit(
        unit_id=_own_id(said.get(_UNIT)) or uuid5(intake.namespace, name),
        source_locale=intake.source_locale,
        target_locale=intake.target_locale,
        source=source.content,
        target=target.content,
        before=_neighbour(said, _BEFORE, _BEFORE_TEXTS),
        after=_neighbour(said, _AFTER, _AFTER_TEXTS),
        state=_state(said.get(_STATE), intake),
        segment_type=_segment_type(entry.attributes.get("segtype"), intake.segment_type),
        origin=said.get(_ORIGIN, intake.origin),
        project=said.get(_PROJECT, intake.project),
        domain=said.get(_DOMAIN, intake.domain),
        document=said.get(_DOCUMENT, ""),
        created_at=_time(attributes.get("creationdate")),
        created_by=attributes.get("creationid", ""),
        changed_at=_time(attributes.get("changedate")),
        changed_by=attributes.get("changeid", ""),
        notes=tuple(dict.fromkeys((*entry.notes, *source.notes, *target.notes))),
        properties=tuple(_kept(entry, source, target)),
    )


def _kept(entry: TmxEntry, source: TmxVariant, target: TmxVariant) -> Iterator[tuple[str, str]]:
    """All that has no field of its own."""
    own = {_STATE, _BEFORE, _AFTER, _ORIGIN, _DOCUMENT, _PROJECT, _DOMAIN, _UNIT}
    for kind, value in (*entry.properties, *source.properties):
        if kind not in own:
            yield kind, value
    for kind, value in target.properties:
        if kind not in own:
            yield f"{_VARIANT}{kind}", value
    for name, value in entry.attributes.items():
        if name not in _OWN_ATTRIBUTES or (name in _TIMES and _time(value) is None):
            yield f"{_ATTRIBUTE}{name}", value
    for side, variant in (("source", source), ("target", target)):
        for tag, code in variant.codes.items():
            yield f"{_CODE}{side}:{tag}", code


def _neighbour(said: Mapping[str, str], own: str, texts: Iterable[str]) -> int:
    if (digest := said.get(own)) is not None and _HEX.fullmatch(digest):
        return int(digest, 16)
    for kind in texts:
        text = _MARKUP.sub("", said.get(kind, ""))
        if text and "<" not in text:
            return context_digest((text,))
    return 0


def _own_id(said: str | None) -> UUID | None:
    try:
        return UUID(said) if said else None
    except ValueError:
        return None


def _state(said: str | None, intake: Intake) -> MemoryState:
    return (
        MemoryState(said) if intake.is_state_trusted and said in set(MemoryState) else intake.state
    )


def _segment_type(said: str | None, default: SegmentType) -> SegmentType:
    return SegmentType(said) if said in set(SegmentType) else default


def _time(said: str | None) -> datetime | None:
    """A time of TMX (ISO 8601, `YYYYMMDDThhmmssZ`); None where it is written otherwise."""
    match = _TIME.fullmatch(said or "")
    try:
        return datetime(*[int(each) for each in match.groups()], tzinfo=UTC) if match else None
    except ValueError:
        return None


def tmx_units(units: Iterable[MemoryUnit]) -> Iterator[TmxUnit]:
    """The units for `tmx_pieces`, with all that they say."""
    return map(_tmx_unit, units)


def _tmx_unit(unit: MemoryUnit) -> TmxUnit:
    source_codes, rest = _taken(unit.properties, f"{_CODE}source:")
    target_codes, rest = _taken(rest, f"{_CODE}target:")
    attributes, rest = _taken(rest, _ATTRIBUTE, _TU_ATTRIBUTES.__contains__)
    attributes["segtype"] = str(unit.segment_type)
    for name, at in (("creationdate", unit.created_at), ("changedate", unit.changed_at)):
        if at:
            attributes[name] = f"{at.astimezone(UTC):{_FORM}}"
    for name, who in (("creationid", unit.created_by), ("changeid", unit.changed_by)):
        if who:
            attributes[name] = who
    own = {
        _UNIT: str(unit.unit_id),
        _STATE: str(unit.state),
        _BEFORE: f"{unit.before:016x}" if unit.before else "",
        _AFTER: f"{unit.after:016x}" if unit.after else "",
        _ORIGIN: unit.origin,
        _DOCUMENT: unit.document,
        _PROJECT: unit.project,
        _DOMAIN: unit.domain,
    }
    return TmxUnit(
        str(unit.unit_id),
        unit.source,
        unit.target,
        {name: value for name, value in own.items() if value},
        unit.notes,
        attributes,
        source_codes,
        target_codes,
        rest,
    )


def _taken(
    properties: tuple[tuple[str, str], ...],
    prefix: str,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The properties of a prefix, without it, and the others."""
    taken: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for name, value in properties:
        bare = name.removeprefix(prefix)
        if name.startswith(prefix) and is_wanted(bare):
            taken[bare] = value
        else:
            others.append((name, value))
    return taken, tuple(others)
