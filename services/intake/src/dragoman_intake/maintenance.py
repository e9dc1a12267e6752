"""Maintenance: what retention lets go is erased, what nothing points to is removed, what is missing
is reported.

It reads the whole log and lists all objects, so it runs seldom: by itself once in a while, or when
a person says so. Run again on the same state it changes nothing. An object goes when the last job
that points to it lets it go; a job whose artifacts are all erased lets go of everything, its units
and model calls included. Alive is what an event of any stream points to, what the catalogue holds,
and what an outcome on record holds that no event tells of yet.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from dragoman_contracts.coverage import CoverageSnapshot
from dragoman_contracts.envelope import Origin, RecordedEvent
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError, RetryableError
from dragoman_contracts.events import ArtifactErased, Event, JobCompleted, JobSubmitted, StreamType
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.references import ArtifactKind, ObjectRef, references_in
from dragoman_contracts.vocabulary import PhaseKind, Service
from dragoman_intake.covering import Newest, covered, day_of
from dragoman_intake.domain import decide_expiry
from dragoman_intake.ports import CoverageSnapshots, ObjectRoots
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import (
    Append,
    DamagedEventError,
    EventStore,
    Head,
    Jobs,
    Lease,
    LeaseHeldError,
    decide_on_job,
)
from dragoman_runtime.objects import ObjectStore, StoredObject
from dragoman_runtime.telemetry import get_logger, say_waiting

TURN = UUID("2f1d6b0e-7c55-5c0b-9a83-6d61696e7461")
"""The lease of the one process that does maintenance at a time."""

_TTL = timedelta(hours=1)
_LOOK = timedelta(minutes=10)
_LEASE_OVER = timedelta(days=1)
_LAST_RUN = "maintenance"
_PAGE = 2000
_LARGEST_OUTCOME_BYTES = 1024 * 1024
_log = get_logger()
_NEEDED = (ArtifactKind.FINAL_DOCX, ArtifactKind.REASSEMBLY_MANIFEST)


class Fault(Value):
    """Something that is not as the log says.

    `job_id` is one of the jobs that point to the object; None where only the catalogue does.
    """

    job_id: UUID | None
    what: str
    digest: str = ""


class MaintenanceReport(Value):
    """The result of a run, or the one a dry run would have had.

    `faults` need a person: restore the objects from a backup.
    """

    is_dry: bool
    event_count: int = 0
    object_count: int = 0
    erased_artifacts: int = 0
    deleted_objects: int = 0
    deleted_bytes: int = 0
    orphaned_objects: int = 0
    orphaned_bytes: int = 0
    forgotten_leases: int = 0
    coverage_snapshots: int = 0
    checked_digests: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether everything the log points to is there and as it was."""
        return not self.faults


@dataclass(slots=True)
class _Census:
    """The pointers of the log: how often it names each object of each project, and which jobs are
    to be looked at.

    `of_documents` are objects of document streams. Their jobs decide how long they stay; without a
    job they stay. Objects of every other stream stay as long as their stream points to them.
    `roots` are objects that the catalogue holds, by project; under None those of any project.
    """

    references: dict[UUID, Counter[bytes]] = field(default_factory=dict[UUID, Counter[bytes]])
    of_documents: set[bytes] = field(default_factory=set[bytes])
    roots: dict[UUID | None, set[bytes]] = field(default_factory=dict[UUID | None, set[bytes]])
    retained: set[UUID] = field(default_factory=set[UUID])
    erasing: set[UUID] = field(default_factory=set[UUID])
    completed: set[UUID] = field(default_factory=set[UUID])
    newest: Newest = field(default_factory=Newest)
    event_count: int = 0

    def add(self, recorded: RecordedEvent) -> None:
        event = recorded.data
        self.event_count += 1
        self.newest.add(recorded)
        references = self.references.setdefault(recorded.project_id, Counter())
        if recorded.stream_type is StreamType.DOCUMENT:
            self.of_documents.update(_digests(recorded))
            return
        references.update(_digests(recorded))
        match event:
            case JobSubmitted() if event.rules.retention_days is not None:
                self.retained.add(recorded.stream_id)
            case ArtifactErased():
                self.erasing.add(recorded.stream_id)
            case JobCompleted():
                self.completed.add(recorded.stream_id)
            case _:
                pass

    def roots_of(self, project_id: UUID) -> set[bytes]:
        """The objects of this project that the catalogue holds."""
        return self.roots.get(project_id, set()) | self.roots.get(None, set())

    def let_go(self, project_id: UUID, digests: Iterator[bytes]) -> set[bytes]:
        """Take these references away; the objects to which none is left."""
        counts, gone = self.references[project_id], set[bytes]()
        for each in digests:
            counts[each] -= 1
            if counts[each] <= 0:
                del counts[each]
                gone.add(each)
        return gone


