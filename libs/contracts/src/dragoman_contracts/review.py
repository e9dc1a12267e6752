"""A review's objects and its state: who made of which unit what. Pure.

    state = ReviewState()
    for save in job.review.saves:                      # each points to the ReviewEdits of one person
        state = reviewed(state, edits_of(save), save)
    state.units["word/document.xml#0.4"].target        # as the last person left it

A unit that nobody worked on has no entry: its target is the engine's, its stage follows from QA's
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef, Sha256
from dragoman_contracts.reports import (
    QaFinding,
    ReviewStage,
    Severity,
    UnitVerdict,
    UnitVerification,
)
from dragoman_contracts.text import Content


def _is_none(value: object) -> bool:
    return value is None


class EditOrigin(StrEnum):
    """How a person came to an edit."""

    TYPED = "typed"
    ACCEPTED = "accepted"
    IMPORTED = "imported"
    PROPAGATED = "propagated"
    REPLACED = "replaced"
    RETRANSLATED = "retranslated"
    UNDONE = "undone"


class Dismissal(Value):
    """A finding that a person said is none, and why."""

    code: str = Field(max_length=80)
    reason: str = Field(max_length=500)


class UnitEdit(Value):
    """The work of a person on one unit. Fields that are None leave what was there.

    `undoes` is the version of the edit that is taken back: target and stage are then those before
    it, and None where nobody had worked on the unit. `findings` are QA's on the target as it now
    reads; None where they are those of the engine's. `based_on` is the version of the unit that the
    edit was made for: where a person was at the unit since, it is passed over. `call` is the recorded
    call of an engine that wrote the target.
    """

    unit_id: str
    origin: EditOrigin
    target: Content | None = None
    stage: ReviewStage | None = None
    comment: str = ""
    dismissed: Dismissal | None = None
    assignee_id: UUID | None = None
    is_unassigned: bool = False
    undoes: int | None = None
    findings: tuple[QaFinding, ...] | None = None
    based_on: Annotated[int | None, Field(exclude_if=_is_none)] = None
    call: Annotated[Sha256 | None, Field(exclude_if=_is_none)] = None


class ReviewEdits(Value):
    """The edits of one save, at most one for a unit."""

    edits: tuple[UnitEdit, ...]


class UnitAsked(Value):
    """A unit that is to be translated again, as it was then: its version, how far people were with
    it, and whether it needed a person.
    """

    unit_id: str
    version: int
    stage: ReviewStage
    is_pending: bool


class RetranslationRequest(Value):
    """The units that a person wants translated again, and by which engine and model; no model is
    the engine's own.
    """

    units: tuple[UnitAsked, ...]
    engine: str
    model: str = ""


class Comment(Value):
    """A remark of a person on a unit. `actor` is theirs as events name it."""

    actor: str
    actor_record: str | None
    text: str
    written_at: datetime


class PastEdit(Value):
    """A target that a person gave a unit or had it given, or the stage they put it in."""

    version: int
    actor: str
    actor_record: str | None
    edited_at: datetime
    origin: EditOrigin
    target: Content | None
    stage: ReviewStage | None
    call: Annotated[Sha256 | None, Field(exclude_if=_is_none)] = None


class ReviewedUnit(Value):
    """One unit as people left it. `target` and `stage` are None where they did not touch them.

    `history` are the edits of target and stage, oldest first. `version` is that of the job's event
    that told of it last: an edit names it, and is refused where another came between. `findings`
    are QA's on a target that people changed.
    """

    version: int
    target: Content | None = None
    stage: ReviewStage | None = None
    history: tuple[PastEdit, ...] = ()
    comments: tuple[Comment, ...] = ()
    dismissed: tuple[Dismissal, ...] = ()
    assignee_id: UUID | None = None
    findings: tuple[QaFinding, ...] | None = None

    @property
    def last(self) -> PastEdit | None:
        """The edit that made target and stage what they are."""
        return self.history[-1] if self.history else None

    @property
    def is_verified(self) -> bool:
        """Whether a person stands for the translation (E's `human_verified`)."""
        return self.stage is not None and self.stage is not ReviewStage.DRAFT

    def dismisses(self, code: str) -> bool:
        """Whether a person said that this finding is none."""
        return any(each.code == code for each in self.dismissed)


class ReviewState(Value):
    """People's work on the units, by unit id, after the job's event `version`."""

    version: int = 0
    units: dict[str, ReviewedUnit] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Save:
    """A save on record: its place in the job's stream, who made it and when, and its
    `ReviewEdits`.
    """

    version: int
    actor: str
    actor_record: str | None
    saved_at: datetime
    edits: ObjectRef


def reviewed(state: ReviewState, edits: Iterable[UnitEdit], save: Save) -> ReviewState:
    """The state after one more save; a save that it already knows changes nothing."""
    if save.version <= state.version:
        return state
    changed = {
        edit.unit_id: _edited(state.units.get(edit.unit_id), edit, save)
        for edit in edits
        if _is_current(state.units.get(edit.unit_id), edit)
    }
    return ReviewState.model_construct(version=save.version, units=state.units | changed)


def _is_current(unit: ReviewedUnit | None, edit: UnitEdit) -> bool:
    return edit.based_on is None or edit.based_on == (unit.version if unit else 0)


def _edited(unit: ReviewedUnit | None, edit: UnitEdit, save: Save) -> ReviewedUnit:
    before = unit or ReviewedUnit(version=0)
    changes: dict[str, object] = {"version": save.version}
    keeps_target = edit.undoes is None and edit.target is None
    keeps_stage = edit.undoes is None and edit.stage is None
    if not keeps_target:
        changes |= {"target": edit.target, "findings": edit.findings}
    if not keeps_stage:
        changes["stage"] = edit.stage
    if not (keeps_target and keeps_stage):
        past = PastEdit(
            version=save.version,
            actor=save.actor,
            actor_record=save.actor_record,
            edited_at=save.saved_at,
            origin=edit.origin,
            target=before.target if keeps_target else edit.target,
            stage=before.stage if keeps_stage else edit.stage,
            call=edit.call,
        )
        changes["history"] = (*before.history, past)
    if edit.comment:
        comment = Comment(
            actor=save.actor,
            actor_record=save.actor_record,
            text=edit.comment,
            written_at=save.saved_at,
        )
        changes["comments"] = (*before.comments, comment)
    if edit.dismissed is not None:
        others = (each for each in before.dismissed if each.code != edit.dismissed.code)
        changes["dismissed"] = (*others, edit.dismissed)
    if edit.assignee_id is not None or edit.is_unassigned:
        changes["assignee_id"] = edit.assignee_id
    return before.model_copy(update=changes)


def before_last(unit: ReviewedUnit) -> tuple[Content | None, ReviewStage | None]:
    """Target and stage before the last edit, for whoever takes it back.

    An edit that was taken back is passed over, so that undoing twice goes two edits back.
    """
    standing = standing_edits(unit)
    return (standing[-2].target, standing[-2].stage) if standing[1:] else (None, None)


def standing_edits(unit: ReviewedUnit) -> list[PastEdit]:
    """The edits of a unit that were not taken back, oldest first."""
    standing: list[PastEdit] = []
    for past in unit.history:
        if past.origin is EditOrigin.UNDONE:
            if standing:
                standing.pop()
        else:
            standing.append(past)
    return standing


CONFIRMED = frozenset({ReviewStage.REVIEWED, ReviewStage.APPROVED})
"""The stages in which somebody stands for a translation."""


def stage_counts(stages: Iterable[ReviewStage | None]) -> tuple[int, int]:
    """How many of these stages say that somebody stands for a translation, and how many of them
    that it is approved.
    """
    found = list(stages)
    return sum(each in CONFIRMED for each in found), found.count(ReviewStage.APPROVED)


def stage_of(verdict: UnitVerdict | None, unit: ReviewedUnit | None) -> ReviewStage:
    """How far people are with a unit: as they said, else translated where QA let it pass."""
    if unit is not None and unit.stage is not None:
        return unit.stage
    return ReviewStage.TRANSLATED if verdict is UnitVerdict.PASSED else ReviewStage.DRAFT


def verdict_of(found: UnitVerification, unit: ReviewedUnit | None) -> UnitVerdict:
    """Whether a unit still needs a person, after QA and after people.

    A person who put it back to draft wants it looked at, whatever QA said. Findings that were all
    dismissed keep nobody.
    """
    if unit is None:
        return found.verdict
    if unit.is_verified:
        return UnitVerdict.HUMAN_VERIFIED
    if unit.stage is ReviewStage.DRAFT:
        blocked = found.verdict is UnitVerdict.BLOCKED and unit.target is None
        return UnitVerdict.BLOCKED if blocked else UnitVerdict.NEEDS_REVIEW
    asking = [each for each in found.findings if each.severity is not Severity.INFO]
    if found.verdict is not UnitVerdict.PASSED and all(
        unit.dismisses(each.code) for each in asking
    ):
        return UnitVerdict.PASSED
    return found.verdict


def pending_units(
    found: Iterable[UnitVerification], units: Mapping[str, ReviewedUnit]
) -> list[str]:
    """The ids of the units that still need a person, in the order of the verdicts."""
    return [
        each.unit_id
        for each in found
        if verdict_of(each, units.get(each.unit_id))
        in {UnitVerdict.NEEDS_REVIEW, UnitVerdict.BLOCKED}
    ]
