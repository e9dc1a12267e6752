"""The units of a job as they are now: after engine, QA and people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dragoman_contracts.reports import QaFinding, ReviewStage, UnitVerification
from dragoman_contracts.review import (
    EditOrigin,
    ReviewedUnit,
    ReviewState,
    stage_of,
    standing_edits,
    verdict_of,
)
from dragoman_contracts.text import Content, TakenFrom, Unit, UnitTarget, plain_text
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.rules.errors import UnitMissingError
from dragoman_linguistics import TaggedText, render, render_by

PENDING = frozenset({VerificationState.NEEDS_REVIEW, VerificationState.BLOCKED})
"""The states of units that keep a review from its end."""

_LEAST_SIMILAR, _EQUAL = 60, 100


@dataclass(frozen=True, slots=True)
class Counts:
    """How many units are in which state, in which stage, and have which finding."""

    states: Counter[VerificationState]
    stages: Counter[ReviewStage]
    codes: Counter[str]

    def add(self, row: UnitNow, number: int) -> None:
        """Count a unit this many times; -1 takes it out."""
        self.states[row.state] += number
        if row.unit.is_translatable:
            self.stages[row.stage] += number
        for code in {each.code for each in row.findings}:
            self.codes[code] += number


@dataclass(frozen=True)
class Sheet:
    """The translatable units of a job in document order, with what the engine made of them and
    QA's word on it.
    """

    units: tuple[Unit, ...]
    targets: Mapping[str, UnitTarget]
    verdicts: Mapping[str, UnitVerification]
    places: Mapping[str, int] = field(default_factory=dict[str, int])

    @cached_property
    def repeats(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of units with the same text and tags, by content key; only where there are
        several.
        """
        found: dict[str, list[str]] = {}
        for unit in self.units:
            if unit.is_translatable:
                found.setdefault(unit.content_key, []).append(unit.unit_id)
        return {key: tuple(ids) for key, ids in found.items() if ids[1:]}

    @cached_property
    def words(self) -> tuple[frozenset[str], ...]:
        """The words of each unit's source, case folded."""
        return tuple(frozenset(plain_text(unit.source).casefold().split()) for unit in self.units)

    @cached_property
    def counts(self) -> Counts:
        """How many units stand where, before people."""
        counts = Counts(Counter(), Counter(), Counter())
        for position in range(len(self.units)):
            counts.add(unit_now(self, position, ReviewState()), 1)
        return counts

    def unit(self, unit_id: str) -> Unit:
        """The unit of this id.

        Raises:
            UnitMissingError: there is none, or nothing in it is to be translated.
        """
        place = self.places.get(unit_id)
        if place is None or not self.units[place].is_translatable:
            raise UnitMissingError(unit_id)
        return self.units[place]


