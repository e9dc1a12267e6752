"""The task of each kind of work, given by its service: slow `perform`, pure `decide`,
the inputs that matter.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, ParamSpec, TypeVar, cast
from uuid import UUID
from weakref import WeakValueDictionary

from dragoman_contracts.errors import DragomanError, RetryableError
from dragoman_contracts.events import Event
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value, from_json
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import WorkItem, is_owed
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.under_way import WorkNote
from dragoman_contracts.vocabulary import LIVE
from dragoman_runtime.computing import Computing
from dragoman_runtime.eventstore import EventStore, Jobs
from dragoman_runtime.objects import ObjectStore, put_value
from dragoman_runtime.objects.port import StoredObject
from dragoman_runtime.telemetry import say_waiting
from dragoman_runtime.worker.outage import is_outage

_SHORTEST_S, _LONGEST_S = 0.1, 5.0

_V = TypeVar("_V", bound=Value)
_O = TypeVar("_O", bound=Value)
_P = ParamSpec("_P")
_R = TypeVar("_R")
_Key = tuple[UUID, str, type[Value]]


class WorkStoppedError(DragomanError):
    """The job was cancelled while its work was under way; what is recorded stays,
    the lease is given back.
    """

    default_code = "work.stopped"


class NotYetError(DragomanError):
    """The work cannot be done yet and nothing is wrong; the reconciler sends it again."""

    default_code = "work.not_yet"


class ValueCache:
    """Parsed values by digest: those in use, and those used last: the largest, and up to
    `capacity_bytes` of JSON more.

    Values are immutable, so every batch of a job can use the one parsed unit list. That of a long
    document may be larger than the capacity: it would be dropped for each small value that is read
    between two batches, and be parsed anew for every one of them. Parsed, JSON takes seven times
    its size.
    """

    def __init__(self, capacity_bytes: int = 8 * 1024 * 1024) -> None:
        self._capacity_bytes = capacity_bytes
        self._size_bytes = 0
        self._kept: OrderedDict[_Key, tuple[Value, int]] = OrderedDict()
        self._in_use: WeakValueDictionary[_Key, Value] = WeakValueDictionary()

    async def get(
        self, store: ObjectStore, project_id: UUID, ref: ObjectRef, type_: type[_V]
    ) -> _V:
        """The value under this reference, parsed at most once while it is kept."""
        key = (project_id, ref.digest, type_)
        value = self._in_use.get(key)
        if value is None:
            data = await store.get(project_id, ref)
            # Another piece of work may have been first.
            value = self._in_use.get(key) or from_json(type_, data)
        self._keep(key, value, ref.size_bytes)
        return cast(_V, value)

    def _keep(self, key: _Key, value: Value, size_bytes: int) -> None:
        self._in_use[key] = value
        if key not in self._kept:
            self._kept[key] = (value, size_bytes)
            self._size_bytes += size_bytes
        self._kept.move_to_end(key)
        while self._size_bytes > self._capacity_bytes and self._drop_one():
            pass

    def _drop_one(self) -> bool:
        """Drop the value used longest ago that is not the largest;
        False where only the largest is over capacity.
        """
        largest = max(reversed(self._kept), key=lambda key: self._kept[key][1])
        if self._size_bytes - self._kept[largest][1] <= self._capacity_bytes:
            return False
        oldest = next(key for key in self._kept if key != largest)
        self._size_bytes -= self._kept.pop(oldest)[1]
        return True


class ProjectObjects:
    """The object store as one project sees it."""

    def __init__(self, store: ObjectStore, project_id: UUID, values: ValueCache) -> None:
        self._store = store
        self._project_id = project_id
        self._values = values

    async def get(self, ref: ObjectRef | str) -> bytes:
        """The object's bytes, digest checked."""
        return await self._store.get(self._project_id, ref)

    def open_stream(self, ref: ObjectRef | str) -> AsyncIterator[bytes]:
        """The object's bytes in pieces, the last one only when the digest was right."""
        return self._store.open_stream(self._project_id, ref)

    async def put(self, data: bytes, media_type: str) -> ObjectRef:
        """Store bytes."""
        return await self._store.put(self._project_id, data, media_type)

    async def get_value(self, ref: ObjectRef, type_: type[_V]) -> _V:
        """The value stored under this reference."""
        return await self._values.get(self._store, self._project_id, ref, type_)

    async def put_value(self, value: Value) -> ObjectRef:
        """Store a value as canonical JSON."""
        return await put_value(self._store, self._project_id, value)

    def stored(self) -> AsyncIterator[StoredObject]:
        """The project's objects, in no promised order."""
        return self._store.list_objects(self._project_id)

    async def get_pointer(self, fingerprint: str) -> ObjectRef | None:
        """The outcome stored for these inputs."""
        return await self._store.get_pointer(self._project_id, fingerprint)

    async def put_pointer(self, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point from a fingerprint to an outcome; the reference that holds."""
        return await self._store.put_pointer(self._project_id, fingerprint, ref)

    async def delete_pointer(self, fingerprint: str) -> None:
        """Forget the outcome stored for these inputs."""
        await self._store.delete_pointer(self._project_id, fingerprint)


class WorkContext:
    """The surroundings of `perform`: the job, the item, the project's objects,
    and a way to ask whether to stop.
    """

    def __init__(
        self,
        job: Job,
        item: WorkItem,
        attempt: int,
        objects: ProjectObjects,
        store: EventStore,
        jobs: Jobs,
        computing: Computing,
        say: Callable[[WorkNote], None],
        limit: asyncio.Timeout,
        *,
        is_takeover: bool = False,
    ) -> None:
        """`jobs` are those the worker keeps, so that a question about the job reads only the
        stream's news.

        `say` keeps the latest note of this work. `limit` breaks the work off at its deadline.
        `is_takeover` where a worker had this work before and vanished.
        """
        self.job = job
        self.item = item
        self.attempt = attempt
        self.objects = objects
        self._jobs = jobs
        self._store = store
        self._computing = computing
        self._say = say
        self._limit = limit
        self.is_takeover = is_takeover

    @property
    def phase(self) -> Phase:
        """The phase this work belongs to.

        Raises:
            LookupError: it belongs to none, as a cancellation does.
        """
        phase = self.job.phase_of(self.item.key)
        if phase is None:
            raise LookupError(
                f"Work {self.item.kind} belongs to no phase of job {self.job.job_id}."
            )
        return phase

    @property
    def leases(self) -> EventStore:
        """The event store, for leases on what pieces of work share: the places of a provider."""
        return self._store

    def config(self, type_: type[_V]) -> _V:
        """The config of the phase, as the model of its step."""
        return type_.model_validate(self.phase.config)

    def report(self, note: WorkNote) -> None:
        """Say how far the work has come, for whoever waits; call it from the event loop, as often
        as there is news.

        Only the latest note counts. It is stored about once a second, and not at all for work that
        ends sooner.
        """
        self._say(note)

    async def stop_if_cancelled(self) -> None:
        """Ask the log whether the job still moves, or still waits for this very work.

        Raises:
            WorkStoppedError: it does not; let it pass.
        """
        job, _ = await self._jobs.load(self.job.job_id)
        if job.status not in LIVE and not is_owed(job, self.item.key):
            raise WorkStoppedError(f"Job {job.job_id} is {job.status}.")

    async def other_leases(self) -> int:
        """How many other pieces of the job's work are being performed."""
        leases = await self._store.live_leases(self.job.job_id)
        return len(leases.keys() - {self.item.work_id})

    async def persist(self, store: Callable[[], Awaitable[_R]]) -> _R:
        """Store what was paid for, again and again while the object store is away: an outage must
        not cost it.

        The lease is renewed meanwhile, and the outage does not count towards the deadline.
        """
        wait_s, loop = _SHORTEST_S, asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                return await store()
            except RetryableError as error:
                say_waiting("work.persisting", error.code)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_S)
                due = self._limit.when()
                if is_outage(error) and due is not None and not self._limit.expired():
                    self._limit.reschedule(due + loop.time() - began)

    async def compute(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run pure, CPU-bound code without holding up heartbeats and other work, perhaps in another
        process.

        So the function has a name in a module, and what goes in and comes out is bytes or small
        values.

        Raises:
            ProcessLostError: the process that was at it ended before it was done.
        """
        return await self._computing.run(function, *args, **kwargs)

    @staticmethod
    async def compute_here(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run light code on values that would cost more to carry elsewhere,
        without holding up heartbeats.
        """
        return await asyncio.to_thread(function, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Task(Generic[_O]):
    """One kind of work.

    `inputs` names everything the outcome depends on: equal inputs, equal outcome, whatever job
    asks; None when the outcome must not be shared or kept. `perform` is slow and may be paid for;
    `decide` is pure and may run again. `deadline` is how long this very work may take, where that
    is not the worker's limit for all work. A replay takes an outcome that is `from_outside` from the
    record: to perform it again might give another one, or do something once more. `on_recalled` is
    told of an outcome that was stored before this work came; it may be told again, and what it
    raises holds nothing up.
    """

    kind: str
    outcome: type[_O]
    inputs: Callable[[Job, WorkItem], Mapping[str, Any]] | None
    perform: Callable[[WorkContext], Awaitable[_O]]
    decide: Callable[[Job, WorkItem, _O], tuple[Event, ...]]
    deadline: Callable[[Job, WorkItem], timedelta] | None = None
    from_outside: bool = False
    on_recalled: Callable[[Job, ProjectObjects, _O], Awaitable[None]] | None = None

    def fingerprint(self, job: Job, item: WorkItem) -> str | None:
        """The sha256 of the task's kind and inputs, under which its outcome is kept."""
        if self.inputs is None:
            return None
        return fingerprint(str(self.kind), self.inputs(job, item))


def fingerprint(kind: str, inputs: Mapping[str, Any]) -> str:
    """The sha256 of some named inputs, equal for equal inputs in any order."""
    plain = json.dumps(
        {"kind": kind, "inputs": dict(inputs)}, sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(plain.encode()).hexdigest()
