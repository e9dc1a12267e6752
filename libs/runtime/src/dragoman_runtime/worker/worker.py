"""The worker: takes the lease, folds, looks for the outcome, performs, decides, appends; again when
somebody was first.

One worker serves all the tasks of a service. Where it dies, the next delivery of the same work
finds what it stored: before the append the outcome's pointer, after it the log. Nothing stored is
paid for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.envelope import Origin
from dragoman_contracts.errors import (
    ConflictError,
    DragomanError,
    ObjectCorruptError,
    ObjectMissingError,
    PermanentError,
    RetryableError,
)
from dragoman_contracts.events import Event, PhaseStarted
from dragoman_contracts.identity import event_id
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem, accepts_late, is_due, is_owed
from dragoman_contracts.steps import begins_phase
from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.bus import Delivery
from dragoman_runtime.clock import Clock
from dragoman_runtime.computing import Computing, Threads
from dragoman_runtime.eventstore import (
    Append,
    EventStore,
    Head,
    Jobs,
    Lease,
    LeaseHeldError,
    decide_on_job,
)
from dragoman_runtime.objects import ObjectStore, get_value, put_value
from dragoman_runtime.telemetry import get_logger
from dragoman_runtime.telemetry.metrics import begin_work_series
from dragoman_runtime.worker.failure import AbandonedError, RetryPolicy, decide_failure, reason_of
from dragoman_runtime.worker.leases import HeldLeases
from dragoman_runtime.worker.message import Message, message_span
from dragoman_runtime.worker.outage import is_outage, outlasting
from dragoman_runtime.worker.task import (
    NotYetError,
    ProjectObjects,
    Task,
    ValueCache,
    WorkContext,
    WorkStoppedError,
)

_log = get_logger()


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """Who appends: the service, this very process (lease owner), and the build."""

    service: str
    owner: str
    build: str


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How long a lease, a heartbeat and a piece of work last, and how failures are retried."""

    lease: timedelta = timedelta(seconds=60)
    heartbeat: timedelta = timedelta(seconds=20)
    deadline: timedelta = timedelta(minutes=30)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class WorkerPorts:
    """The ports of a worker: its stores, its clock, and its computing.

    Several workers of one process share them, so that each event is folded once and each value
    parsed once.
    """

    store: EventStore
    objects: ObjectStore
    clock: Clock
    jobs: Jobs | None = None
    computing: Computing = field(default_factory=Threads)
    values: ValueCache = field(default_factory=ValueCache)


class Worker:
    """Performs the work of one service, each delivery safe to receive twice,
    late or out of order.
    """

    def __init__(
        self,
        tasks: Sequence[Task[Any]],
        ports: WorkerPorts,
        identity: WorkerIdentity,
        limits: WorkerLimits,
    ) -> None:
        self.tasks = {task.kind: task for task in tasks}
        self.ports = ports
        self.identity = identity
        self.limits = limits
        self.jobs = ports.jobs or Jobs(ports.store)
        self.held = HeldLeases(ports.store, limits.heartbeat, ports.clock)
        self.values = ports.values

    def start(self) -> None:
        """Begin to renew leases; call before the first delivery."""
        begin_work_series(list(self.tasks))
        self.held.start()

    async def stop(self) -> None:
        """End the heartbeat; call after the last delivery."""
        await self.held.stop()

    async def receive(self, delivery: Delivery) -> None:
        """Do a delivered piece of work, if it is still owed and nobody else is at it.

        Returns when the log says how it went, or when there was nothing to do.

        Raises:
            RetryableError: the store could not be reached, so nothing is recorded; deliver again.
        """
        item = delivery.item
        known = self.jobs.known(item.job_id, item.version)
        job, head = known or await self.jobs.load(item.job_id)
        with message_span(
            self.identity.service, item, delivery.traceparent or job.traceparent
        ) as message:
            await _Turn(self, item, message).run(job, head, is_fresh=known is None)


