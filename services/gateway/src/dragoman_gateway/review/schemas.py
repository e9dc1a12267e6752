"""A review over HTTP: units as people read them, acts on them, and what came of these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from dragoman_contracts.reports import Cure, ReviewStage, Severity
from dragoman_contracts.review import EditOrigin
from dragoman_contracts.text import StoryKind, TagRole, TakenFrom
from dragoman_contracts.vocabulary import JobStatus
from dragoman_exchange import ExchangeFormat
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.rules.retranslations import RetranslationStatus
from dragoman_gateway.review.rules.sheet import Sheet, UnitNow, written
from dragoman_gateway.web.fields import NUL_FREE

MOST_RETRANSLATED = 500
UnitId = Annotated[str, Field(max_length=500, pattern=NUL_FREE)]
TargetText = Annotated[
    str,
    Field(
        max_length=200_000,
        pattern=NUL_FREE,
        description="The target with tags as in the source: `<1>…</1>`, `<2/>`.",
    ),
]
Names = Mapping[str, str]
"""The names of people, by the digests of their records."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TagView(BaseModel):
    """A tag of a unit and what may be done with it. `id` is the number in the texts."""

    id: int
    role: TagRole
    can_delete: bool
    can_copy: bool
    can_reorder: bool
    equivalent: str


class FindingView(BaseModel):
    """A finding of QA. Offsets count characters of the target without tags."""

    code: str
    severity: Severity
    message: str
    start: int | None
    end: int | None
    cure: Cure | None = Field(
        default=None,
        description="`autofix`: there is one right text. `retranslate`: another answer may be without it."
        " `person`: somebody has to look. Null where older rules judged.",
    )
    dismissed_reason: str | None = Field(description="Why a person said that it is none.")
    mqm: Literal["minor", "major", "critical"] | None = Field(
        default=None, description="The severity that a judge gave its advice; null for checks."
    )


class UnitView(BaseModel):
    """A unit and its translation, with tags as `<1>…</1>` and `<2/>`.

    `version` is the ETag of the last edit, 0 where nobody worked on it.
    """

    unit_id: str
    position: int
    story: StoryKind
    part: str
    is_translatable: bool
    source: str
    target: str | None
    tags: list[TagView]
    result_source: str | None
    taken_from: TakenFrom | None = Field(description="Null where it was not, or was changed since.")
    verification_state: VerificationState
    stage: ReviewStage
    findings: list[FindingView]
    version: int
    edited_by_name: str | None
    edited_at: datetime | None
    origin: EditOrigin | None
    comment_count: int
    assignee_id: UUID | None
    repeat_key: str | None = Field(description="Equal for units with the same text and tags.")
    max_length_chars: int | None


class UnitPage(BaseModel):
    """A page of a job's units, in document order."""

    items: list[UnitView]
    next_cursor: str | None


class CommentView(BaseModel):
    """A remark on a unit."""

    author: str
    text: str
    written_at: datetime


class PastEditView(BaseModel):
    """An edit of a unit: what it made of the target and the stage."""

    version: int
    target: str | None
    stage: ReviewStage | None
    origin: EditOrigin
    by_name: str
    at: datetime


class MatchView(BaseModel):
    """A unit that reads alike. `score` is in percent."""

    unit_id: str
    source: str
    target: str | None
    score: int
    origin: str


class TermView(BaseModel):
    """A term of the source and what it is in the target's language."""

    source: str
    target: str
    note: str
    is_forbidden: bool = Field(False, description="Whether the target must not be used.")


class WhyView(BaseModel):
    """Why a unit reads as it does: the recorded call of the engine."""

    engine: str
    model: str
    call: str | None
    prompt: str | None
    reply: str | None
    usage: dict[str, Any] | None


class UnitDetail(UnitView):
    """A unit with everything that is known of it."""

    comments: list[CommentView]
    history: list[PastEditView]
    matches: list[MatchView]
    terms: list[TermView]
    why: WhyView | None


