"""A review over HTTP: units, acts on them, the review as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from starlette.convertors import Convertor, register_url_convertor
from typing_extensions import override

from dragoman_contracts.reports import ReviewStage
from dragoman_contracts.review import Dismissal
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.schemas import ETAG, LOCATION, JobDetail
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.review.desk.desktop import Desktop, Saved, replacements
from dragoman_gateway.review.desk.review_desk import ReviewDesk
from dragoman_gateway.review.rules.searching import Search
from dragoman_gateway.review.rules.sheet import UnitFilter, UnitNow
from dragoman_gateway.review.schemas import (
    Acceptance,
    AcceptRequest,
    AssignRequest,
    Checked,
    CheckRequest,
    CommentRequest,
    DismissRequest,
    FindingView,
    FinishRequest,
    People,
    Presence,
    PresenceRequest,
    Replaced,
    ReplacedUnit,
    ReplaceRequest,
    ReviewChange,
    ReviewView,
    UnitChange,
    UnitDetail,
    UnitPage,
    UnitRequest,
    UnitSaved,
)
from dragoman_gateway.web.dependencies import Cursor, EditedVersion, Operator, SearchText, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_gateway.web.problems import documented


class _UnitId(Convertor[str]):
    """The id of a unit holds any character, `/` too; addresses of other routes are none."""

    regex = r"(?!retranslate$|.*/explanation$).*"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("unit", _UnitId())

router = APIRouter(prefix="/jobs/{job_id}")

_Desk = Annotated[ReviewDesk, Depends(asked(ReviewDesk))]
_Short = Annotated[str, Query(max_length=80, pattern=NUL_FREE)]
_MOST_A_PAGE = 500
_READ = documented(401, 403, 404, 410, 422, 503)
_ACTS = documented(400, 401, 403, 404, 409, 410, 413, 422, 503)
_EDITS = documented(400, 401, 403, 404, 409, 410, 412, 413, 422, 428, 503)


@router.get("/units", summary="List a job's units", responses=_READ)
async def list_units(
    job_id: UUID,
    desk: _Desk,
    principal: Operator,
    cursor: Cursor = None,
    limit: Annotated[
        int, Query(ge=1, le=_MOST_A_PAGE, description="Rows a page has at most.")
    ] = 100,
    verification_state: Annotated[
        VerificationState | None, Query(description="Only units in this state.")
    ] = None,
    stage: Annotated[ReviewStage | None, Query(description="Only units in this stage.")] = None,
    finding: Annotated[_Short, Query(description="Only units with this finding.")] = "",
    origin: Annotated[
        _Short, Query(description="Only units whose text came to be so: `typed`, `engine`, …")
    ] = "",
    q: SearchText = "",
) -> UnitPage:
    """The units in document order, each with its translation as it is now, its verification state
    and QA's findings; `q` is looked for in source and target.
    """
    which = UnitFilter(verification_state, stage, finding, origin, q.strip())
    desktop = await desk.desktops.find(job_id, principal)
    return await desk.answers.page(desktop, which, cursor=cursor, limit=limit)


@router.get(
    "/units/{unit_id:unit}",
    summary="Show a unit",
    responses={200: {"headers": ETAG}, **_READ},
)
async def show_unit(
    job_id: UUID, unit_id: str, response: Response, desk: _Desk, principal: Operator
) -> UnitDetail:
    """A unit with its history and comments, units that read alike, and why it reads as it does."""
    desktop = await desk.desktops.find(job_id, principal)
    detail = await desk.answers.detail(desktop, unit_id)
    response.headers["ETag"] = etag(detail.version)
    return detail


@router.patch(
    "/units/{unit_id:unit}",
    summary="Edit a unit",
    responses={200: {"headers": ETAG}, **_EDITS},
)
async def edit_unit(
    job_id: UUID,
    unit_id: str,
    response: Response,
    desk: _Desk,
    principal: Operator,
    version: EditedVersion,
    change: UnitChange,
) -> UnitSaved:
    """Give a unit a target, a state, or both. If-Match names the version that was read; where
    somebody else was first the answer is a 412 with their text.
    """
    saved = await desk.acts.edit(
        job_id,
        principal,
        unit_id,
        desk.answers.told,
        version=version,
        target=change.target,
        stage=change.state,
        propagates=change.propagate,
    )
    return await _saved(desk, saved, unit_id, response)


@router.post("/review/undo", summary="Undo an edit", responses={200: {"headers": ETAG}, **_EDITS})
async def undo_edit(
    job_id: UUID,
    response: Response,
    desk: _Desk,
    principal: Operator,
    version: EditedVersion,
    asked_: UnitRequest,
) -> UnitSaved:
    """Take the last edit of a unit back: target and state are those before it. The edit stays on
    record.
    """
    saved = await desk.acts.undo(
        job_id, principal, asked_.unit_id, desk.answers.told, version=version
    )
    return await _saved(desk, saved, asked_.unit_id, response)


@router.post("/review/accept", summary="Accept translations", responses=_ACTS)
async def accept_units(
    job_id: UUID, desk: _Desk, principal: Operator, chosen: AcceptRequest
) -> Acceptance:
    """Accept translations as they are: some, those in a state or with a finding, or all. Units that
    are empty or lack tags are skipped.
    """
    saved = await desk.acts.accept(job_id, principal, _chosen_by(chosen))
    return Acceptance(
        accepted_count=len(saved.unit_ids),
        skipped_count=len(saved.skipped),
        skipped_unit_ids=list(saved.skipped[:100]),
        pending_units=len(saved.desktop.progress.pending),
    )


@router.post("/review/check", summary="Check a target", responses=_ACTS)
async def check_target(
    job_id: UUID, desk: _Desk, principal: Operator, draft: CheckRequest
) -> Checked:
    """QA's findings on a target as it is being written; nothing is saved."""
    desktop = await desk.desktops.find(job_id, principal)
    content, findings = await desk.acts.check(job_id, principal, draft.unit_id, draft.target)
    return Checked(
        target=desktop.row(draft.unit_id).written(content),
        findings=[FindingView(**each.model_dump(), dismissed_reason=None) for each in findings],
    )


