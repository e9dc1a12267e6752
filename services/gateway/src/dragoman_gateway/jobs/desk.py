"""Acting on a job: start, cancel, resume, redrive … Decides on the newest state, and again when somebody was first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import Event, JobOpened, WorkRedriven
from dragoman_contracts.job import Job, WorkKey
from dragoman_gateway.submissions.rules import (
    decide_cancel,
    decide_discard,
    decide_discard_checkpoint,
    decide_mark_failed,
    decide_redrive,
    decide_resume,
    decide_retry,
    decide_start,
    is_running,
    job_key,
)
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import RunningJobError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, Head, JobMissingError, Jobs, read_document

_ATTEMPTS = 10
_Decide = Callable[[Job], Event | None]
_Appends = Callable[[Job, Head, Event, Principal], Awaitable[tuple[Append, ...]]]


@dataclass(frozen=True, slots=True)
class Acted:
    """The job after the action; `is_changed` is False where there was nothing to do."""

    job: Job
    is_changed: bool


class JobControl:
    """What people do to a job that exists. A job outside the principal's scope is as if it were not there."""

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
        job, _ = await self._load(job_id, principal)
        return job

    async def cancel(self, job_id: UUID, principal: Principal) -> Acted:
        """Ask the job to stop; nothing to do where it is cancelled, or being cancelled, already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is completed, blocked or failed.
        """
        return await self._act(job_id, principal, decide_cancel)

    async def start(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a job go on that was submitted with auto-start off; nothing to do where it was started.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is blocked, failed or cancelled.
        """
        return await self._act(job_id, principal, decide_start)

    async def resume(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a failed or cancelled job go on from its checkpoint.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is neither failed nor cancelled, or its checkpoint was given up.
            RunningJobError: another job has taken its version, target locale and pipeline in the meantime.
        """
        return await self._act(job_id, principal, decide_resume, self._claiming)

    async def retry(self, job_id: UUID, principal: Principal) -> Acted:
        """Let a failed job go on from its checkpoint.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is not failed, or its checkpoint was given up.
            RunningJobError: as `resume`.
        """
        return await self._act(job_id, principal, decide_retry, self._claiming)

    async def mark_failed(self, job_id: UUID, principal: Principal) -> Acted:
        """Declare a job failed that moves no more; nothing to do where it is failed already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is not in flight.
        """
        return await self._act(job_id, principal, decide_mark_failed)

    async def discard_checkpoint(self, job_id: UUID, principal: Principal) -> Acted:
        """Give up what a failed or cancelled job has done; nothing to do where that was given up already.

        Raises:
            JobMissingError: as `find`.
            JobStateError: the job is neither failed nor cancelled.
        """
        return await self._act(job_id, principal, decide_discard_checkpoint)

    async def redrive(self, job_id: UUID, key: WorkKey, principal: Principal) -> Acted:
        """Let parked work be done again; the job goes on where nothing else holds it.

        Raises:
            JobMissingError: as `find`.
            NotParkedError: the work is not parked.
            RunningJobError: as `resume`.
        """
        return await self._act(job_id, principal, lambda job: decide_redrive(job, key), self._redriving)

    async def discard(self, job_id: UUID, key: WorkKey, principal: Principal) -> Acted:
        """Take parked work from the list of what waits for a person: it will not be done.

        Raises:
            JobMissingError: as `find`.
            NotParkedError: the work is not parked.
        """
        return await self._act(job_id, principal, lambda job: decide_discard(job, key))

    async def _load(self, job_id: UUID, principal: Principal) -> tuple[Job, Head]:
        job, head = await self._jobs.load(job_id)
        if not principal.sees(job.project_id):
            raise JobMissingError(f"Job {job_id} does not exist.")
        return job, head

    async def _act(
        self, job_id: UUID, principal: Principal, decide: _Decide, appends_of: _Appends | None = None
    ) -> Acted:
        for _ in range(_ATTEMPTS):
            job, head = await self._load(job_id, principal)
            event = decide(job)
            if event is None:
                return Acted(job, is_changed=False)
            appends = await (appends_of or self._alone)(job, head, event, principal)
            try:
                await self._store.commit(appends)
            except ConflictError:
                continue
            return Acted((await self._jobs.load(job_id))[0], is_changed=True)
        raise ConflictError(f"Job {job_id} is changing too fast; ask again.")

    async def _alone(self, job: Job, head: Head, event: Event, principal: Principal) -> tuple[Append, ...]:
        origin = await self._actors.origin(
            principal, job.project_id, correlation_id=job.correlation_id, traceparent=job.traceparent
        )
        return (Append(job.job_id, job.project_id, head, (event,), origin, self._clock.now()),)

    async def _redriving(self, job: Job, head: Head, event: Event, principal: Principal) -> tuple[Append, ...]:
        goes_on = isinstance(event, WorkRedriven) and job.goes_on_without(WorkKey(event.kind, event.index, event.phase))
        appends = self._claiming if goes_on else self._alone
        return await appends(job, head, event, principal)

    async def _claiming(self, job: Job, head: Head, event: Event, principal: Principal) -> tuple[Append, ...]:
        """The event, and beside it the claim of a job that stopped on its version, target locale and pipeline."""
        (mine,) = await self._alone(job, head, event, principal)
        document, document_head = await read_document(self._store, job.submitted.document_id)
        holder = document.last_job(job_key(job)) if document else None
        if holder is not None and holder != job.job_id:
            found = await self._jobs.find(holder)
            if found and is_running(found[0]):
                raise RunningJobError(holder)
        number, target, pipeline = job_key(job)
        opened = JobOpened(job_id=job.job_id, document_version=number, target_locale=target, pipeline_name=pipeline)
        # Always appended, also by the last holder: a submission that is being decided right now then meets a conflict.
        claim = Append(
            job.submitted.document_id, job.project_id, document_head, (opened,), mine.origin, mine.occurred_at
        )
        return (claim, mine)