class UnitChange(_Body):
    """The wishes for a unit; fields that are left out stay."""

    target: TargetText | None = None
    state: ReviewStage | None = Field(
        default=None, description="Without it, a changed target counts as reviewed."
    )
    propagate: bool = Field(
        default=True, description="Repetitions that nobody confirmed get the same."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.target is None and self.state is None:
            raise ValueError("name a target, a state, or both")
        return self


class UnitSaved(BaseModel):
    """A unit after a save, the repetitions that got the same, and what is left to do."""

    unit: UnitView
    propagated: list[UnitView]
    pending_units: int


class AcceptRequest(_Body):
    """The units whose translations are right as they are: exactly one of the fields."""

    unit_ids: list[UnitId] | None = Field(default=None)
    verification_state: VerificationState | None = None
    finding: Annotated[str | None, Field(max_length=80, pattern=NUL_FREE)] = None
    all: bool = False

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        named = (self.unit_ids, self.verification_state, self.finding, self.all or None)
        if sum(each is not None for each in named) != 1:
            raise ValueError("name unit_ids, verification_state, finding, or all: one of them")
        return self


class Acceptance(BaseModel):
    """How many units were accepted; those that are empty or lack tags were skipped."""

    accepted_count: int
    skipped_count: int
    skipped_unit_ids: list[str]
    pending_units: int


class UnitRequest(_Body):
    """The unit that an act is about."""

    unit_id: UnitId


class CheckRequest(UnitRequest):
    """A target that is not saved yet."""

    target: TargetText


class Checked(BaseModel):
    """QA's findings on a target, and how it would be stored."""

    target: str
    findings: list[FindingView]


class CommentRequest(UnitRequest):
    """A remark on a unit."""

    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=NUL_FREE)]


class DismissRequest(UnitRequest):
    """A finding that is none, and why."""

    code: Annotated[str, Field(min_length=1, max_length=80, pattern=NUL_FREE)]
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=NUL_FREE)]
    scope: Literal["unit", "project"] = Field(
        default="unit",
        description="`project`: later jobs of the project do not find it in these texts again.",
    )


class AssignRequest(_Body):
    """The person who is to look at units; None takes them back."""

    unit_ids: list[UnitId] = Field(min_length=1)
    user_id: UUID | None


class RetranslateRequest(_Body):
    """Units to translate again, and by which engine: null is the job's own, and a model that is
    null is the engine's.
    """

    unit_ids: list[UnitId] = Field(min_length=1, max_length=MOST_RETRANSLATED)
    engine: Annotated[str, Field(max_length=80, pattern=NUL_FREE)] | None = None
    model: Annotated[str, Field(max_length=200, pattern=NUL_FREE)] | None = None


class RetranslationView(BaseModel):
    """A retranslation that was asked for. `code` says why it failed, or why it is tried again;
    `units` are its units as they are now.
    """

    index: int
    status: RetranslationStatus
    code: str
    unit_count: int
    units: list[UnitView]


class ReplaceRequest(_Body):
    """A text to find in targets, and what takes its place. Tags stay where they are."""

    find: Annotated[str, Field(min_length=1, max_length=500, pattern=NUL_FREE)]
    replace: Annotated[str, Field(max_length=5000, pattern=NUL_FREE)]
    match_case: bool = False
    whole_words: bool = False
    unit_ids: list[UnitId] | None = Field(default=None)
    dry_run: bool = False


class ReplacedUnit(BaseModel):
    """A target before and after."""

    unit_id: str
    before: str
    after: str
    version: int


class Replaced(BaseModel):
    """The changes that a replacement makes, or made."""

    changes: list[ReplacedUnit]
    applied_count: int


class Reviewer(BaseModel):
    """A person who reviews."""

    user_id: UUID
    name: str


class People(BaseModel):
    """People by name, and no more of them."""

    items: list[Reviewer]


class ReviewView(BaseModel):
    """A review as a whole. `status` is `not_open` where nobody has begun."""

    session_id: UUID | None
    status: str
    is_editable: bool
    may_open: bool
    pending_units: int
    counts_by_stage: dict[ReviewStage, int]
    counts_by_state: dict[VerificationState, int]
    findings_by_code: dict[str, int]
    due_at: datetime | None
    reviewers: list[Reviewer]
    retranslations_waiting: list[int] = Field(
        description="The numbers of the retranslations that are under way."
    )


class ReviewChange(_Body):
    """Who reviews, and by when."""

    due_at: AwareDatetime | None = None
    reviewer_ids: list[UUID] = Field(default_factory=list, max_length=100)


