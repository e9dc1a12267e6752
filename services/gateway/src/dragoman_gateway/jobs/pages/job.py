"""One job: how it stands, live, or stood after an event; and one of its events."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.job import Job
from dragoman_contracts.vocabulary import Stage
from dragoman_gateway.jobs.api import JobDeskDep, listener
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail import page as job_page
from dragoman_gateway.jobs.detail import timeline
from dragoman_gateway.jobs.detail.commands import commands_of, logs_of, markdown_of
from dragoman_gateway.jobs.detail.facts import JobRecords, Standing, title_of
from dragoman_gateway.jobs.detail.past import NoSuchVersionError, job_as_of
from dragoman_gateway.jobs.detail.pending import pending_of
from dragoman_gateway.jobs.detail.problems import noticed_in, problems_of, tells_of_preflight
from dragoman_gateway.jobs.detail.timeline import Chosen, Moment
from dragoman_gateway.jobs.detail.words import EVENTS, STATUSES, stage_text
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.web.addresses import job_address, new_version_address
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit
from dragoman_gateway.web.markdown import rendered_markdown
from dragoman_gateway.web.spreadsheets import money

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
    "remove": "The job is out of the lists.",
    "cap": "The cap was set. Work that had stopped at it goes on.",
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix="/console/jobs/{job_id}")


@dataclass(frozen=True, slots=True)
class Look:
    """The choice of a visitor: the state after event `at` (None: now),
    and which events are listed.
    """

    at: int | None = None
    before: int | None = None
    chosen: Chosen = field(default_factory=Chosen)

    def address_of(self, job_id: UUID) -> Callable[..., str]:
        """Makes addresses of the job's page that keep what is chosen;
        arguments say what is different.
        """
        chosen = self.chosen
        kept: dict[str, str | int | None] = {
            "at": self.at,
            "events": "" if chosen.kind == "all" else chosen.kind,
            "phase": chosen.phase,
            "actor": chosen.actor,
            "q": chosen.text,
        }

        def changed_address(**changed: str | int | None) -> str:
            return job_address(job_id, **{**kept, **changed})

        return changed_address


@dataclass(frozen=True, slots=True)
class _Seen:
    """The state that is shown, and how it stands to the newest one.
    `moments` are all events of the job, in words.
    """

    job: Job
    latest_version: int
    standing: Standing
    records: JobRecords
    moments: list[Moment]

    @property
    def is_past(self) -> bool:
        return self.job.version < self.latest_version


def look_of(
    at: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    events: _Short = "all",
    phase: _Short = "",
    actor: _Short = "",
    q: _Short = "",
) -> Look:
    """The choice that the page's address carries."""
    return Look(at, before, Chosen(events or "all", phase, actor, q.strip()))


@router.get("")
async def job_detail(
    visit: SignedIn,
    desk: JobDeskDep,
    job_id: UUID,
    look: Annotated[Look, Depends(look_of)],
    notice: _Short = "",
) -> Response:
    """How the job stands now, or stood after an event."""
    return await show_job(visit, desk, job_id, look, notice=_NOTICES.get(notice, ""))


@router.get("/events/{version}")
async def event_page(visit: SignedIn, desk: JobDeskDep, job_id: UUID, version: int) -> Response:
    """One event with all it says."""
    job = await desk.control.find(job_id, visit.principal)
    stored = (await desk.events(job_id))[: job.version]
    if not 1 <= version <= len(stored):
        raise NoSuchVersionError(
            f"The job has the events 1 to {len(stored)}; {version} is none of them."
        )
    recorded = [each.recorded for each in stored]
    names = await desk.names(job, timeline.actor_records(recorded))
    records = await desk.records(job)
    return visit.page(
        "jobs/event.html",
        section="jobs",
        job=job,
        title=title_of(job, records.intake),
        envelope=recorded[version - 1],
        moment=timeline.moments_of(recorded, names)[version - 1],
        stage_text=stage_text,
        digest=stored[version - 1].digest,
        data=json.dumps(
            recorded[version - 1].data.model_dump(mode="json"), indent=2, ensure_ascii=False
        ),
        latest=len(stored),
    )