class Maintenance:
    """Keeps an installation's objects in order. Several processes may have one; they take turns."""

    def __init__(
        self,
        store: EventStore,
        objects: ObjectStore,
        roots: ObjectRoots,
        clock: Clock,
        *,
        owner: str,
        producer: str,
        grace: timedelta,
        snapshots: CoverageSnapshots | None = None,
    ) -> None:
        """`snapshots` keep how far people are with each project; None keeps nothing. `grace` is how long an
        object may lie without an event that points to it: uploads are stored first.
        """
        self._roots = roots
        self._store = store
        self._objects = objects
        self._clock = clock
        self._owner = owner
        self._producer = producer
        self._grace = grace
        self._snapshots = snapshots
        self._jobs = Jobs(store, capacity=64)

    async def run(
        self, *, is_dry: bool = False, checks_digests: bool = False
    ) -> MaintenanceReport | None:
        """Do all of it once; None while another process is at it.

        Raises:
            RetryableError: a store cannot be reached; what was done stays done.
        """
        turn = Lease(uuid5(TURN, "turn"), TURN, self._owner, _TTL)
        try:
            await self._store.commit(take=turn)
        except LeaseHeldError:
            return None
        try:
            at_work = _Run(self, self._store, self._objects, self._clock.now(), is_dry)
            return await at_work.all(await self._roots.object_roots(), checks_digests)
        finally:
            await self._store.commit(release=turn)

    async def keep(self, every: timedelta) -> None:
        """Run for ever, once in `every`, in whichever process is first;
        ends only when cancelled.
        """
        while True:
            try:
                if await self._is_time(every) and (report := await self.run()) is not None:
                    log = _log.info if report.is_sound else _log.error
                    log(
                        "maintenance.done",
                        faults=len(report.faults),
                        **report.model_dump(exclude={"faults"}),
                    )
            except DamagedEventError as error:  # its objects would look like nobody's
                _log.error("maintenance.refused", error_code=error.code)
            except RetryableError as error:
                say_waiting("maintenance.waiting", error.code)
            await asyncio.sleep(min(every, _LOOK).total_seconds())

    async def _is_time(self, every: timedelta) -> bool:
        """Whether the last run is long enough ago; if so, this counts as one."""
        now = int(self._clock.now().timestamp())
        async with self._store.lock_position(_LAST_RUN) as last:
            if last is None or now - last.position < every.total_seconds():
                return False
            await last.advance(now)
        return True

    async def take_down(self, newest: Newest, now: datetime) -> int:
        """Take down how far people are with the translations; for how many projects and locales."""
        if self._snapshots is None:
            return 0
        found = await covered(newest, self.job)
        day = day_of(now)
        await self._snapshots.put(
            day,
            [
                CoverageSnapshot(
                    project_id=project_id,
                    day=day,
                    target_locale=locale,
                    coverage=coverage,
                    taken_at=now,
                )
                for (project_id, locale), coverage in sorted(found.items())
            ],
        )
        return len(found)

    async def erase(self, job_id: UUID, now: datetime, *, is_dry: bool) -> int:
        """Append ArtifactErased for what of the job is over; how many artifacts it was."""
        if is_dry:
            return len(decide_expiry(await self.job(job_id), now))

        async def appends(job: Job, head: Head) -> Sequence[Append]:
            events = decide_expiry(job, now)
            return (self._append(job, head, events, now),) if events else ()

        erased = await decide_on_job(self._store, self._jobs, job_id, appends, attempts=None)
        return len(erased.stored)

    async def job(self, job_id: UUID) -> Job:
        """The job as of now."""
        return (await self._jobs.load(job_id))[0]

    @property
    def grace(self) -> timedelta:
        """How long an object may lie without an event."""
        return self._grace

    def _append(self, job: Job, head: Head, events: Sequence[Event], now: datetime) -> Append:
        origin = Origin(
            actor=f"service:{Service.INTAKE}",
            correlation_id=job.correlation_id,
            producer=self._producer,
        )
        return Append(job.job_id, job.project_id, head, tuple(events), origin, now)