@dataclass(frozen=True, slots=True)
class UnitNow:
    """A unit with its translation as it is now, after engine, QA and people."""

    unit: Unit
    position: int
    target: Content | None
    result_source: str | None
    state: VerificationState
    stage: ReviewStage
    findings: tuple[QaFinding, ...]
    reviewed: ReviewedUnit | None
    call: str | None
    taken_from: TakenFrom | None = None

    @property
    def version(self) -> int:
        """The version of the last edit; 0 where nobody worked on it."""
        return self.reviewed.version if self.reviewed else 0

    @property
    def key(self) -> TaggedText:
        """The source as people read it, and the key to its tags."""
        return render(self.unit.source)

    def written(self, content: Content) -> str:
        """Content of the unit as people read it."""
        return render_by(content, self.key)

    @property
    def origin(self) -> EditOrigin | None:
        """How the text came to be what it is; None where nobody changed it."""
        standing = standing_edits(self.reviewed) if self.reviewed else []
        return standing[-1].origin if standing else None


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Which units a list shows. Empty fields let all through; `text` is looked for, case folded,
    in source and target.
    """

    state: VerificationState | None = None
    stage: ReviewStage | None = None
    finding: str = ""
    origin: str = ""
    text: str = ""

    def lets_through(self, row: UnitNow) -> bool:
        """Whether the list shows this unit."""
        if self.state is not None and row.state is not self.state:
            return False
        if self.stage is not None and row.stage is not self.stage:
            return False
        if self.finding and not any(each.code == self.finding for each in row.findings):
            return False
        if self.origin and self.origin not in {row.origin, row.result_source}:
            return False
        if not self.text:
            return True
        texts = (plain_text(row.unit.source), plain_text(row.target or ()))
        return any(self.text.casefold() in text.casefold() for text in texts)


def unit_now(sheet: Sheet, position: int, state: ReviewState) -> UnitNow:
    """The unit at this place, as it is now."""
    unit = sheet.units[position]
    reviewed, made = state.units.get(unit.unit_id), sheet.targets.get(unit.unit_id)
    found = sheet.verdicts.get(unit.unit_id)
    changed = reviewed.target if reviewed else None
    findings = reviewed.findings if reviewed and reviewed.findings is not None else None
    if findings is None:
        findings = found.findings if found else ()
    return UnitNow(
        unit=unit,
        position=position,
        target=changed if changed is not None else made.target if made else None,
        result_source="review" if changed is not None else made.came_from if made else None,
        state=_state(unit, found, reviewed),
        stage=stage_of(found.verdict if found else None, reviewed),
        findings=findings,
        reviewed=reviewed,
        call=_call_of(reviewed) if changed is not None else made.call if made else None,
        taken_from=made.taken_from if made and changed is None else None,
    )


def _call_of(reviewed: ReviewedUnit | None) -> str | None:
    """The recorded call that gave a unit the target it has now; None where a person wrote it."""
    if reviewed is None:
        return None
    standing = reversed(standing_edits(reviewed))
    return next(
        (each.call for each in standing if each.call and each.target == reviewed.target), None
    )


def _state(
    unit: Unit, found: UnitVerification | None, reviewed: ReviewedUnit | None
) -> VerificationState:
    if found is not None:
        return VerificationState(verdict_of(found, reviewed).value)
    return VerificationState.PENDING if unit.is_translatable else VerificationState.LEFT_AS_IS


def rows(sheet: Sheet, state: ReviewState, which: UnitFilter, after: int = -1) -> Iterator[UnitNow]:
    """The units behind a place that the filter lets through, in document order."""
    for position in range(after + 1, len(sheet.units)):
        row = unit_now(sheet, position, state)
        if which.lets_through(row):
            yield row


def pending_ids(sheet: Sheet, state: ReviewState, among: Iterable[str] | None = None) -> set[str]:
    """The units that still need a person: all of them, or those `among` these."""
    ids = sheet.verdicts.keys() if among is None else among
    return {
        unit_id
        for unit_id in ids
        if (found := sheet.verdicts.get(unit_id))
        and verdict_of(found, state.units.get(unit_id)).value in PENDING
    }


def key_of(unit: Unit) -> TaggedText:
    """The key by which people read and write the unit's tags as `<1>…</1>`."""
    return render(unit.source)


def written(content: Content, unit: Unit) -> str:
    """Content of a unit as people read it, with tags as `<1>…</1>`."""
    return render_by(content, key_of(unit))


def counts_now(sheet: Sheet, state: ReviewState) -> Counts:
    """How many units stand where now: the counts before people, put right by what they did."""
    before = sheet.counts
    counts = Counts(before.states.copy(), before.stages.copy(), before.codes.copy())
    nobody = ReviewState()
    for unit_id in state.units:
        position = sheet.places.get(unit_id)
        if position is not None:
            counts.add(unit_now(sheet, position, nobody), -1)
            counts.add(unit_now(sheet, position, state), 1)
    return counts


def similar(
    sheet: Sheet, state: ReviewState, unit: Unit, limit: int = 9
) -> list[tuple[int, UnitNow]]:
    """The units of the document that read most like this one, each with its score in percent:
    repetitions first, then by the share of words in common.
    """
    words = sheet.words[sheet.places[unit.unit_id]]
    if not words:
        return []
    scored: list[tuple[int, int]] = []
    for position, theirs in enumerate(sheet.words):
        # A quick look first: sets of very different sizes have too little in common.
        if (
            not _LEAST_SIMILAR * len(words)
            <= _EQUAL * len(theirs)
            <= _EQUAL * (_EQUAL * len(words) // _LEAST_SIMILAR + 1)
        ):
            continue
        common = len(words & theirs)
        score = _EQUAL * common // (len(words) + len(theirs) - common)
        other = sheet.units[position]
        if score < _LEAST_SIMILAR or other.unit_id == unit.unit_id or not other.is_translatable:
            continue
        is_same = other.content_key == unit.content_key
        scored.append((_EQUAL if is_same else min(score, _EQUAL - 1), position))
    scored.sort(key=lambda each: (-each[0], each[1]))
    return [(score, unit_now(sheet, position, state)) for score, position in scored[:limit]]
