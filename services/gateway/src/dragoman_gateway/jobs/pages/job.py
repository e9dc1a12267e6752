"""One job: how it stands, live; its units; its files; and what a person may do to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.job import Job
from dragoman_contracts.policy import ActorRecord
from dragoman_contracts.vocabulary import Stage
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.detail import page as job_page
from dragoman_gateway.jobs.detail import timeline
from dragoman_gateway.jobs.detail.facts import LeaseWatch, Standing, job_records, standing_now
from dragoman_gateway.jobs.detail.past import NoSuchVersionError, job_as_of
from dragoman_gateway.jobs.detail.pending import pending_of
from dragoman_gateway.jobs.detail.problems import problems_of, warnings_of
from dragoman_gateway.jobs.detail.timeline import Chosen
from dragoman_gateway.jobs.detail.words import EVENTS, STATUSES, stage_text
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit
from dragoman_gateway.web.records import Records
from dragoman_runtime.under_way import work_under_way

_UNITS_A_PAGE = 100
_RERUNS = 5
_NOTICES = {
    "submitted": "Submitted. The page follows the job.",
    "cancel": "The job is being cancelled.",
    "process": "The job was started.",
    "resume": "The job goes on from where it stopped.",
    "retry": "The job goes on from where it stopped.",
    "rerun": "A new job on the same document. The page follows it.",
    "mark-failed": "The job was marked as failed.",
    "discard": "The checkpoint was discarded.",
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
    return await show_job(visit, job_id, look, notice=_NOTICES.get(notice, ""))


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
        "jobs/event.html",
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


@router.get("/live")
async def live(
    visit: SignedIn,
    job_id: UUID,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """News of the job as server-sent events: `changed` with the stream's version, `ended` when it rests.

    Between them, without an id, `under_way` says what the page shows while somebody waits.
    """
    await visit.gateway.control.find(job_id, visit.principal)
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_news(visit, job_id, seen), media_type="text/event-stream", headers=headers)


async def show_job(
    visit: Visit, job_id: UUID, look: Look, *, notice: str = "", alert: str = "", status: int = 200
) -> Response:
    """The page of the job; `alert` says what could not be done."""
    gateway = visit.gateway
    latest = await gateway.control.find(job_id, visit.principal)
    standing = Standing(latest.version)
    if look.at in {None, latest.version}:
        latest, standing = await standing_now(gateway.store, gateway.jobs, latest)
    stored = (await gateway.store.read(job_id))[: latest.version]
    recorded = [each.recorded for each in stored]
    job = latest if look.at in {None, latest.version} else job_as_of(latest, stored, look.at or 0)
    is_past = job.version < latest.version
    now = job.head_at if is_past else gateway.clock.now()
    records = await job_records(gateway.objects, job)
    names = await _names(gateway, latest, timeline.actor_records(recorded))
    moments = timeline.moments_of(recorded, names)
    return visit.page(
        "jobs/job.html",
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
        under_way=job_page.under_way_of(job, standing.under_way, now),
        steps=job_page.steps_of(job, now, standing.under_way),
        counts=job_page.unit_counts(job, standing.under_way),
        downloads=job_page.downloads_of(job),
        result=job_page.result_of(job),
        actions=job_page.actions_of(job),
        problems=await problems_of(gateway, job, records),
        warnings=await warnings_of(gateway, job),
        reruns=await _reruns(visit, job_id),
        engines=sorted(gateway.ports.rules.engines),
        is_live=job_page.is_live(job) and not is_past,
    )


async def _reruns(visit: Visit, job_id: UUID) -> tuple[JobRow, ...]:
    """The newest jobs that ran this one again, as far as the views have come."""
    which = JobFilter(visit.principal.project_ids, parent_job_id=job_id)
    return (await visit.gateway.views.list_jobs(which, limit=_RERUNS)).rows


async def _names(gateway: Gateway, job: Job, digests: set[str]) -> dict[str, str]:
    records = Records(gateway.objects)
    found = {digest: await records.find(job.project_id, digest, ActorRecord) for digest in digests}
    return {digest: record.display_name for digest, record in found.items() if record and record.display_name}


async def _news(visit: Visit, job_id: UUID, seen: int) -> AsyncIterator[str]:
    """What an open page is told. Ends when the job rests or the browser leaves."""
    gateway = visit.gateway
    poll_s, quiet_s = gateway.options.event_poll.total_seconds(), 0.0
    heartbeat_s = gateway.options.heartbeat.total_seconds()
    watch, told = LeaseWatch(gateway.store, job_id), None
    yield "retry: 2000\n\n"
    while not await visit.request.is_disconnected():
        try:
            leases = await watch.look()
            job, head = await gateway.jobs.load(job_id)
        except RetryableError:
            return  # the browser comes back by itself
        if head.version > seen:
            seen, quiet_s = head.version, 0.0
            yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
        if not job_page.is_live(job):
            yield f"id: {seen}\nevent: ended\ndata: {seen}\n\n"
            return
        said = job_page.under_way_of(job, work_under_way(job, leases), gateway.clock.now())
        if said != told:
            told, quiet_s = said, 0.0
            yield f"event: under_way\ndata: {json.dumps(asdict(said))}\n\n"
        if quiet_s >= heartbeat_s:
            quiet_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(poll_s)
        quiet_s += poll_s