@router.post("/review/comments", summary="Comment on a unit", responses=_ACTS)
async def comment_on_unit(
    job_id: UUID, desk: _Desk, principal: Operator, comment: CommentRequest
) -> UnitDetail:
    """Put a remark to a unit; everybody in the review reads it."""
    await desk.acts.note(job_id, principal, [comment.unit_id], comment=comment.text)
    return await desk.answers.detail(await desk.desktops.find(job_id, principal), comment.unit_id)


@router.post("/review/dismiss", summary="Dismiss a finding", responses=_ACTS)
async def dismiss_finding(
    job_id: UUID, desk: _Desk, principal: Operator, finding: DismissRequest
) -> UnitDetail:
    """Say that a finding of a unit is none, and why; for this unit, or for these texts in all later
    jobs of the project. A unit whose findings are all dismissed needs nobody any more.
    """
    dismissed = Dismissal(code=finding.code, reason=finding.reason)
    saved = await desk.acts.note(job_id, principal, [finding.unit_id], dismissed=dismissed)
    if finding.scope == "project":
        await desk.remembering.remember(saved.desktop, finding.unit_id, dismissed, principal)
    return await desk.answers.detail(await desk.desktops.find(job_id, principal), finding.unit_id)


@router.post("/review/assign", status_code=204, summary="Assign units", responses=_ACTS)
async def assign_units(
    job_id: UUID, desk: _Desk, principal: Operator, wanted: AssignRequest
) -> None:
    """Give units to a person, or take them back."""
    await desk.acts.note(
        job_id,
        principal,
        wanted.unit_ids,
        assignee_id=wanted.user_id,
        is_unassigned=wanted.user_id is None,
    )


