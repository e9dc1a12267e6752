"""One job: how it stands, live; its units; its files; and what a person may do to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.errors import ConflictError, RetryableError
from dragoman_contracts.job import Job, Trouble
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.policy import ActorRecord
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.reports import PreflightReport, Severity
from dragoman_contracts.vocabulary import JobStatus, Stage
from dragoman_gateway.console import job_page, timeline
from dragoman_gateway.console.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.console.pending import pending_of
from dragoman_gateway.console.timeline import Chosen
from dragoman_gateway.console.wording import EVENTS, RESULT_SOURCES, STATUSES, VERDICTS, cure_of, stage_text
from dragoman_gateway.details import JobRecords, Standing, job_records, standing_now, troubles
from dragoman_gateway.downloads import ArtifactErasedError
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.past import NoSuchVersionError, job_as_of
from dragoman_gateway.ports import InvalidCursorError
from dragoman_gateway.views.records import Records

_UNITS_A_PAGE = 100
_NOTICES = {
    "submitted": "Submitted. The page follows the job.",
    "cancel": "The job is being cancelled.",
    "process": "The job was started.",
    "resume": "The job goes on from where it stopped.",
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@dataclass(frozen=True, slots=True)
class Look:
    """What of a job is looked at: the state after event `at` (None: now), and which events are listed."""

    at: int | None = None
    before: int | None = None
    chosen: Chosen = field(default_factory=Chosen)

    def address_of(self, job_id: UUID) -> Callable[..., str]:
        """Makes addresses of the job's page that keep what is chosen; arguments say what is different."""
        chosen = self.chosen
        kept = {
            "at": self.at,
            "events": "" if chosen.kind == "all" else chosen.kind,
            "phase": chosen.phase,
            "actor": chosen.actor,
            "q": chosen.text,
        }

        def address(**changed: str | int | None) -> str:
            said = urlencode({name: value for name, value in {**kept, **changed}.items() if value})
            return f"/console/jobs/{job_id}" + (f"?{said}" if said else "")

        return address


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


def look_of(
    at: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    events: _Short = "all",
    phase: _Short = "",
    actor: _Short = "",
    q: _Short = "",
) -> Look:
    """What the page's address asks to see."""
    return Look(at, before, Chosen(events or "all", phase, actor, q.strip()))


@router.get("")
async def job_detail(
    visit: SignedIn, job_id: UUID, look: Annotated[Look, Depends(look_of)], notice: _Short = ""
) -> Response:
    """How the job stands now, or stood after an event."""
    return await _detail(visit, job_id, look, notice=_NOTICES.get(notice, ""))


@router.get("/events/{version}")
async def event_page(visit: SignedIn, job_id: UUID, version: int) -> Response:
    """One event with all it says."""
    gateway = visit.gateway
    job = await gateway.control.find(job_id, visit.principal)
    stored = [each for each in await gateway.store.read(job_id) if each.recorded.envelope.version <= job.version]
    if not 1 <= version <= len(stored):
        raise NoSuchVersionError(f"The job has the events 1 to {len(stored)}; {version} is none of them.")
    recorded = [each.recorded for each in stored]
    names = await _names(gateway, job, timeline.actor_records(recorded))
    records = await job_records(gateway.objects, job)
    return visit.page(
        "event.html",
        section="jobs",
        job=job,
        file_name=records.intake.file_name if records.intake else "",
        envelope=recorded[version - 1].envelope,
        moment=timeline.moments_of(recorded, names)[version - 1],
        stage_text=stage_text,
        digest=stored[version - 1].digest,
        data=json.dumps(recorded[version - 1].event.model_dump(mode="json"), indent=2, ensure_ascii=False),
        latest=len(stored),
    )


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
        return await _detail(visit, job_id, Look(), alert=error.message, status=409)
    return see_other(f"/console/jobs/{job_id}?notice={action}")


async def _detail(
    visit: Visit, job_id: UUID, look: Look, *, notice: str = "", alert: str = "", status: int = 200
) -> Response:
    gateway = visit.gateway
    latest = await gateway.control.find(job_id, visit.principal)
    stored = (await gateway.store.read(job_id))[: latest.version]
    recorded = [each.recorded for each in stored]
    job = latest if look.at in {None, latest.version} else job_as_of(latest, stored, look.at or 0)
    is_past = job.version < latest.version
    standing = Standing(latest.version) if is_past else await standing_now(gateway.store, job)
    records = await job_records(gateway.objects, job)
    names = await _names(gateway, latest, timeline.actor_records(recorded))
    moments = timeline.moments_of(recorded, names)
    return visit.page(
        "job.html",
        status_code=status,
        section="jobs",
        notice=notice,
        alert=alert,
        job=job,
        is_past=is_past,
        latest=latest.version,
        moments=moments,
        look=look,
        address=look.address_of(job_id),
        listed=timeline.listed(moments, look.chosen, before=look.before, shown=job.version if is_past else 0),
        event_names=sorted((text, name) for name, text in EVENTS.items()),
        phases=[Stage.INTAKE.value, *(phase.name for phase in job.pipeline.phases)],
        pending=pending_of(job, standing.leases),
        intake=records.intake,
        file_name=records.intake.file_name if records.intake else "",
        engine=records.policy.engine if records.policy else "",
        submitter=moments[0].actor,
        statuses=STATUSES,
        stage_text=stage_text,
        progress_pct=progress_pct(job),
        steps=job_page.steps_of(job, job.head_at if is_past else gateway.clock.now()),
        counts=job_page.unit_counts(job),
        downloads=job_page.downloads_of(job),
        result=job_page.result_of(job),
        actions=job_page.actions_of(job),
        problems=await _problems(gateway, job, records),
        is_live=job_page.is_live(job) and not is_past,
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
