"""Replaying a job: each recorded piece of work performed and decided again, from the log and its
objects alone.

Results that services computed are computed anew from the source and the recorded model calls, and
must give the recorded events again. Results that came from outside (people's reviews, what a
command wrote, the limits of an engine by which batches were cut) are taken from the record. Nothing
is stored, no pointer to an outcome is read, no provider is called.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from typing_extensions import override

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.errors import (
    DragomanError,
    ObjectMissingError,
    PermanentError,
    RetryableError,
)
from dragoman_contracts.job import Job, WorkKey, fold
from dragoman_contracts.model import Value, canonical_json, from_json
from dragoman_contracts.pipeline import WorkItem, item_of, work_behind
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef, Sha256, references_in
from dragoman_contracts.under_way import WorkNote
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.computing import Threads
from dragoman_runtime.objects.addresses import digest_of, sha256
from dragoman_runtime.objects.port import StoredObject
from dragoman_runtime.worker import ProjectObjects, Task, WorkContext

_V = TypeVar("_V", bound=Value)
_MOST_ATTEMPTS = 5
_TAKEN = (e.TranslationPlanned, e.PhasePlanned, e.ReviewImported, e.ReviewClosed)


class StepResult(StrEnum):
    """The comparison of one recorded result with the result made again.

    TAKEN: it came from outside and was not made again. ERASED: an object that it needs was erased
    by right.
    """

    EQUAL = "equal"
    TAKEN = "taken"
    ERASED = "erased"
    DIFFERENT = "different"
    FAILED = "failed"


class ReplayStep(Value):
    """One result event, compared with the event that its work gave this time.

    `fields` are the fields of the event that differ; `code` and `message` say why no event could be
    made.
    """

    version: int
    type: str
    index: int = 0
    result: StepResult
    fields: tuple[str, ...] = ()
    code: str = ""
    message: str = ""


class Replay(Value):
    """A replayed job up to `version`.

    `rebuilt` and `recorded` are the sha256 of the document made now, and delivered.
    """

    job_id: UUID
    version: int
    steps: tuple[ReplayStep, ...]
    recorded: Sha256 | None = None
    rebuilt: Sha256 | None = None

    @property
    def is_equal(self) -> bool:
        """Whether every step gave the recorded event.

        A step whose objects were erased by right counts as equal.
        """
        return all(
            step.result not in {StepResult.DIFFERENT, StepResult.FAILED} for step in self.steps
        )


class RecordedWork(Protocol):
    """The services' tasks, none of which reaches outside."""

    def task(self, kind: str) -> Task[Any]:
        """The task of this kind, other than a batch's."""
        ...

    def verification(self, event: e.TranslationVerified) -> Task[Any]:
        """The task of the QA phase that gave this event, with the answers it has on record."""
        return self.task(WorkKind.QA)

    def batch(
        self, calls: Mapping[ObjectRef, bytes], reused: bytes | None
    ) -> tuple[Task[Any], Mapping[str, ObjectRef]]:
        """The task of a batch that made these calls and found these answers unit by unit, and the
        pointers under which the task looks for the calls.
        """
        ...


class ObjectReader(Protocol):
    """Where recorded objects are read: an object store, or a package."""

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked.

        Raises:
            ObjectMissingError: the object is not there.
            ObjectCorruptError: other bytes are there.
        """
        ...


class RecordedObjects(ProjectObjects):
    """A project's objects as a replay sees them: objects that it made itself, and recorded ones,
    which it only reads.
    """

    def __init__(self, reader: ObjectReader, project_id: UUID) -> None:
        self._reader = reader
        self._of_project = project_id
        self._made: dict[str, bytes] = {}
        self._parsed: dict[tuple[str, type[Value]], Value] = {}
        self._pointers: Mapping[str, ObjectRef] = {}

    def point(self, pointers: Mapping[str, ObjectRef]) -> None:
        """Let these pointers be found from now on, and no others."""
        self._pointers = pointers

    @override
    async def stored(self) -> AsyncIterator[StoredObject]:
        """None: a replay looks for nothing that was left behind."""
        for each in ():
            yield each

    @override
    async def get(self, ref: ObjectRef | str) -> bytes:
        made = self._made.get(digest_of(ref))
        return await self._reader.get(self._of_project, ref) if made is None else made

    @override
    async def put(self, data: bytes, media_type: str) -> ObjectRef:
        ref = ObjectRef(digest=sha256(data), size_bytes=len(data), media_type=media_type)
        self._made[ref.digest] = data
        return ref

    @override
    async def get_value(self, ref: ObjectRef, type_: type[_V]) -> _V:
        key = (ref.digest, type_)
        if key not in self._parsed:
            self._parsed[key] = from_json(type_, await self.get(ref))
        return cast(_V, self._parsed[key])

    @override
    async def put_value(self, value: Value) -> ObjectRef:
        return await self.put(canonical_json(value), JSON_MEDIA_TYPE)

    @override
    async def get_pointer(self, fingerprint: str) -> ObjectRef | None:
        return self._pointers.get(fingerprint)

    @override
    async def put_pointer(self, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        return ref

    @override
    async def delete_pointer(self, fingerprint: str) -> None:
        return


class _Past(WorkContext):
    """Work in a job's past: no other worker holds a lease, and nobody cancels it."""

    def __init__(self, job: Job, item: WorkItem, attempt: int, objects: ProjectObjects) -> None:
        self.job = job
        self.item = item
        self.attempt = attempt
        self.objects = objects
        self.is_takeover = False
        self._computing = Threads()

    @override
    def report(self, note: WorkNote) -> None:
        return

    @override
    async def stop_if_cancelled(self) -> None:
        return

    @override
    async def other_leases(self) -> int:
        return 0