@router.post("/review/replace", summary="Find and replace", responses=_ACTS)
async def replace_text(
    job_id: UUID, desk: _Desk, principal: Operator, wanted: ReplaceRequest
) -> Replaced:
    """Replace a text in the targets of all units, or of some. With `dry_run` nothing changes."""
    search = Search(wanted.find, wanted.replace, wanted.match_case, wanted.whole_words)
    ids = None if wanted.unit_ids is None else frozenset(wanted.unit_ids)
    before = await desk.desktops.find(job_id, principal)
    changes = [
        ReplacedUnit(
            unit_id=each.row.unit.unit_id,
            before=each.row.written(each.row.target or ()),
            after=each.row.written(each.after),
            version=each.row.version,
        )
        for each in replacements(before, search, ids)
    ]
    if wanted.dry_run:
        return Replaced(changes=changes, applied_count=0)
    saved = await desk.acts.replace(job_id, principal, search, ids)
    return Replaced(changes=changes, applied_count=len(saved.unit_ids))


@router.get("/review", summary="Show a review", responses=_READ)
async def show_review(job_id: UUID, desk: _Desk, principal: Operator) -> ReviewView:
    """The review as a whole: how many units stand where, who reviews, by when."""
    return await desk.answers.review(await desk.desktops.find(job_id, principal))


@router.get("/review/people", summary="List possible reviewers", responses=_READ)
async def list_people(job_id: UUID, desk: _Desk, principal: Operator) -> People:
    """The people who may review the job: those whose accounts are active and see its project."""
    return People(items=await desk.answers.people(await desk.desktops.find(job_id, principal)))


@router.put("/review", summary="Plan a review", responses=_ACTS)
async def change_review(
    job_id: UUID, desk: _Desk, principal: Operator, change: ReviewChange
) -> ReviewView:
    """Say who reviews the job, and by when."""
    ids = tuple(dict.fromkeys(change.reviewer_ids))
    return await desk.answers.review(
        await desk.sessions.assign(job_id, principal, change.due_at, ids)
    )


@router.post("/review/open", summary="Open a review", responses=_ACTS)
async def open_review(job_id: UUID, desk: _Desk, principal: Operator) -> ReviewView:
    """Open the review of a completed job again; its document is made anew when it is closed."""
    return await desk.answers.review(await desk.sessions.open(job_id, principal))


@router.post(
    "/review/finish",
    status_code=202,
    summary="Finish a review",
    responses={202: {"description": "The document is being made.", "headers": LOCATION}, **_ACTS},
)
async def finish_review(
    job_id: UUID,
    response: Response,
    desk: _Desk,
    jobs: JobDeskDep,
    principal: Operator,
    wanted: FinishRequest | None = None,
) -> JobDetail:
    """Close the review and let the document be reassembled. While units wait for a person the
    answer is a 409 with their number, unless they are to be taken `as_they_are`.
    """
    as_they_are = wanted is not None and wanted.as_they_are
    job = await desk.sessions.finish(job_id, principal, as_they_are=as_they_are)
    return await answer_accepted(jobs, job, response)


@router.post("/review/presence", summary="Say where one is", responses=_ACTS)
async def enter_unit(
    job_id: UUID, desk: _Desk, principal: Operator, where: PresenceRequest
) -> Presence:
    """Say which unit is open, and hear who else is at work. It is remembered for 30 seconds and
    locks nothing.
    """
    return await desk.presence.enter(job_id, principal, where.unit_id)


async def _saved(desk: ReviewDesk, saved: Saved, unit_id: str, response: Response) -> UnitSaved:
    others = [each for each in saved.unit_ids if each != unit_id]
    unit, *propagated = await desk.answers.units(saved.desktop, [unit_id, *others])
    response.headers["ETag"] = etag(unit.version)
    return UnitSaved(
        unit=unit,
        propagated=propagated,
        pending_units=len(saved.desktop.progress.pending),
    )


def _chosen_by(chosen: AcceptRequest) -> Callable[[Desktop], Iterable[UnitNow]]:
    def units(desktop: Desktop) -> Iterable[UnitNow]:
        if chosen.unit_ids is not None:
            return [desktop.row(unit_id) for unit_id in dict.fromkeys(chosen.unit_ids)]
        which = UnitFilter(state=chosen.verification_state, finding=chosen.finding or "")
        return [row for row in desktop.rows(which) if row.unit.is_translatable]

    return units
