"""One job: how it stands, live; its units; its files; and what a person may do to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.errors import ConflictError, RetryableError
from dragoman_contracts.job import Job, Trouble
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.policy import ActorRecord
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.reports import PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.console import job_page
from dragoman_gateway.console.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.console.wording import RESULT_SOURCES, STATUSES, VERDICTS, cure_of, stage_text
from dragoman_gateway.details import JobRecords, job_records, troubles
from dragoman_gateway.downloads import ArtifactErasedError
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.ports import InvalidCursorError
from dragoman_gateway.views.records import Records

_UNITS_A_PAGE = 100
_SHOWN = frozenset({"all", "milestones", "problems", "people"})
_NOTICES = {
    "submitted": "Submitted. The page follows the job.",
    "cancel": "The job is being cancelled.",
    "process": "The job was started.",
    "resume": "The job goes on from where it stopped.",
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, in words: what happened, what to do, and the stable code."""

    tone: str
    heading: str
    text: str
    cure: str
    code: str
    retry_at: datetime | None = None
    link: str = ""


@router.get("")
async def job_detail(visit: SignedIn, job_id: UUID, events: _Short = "all", notice: _Short = "") -> Response:
    """How the job stands now."""
    return await _detail(visit, job_id, events if events in _SHOWN else "all", _NOTICES.get(notice, ""))


