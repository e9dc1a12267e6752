"""The rules of extraction: what the manifest says, and which event follows. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from dragoman_contracts.counting import TextCount, count_text
from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import DocumentExtracted, Event
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value, canonical_json
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import ExtractionManifest
from dragoman_contracts.text import Unit, UnitList
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_extract.ports import UnitExtractor
from dragoman_linguistics import rules_in, segment

RULES_VERSION = 2
"""Raised when the same source would give other units,
so that kept outcomes are not taken for new ones.
"""


class ExtractionOutcome(Value):
    """The objects that extraction stored, with the counts its event carries."""

    units: ObjectRef
    manifest: ObjectRef
    unit_count: int
    translatable_count: int
    segment_count: int
    word_count: int


class Extracted(Value):
    """The yield of a document: the canonical JSON of its `UnitList`,
    and the manifest of that list.
    """

    units: bytes
    manifest: ExtractionManifest


def extracted(
    extractor: UnitExtractor,
    source: bytes,
    options: Mapping[str, JsonValue],
    locale: Locale,
    *,
    source_digest: str,
    rules: bytes | None = None,
) -> Extracted:
    """The units of a document, cut into segments by the built-in rules or those of an SRX file.

    Raises:
        PermanentError: the document cannot be read, or a rule took too long; the message names the
            cure.
    """
    units = segmented(extractor.extract(source, options), locale, rules)
    data = canonical_json(UnitList(source_locale=locale, units=units))
    manifest = manifest_of(
        units, source_digest=source_digest, units_digest=hashlib.sha256(data).hexdigest()
    )
    return Extracted(units=data, manifest=manifest)


def segmented(
    units: Iterable[Unit], locale: Locale, rules: bytes | None = None
) -> tuple[Unit, ...]:
    """The units with their segments cut by the locale's rules, built in or those of an SRX file."""
    chosen = None if rules is None else rules_in(rules)
    return tuple(segment(unit, locale, chosen) for unit in units)


def manifest_of(
    units: tuple[Unit, ...], *, source_digest: str, units_digest: str
) -> ExtractionManifest:
    """The manifest of a unit list: how much there is, in which stories and parts."""
    translatable = [unit for unit in units if unit.is_translatable]
    total = sum((count_text(unit.source, unit.tags) for unit in translatable), TextCount())
    return ExtractionManifest(
        source_digest=source_digest,
        units=units_digest,
        unit_count=len(units),
        translatable_count=len(translatable),
        segment_count=sum(not each.is_ignorable for unit in translatable for each in unit.segments),
        word_count=total.words,
        character_count=total.characters,
        units_by_story=dict(Counter(unit.story.value for unit in units)),
        units_by_part=dict(Counter(unit.anchor.part for unit in units)),
    )


def decide(job: Job, item: WorkItem, outcome: ExtractionOutcome) -> tuple[Event, ...]:
    """DocumentExtracted, which makes translation owed."""
    extracted = DocumentExtracted(
        units=outcome.units,
        manifest=outcome.manifest,
        unit_count=outcome.unit_count,
        translatable_count=outcome.translatable_count,
        segment_count=outcome.segment_count,
        word_count=outcome.word_count,
    )
    return end_phase(job, job.phase_of_kind(PhaseKind.EXTRACTION), extracted)
