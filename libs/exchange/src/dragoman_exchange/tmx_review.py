"""TMX 1.4b for reviewers: the job's units as translation units, and read back.

<prop type="x-dragoman-job">dragoman:job/25e8…/document/none/version/3</prop>     in the header
<tu tuid="u1"><prop type="x-dragoman-stage">reviewed</prop>…                      for each unit
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from dragoman_contracts.reports import ReviewStage
from dragoman_exchange.found import FoundFile, FoundUnit, Repairs, unreadable
from dragoman_exchange.marks import (
    base_mark,
    job_mark,
    read_base_mark,
    read_job_mark,
    stage_named,
)
from dragoman_exchange.model import ExchangeFormat, ReviewDocument, ReviewUnit
from dragoman_exchange.notes import notes_of
from dragoman_exchange.tmx import TmxHeader, TmxUnit, write_tmx
from dragoman_exchange.tmx_reading import language_of, properties_of, segment_in, variants_in
from dragoman_exchange.xml import Element, elements, local_name, text_in, xml_content

_JOB, _BASE, _STAGE = "x-dragoman-job", "x-dragoman-base", "x-dragoman-stage"
_VERIFICATION = "verificationStatus"
_TARGET = "x-dragoman-target"


def write_tmx_review(document: ReviewDocument) -> bytes:
    """The document as TMX 1.4b, level 2."""
    header = TmxHeader(
        document.source_locale,
        document.target_locale,
        document.tool_version,
        document.created_at,
        {_JOB: job_mark(document), _TARGET: str(document.target_locale)},
    )
    return write_tmx(header, map(_tmx_unit, document.units))


def _tmx_unit(unit: ReviewUnit) -> TmxUnit:
    properties = {
        _VERIFICATION: str(unit.verification_state),
        _STAGE: str(unit.stage),
        _BASE: base_mark(unit),
    }
    return TmxUnit(unit.unit_id, unit.source, unit.target, properties, notes_of(unit))


def read_tmx_review(document: ReviewDocument, healed: bytes, repairs: Repairs) -> FoundFile:
    """The file's head, and its units as they are asked for. `healed` is as `heal` gives it."""
    data = _closed(healed, repairs)
    header = next(elements(data, "header", "tu"), None)
    if header is None or local_name(header) != "header":
        raise unreadable("has no TMX header")
    props = _props(header)
    said = header.get("srclang")
    return FoundFile(
        ExchangeFormat.TMX,
        read_job_mark(props.get(_JOB)),
        None if said is None or said.strip("*").lower() == "all" else said,
        props.get(_TARGET),
        _units(data, document, repairs),
        xml_content,
        repairs,
    )


def _closed(data: bytes, repairs: Repairs) -> bytes:
    """The file with its end, where it was cut off after a whole unit."""
    if b"</tmx>" in data[-4096:]:
        return data
    end = data.rfind(b"</tu>")
    if end < 0:
        raise unreadable("ends before its first unit")
    repairs.add("exchange.truncated", "The file was cut off; its whole units were read.")
    return data[: end + len(b"</tu>")] + b"</body></tmx>"


def _units(data: bytes, document: ReviewDocument, repairs: Repairs) -> Iterator[FoundUnit]:
    for number, element in enumerate(elements(data, "tu"), start=1):
        yield from _unit(element, f"tu {number}", document, repairs)


def _unit(
    element: Element, place: str, document: ReviewDocument, repairs: Repairs
) -> Iterator[FoundUnit]:
    unit_id = element.get("tuid")
    variants = [(language_of(each, repairs), each) for each in element if local_name(each) == "tuv"]
    source = variants_in(variants, document.source_locale)
    # The languages of a job may be as near as en and en-GB: the source is not a target as well.
    others = [each for each in variants if not source or each[1] is not source[0]]
    targets = variants_in(others, document.target_locale)
    if not targets or not source:
        missing = document.target_locale if source else document.source_locale
        reason = f"It has no text in {missing}: export it with both languages."
        yield FoundUnit(place, unit_id, fault=("exchange.language_missing", reason))
        return
    props = dict(chain.from_iterable(_props(each).items() for each in (element, *targets)))
    base, base_stage = read_base_mark(props.get(_BASE))
    notes = chain.from_iterable(each.findall("{*}note") for each in (element, *targets))
    comments = tuple(text_in(note) for note in notes)
    for target in targets:
        source_content, source_fault = segment_in(source[0])
        target_content, target_fault = segment_in(target)
        yield FoundUnit(
            place,
            unit_id,
            source_content,
            target_content,
            _stage(props),
            base,
            base_stage,
            props.get(_VERIFICATION) == "human_verified",
            comments,
            source_fault or target_fault,
        )


def _stage(props: dict[str, str]) -> ReviewStage | None:
    return stage_named(props.get(_STAGE))


def _props(element: Element) -> dict[str, str]:
    return dict(properties_of(element))