class FinishRequest(_Body):
    """The end of a review."""

    as_they_are: bool = Field(
        default=False, description="Take units that still wait for a person as they are."
    )


class PresenceRequest(_Body):
    """The unit that a person has open; None where they have none."""

    unit_id: UnitId | None = None


class Present(BaseModel):
    """Another person in a unit."""

    unit_id: str
    name: str


class Presence(BaseModel):
    """The other people at work on the job."""

    others: list[Present]


class ExportRequest(_Body):
    """The format of an export."""

    format: ExchangeFormat


class RejectionView(BaseModel):
    """A unit of a file that was not taken, and why."""

    unit: str
    place: str = Field(description="Where it stands in the file.")
    code: str
    reason: str


class ConflictView(BaseModel):
    """A unit that was edited here and in the file since the export."""

    unit: str
    ours: str
    theirs: str


class RepairView(BaseModel):
    """A fault of the file that was put right."""

    code: str
    message: str
    count: int


class ImportReport(BaseModel):
    """The changes that a file made, or would make."""

    format: ExchangeFormat
    is_dry_run: bool
    applied: int
    unchanged: int
    rejected: list[RejectionView]
    conflicts: list[ConflictView]
    repairs: list[RepairView]
    pending_units: int
    status: JobStatus
    artifact_sha256: str | None


def unit_view(row: UnitNow, sheet: Sheet, names: Names) -> UnitView:
    """A unit as the API tells it."""
    return UnitView.model_validate(_fields(row, sheet, names))


def unit_detail(
    row: UnitNow,
    sheet: Sheet,
    names: Names,
    matches: list[MatchView],
    terms: list[TermView],
    why: WhyView | None,
) -> UnitDetail:
    """A unit with its history, its comments, its terms and what reads alike."""
    reviewed = row.reviewed
    comments = [
        CommentView(
            author=names.get(each.actor_record or "", "") or each.actor,
            text=each.text,
            written_at=each.written_at,
        )
        for each in (reviewed.comments if reviewed else ())
    ]
    history = [
        PastEditView(
            version=each.version,
            target=None if each.target is None else written(each.target, row.unit),
            stage=each.stage,
            origin=each.origin,
            by_name=names.get(each.actor_record or "", "") or each.actor,
            at=each.edited_at,
        )
        for each in (reviewed.history if reviewed else ())
    ]
    fields = _fields(row, sheet, names)
    return UnitDetail(
        **fields, comments=comments, history=history, matches=matches, terms=terms, why=why
    )


def finding_views(row: UnitNow) -> list[FindingView]:
    """The findings of a unit."""
    reasons = {each.code: each.reason for each in (row.reviewed.dismissed if row.reviewed else ())}
    return [
        FindingView(**each.model_dump(), dismissed_reason=reasons.get(each.code))
        for each in row.findings
    ]


def _fields(row: UnitNow, sheet: Sheet, names: Names) -> dict[str, Any]:
    unit, last = row.unit, row.reviewed.last if row.reviewed else None
    numbers = {tag_id: number for number, tag_id in row.key.ids}
    name = (names.get(last.actor_record or "", "") or last.actor) if last else None
    return {
        "unit_id": unit.unit_id,
        "position": row.position,
        "story": unit.story,
        "part": unit.anchor.part,
        "is_translatable": unit.is_translatable,
        "source": row.key.text,
        "target": None if row.target is None else row.written(row.target),
        "tags": [
            TagView(id=numbers[spec.id], **spec.model_dump(exclude={"id"}))
            for spec in unit.tags
            if spec.id in numbers
        ],
        "result_source": row.result_source,
        "taken_from": row.taken_from,
        "verification_state": row.state,
        "stage": row.stage,
        "findings": finding_views(row),
        "version": row.version,
        "edited_by_name": name,
        "edited_at": last.edited_at if last else None,
        "origin": row.origin,
        "comment_count": len(row.reviewed.comments) if row.reviewed else 0,
        "assignee_id": row.reviewed.assignee_id if row.reviewed else None,
        "repeat_key": unit.content_key if unit.content_key in sheet.repeats else None,
        "max_length_chars": unit.max_length_chars,
    }