class _Turn:
    """One delivery, from lease to append."""

    def __init__(self, worker: Worker, item: WorkItem, message: Message) -> None:
        self._store, self._objects, self._clock = (
            worker.ports.store,
            worker.ports.objects,
            worker.ports.clock,
        )
        self._identity, self._limits = worker.identity, worker.limits
        self._jobs, self._held, self._values = worker.jobs, worker.held, worker.values
        self._computing = worker.ports.computing
        self._task = worker.tasks[item.kind]
        self._item = item
        self._message = message
        self._lease = Lease(item.work_id, item.job_id, self._identity.owner, self._limits.lease)

    async def run(self, job: Job, head: Head, *, is_fresh: bool) -> None:
        """Do the work and record how it went, unless somebody is at it. `is_fresh`:
        the job was just read.
        """
        if self._lease in self._held:
            self._message.outcome = "leased"
            return
        self._held.add(self._lease)
        try:
            begun = await self._begin(job, head, is_fresh)
            if begun is not None:
                self._message.begin(
                    job.head_at,
                    self._attempt(job),
                    self._clock.now(),
                    is_takeover=bool(self._lease.takeovers),
                )
                await self._do(*begun)
        except LeaseHeldError:
            self._message.outcome = "leased"
        except asyncio.CancelledError:
            self._message.outcome = "interrupted"
            with suppress(RetryableError):  # the lease then ends by itself
                await asyncio.shield(self._store.commit(release=self._lease))
            raise
        finally:
            self._held.discard(self._lease)

    async def _do(self, job: Job, head: Head) -> None:
        """Perform, decide and append under the lease."""
        attempt = self._attempt(job)
        if self._lease.takeovers and attempt > job.submitted.rules.max_attempts:
            return await self._park_abandoned(job, attempt - 1)
        try:
            outcome = await outlasting(
                "work.holding", lambda: self._outcome(job, attempt), self._stop_if_not_owed
            )
            await self._record(job, head, attempt, outcome)
        except (WorkStoppedError, NotYetError) as error:
            self._message.outcome = error.code
            await self._store.commit(release=self._lease)
        except Exception as error:
            if is_outage(error):  # the event store's: the delivery is held (ADR 0004)
                raise
            await self._fail(error, attempt)

    async def _stop_if_not_owed(self) -> None:
        job, _ = await self._jobs.load(self._item.job_id)
        if not is_owed(job, self._item.key):
            raise WorkStoppedError(f"Job {job.job_id} does not owe {self._item.kind} any more.")

    async def _begin(self, job: Job, head: Head, is_fresh: bool) -> tuple[Job, Head] | None:
        """Take the lease, in the append of PhaseStarted where this work begins its phase; None when
        nothing is owed.

        An append fails where the job has gone on, and its lease with it. Without one the job is
        read first: a lease on work that is done would stay for ever if its worker were killed
        before it gave it back.
        """
        while self._is_due(job):
            started = self._phase_start(job)
            if not started and not is_fresh:
                job, head = await self._jobs.load(self._item.job_id)
                is_fresh = True
                continue
            try:
                stored = await self._store.commit(
                    self._append(job, head, 1, started), take=self._lease
                )
            except ConflictError:
                job, head = await self._jobs.load(self._item.job_id)
                continue
            if stored:
                return self._jobs.learn(job, stored) or (job, head)
            # Who had the lease before may have done the work.
            job, head = await self._jobs.load(self._item.job_id)
            if self._is_due(job):
                return job, head
            await self._store.commit(release=self._lease)
        self._message.outcome = "not_owed"
        return None

    def _is_due(self, job: Job) -> bool:
        key = self._item.key
        return is_owed(job, key) and is_due(job, key, self._clock.now())

    def _phase_start(self, job: Job) -> tuple[Event, ...]:
        if not begins_phase(self._item.kind):
            return ()
        phase = job.phase_of(self._item.key)
        if phase is None or (job.status is JobStatus.IN_PROGRESS and job.stage == phase.name):
            return ()
        return (PhaseStarted(phase=phase.name, kind=self._item.kind),)

    def _attempt(self, job: Job) -> int:
        """Which attempt this is: after those that failed, and those whose worker vanished."""
        trouble = job.failures.get(self._item.key)
        return (0 if trouble is None else trouble.attempt) + self._lease.takeovers + 1

    async def _park_abandoned(self, job: Job, attempts: int) -> None:
        """Perform no more what its worker did not survive as often as it may be tried."""
        what = f"{self._item.kind} of job {job.job_id}"
        message = f"Processes vanished while they were at {what}; find out why (memory, crashes), then resume the job."
        await self._fail(AbandonedError(message), attempts)

    async def _outcome(self, job: Job, attempt: int) -> Value:
        """The outcome that is stored for these inputs, or else a new one,
        stored before anything is appended.
        """
        fingerprint = self._task.fingerprint(job, self._item)
        if fingerprint is None:
            return await self._perform(job, attempt)
        kept = await self._objects.get_pointer(job.project_id, fingerprint)
        if kept is not None:
            try:
                outcome = await get_value(self._objects, job.project_id, kept, self._task.outcome)
            except (
                ObjectMissingError,
                ObjectCorruptError,
                ValidationError,
            ):  # erased, damaged, or of an older version
                await self._objects.delete_pointer(job.project_id, fingerprint)
            else:
                self._message.reused = True
                await self._tell_recalled(job, outcome)
                return outcome
        outcome = await self._perform(job, attempt)
        mine = await put_value(self._objects, job.project_id, outcome)
        kept = await self._objects.put_pointer(job.project_id, fingerprint, mine)
        return (
            outcome
            if kept == mine
            else await get_value(self._objects, job.project_id, kept, self._task.outcome)
        )

    async def _tell_recalled(self, job: Job, outcome: Value) -> None:
        """Tell the task of an outcome from the record. A store that is away is waited for; other
        trouble with that holds nothing up.
        """
        if self._task.on_recalled is None:
            return
        objects = ProjectObjects(self._objects, job.project_id, self._values)
        try:
            await self._task.on_recalled(job, objects, outcome)
        except DragomanError as error:
            if is_outage(error):
                raise
            _log.warning(
                "work.recall_untold",
                kind=str(self._item.kind),
                job_id=str(job.job_id),
                error_code=error.code,
            )

    async def _perform(self, job: Job, attempt: int) -> Value:
        objects = ProjectObjects(self._objects, job.project_id, self._values)
        self._held.begin(self._item, attempt)
        say = partial(self._held.say, self._item)
        own = self._task.deadline
        deadline = self._limits.deadline if own is None else own(job, self._item)
        async with asyncio.timeout(deadline.total_seconds()) as limit:
            context = WorkContext(
                job,
                self._item,
                attempt,
                objects,
                self._store,
                self._jobs,
                self._computing,
                say,
                limit,
                is_takeover=bool(self._lease.takeovers),
            )
            return await self._task.perform(context)

    async def _record(self, job: Job, head: Head, attempt: int, outcome: Value) -> None:
        """Append what follows from the outcome, deciding again whenever another writer was first.

        The outcome of work that is no longer owed is recorded where the job was stopped meanwhile
        and lacks it.
        """
        key = self._item.key

        async def appends(job: Job, head: Head) -> Sequence[Append]:
            wanted = is_owed(job, key) or accepts_late(job, key)
            events = self._task.decide(job, self._item, outcome) if wanted else ()
            return self._append(job, head, attempt, events)

        await self._commit(appends, (job, head))

    async def _fail(self, error: Exception, attempt: int) -> None:
        """Append the failure. Where even that cannot be stored, the delivery stays unacknowledged.

        Its reason is stored first: while the object store is away, the failure waits for it.

        Raises:
            RetryableError: the store cannot be reached.
        """
        self._message.fail(error)
        if not isinstance(error, DragomanError | TimeoutError):
            self._message.log_stack(error)
        loaded = await self._jobs.load(self._item.job_id)
        reason = await self._store_reason(loaded[0].project_id, error)

        async def appends(job: Job, head: Head) -> Sequence[Append]:
            now = self._clock.now()
            limits = self._limits.retry
            policy = RetryPolicy(job.submitted.rules.max_attempts, limits.base, limits.maximum)
            failed = decide_failure(
                self._item, error, attempt=attempt, now=now, policy=policy, reason=reason
            )
            return self._append(
                job, head, attempt, (failed,) if is_owed(job, self._item.key) else ()
            )

        await self._commit(appends, loaded)

    async def _commit(
        self, appends: Callable[[Job, Head], Awaitable[Sequence[Append]]], loaded: tuple[Job, Head]
    ) -> None:
        """Append what is decided on the newest state, and give the lease back,
        as often as others are first.
        """
        decided = await decide_on_job(
            self._store,
            self._jobs,
            self._item.job_id,
            appends,
            known=loaded,
            attempts=None,
            release=self._lease,
        )
        learnt = self._jobs.learn(decided.job, decided.stored)
        events = tuple(each.recorded.data for each in decided.stored)
        self._message.end(events, learnt[0] if learnt else decided.job)

    async def _store_reason(self, project_id: UUID, error: Exception) -> Any:
        try:
            return await outlasting(
                "work.holding",
                lambda: put_value(self._objects, project_id, reason_of(error)),
                self._stop_if_not_owed,
            )
        except (PermanentError, WorkStoppedError):
            return None  # the object store is what refuses; the code in the event must do

    def _append(
        self, job: Job, head: Head, attempt: int, events: tuple[Event, ...]
    ) -> tuple[Append, ...]:
        if not events:
            return ()
        origin = Origin(
            actor=f"service:{self._identity.service}",
            correlation_id=job.correlation_id,
            causation_id=event_id(job.job_id, self._item.version),
            traceparent=self._message.traceparent,
            attempt=attempt,
            producer=self._identity.build,
        )
        return (Append(job.job_id, job.project_id, head, events, origin, self._clock.now()),)