@router.get("/units")
async def units_page(
    visit: SignedIn, job_id: UUID, verdict: _Short = "", cursor: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The job's units with their translations."""
    job = await visit.gateway.control.find(job_id, visit.principal)
    views = visit.gateway.views
    try:
        found = await views.units(
            job_id, cursor=cursor or None, limit=_UNITS_A_PAGE, verification_state=verdict or None
        )
    except InvalidCursorError:
        return see_other(_units_address(job_id, verdict))
    counts = await views.count_by_verification(job_id)
    records = await job_records(visit.gateway.objects, job)
    chips = [("", "All", sum(counts.values()))]
    chips += [(key, label.text, counts.get(key, 0)) for key, label in VERDICTS.items() if counts.get(key)]
    return visit.page(
        "units.html",
        section="jobs",
        job=job,
        file_name=records.intake.file_name if records.intake else "",
        rows=found.rows,
        chips=[
            {"text": text, "count": count, "url": _units_address(job_id, key), "is_on": key == verdict}
            for key, text, count in chips
        ],
        verdicts=VERDICTS,
        result_sources=RESULT_SOURCES,
        is_filtered=bool(verdict),
        is_first=not cursor,
        first_url=_units_address(job_id, verdict),
        next_url=_units_address(job_id, verdict, found.next_cursor) if found.next_cursor else "",
    )


@router.get("/artifacts/{kind}/{digest}")
async def download(visit: SignedIn, job_id: UUID, kind: ArtifactKind, digest: str) -> Response:
    """Send the browser to a signed address of the artifact, which expires."""
    job = await visit.gateway.control.find(job_id, visit.principal)
    for artifact in job.artifacts:
        if artifact.kind is kind and artifact.object.digest == digest:
            return see_other(visit.gateway.downloads.sign(job_id, artifact, visit.gateway.clock.now()).url)
    raise ArtifactErasedError("The artifact was erased, or never was one of this job.")


@router.get("/live")
async def live(
    visit: SignedIn,
    job_id: UUID,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """News of the job as server-sent events: `changed` with the stream's version, `ended` when it rests."""
    await visit.gateway.control.find(job_id, visit.principal)
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_news(visit, job_id, seen), media_type="text/event-stream", headers=headers)


@router.post("/cancel")
async def cancel(visit: Writing, job_id: UUID) -> Response:
    """Ask the job to stop."""
    return await _acted(visit, job_id, "cancel")


@router.post("/process")
async def process(visit: Writing, job_id: UUID) -> Response:
    """Let a job go on that waits for a start."""
    return await _acted(visit, job_id, "process")


@router.post("/resume")
async def resume(visit: Writing, job_id: UUID) -> Response:
    """Let a failed or cancelled job go on."""
    return await _acted(visit, job_id, "resume")


async def _acted(visit: Visit, job_id: UUID, action: str) -> Response:
    control = visit.gateway.control
    act = {"cancel": control.cancel, "process": control.start, "resume": control.resume}[action]
    try:
        await act(job_id, visit.principal)
    except ConflictError as error:
        return await _detail(visit, job_id, "all", "", alert=error.message, status=409)
    return see_other(f"/console/jobs/{job_id}?notice={action}")


async def _detail(
    visit: Visit, job_id: UUID, show: str, notice: str, *, alert: str = "", status: int = 200
) -> Response:
    gateway = visit.gateway
    job = await gateway.control.find(job_id, visit.principal)
    recorded = [each.recorded for each in await gateway.store.read(job_id)][: job.version]
    records = await job_records(gateway.objects, job)
    names = await _names(gateway, job, job_page.actor_records(recorded))
    return visit.page(
        "job.html",
        status_code=status,
        section="jobs",
        notice=notice,
        alert=alert,
        job=job,
        here=f"/console/jobs/{job_id}" + (f"?events={show}" if show != "all" else ""),
        intake=records.intake,
        file_name=records.intake.file_name if records.intake else "",
        engine=records.policy.engine if records.policy else "",
        submitter=names.get(recorded[0].envelope.origin.actor_record or "") or job.submitted_by,
        statuses=STATUSES,
        stage_text=stage_text,
        progress_pct=progress_pct(job),
        steps=job_page.steps_of(job, gateway.clock.now()),
        counts=job_page.unit_counts(job),
        downloads=job_page.downloads_of(job),
        result=job_page.result_of(job),
        actions=job_page.actions_of(job),
        problems=await _problems(gateway, job, records),
        timeline=job_page.timeline_of(recorded, names, show),
        show=show,
        is_live=job_page.is_live(job),
    )


async def _names(gateway: Gateway, job: Job, digests: set[str]) -> dict[str, str]:
    records = Records(gateway.objects)
    found = {digest: await records.find(job.project_id, digest, ActorRecord) for digest in digests}
    return {digest: record.display_name for digest, record in found.items() if record and record.display_name}


async def _problems(gateway: Gateway, job: Job, records: JobRecords) -> list[Problem]:
    problems = [_trouble(key[0], trouble, records.reasons.get(key, "")) for key, trouble in troubles(job)]
    once = list({problem.code: problem for problem in reversed(problems)}.values())[::-1]
    if job.status is JobStatus.BLOCKED and job.verification is None:
        once += await _preflight_problems(gateway, job)
    if job.status in {JobStatus.NEEDS_REVIEW, JobStatus.BLOCKED} and job.verification:
        once.append(_review_problem(job))
    if not job.is_started and job_page.actions_of(job).can_start:
        text = "It was submitted to wait after the checks. Press Start processing to let it go on."
        once.append(Problem("quiet", "The job waits for a start", text, "", "job.waits"))
    return once


def _trouble(kind: str, trouble: Trouble, reason: str) -> Problem:
    work = kind.replace("_", " ")
    if trouble.retry_at is None:
        return Problem(
            "bad", f"The {work} failed", reason, cure_of(trouble.code, is_explained=bool(reason)), trouble.code
        )
    heading = f"The {work} failed and will be tried again"
    return Problem("attention", heading, f"Attempt {trouble.attempt}.", "", trouble.code, trouble.retry_at)


async def _preflight_problems(gateway: Gateway, job: Job) -> list[Problem]:
    kinds = (each for each in reversed(job.artifacts) if each.kind is ArtifactKind.PREFLIGHT_REPORT)
    artifact = next(kinds, None)
    report = await Records(gateway.objects).find(job.project_id, artifact.object, PreflightReport) if artifact else None
    if report is None:
        return [Problem("bad", "Preflight blocked the document", "", cure_of(code), code) for code in job.finding_codes]
    return [
        Problem("bad", finding.message, "", finding.action, finding.code)
        for finding in report.findings
        if finding.severity is Severity.BLOCKER
    ]


def _review_problem(job: Job) -> Problem:
    count = job.review_pending_count
    units = f"{count:,} unit{'s' if count != 1 else ''}"
    cure = "Each of them says what was found."
    if job.status is JobStatus.BLOCKED:
        link = _units_address(job.job_id, "blocked")
        return Problem("bad", f"The quality check blocked {units}", "", cure, "qa.blocked", link=link)
    heading = f"{units} need{'s' if count == 1 else ''} a person's look"
    link = _units_address(job.job_id, "needs_review")
    return Problem("attention", heading, "", cure, "qa.needs_review", link=link)


async def _news(visit: Visit, job_id: UUID, seen: int) -> AsyncIterator[str]:
    """What an open page is told. Ends when the job rests or the browser leaves."""
    gateway = visit.gateway
    poll_s, quiet_s = gateway.options.event_poll.total_seconds(), 0.0
    heartbeat_s = gateway.options.heartbeat.total_seconds()
    yield "retry: 2000\n\n"
    while not await visit.request.is_disconnected():
        try:
            job, head = await gateway.jobs.load(job_id)
        except RetryableError:
            return  # the browser comes back by itself
        if head.version > seen:
            seen, quiet_s = head.version, 0.0
            yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
        if not job_page.is_live(job):
            yield f"id: {seen}\nevent: ended\ndata: {seen}\n\n"
            return
        if quiet_s >= heartbeat_s:
            quiet_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(poll_s)
        quiet_s += poll_s


def _units_address(job_id: UUID, verdict: str, cursor: str | None = None) -> str:
    said = urlencode({name: value for name, value in (("verdict", verdict), ("cursor", cursor)) if value})
    return f"/console/jobs/{job_id}/units" + (f"?{said}" if said else "")
