"""Use cases of objects: created, shown, edited, started from a phase, removed; their tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from pydantic import JsonValue

from dragoman_catalog import Catalog, Project, SavedClass
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import Event, ObjectCreated, ObjectEdited, ObjectRemoved
from dragoman_contracts.identity import job_id_for_key, new_id
from dragoman_contracts.objects import FieldValues, ObjectRecord
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_contracts.references import NamedObject, ObjectRef
from dragoman_contracts.subject_state import Subject
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import parking_reason
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening
from dragoman_gateway.jobs.rules import OnUnfinished, decide_remove, trouble_code
from dragoman_gateway.objects.desk.classes import ClassDesk
from dragoman_gateway.objects.desk.creating import (
    JobInputs,
    JobMaker,
    ObjectEntry,
    digest_of,
    documents_in,
)
from dragoman_gateway.objects.desk.tasks import Tasks
from dragoman_gateway.objects.rules.standing import (
    ObjectHistory,
    ObjectRunningError,
    ObjectStatus,
    can_go_on,
    is_same_again,
    phase_of,
    require_at_rest,
    shown_fields,
    status_of,
)
from dragoman_gateway.objects.rules.tasks import ShownTask
from dragoman_gateway.objects.rules.values import CheckedValues, asked_phase, check_values
from dragoman_gateway.objects.view import ObjectQueries, ObjectReader, ReadObject
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import (
    FaultsError,
    FieldRefusedError,
    KeyReusedError,
    ObjectUnknownError,
    RunningJobError,
)
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.records import Records
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, append_decided, read_subject
from dragoman_runtime.objects import ObjectStore, put_value
from dragoman_runtime.telemetry import current_traceparent

if TYPE_CHECKING:
    from dragoman_scripting.explaining import ExplainedTask

_TOO_FAST = "Others change this object at the same time; ask again."
_TRIES = 5


@dataclass(frozen=True, slots=True)
class ShownObject:
    """An object as of now, with the class by which its fields are shown."""

    read: ReadObject
    saved: SavedClass

    @property
    def history(self) -> ObjectHistory:
        """The object as its stream tells of it."""
        return self.read.history

    @property
    def phase(self) -> str:
        """The phase it is at; empty where no pipeline ran."""
        return phase_of(self.read.job)

    @property
    def status(self) -> ObjectStatus:
        """How far it is."""
        return status_of(self.read.job)

    @property
    def class_version(self) -> int:
        """The version of the class that its last job has, or that it was created with."""
        job, record = self.read.job, self.read.record
        return job.pipeline.version if job else record.class_version if record else 0

    @property
    def fields(self) -> dict[str, JsonValue]:
        """Its fields, the phase's name among them."""
        return shown_fields(self.saved.declaration, self.read.values, self.phase)


class _MovedError(ConflictError):
    """The object changed between our read and our write."""