class _Run:
    """One run, from the log's beginning."""

    def __init__(
        self,
        maintenance: Maintenance,
        store: EventStore,
        objects: ObjectStore,
        now: datetime,
        is_dry: bool,
    ) -> None:
        self._maintenance = maintenance
        self._store = store
        self._objects = objects
        self._now = now
        self._is_dry = is_dry
        self._census = _Census()
        self._counts: Counter[str] = Counter()
        self._faults: list[Fault] = []

    async def all(
        self, roots: Iterable[tuple[UUID | None, str]], checks_digests: bool
    ) -> MaintenanceReport:
        for project_id, digest in roots:
            self._census.roots.setdefault(project_id, set()).add(bytes.fromhex(digest))
        async for recorded in self._log():
            self._census.add(recorded)
        for job_id in sorted(self._census.retained):
            erased = await self._maintenance.erase(job_id, self._now, is_dry=self._is_dry)
            self._counts["erased_artifacts"] += erased
            if erased:
                self._census.erasing.add(job_id)
        doomed: dict[UUID, set[bytes]] = {}
        for job_id in sorted(self._census.erasing):
            await self._let_go(job_id, doomed)
        for project_id in sorted({*self._census.references, *filter(None, self._census.roots)}):
            await self._sweep(project_id, doomed.get(project_id, set()), checks_digests)
        await self._look_for_results()
        if not self._is_dry:
            self._counts["forgotten_leases"] = await self._store.forget_leases(_LEASE_OVER)
            snapshots = await self._maintenance.take_down(self._census.newest, self._now)
            self._counts["coverage_snapshots"] = snapshots
        return MaintenanceReport(
            is_dry=self._is_dry,
            event_count=self._census.event_count,
            faults=tuple(self._faults),
            **self._counts,
        )

    async def _log(self) -> AsyncIterator[RecordedEvent]:
        position = 0
        while page := await self._store.tail(position, limit=_PAGE, skips_damaged=False):
            for stored in page:
                yield stored.recorded
            position = page[-1].position

    async def _let_go(self, job_id: UUID, doomed: dict[UUID, set[bytes]]) -> None:
        """Take away what a job with erased artifacts points to no more."""
        stream = [each.recorded for each in await self._store.read(job_id)]
        job = await self._maintenance.job(job_id)
        # In a dry run they are still there.
        expiring = {each.digest for each in decide_expiry(job, self._now)}
        left = [each for each in job.artifacts if each.object.digest not in expiring]
        erased = {
            each.data.digest for each in stream if isinstance(each.data, ArtifactErased)
        } | expiring
        kept = {each.object.digest for each in left}
        gone = self._census.let_go(
            job.project_id,
            (
                digest
                for recorded in stream
                for digest in _content(recorded)
                if not left or (digest.hex() in erased and digest.hex() not in kept)
            ),
        )
        doomed.setdefault(job.project_id, set()).update(gone)

    async def _sweep(self, project_id: UUID, doomed: set[bytes], checks_digests: bool) -> None:
        """Delete what was let go and what nothing ever pointed to;
        note what is missing or damaged.
        """
        references, roots = (
            self._census.references.get(project_id, Counter()),
            self._census.roots_of(project_id),
        )
        wanted = references.keys() | self._census.roots.get(project_id, set())
        listed, orphans = set[bytes](), list[StoredObject]()
        async for stored in self._objects.list_objects(project_id):
            self._counts["object_count"] += 1
            digest = bytes.fromhex(stored.digest)
            if digest in doomed and digest not in roots:
                await self._delete(project_id, stored, "deleted")
            elif digest in wanted or digest in roots or digest in self._census.of_documents:
                listed.add(digest)
                if checks_digests:
                    await self._check(project_id, stored.digest)
            elif self._now - stored.modified_at > self._maintenance.grace:
                orphans.append(stored)
        if orphans:
            reachable = await self._reachable(project_id)
            for stored in orphans:
                if stored.digest not in reachable:
                    await self._delete(project_id, stored, "orphaned")
        await self._note_missing(project_id, wanted - listed)

    async def _delete(self, project_id: UUID, stored: StoredObject, what: str) -> None:
        self._counts[f"{what}_objects"] += 1
        self._counts[f"{what}_bytes"] += stored.size_bytes
        if not self._is_dry:
            await self._objects.delete(project_id, stored.digest)

    async def _check(self, project_id: UUID, digest: str) -> None:
        self._counts["checked_digests"] += 1
        try:
            async for _ in self._objects.open_stream(project_id, digest):
                pass
        except (ObjectCorruptError, ObjectMissingError) as error:
            await self._note(project_id, {bytes.fromhex(digest)}, error.code)

    async def _reachable(self, project_id: UUID) -> set[str]:
        """The objects in outcomes on record that no event tells of yet:
        paid work of jobs that were cut off.
        """
        found: set[str] = set()
        async for ref in self._objects.list_pointers(project_id):
            found.add(ref.digest)
            if ref.size_bytes <= _LARGEST_OUTCOME_BYTES:
                found.update(await self._inside(project_id, ref))
        return found

    async def _inside(self, project_id: UUID, ref: ObjectRef) -> set[str]:
        try:
            return {
                each.digest
                for each in references_in(json.loads(await self._objects.get(project_id, ref)))
            }
        except (ObjectMissingError, ObjectCorruptError, ValueError):
            return set()

    async def _note_missing(self, project_id: UUID, candidates: set[bytes]) -> None:
        """Faults for what the log points to and the store lacks; asked again,
        for it may have come meanwhile.
        """
        missing = {
            each for each in candidates if not await self._objects.exists(project_id, each.hex())
        }
        if missing:
            await self._note(project_id, missing, ObjectMissingError.default_code)

    async def _note(self, project_id: UUID, digests: set[bytes], what: str) -> None:
        left = set(digests)
        async for recorded in self._log():
            if recorded.project_id != project_id:
                continue
            for digest in left & set(_digests(recorded)):
                self._faults.append(
                    Fault(job_id=recorded.stream_id, what=what, digest=digest.hex())
                )
                left.discard(digest)
            if not left:
                return
        self._faults += [
            Fault(job_id=None, what=what, digest=digest.hex()) for digest in sorted(left)
        ]

    async def _look_for_results(self) -> None:
        """Faults for jobs that are completed without the document and the manifest that
        their pipeline makes.
        """
        for job_id in sorted(self._census.completed - self._census.erasing):
            job = await self._maintenance.job(job_id)
            if job.phase_of_kind(PhaseKind.REASSEMBLY) is None:
                continue
            kinds = {each.kind for each in job.artifacts}
            self._faults += [
                Fault(job_id=job_id, what=f"no {kind}") for kind in _NEEDED if kind not in kinds
            ]


def _content(recorded: RecordedEvent) -> Iterator[bytes]:
    """The objects that an event's payload points to."""
    for ref in references_in(recorded.data):
        yield bytes.fromhex(ref.digest)


def _digests(recorded: RecordedEvent) -> Iterator[bytes]:
    """The objects that an event points to, with the record of who acted,
    which stays with the audit.
    """
    yield from _content(recorded)
    if recorded.origin.actor_record is not None:
        yield bytes.fromhex(recorded.origin.actor_record)