class Replayer:
    """Performs a job's recorded work again."""

    def __init__(self, work: RecordedWork, objects: ObjectReader) -> None:
        self._work = work
        self._objects = objects

    async def replay(self, stream: Sequence[RecordedEvent]) -> tuple[Replay, bytes | None]:
        """The steps of the job with these events, and the document that was made again; None for a
        job without one.

        Raises:
            ValueError: the events are not a job's, from its first on.
        """
        objects = RecordedObjects(self._objects, stream[0].project_id)
        erased = _erased(stream)
        steps: list[ReplayStep] = []
        job: Job | None = None
        rebuilt: ObjectRef | None = None
        for recorded in stream:
            key = work_behind(job, recorded.data) if job is not None else None
            if job is not None and key is not None:
                step, made = await self._again(job, recorded, key, objects, erased)
                steps.append(step)
                if isinstance(made, e.DocumentReassembled):
                    rebuilt = made.final_docx
            elif isinstance(recorded.data, _TAKEN):
                steps.append(_step(recorded, StepResult.TAKEN))
            job = fold([recorded], job)
        if job is None:
            raise ValueError("A replay needs the events of a job.")
        replay = Replay(
            job_id=job.job_id,
            version=job.version,
            steps=tuple(steps),
            recorded=job.final_docx.digest if job.final_docx else None,
            rebuilt=rebuilt.digest if rebuilt else None,
        )
        return replay, await objects.get(rebuilt) if rebuilt else None

    async def _again(
        self,
        job: Job,
        recorded: RecordedEvent,
        key: WorkKey,
        objects: RecordedObjects,
        erased: set[str],
    ) -> tuple[ReplayStep, e.Event | None]:
        """Perform and decide the work behind a recorded event again, on the state before it."""
        try:
            if isinstance(recorded.data, e.BatchTranslated):
                made = await self._batch(job, recorded, recorded.data, objects)
            else:
                task = self._task(recorded.data, key)
                if task.from_outside:
                    return _step(recorded, StepResult.TAKEN), recorded.data
                made = await self._perform(job, recorded, key, task, objects)
        except ObjectMissingError as error:
            result = StepResult.ERASED if error.digest in erased else StepResult.FAILED
            return _step(recorded, result, error=error), None
        except DragomanError as error:
            return _step(recorded, StepResult.FAILED, error=error), None
        fields = _differing(recorded.data, made)
        return _step(recorded, StepResult.DIFFERENT if fields else StepResult.EQUAL, fields), made

    def _task(self, event: e.Event, key: WorkKey) -> Task[Any]:
        if isinstance(event, e.TranslationVerified):
            return self._work.verification(event)
        return self._work.task(key.kind)

    async def _batch(
        self, job: Job, recorded: RecordedEvent, event: e.BatchTranslated, objects: RecordedObjects
    ) -> e.Event:
        """A batch, made again from its recorded calls.

        The number of the attempt decides how often a unit is asked for again. It is that of the
        recorded event, unless the job found the outcome of another job at its first attempt: so the
        other numbers are tried as well.
        """
        key = WorkKey(WorkKind.TRANSLATION_BATCH, event.index)
        calls = {ref: await objects.get(ref) for ref in event.calls}
        reused = await objects.get(event.reused) if event.reused else None
        task, pointers = self._work.batch(calls, reused)
        objects.point(pointers)
        made: e.Event | None = None
        refusal: DragomanError | None = None
        for attempt in dict.fromkeys((recorded.origin.attempt, *range(1, _MOST_ATTEMPTS + 1))):
            try:
                found = await self._perform(job, recorded, key, task, objects, attempt)
            except (RetryableError, PermanentError) as error:
                refusal = refusal or error
                continue
            if found == event:
                return found
            made = made or found
        if made is None and refusal is not None:
            raise refusal
        return made or event

    async def _perform(
        self,
        job: Job,
        recorded: RecordedEvent,
        key: WorkKey,
        task: Task[Any],
        objects: RecordedObjects,
        attempt: int = 1,
    ) -> e.Event:
        item = item_of(job, key)
        outcome = await task.perform(_Past(job, item, attempt, objects))
        made = task.decide(job, item, outcome)
        return next((each for each in made if isinstance(each, type(recorded.data))), made[0])


def _erased(stream: Sequence[RecordedEvent]) -> set[str]:
    """The digests of the objects that a job erased: its erased artifacts, and all objects once no
    artifact is left.
    """
    named = {each.data.digest for each in stream if isinstance(each.data, e.ArtifactErased)}
    job = fold(stream)
    if not named or job is None or job.artifacts:
        return named
    return {ref.digest for each in stream for ref in references_in(each.data)}


def _step(
    recorded: RecordedEvent,
    result: StepResult,
    fields: tuple[str, ...] = (),
    error: DragomanError | None = None,
) -> ReplayStep:
    event = recorded.data
    return ReplayStep(
        version=recorded.version,
        type=recorded.type,
        index=event.index if isinstance(event, e.BatchTranslated | e.PhaseBatchDone) else 0,
        result=result,
        fields=fields,
        code=error.code if error else "",
        message=error.message if error else "",
    )


def _differing(recorded: e.Event, made: e.Event) -> tuple[str, ...]:
    """The fields in which two events differ; `type` where they are of different types."""
    if type(recorded) is not type(made):
        return ("type",)
    before, now = recorded.model_dump(), made.model_dump()
    return tuple(name for name in before if before[name] != now[name])
