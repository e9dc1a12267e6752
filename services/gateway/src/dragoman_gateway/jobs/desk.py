"""Use cases of jobs: start, cancel, resume … a job; show it, its units and its past.

An action decides on the newest state, and again when somebody was first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dragoman_catalog import Catalog
from dragoman_catalog.values import Project
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.events import Event
from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact
from dragoman_contracts.reports import PreflightReport
from dragoman_contracts.subject_state import decide_opened
from dragoman_gateway.jobs.detail.answers import artifact_views, job_detail
from dragoman_gateway.jobs.detail.commands import logs_of
from dragoman_gateway.jobs.detail.facts import (
    JobRecords,
    Standing,
    job_records,
    names_of,
    preflight_report,
    standing_now,
)
from dragoman_gateway.jobs.detail.live import Follower
from dragoman_gateway.jobs.detail.money import JobMoney, money_of
from dragoman_gateway.jobs.detail.past import load_as_of
from dragoman_gateway.jobs.rules import (
    decide_cancel,
    decide_discard_checkpoint,
    decide_mark_failed,
    decide_remove,
    decide_resume,
    decide_retry,
    decide_start,
    is_running,
)
from dragoman_gateway.jobs.schemas import ArtifactView, JobDetail
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.downloads import DownloadSigner
from dragoman_gateway.web.errors import RunningJobError
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import (
    Append,
    Decided,
    EventStore,
    Head,
    JobMissingError,
    Jobs,
    Stored,
    decide_on_job,
    read_subject,
)
from dragoman_runtime.objects import ObjectStore

_Decide = Callable[[Job], Event | None]
_Claims = Callable[[Job, Event], bool]
EventsOf = Callable[[Job, Head], Awaitable[Sequence[Event]]]
"""The events of an act on a job, given its newest state."""


def _never(job: Job, event: Event) -> bool:
    return False


def _always(job: Job, event: Event) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Acted:
    """The job after the action; `is_changed` is False where there was nothing to do."""

    job: Job
    is_changed: bool


class JobControl:
    """Actions of people on a job that exists.
    A job outside the principal's scope is as if it were not there.
    """

    def __init__(self, *, store: EventStore, jobs: Jobs, clock: Clock, actors: Actors) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._actors = actors

    async def find(self, job_id: UUID, principal: Principal) -> Job:
        """The job as of now.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        job, _ = await self._jobs.load(job_id)
        require_visible(job, principal)
        return job

    async def cancel(self, job_id: UUID, principal: Principal) -> Acted:
        """Ask the job to stop; nothing to do where it is cancelled, or being cancelled, already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is completed, blocked or failed.
        """
        return await self.act(job_id, principal, decide_cancel)

    async def start(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a job go on that was submitted with auto-start off; nothing to do where it was
        started.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is blocked, failed or cancelled.
        """
        return await self.act(job_id, principal, decide_start)

    async def resume(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a failed or cancelled job go on from its checkpoint.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is neither failed nor cancelled, or its checkpoint was discarded.
            RunningJobError: another job has taken its scope in the meantime.
        """
        return await self.act(job_id, principal, decide_resume, claims=_always)

    async def retry(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a failed job go on from its checkpoint.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is not failed, or its checkpoint was discarded.
            RunningJobError: as `resume`.
        """
        return await self.act(job_id, principal, decide_retry, claims=_always)

    async def mark_failed(self, job_id: UUID, principal: Principal) -> Acted:
        """Declare a job failed that moves no more; nothing to do where it is failed already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is not in flight.
        """
        return await self.act(job_id, principal, decide_mark_failed)

    async def discard_checkpoint(self, job_id: UUID, principal: Principal) -> Acted:
        """Discard what a failed or cancelled job has done; nothing to do where that was discarded
        already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is neither failed nor cancelled.
        """
        return await self.act(job_id, principal, decide_discard_checkpoint)

    async def remove(self, job_id: UUID, principal: Principal) -> Acted:
        """Take a job at rest out of the lists; nothing to do where it is out of them already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job runs.
        """
        return await self.act(job_id, principal, decide_remove)

    async def act(
        self, job_id: UUID, principal: Principal, decide: _Decide, *, claims: _Claims = _never
    ) -> Acted:
        """Append what `decide` says of the newest state; nothing to do where it says nothing.

        Where `claims`, the job had stopped and goes on: it takes its scope again.

        Raises:
            JobMissingError: as `find`.
            RunningJobError: as `resume`, where `claims`.
            ConflictError: others change the job too fast, or `decide` refuses.
        """

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            event = decide(job)
            return () if event is None else (event,)

        decided = await self.append(job_id, principal, events_of, claims=claims)
        if not decided.stored:
            return Acted(decided.job, is_changed=False)
        return Acted((await self._jobs.load(job_id))[0], is_changed=True)

    async def append(
        self, job_id: UUID, principal: Principal, events_of: EventsOf, *, claims: _Claims = _never
    ) -> Decided:
        """Append the events that `events_of` gives for the newest state and the head of its stream;
        asked again where another writer was first.

        Where `claims` says so of the job and the first event, it takes its scope again.

        Raises:
            JobMissingError: as `find`.
            RunningJobError: as `resume`, where `claims`.
            ConflictError: others change the job too fast, or `events_of` refuses.
        """

        async def appends(job: Job, head: Head) -> Sequence[Append]:
            require_visible(job, principal)
            events = tuple(await events_of(job, head))
            if not events:
                return ()
            origin = await self._actors.origin(
                principal,
                job.project_id,
                correlation_id=job.correlation_id,
                traceparent=job.traceparent,
            )
            now = self._clock.now()
            mine = Append(job.job_id, job.project_id, head, events, origin, now)
            return await self._with_claim(job, mine) if claims(job, events[-1]) else (mine,)

        return await decide_on_job(self._store, self._jobs, job_id, appends)

    async def _with_claim(self, job: Job, mine: Append) -> tuple[Append, ...]:
        """The event, and before it the claim of a job that stopped on its scope."""
        subject, opened = job.submitted.subject, decide_opened(job.submitted, job.job_id)
        if subject is None or opened is None:
            return (mine,)
        state, head = await read_subject(self._store, subject.id)
        holder = state.last_job(job.submitted.scope) if state else None
        if holder is not None and holder != job.job_id:
            found = await self._jobs.find(holder)
            if found and is_running(found[0]):
                raise RunningJobError(holder)
        # Always appended, also by the last holder: a submission that is being decided right now
        # then meets a conflict.
        claim = Append(subject.id, job.project_id, head, (opened,), mine.origin, mine.occurred_at)
        return (claim, mine)


def require_visible(job: Job, principal: Principal) -> None:
    """Let a job outside the principal's projects be as if it were not there.

    Raises:
        JobMissingError: the principal does not see it.
    """
    if not principal.sees(job.project_id):
        raise JobMissingError(f"Job {job.job_id} does not exist.")


class JobDesk:
    """Shows jobs, their units and their past. `control` changes a job, `follower` follows one."""

    def __init__(
        self,
        *,
        store: EventStore,
        jobs: Jobs,
        objects: ObjectStore,
        queries: JobQueries,
        position: ViewsPosition,
        catalog: Catalog,
        control: JobControl,
        follower: Follower,
        downloads: DownloadSigner,
        clock: Clock,
        engines: frozenset[str],
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._objects = objects
        self._position = position
        self._catalog = catalog
        self._downloads = downloads
        self._clock = clock
        self.queries = queries
        self.control = control
        self.follower = follower
        self.engines = sorted(engines)

    def now(self) -> datetime:
        """The time by this installation's clock."""
        return self._clock.now()

    async def views_lag(self) -> int:
        """How many events the lists do not show yet."""
        return await self._position.lag()

    async def projects(self, principal: Principal) -> list[Project]:
        """The projects whose jobs the principal sees."""
        return principal.visible(await self._catalog.projects.all())

    async def events(self, job_id: UUID, *, after: int = 0) -> list[Stored]:
        """The events of a job behind version `after`, oldest first."""
        return await self._store.read(job_id, after=after)

    async def as_of(self, job: Job, version: int) -> Job:
        """The job after its first `version` events.

        Raises:
            NoSuchVersionError: it has fewer, or `version` is below 1.
        """
        return await load_as_of(self._store, job, version)

    async def standing(self, job: Job) -> tuple[Job, Standing]:
        """The job's newest state, and who holds its work now."""
        return await standing_now(self._store, self._jobs, job)

    async def records(self, job: Job) -> JobRecords:
        """The job's objects, read."""
        return await job_records(self._objects, job)

    async def money(self, job: Job) -> JobMoney:
        """The job's cap, and what was paid for it and saved up to now."""
        return await money_of(self._catalog, self._objects, job)

    async def preflight_report(self, job: Job) -> PreflightReport | None:
        """The newest report of preflight; None where there is none, or it was erased."""
        return await preflight_report(self._objects, job)

    async def text_of(self, job: Job, artifact: Artifact) -> str:
        """A text that is an artifact of the job; empty where it was erased."""
        try:
            data = await self._objects.get(job.project_id, artifact.object)
        except (ObjectMissingError, ObjectCorruptError):
            return ""
        return data.decode(errors="replace")

    async def log(self, job_id: UUID, principal: Principal) -> tuple[str, bool]:
        """The output of the job's commands, in their order, and whether more was said than is here.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        job, standing = await self.standing(await self.control.find(job_id, principal))
        logs = logs_of(job, standing.under_way)
        texts = [
            await self.text_of(job, each.artifact) if each.artifact else each.tail for each in logs
        ]
        if len(texts) > 1:
            texts = [
                f"==> {each.phase} <==\n{text}" for each, text in zip(logs, texts, strict=True)
            ]
        return "\n".join(texts), any(each.is_truncated for each in logs)

    async def artifact_view(self, job: Job, artifact: Artifact) -> ArtifactView:
        """An artifact of the job as the API tells it, with a fresh address."""
        views = artifact_views(job, await self.records(job), self._downloads, self._clock.now())
        place = job.artifacts.index(artifact)
        return views[place]

    async def names(self, job: Job, digests: Iterable[str]) -> dict[str, str]:
        """The names of people who acted on the job, by the digests of their records."""
        return await names_of(self._objects, job, digests)

    async def detail_now(self, job: Job) -> JobDetail:
        """The answer that shows a job as it was just loaded, or as it has become since."""
        return await self._detail(*await self.standing(job))

    async def detail_then(self, past: Job, latest_version: int) -> JobDetail:
        """The answer that shows a state of a job's past."""
        return await self._detail(past, Standing(latest_version))

    async def _detail(self, job: Job, standing: Standing) -> JobDetail:
        return job_detail(
            job, await self.records(job), standing, self._downloads, self._clock.now()
        )