class ObjectDesk:
    """Creates, shows, edits, starts and removes objects. One outside the principal's scope is as if
    it were not there.
    """

    def __init__(
        self,
        *,
        classes: ClassDesk,
        queries: ObjectQueries,
        maker: JobMaker,
        store: EventStore,
        objects: ObjectStore,
        catalog: Catalog,
        clock: Clock,
        actors: Actors,
        opener: JobOpener,
        control: JobControl,
        position: ViewsPosition,
    ) -> None:
        self.classes = classes
        self.queries = queries
        self._maker = maker
        self._store = store
        self._objects = objects
        records = Records(objects)
        self._reader = ObjectReader(store, records)
        self._tasks = Tasks(store, objects, records, control)
        self._catalog = catalog
        self._clock = clock
        self._actors = actors
        self._opener = opener
        self._control = control
        self._position = position

    async def views_lag(self) -> int:
        """How many events the lists do not show yet."""
        return await self._position.lag()

    async def create(
        self, class_name: str, entry: ObjectEntry, principal: Principal
    ) -> ShownObject:
        """Create an object, and start its pipeline; or give the one that the idempotency key made.

        Raises:
            EntryMissingError: there is no such class.
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: the class takes no objects, or a model of its tasks is gone.
            FaultsError: values cannot be taken; all of them are told.
            KeyReusedError: the key stands for another object.
            RetryableError: a store cannot be reached.
        """
        saved = await self.classes.find(class_name, principal)
        if saved.is_retired:
            raise FieldRefusedError(
                "class", f"Class {class_name!r} takes no new objects.", code="class.retired"
            )
        project = await self._project(saved, entry.project_code, principal)
        checked, phase = _looked_through(saved.declaration, entry, is_new=True)
        documents = await self._maker.documents(
            project.project_id, entry.uploads, checked.documents, principal
        )
        values = {**checked.values, **documents}
        record = ObjectRecord(
            class_name=saved.name,
            class_version=saved.version,
            project_code=project.code,
            values=values,
        )
        key = entry.idempotency_key
        object_id = uuid5(project.project_id, f"object:{saved.name}:{key}") if key else new_id()
        created = ObjectCreated(
            record=await put_value(self._objects, project.project_id, record),
            documents=_named(documents_in(saved, values)),
        )
        if key and (known := await self._reader.read(object_id)) is not None:
            return self._again(known, saved, values, key)
        given = JobInputs(object_id, project, saved, phase or "", values)
        try:
            if phase is None:
                await self._append(
                    object_id,
                    project.project_id,
                    principal,
                    lambda read: () if read else (created,),
                )
            else:
                await self._open(given, principal, (created,), version=0, key=key)
        except _MovedError:  # the same key was first, at the same moment
            known = await self._reader.read(object_id)
            if known is None or not key:
                raise
            return self._again(known, saved, values, key)
        return await self.find(class_name, object_id, principal)

    async def find(self, class_name: str, object_id: UUID, principal: Principal) -> ShownObject:
        """The object as of now.

        Raises:
            ObjectUnknownError: there is no such object of the class, or none that the principal
                sees.
        """
        read = await self._reader.read(object_id)
        is_shown = (
            read is not None
            and not read.history.is_removed
            and read.record is not None
            and read.record.class_name == class_name
            and principal.sees(read.history.project_id)
        )
        if read is None or not is_shown:
            raise ObjectUnknownError(class_name, object_id)
        saved = await self._catalog.classes.find(class_name)
        if saved is None:
            raise ObjectUnknownError(class_name, object_id)
        return ShownObject(read, saved)

    async def error_message(self, shown: ShownObject) -> str:
        """Why the object does not go on; empty where its status is not ERROR."""
        job = shown.read.job
        if job is None or shown.status is not ObjectStatus.ERROR:
            return ""
        said: list[str] = []
        for key in sorted(job.parked):
            reason = await parking_reason(self._objects, job, key)
            said.append(reason.message if reason else job.parked[key].code)
        code = trouble_code(job) or job.status.value
        return " ".join(dict.fromkeys(said)) or f"Its job stopped: {code}."

    async def patch(
        self, class_name: str, object_id: UUID, entry: ObjectEntry, principal: Principal
    ) -> ShownObject:
        """Set fields; where the phase's field is among them, start that phase, with the class's
        newest version. A run that stopped at it goes on instead, if no field was edited since.

        Raises:
            ObjectUnknownError: as `find`.
            ObjectRunningError: a phase of it runs.
            FaultsError, FieldRefusedError, RetryableError: as `create`.
            ConflictError: others change it too fast.
        """
        for _ in range(_TRIES):
            shown = await self.find(class_name, object_id, principal)
            require_at_rest(object_id, shown.read.jobs)
            try:
                await self._patch(shown, entry, principal)
            except _MovedError:
                continue
            return await self.find(class_name, object_id, principal)
        raise ConflictError(_TOO_FAST)

    async def remove(self, class_name: str, object_id: UUID, principal: Principal) -> None:
        """Take the object, its jobs and their tasks out of the lists. The streams stay, and what
        they point to goes by retention.

        Raises:
            ObjectUnknownError: as `find`.
            ObjectRunningError: a phase of it runs.
        """
        shown = await self.find(class_name, object_id, principal)

        def events(read: ReadObject | None) -> tuple[Event, ...]:
            if read is None or read.history.is_removed:
                return ()
            require_at_rest(object_id, read.jobs)
            return (ObjectRemoved(),)

        await self._append(object_id, shown.history.project_id, principal, events)
        for job in shown.read.jobs:
            await self._control.act(job.job_id, principal, decide_remove)

    async def tasks(
        self, class_name: str, object_id: UUID, principal: Principal, *, shows_prompts: bool = False
    ) -> list[ShownTask]:
        """The newest run of each task, in the order in which they were begun.

        Raises:
            ObjectUnknownError: as `find`.
        """
        shown = await self.find(class_name, object_id, principal)
        return await self._tasks.shown(shown.read.jobs, shows_prompts=shows_prompts)

    async def explained_task(
        self, class_name: str, object_id: UUID, task_name: str, principal: Principal
    ) -> ExplainedTask:
        """A task's prompt by its sections, as it would be asked now; nothing is asked.

        Raises:
            ObjectUnknownError: as `find`.
            TaskUnknownError: the object's pipeline has no such task.
        """
        shown = await self.find(class_name, object_id, principal)
        return await self._tasks.explained(shown.read, task_name)

    async def retry_task(
        self, class_name: str, object_id: UUID, task_name: str, principal: Principal
    ) -> ShownObject:
        """Do a task again that failed, with the fields that its job began with.

        Raises:
            ObjectUnknownError: as `find`.
            NotParkedError: there is no such task, or it did not fail.
            JobStateError: fields were edited since, or another run came later.
        """
        shown = await self.find(class_name, object_id, principal)
        await self._tasks.retry(shown.read, task_name, principal)
        return await self.find(class_name, object_id, principal)

    async def _patch(self, shown: ShownObject, entry: ObjectEntry, principal: Principal) -> None:
        saved, history = shown.saved, shown.history
        project = await self._project_of(history.project_id)
        checked, phase = _looked_through(saved.declaration, entry, is_new=False)
        documents = await self._maker.documents(
            project.project_id, entry.uploads, checked.documents, principal
        )
        changes = {**checked.values, **documents}
        job = shown.read.job
        if phase is not None and not changes and job and can_go_on(history, job, phase):
            await self._control.resume(job.job_id, principal)
            return
        events: tuple[Event, ...] = ()
        if changes:
            record = FieldValues(values=changes)
            events = (
                ObjectEdited(
                    record=await put_value(self._objects, project.project_id, record),
                    documents=_named(documents_in(saved, changes)),
                ),
            )
        if phase is None:
            if events:
                await self._edit(shown, events, principal)
            return
        values = {**shown.read.values, **changes}
        given = JobInputs(history.object_id, project, saved, phase, values)
        given = replace(
            given,
            tasks=await self._tasks.before(shown.read, saved.declaration, phase),
            nonce="" if changes or not is_same_again(history, job, saved.version) else new_id().hex,
        )
        await self._open(given, principal, events, version=history.version)

    async def _edit(
        self, shown: ShownObject, events: tuple[Event, ...], principal: Principal
    ) -> None:
        def of(read: ReadObject | None) -> tuple[Event, ...]:
            require_at_rest(shown.history.object_id, read.jobs if read else ())
            _require_same(read.history.version if read else 0, shown.history.version)
            return events

        await self._append(shown.history.object_id, shown.history.project_id, principal, of)

    async def _open(
        self,
        given: JobInputs,
        principal: Principal,
        events: tuple[Event, ...],
        *,
        version: int,
        key: str | None = None,
    ) -> None:
        """Open a job, and say these events of the object first, if it is still at this version."""
        project_id = given.project.project_id
        job_id = job_id_for_key(project_id, f"object:{given.object_id}") if key else new_id()
        digest = digest_of(given.saved.name, given.phase, dict(given.values))
        submitted = await self._maker.submitted(given, digest)

        def opening(subject: Subject | None) -> Opening:
            _require_same(subject.version if subject else 0, version)
            return Opening(submitted, events)

        order = JobOrder(
            job_id,
            project_id,
            given.object_id,
            opening,
            digest,
            has_key=key is not None,
            on_unfinished=OnUnfinished.KEEP,
        )
        try:
            await self._opener.open(order, principal, traceparent=current_traceparent())
        except RunningJobError as error:
            raise ObjectRunningError(given.object_id, error.job_id) from error

    async def _append(
        self,
        object_id: UUID,
        project_id: UUID,
        principal: Principal,
        decide: Callable[[ReadObject | None], tuple[Event, ...]],
    ) -> None:
        """Append to the object's stream what `decide` says of it as it is then; None is an object
        before its first event.
        """

        async def appends() -> Sequence[Append]:
            _, head = await read_subject(self._store, object_id)
            events = decide(await self._reader.read(object_id))
            if not events:
                return ()
            origin = await self._actors.origin(
                principal, project_id, correlation_id=object_id, traceparent=current_traceparent()
            )
            return (Append(object_id, project_id, head, events, origin, self._clock.now()),)

        await append_decided(self._store, appends, too_fast=_TOO_FAST)

    def _again(
        self,
        known: ReadObject,
        saved: SavedClass,
        values: Mapping[str, JsonValue],
        key: str,
    ) -> ShownObject:
        if known.record is None or known.record.values != dict(values):
            raise KeyReusedError(
                f"This idempotency key made object {known.history.object_id} from other values; "
                f"use a new key than {key[:20]!r}."
            )
        return ShownObject(known, saved)

    async def _project(self, saved: SavedClass, code: str, principal: Principal) -> Project:
        """The project that a new object lies in.

        Raises:
            ForbiddenError: the principal does not reach it.
            FieldRefusedError: there is none, or the class is of another.
        """
        if saved.is_of_installation:
            wanted = code or "default"
            principal.require_project(wanted)
            found = await self._catalog.projects.find(wanted)
            if found is None:
                raise FieldRefusedError(
                    "project_code", "No project has this code.", code="project.unknown"
                )
            return found
        found = await self._project_of(saved.project_id)
        if code not in {"", found.code}:
            raise FieldRefusedError(
                "project_code", f"Class {saved.name!r} is of project {found.code!r}; leave it out."
            )
        return found

    async def _project_of(self, project_id: UUID) -> Project:
        for project in await self._catalog.projects.all():
            if project.project_id == project_id:
                return project
        raise FieldRefusedError("project_code", "Its project is gone.", code="project.unknown")


def _looked_through(
    declaration: ClassDeclaration, entry: ObjectEntry, *, is_new: bool
) -> tuple[CheckedValues, str | None]:
    checked = check_values(declaration, entry.values, entry.uploads.keys(), is_new=is_new)
    phase, fault = asked_phase(declaration, entry.values, is_new=is_new)
    faults: Iterable[PipelineFault] = (*checked.faults, *((fault,) if fault else ()))
    if faults := tuple(faults):
        raise FaultsError("These fields cannot be taken.", faults, code="object.invalid")
    return checked, phase


def _require_same(now: int, then: int) -> None:
    if now != then:
        raise _MovedError(_TOO_FAST)


def _named(documents: Mapping[str, ObjectRef]) -> tuple[NamedObject, ...]:
    return tuple(NamedObject(name=name, object=ref) for name, ref in documents.items())
