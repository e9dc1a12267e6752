"""XLIFF 2.0 and 2.1 read: units with any number of segments, joined in order.

<segment state="reviewed"><target>Jetzt <pc id="1">zahlen</pc></target></segment>
<ignorable><source> </source></ignorable>                 Jetzt <1>zahlen</1>␣  reviewed
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.text import Content, Tag, closing, normalised, opening, placeholder
from dragoman_exchange.found import FoundFile, FoundUnit, Repairs, unreadable
from dragoman_exchange.inline import UnknownInlineError
from dragoman_exchange.marks import read_base_mark, read_job_mark
from dragoman_exchange.model import ExchangeFormat
from dragoman_exchange.xliff21 import STATES
from dragoman_exchange.xml import (
    FORBIDDEN,
    REPLACEMENT,
    Element,
    elements,
    local_name,
    root_of,
    text_in,
    xml_content,
)

_STAGES = {state: stage for stage, state in STATES.items()}
_NATIVE = re.compile(r"</?([1-9][0-9]{0,17})/?>")
_ID = re.compile(r"([1-9][0-9]{0,17})(?:-[0-9]+)?")
_ORDER = re.compile(r"[0-9]{1,9}")
_STAGE_ORDER = tuple(ReviewStage)


def read_xliff21(healed: bytes, repairs: Repairs) -> FoundFile:
    """The file's head, and its units as they are asked for. `healed` is as `heal` gives it."""
    root = root_of(healed)
    if local_name(root) != "xliff":
        raise unreadable("is no XLIFF")
    return FoundFile(
        ExchangeFormat.XLIFF_2_1,
        read_job_mark(_original(healed)),
        root.get("srcLang"),
        root.get("trgLang"),
        _units(healed),
        xml_content,
        repairs,
    )


def _original(healed: bytes) -> str | None:
    for element in elements(healed, "unit", "file"):
        file: Element | None = element
        while file is not None and local_name(file) != "file":
            file = file.getparent()
        return file.get("original") if file is not None else None
    raise unreadable("has no file element")


def _units(healed: bytes) -> Iterator[FoundUnit]:
    for number, element in enumerate(elements(healed, "unit"), start=1):
        yield _found(element, number)


def _found(element: Element, number: int) -> FoundUnit:
    unit_id = element.get("name")
    place = f"unit {unit_id or element.get('id') or number}"
    meta = {
        each.get("type") or "": text_in(each)
        for each in element.iter("{urn:oasis:names:tc:xliff:metadata:2.0}meta")
    }
    base, base_stage = read_base_mark(meta.get("base"))
    notes = [
        text_in(note)
        for note in element.findall("{*}notes/{*}note")
        if note.get("category") != "finding"
    ]
    try:
        source, target = _texts(element)
    except UnknownInlineError as error:
        reason = f"It has {error} inside, which stands for no tag: use tags as they were exported."
        return FoundUnit(place, unit_id, fault=("exchange.tags", reason))
    is_verified = meta.get("verificationStatus") == "human_verified"
    return FoundUnit(
        place, unit_id, source, target, _stage(element), base, base_stage, is_verified, tuple(notes)
    )


def _stage(element: Element) -> ReviewStage | None:
    """The stage of the segment that is least far."""
    # The default of `state` is `initial` (XLIFF 2.1 §4.3.1.29).
    states = [each.get("state") or "initial" for each in element.findall("{*}segment")]
    stages = [_STAGES[state] for state in states if state in _STAGES]
    return min(stages, key=_STAGE_ORDER.index, default=None)


def _texts(element: Element) -> tuple[Content, Content]:
    data = {
        each.get("id") or "": text_in(each) for each in element.findall("{*}originalData/{*}data")
    }
    source: list[Element] = []
    target: list[tuple[int, Element]] = []
    for piece in element:
        if local_name(piece) not in ("segment", "ignorable"):
            continue
        before, after = piece.find("{*}source"), piece.find("{*}target")
        if before is not None:
            source.append(before)
        if after is None and local_name(piece) == "ignorable":
            after = before
        if after is not None:
            # Targets may stand in another order than their segments (§4.3.1.21).
            order = after.get("order") or ""
            target.append((int(order) if _ORDER.fullmatch(order) else len(target) + 1, after))
    ordered = [each for _, each in sorted(target, key=lambda each: each[0])]
    return _joined(source, data), _joined(ordered, data)


def _joined(texts: Iterable[Element], data: Mapping[str, str]) -> Content:
    reader = _Reader(data)
    return normalised(chain.from_iterable(map(reader.parts, texts)))


class _Reader:
    """Reads the inline elements of one unit's sources or targets."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self._data = data
        self._started: dict[str, int] = {}

    def parts(self, element: Element) -> Iterator[str | Tag]:
        """Text and tags in reading order."""
        if element.text:
            yield element.text
        for child in element:
            yield from self._read(child)
            if child.tail:
                yield child.tail

    def _read(self, child: Element) -> Iterator[str | Tag]:
        name = local_name(child)
        match name:
            case "pc":
                number = self._number(child, "dataRefStart")
                yield opening(number)
                yield from self.parts(child)
                yield closing(number)
            case "ph":
                yield placeholder(self._number(child, "dataRef"))
            case "sc":
                number = self._number(child, "dataRef")
                self._started[child.get("id") or ""] = number
                yield opening(number)
            case "ec":
                started = self._started.get(child.get("startRef") or "")
                yield closing(started if started else self._number(child, "dataRef"))
            case "mrk":
                yield from self.parts(child)
            case "sm" | "em":
                pass
            case "cp":
                yield _character(child)
            case _:
                raise UnknownInlineError(name or "an entity")

    def _number(self, element: Element, reference: str) -> int:
        native = _NATIVE.fullmatch(self._data.get(element.get(reference) or "", "").strip())
        if native:
            return int(native[1])
        for attribute in ("copyOf", "id"):
            match = _ID.fullmatch(element.get(attribute) or "")
            if match:
                return int(match[1])
        raise UnknownInlineError(local_name(element))


def _character(element: Element) -> str:
    """The character of a `cp`, which XML itself cannot hold."""
    try:
        char = chr(int(element.get("hex") or "", 16))
    except (ValueError, OverflowError):
        return REPLACEMENT
    return REPLACEMENT if FORBIDDEN.match(char) else char
