"""Opening a job, on a subject or on none: what every area does that starts one.

Subject and job are appended in one commit: two orders for one scope meet on the subject's stream,
and one of them is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from dragoman_contracts.events import Event, JobSubmitted
from dragoman_contracts.job import Job
from dragoman_contracts.subject_state import Subject, decide_opened
from dragoman_gateway.jobs.rules import OnUnfinished, require_free, require_same_request
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import RunningJobError, UnfinishedJobError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs, append_decided, read_subject

_TOO_FAST = "Too many submissions for this document at the same time; submit it again."


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job of a submission; `is_new` is False where the idempotency key had made it before."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """The first event of a job, and the events that are said of its subject before the
    job is opened on it.
    """

    submitted: JobSubmitted
    of_subject: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class JobOrder:
    """A job to be opened, looked through, with its objects stored.

    `opening` decides on the subject as it is then. With `has_key` the job's id comes from an
    idempotency key, and `digest` tells whether a job that has it was asked for in the same words.
    """

    job_id: UUID
    project_id: UUID
    subject_id: UUID | None
    opening: Callable[[Subject | None], Opening]
    digest: str
    has_key: bool = False
    on_unfinished: OnUnfinished = OnUnfinished.REFUSE


class JobOpener:
    """Opens jobs. One scope of a subject has one running job."""

    def __init__(self, *, store: EventStore, jobs: Jobs, clock: Clock, actors: Actors) -> None:
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._actors = actors

    async def existing(self, job_id: UUID, digest: str) -> Submitted | None:
        """The job that an idempotency key has made already; None where it has not.

        Raises:
            KeyReusedError: the key stands for another request.
        """
        found = await self._jobs.find(job_id)
        if found is None:
            return None
        require_same_request(found[0], digest)
        return Submitted(found[0], is_new=False)

    async def open(
        self, order: JobOrder, principal: Principal, *, traceparent: str | None = None
    ) -> Submitted:
        """Append to subject and job in one commit; again from what is true then, when somebody was
        first.

        Raises:
            KeyReusedError: the key stands for another request.
            RunningJobError: a job holds the scope.
            UnfinishedJobError: such a job was interrupted, and `on_unfinished` does not say what to
                do about it.
            ConflictError: others open jobs on the subject too fast.
        """
        existing: Submitted | None = None
        is_again = False

        async def appends() -> Sequence[Append]:
            nonlocal existing, is_again
            if (
                is_again
                and order.has_key
                and (existing := await self.existing(order.job_id, order.digest))
            ):
                return ()
            is_again = True
            try:
                return await self._appends(order, principal, traceparent)
            except (RunningJobError, UnfinishedJobError) as error:
                if error.job_id != order.job_id:
                    raise
            # The same key was first, at the same moment: the job that holds the scope is the one
            # that was asked for.
            existing = await self.existing(order.job_id, order.digest)
            return ()

        await append_decided(self._store, appends, too_fast=_TOO_FAST)
        if existing is not None:
            return existing
        job, _ = await self._jobs.load(order.job_id)
        return Submitted(job, is_new=True)

    async def _appends(
        self, order: JobOrder, principal: Principal, traceparent: str | None
    ) -> tuple[Append, ...]:
        project_id, subject_id = order.project_id, order.subject_id
        subject, head = (
            (None, Head()) if subject_id is None else await read_subject(self._store, subject_id)
        )
        opening = order.opening(subject)
        submitted = opening.submitted
        origin = await self._actors.origin(
            principal,
            project_id,
            correlation_id=submitted.submission_id or order.job_id,
            traceparent=traceparent,
        )
        now = self._clock.now()
        appends = (Append(order.job_id, project_id, Head(), (submitted,), origin, now),)
        opened = decide_opened(submitted, order.job_id)
        if subject_id is None or opened is None:
            return appends
        appends = (
            Append(subject_id, project_id, head, (*opening.of_subject, opened), origin, now),
            *appends,
        )
        holder = subject.last_job(submitted.scope) if subject else None
        found = await self._jobs.find(holder) if holder else None
        if found is None:
            return appends
        job, job_head = found
        given_up = require_free(job, order.on_unfinished)
        if given_up is None:
            return appends
        return (*appends, Append(job.job_id, project_id, job_head, (given_up,), origin, now))
