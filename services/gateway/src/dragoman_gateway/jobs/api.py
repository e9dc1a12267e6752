"""Jobs over HTTP: list, detail, actions, units, history, and events in pages or live."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.responses import PlainTextResponse, StreamingResponse

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.job import Job, fold
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail.answers import event_view, job_moment, job_summary
from dragoman_gateway.jobs.detail.live import MayListen
from dragoman_gateway.jobs.schemas import (
    ETAG,
    LOCATION,
    EventPage,
    HistoryPage,
    JobDetail,
    JobPage,
    LiveEvent,
)
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.dependencies import (
    Cursor,
    Limit,
    Operator,
    SearchText,
    SignInDep,
    etag,
    is_known,
)
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import Day
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.signin import SignIn

router = APIRouter(tags=["jobs"])

EVENT_STREAM = "text/event-stream"

JobDeskDep = Annotated[JobDesk, Depends(asked(JobDesk))]
_Name = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
_GOES_ON = {202: {"description": "The job goes on.", "headers": LOCATION}}
_DONE = {200: {"headers": ETAG}}


def job_filter(
    principal: Operator,
    status: Annotated[list[JobStatus] | None, Query(description="Any of these.")] = None,
    stage: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
    project: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
    ] = None,
    q: SearchText = "",
    interrupted: Annotated[
        bool | None, Query(description="Failed or cancelled, and can be resumed.")
    ] = None,
    parent: Annotated[UUID | None, Query(description="Only reruns of this job.")] = None,
    submission: Annotated[
        UUID | None, Query(description="Only jobs of this upload of several files.")
    ] = None,
    target_language: Annotated[Locale | None, Query(description="A BCP 47 tag.")] = None,
    engine: _Name = "",
    pipeline: _Name = "",
    submitter: SearchText = "",
    first_day: Annotated[Day | None, Query(description="In UTC.")] = None,
    last_day: Annotated[Day | None, Query(description="In UTC, included.")] = None,
) -> JobFilter:
    """The jobs that a query asks for, of those that the principal sees."""
    return JobFilter(
        project_ids=principal.scope_of(project),
        statuses=frozenset(status or ()),
        stage=stage or None,
        text=q.strip(),
        is_interrupted=interrupted,
        parent_job_id=parent,
        submission_id=submission,
        target_locale=target_language or "",
        engine=engine,
        pipeline_name=pipeline,
        submitter=submitter,
        first_day=first_day,
        last_day=last_day,
    )


JobFilterDep = Annotated[JobFilter, Depends(job_filter)]


@router.get("/jobs", summary="List jobs", responses=documented(401, 403, 422, 503))
async def list_jobs(
    desk: JobDeskDep, which: JobFilterDep, cursor: Cursor = None, limit: Limit = 50
) -> JobPage:
    """Jobs, the newest submitted first; `q` is looked for in file name, title and external
    reference, `submitter` in the names of those who submitted.
    """
    page = await desk.queries.list_jobs(which, cursor=cursor, limit=limit)
    return JobPage(items=[job_summary(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/jobs/{job_id}",
    summary="Show a job",
    response_model=JobDetail,
    responses={
        200: {"headers": ETAG},
        304: {"description": "As `If-None-Match` knows it, and no work is under way."},
        **documented(401, 403, 404, 422, 503),
    },
)
async def show_job(
    job_id: UUID,
    response: Response,
    desk: JobDeskDep,
    principal: Operator,
    at: Annotated[
        int | None, Query(ge=1, le=2**53, description="As of this event; without it, as of now.")
    ] = None,
    if_none_match: Annotated[
        str | None, Header(description="ETags of answers that the client has.")
    ] = None,
) -> JobDetail | Response:
    """The job as its events tell it, not as a view remembers it: now,
    or as it was told after event `at`.

    While work is under way two answers of one version differ, and none is a 304. Download addresses
    expire in a kept answer; the list of artifacts has fresh ones.
    """
    job = await desk.control.find(job_id, principal)
    if at is None:
        detail = await desk.detail_now(job)
        if not detail.work_under_way and is_known(if_none_match, detail.version):
            return Response(status_code=304, headers={"ETag": etag(detail.version)})
        return shown(detail, response)
    return shown(await desk.detail_then(await desk.as_of(job, at), job.version), response)


@router.post(
    "/jobs/{job_id}/process",
    summary="Start a job and wait for it",
    response_model=JobDetail,
    responses={
        200: {"description": "The job rests.", "headers": ETAG},
        202: {
            "description": "The job goes on; look again.",
            "model": JobDetail,
            "headers": LOCATION,
        },
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def process_job(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Let a job go on that was submitted with auto-start off, and answer when it rests,
    or 202 after a while.
    """
    await desk.control.start(job_id, principal)
    job = await desk.follower.rested(job_id)
    if job.status not in RESTING:
        response.status_code = 202
        response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    return shown(await desk.detail_now(job), response)


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    response_model=JobDetail,
    responses={
        200: {"description": "It was cancelled before.", "model": JobDetail},
        202: {"description": "Workers are told to stop.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def cancel_job(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Stop a job that is not at its end. The translation so far is kept,
    and `resume` goes on from there.
    """
    acted = await desk.control.cancel(job_id, principal)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    if acted.job.status is JobStatus.CANCELLED and not acted.is_changed:
        response.status_code = 200
    return shown(await desk.detail_now(acted.job), response)


@router.post(
    "/jobs/{job_id}/resume",
    status_code=202,
    summary="Resume a job",
    response_model=JobDetail,
    responses={
        202: {"description": "The job goes on.", "headers": LOCATION},
        **documented(401, 403, 404, 409, 422, 503),
    },
)
async def resume_job(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Let a failed or cancelled job go on from its checkpoint:
    finished phases and batches are skipped.
    """
    acted = await desk.control.resume(job_id, principal)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    return shown(await desk.detail_now(acted.job), response)


@router.post(
    "/jobs/{job_id}/retry",
    status_code=202,
    summary="Retry a failed job",
    responses={**_GOES_ON, **documented(401, 403, 404, 409, 422, 503)},
)
async def retry_job(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Let a failed job go on from its checkpoint: `resume`, of a failed job only."""
    acted = await desk.control.retry(job_id, principal)
    return await answer_accepted(desk, acted.job, response)


@router.post(
    "/jobs/{job_id}/mark-failed",
    summary="Mark a job failed",
    responses={**_DONE, **documented(401, 403, 404, 409, 422, 503)},
)
async def mark_job_failed(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Declare a job failed that moves no more. Late results of a worker are recorded;
    `resume` goes on with them.
    """
    acted = await desk.control.mark_failed(job_id, principal)
    return shown(await desk.detail_now(acted.job), response)


@router.delete(
    "/jobs/{job_id}/checkpoint",
    summary="Discard a job's checkpoint",
    responses={**_DONE, **documented(401, 403, 404, 409, 422, 503)},
)
async def discard_checkpoint(
    job_id: UUID, response: Response, desk: JobDeskDep, principal: Operator
) -> JobDetail:
    """Discard what a failed or cancelled job has done: it is no longer listed as interrupted,
    and can only be rerun.
    """
    acted = await desk.control.discard_checkpoint(job_id, principal)
    return shown(await desk.detail_now(acted.job), response)


@router.get(
    "/jobs/{job_id}/log",
    summary="Read the log of a job's commands",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "Output and errors of its commands in their order; of one that runs, the end. Empty where "
            "the job has none.",
            "headers": {
                "X-Log-Truncated": {
                    "description": "Whether more was said than is here: `true` or `false`.",
                    "schema": {"type": "string"},
                }
            },
        },
        **documented(401, 403, 404, 422, 503),
    },
)
async def read_log(job_id: UUID, desk: JobDeskDep, principal: Operator) -> PlainTextResponse:
    """The output of the job's commands, live while they run."""
    text, is_truncated = await desk.log(job_id, principal)
    return PlainTextResponse(text, headers={"X-Log-Truncated": str(is_truncated).lower()})


@router.delete(
    "/jobs/{job_id}",
    status_code=204,
    summary="Remove a job",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def remove_job(job_id: UUID, desk: JobDeskDep, principal: Operator) -> None:
    """Take a job at rest out of the lists. Its objects go by retention, its events stay; resumed,
    it comes back.
    """
    await desk.control.remove(job_id, principal)


@router.get(
    "/jobs/{job_id}/events",
    summary="Read or follow a job's events",
    response_model=EventPage,
    responses={
        200: {
            "description": (
                "A page of events; with `Accept: text/event-stream` a live stream of `LiveEvent`s that ends, with an "
                "event named `rest`, when the job rests. Between events, and without an id, those named `under_way` "
                "carry a `LiveWork`, about once a second while there is news."
            ),
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        204: {
            "description": "Event streams only: the job rests and there is nothing after Last-Event-ID."
        },
        **documented(401, 403, 404, 422, 503),
    },
)
async def read_events(
    request: Request,
    job_id: UUID,
    desk: JobDeskDep,
    sign_in: SignInDep,
    principal: Operator,
    after: Annotated[
        int, Query(ge=0, le=2**53, description="Only events behind this version.")
    ] = 0,
    limit: Limit = 200,
    last_event_id: Annotated[str | None, Header(description="Where a live stream goes on.")] = None,
) -> EventPage | Response:
    """The events of a job, oldest first. Ask with `Accept: text/event-stream` to follow
    them as they happen.
    """
    await desk.control.find(job_id, principal)
    if EVENT_STREAM in request.headers.get("accept", ""):
        resumed = last_event_id or ""
        start = (
            int(resumed) if resumed.isascii() and resumed.isdigit() and len(resumed) < 16 else after
        )
        return await _live(desk, job_id, start, listener(request, sign_in, desk, job_id))
    stored = await desk.events(job_id, after=after)
    page = stored[:limit]
    has_more = len(stored) > limit
    return EventPage(
        items=[event_view(each) for each in page],
        next_after=page[-1].recorded.version if has_more else None,
    )


def listener(request: Request, sign_in: SignIn, desk: JobDesk, job_id: UUID) -> MayListen:
    """Whether who sent the request may still read the job: its credential may have been revoked,
    its user made inactive, its scope made smaller.
    """

    async def may_listen() -> bool:
        try:
            identity = await sign_in.identify(request)
            await desk.control.find(job_id, identity.principal)
        except DragomanError:
            return False
        return True

    return may_listen


async def _live(desk: JobDesk, job_id: UUID, after: int, may_listen: MayListen) -> Response:
    tail = desk.follower.tail(job_id)
    first = await tail.read(after)
    if not first and tail.is_resting:
        # Tells an EventSource that reconnects that there is nothing to wait for.
        return Response(status_code=204)
    # nginx holds answers back until they are complete unless the second header forbids it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        desk.follower.frames(tail, first, after, may_listen),
        media_type=EVENT_STREAM,
        headers=headers,
    )


@router.get(
    "/jobs/{job_id}/history",
    summary="Read a job's history",
    responses=documented(401, 403, 404, 422, 503),
)
async def read_history(
    job_id: UUID,
    desk: JobDeskDep,
    principal: Operator,
    after: Annotated[
        int, Query(ge=0, le=2**53, description="Only events behind this version.")
    ] = 0,
    limit: Limit = 200,
) -> HistoryPage:
    """Every event with where the job stood after it;
    `GET /jobs/{job_id}?at=` gives the whole state as of one.
    """
    await desk.control.find(job_id, principal)
    items: list[LiveEvent] = []
    job: Job | None = None
    for stored in await desk.events(job_id):
        job = fold([stored.recorded], job)
        if job is None or job.version <= after:
            continue
        if len(items) == limit:
            return HistoryPage(items=items, next_after=items[-1].event.version)
        items.append(LiveEvent(event=event_view(stored), job=job_moment(job)))
    return HistoryPage(items=items, next_after=None)


def shown(job: JobDetail, response: Response) -> JobDetail:
    """The job as an answer, with its version as the ETag."""
    response.headers["ETag"] = etag(job.version)
    return job


async def answer_accepted(desk: JobDesk, job: Job, response: Response) -> JobDetail:
    """The job as of now, to an action that goes on behind the answer:
    with the address to look at.
    """
    response.headers["Location"] = f"/api/v1/jobs/{job.job_id}"
    return shown(await desk.detail_now(job), response)