@router.get("/live")
async def live(
    visit: SignedIn,
    desk: JobDeskDep,
    job_id: UUID,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """News of the job as server-sent events: `changed` with the stream's version, `ended` when it
    rests.

    Between them, without an id, `under_way` says what the page shows while somebody waits.
    """
    await desk.control.find(job_id, visit.principal)
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    may_listen = listener(visit.request, visit.sign_in, desk, job_id)
    news = desk.follower.news(job_id, seen, visit.request.is_disconnected, may_listen)
    return StreamingResponse(news, media_type="text/event-stream", headers=headers)


async def show_job(
    visit: Visit,
    desk: JobDesk,
    job_id: UUID,
    look: Look,
    *,
    notice: str = "",
    alert: str = "",
    status: int = 200,
) -> Response:
    """The page of the job; `alert` says what could not be done."""
    seen = await _seen(desk, await desk.control.find(job_id, visit.principal), look)
    return visit.page(
        "jobs/job.html",
        status_code=status,
        section="jobs",
        notice=notice,
        alert=alert,
        **await _state(desk, seen),
        **_events(seen, look),
        reruns=await _reruns(visit, desk, job_id),
        engines=desk.engines,
        statuses=STATUSES,
        stage_text=stage_text,
    )


async def _seen(desk: JobDesk, latest: Job, look: Look) -> _Seen:
    standing = Standing(latest.version)
    if look.at in {None, latest.version}:
        latest, standing = await desk.standing(latest)
    stored = (await desk.events(latest.job_id))[: latest.version]
    recorded = [each.recorded for each in stored]
    job = latest if look.at in {None, latest.version} else job_as_of(latest, stored, look.at or 0)
    records = await desk.records(job)
    names = await desk.names(latest, timeline.actor_records(recorded))
    return _Seen(job, latest.version, standing, records, timeline.moments_of(recorded, names))


async def _state(desk: JobDesk, seen: _Seen) -> dict[str, object]:
    """The part of the page that shows a state of the job."""
    job, records, under_way = seen.job, seen.records, seen.standing.under_way
    now = job.head_at if seen.is_past else desk.now()
    report = await desk.preflight_report(job) if tells_of_preflight(job) else None
    return {
        "job": job,
        "is_past": seen.is_past,
        "latest": seen.latest_version,
        "pending": pending_of(job, seen.standing.leases),
        "intake": records.intake,
        "title": title_of(job, records.intake),
        "engine": records.policy.engine if records.policy else "",
        "previous_version": records.policy.previous_version if records.policy else None,
        "savings": job_page.savings_of(job),
        "new_version_url": new_version_address(job.job_id),
        "submitter": seen.moments[0].actor,
        "under_way": job_page.under_way_of(job, under_way, now),
        "steps": job_page.steps_of(job, now, under_way),
        "counts": job_page.unit_counts(job, under_way),
        "downloads": job_page.downloads_of(job),
        "preview": await _preview(desk, job),
        "commands": commands_of(job),
        "logs": [
            (each, await desk.text_of(job, each.artifact) if each.artifact else each.tail)
            for each in logs_of(job, under_way)
        ],
        "result": job_page.result_of(job),
        "actions": job_page.actions_of(job),
        "problems": problems_of(job, records, report),
        "superseded_by": seen.standing.superseded_by,
        "noticed": noticed_in(job, report),
        "is_at_rest": not job_page.is_live(job),
        "cost": None if seen.is_past else await desk.money(job),
        "money": money,
        "is_live": job_page.is_live(job) and not seen.is_past,
    }


async def _preview(desk: JobDesk, job: Job) -> Markup | None:
    """The Markdown that the job made, as it reads; None where it made none."""
    artifact = markdown_of(job)
    return None if artifact is None else rendered_markdown(await desk.text_of(job, artifact))


def _events(seen: _Seen, look: Look) -> dict[str, object]:
    """The part of the page that lists events."""
    job, moments = seen.job, seen.moments
    shown = job.version if seen.is_past else 0
    return {
        "moments": moments,
        "look": look,
        "address": look.address_of(job.job_id),
        "listed": timeline.listed(moments, look.chosen, before=look.before, shown=shown),
        "event_names": sorted((text, name) for name, text in EVENTS.items()),
        "phases": [Stage.INTAKE.value, *(phase.name for phase in job.pipeline.phases)],
    }


async def _reruns(visit: Visit, desk: JobDesk, job_id: UUID) -> tuple[JobRow, ...]:
    """The newest jobs that ran this one again, as far as the views have come."""
    which = JobFilter(visit.principal.project_ids, parent_job_id=job_id)
    return (await desk.queries.list_jobs(which, limit=_RERUNS)).rows
