"""The view of objects: its table, its projection, and how it is read.

A row has the values that an object's stream and the scripts of its jobs left; whether its last job
runs, the view of jobs says, and the two are joined when they are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from cachetools import LRUCache
from pydantic import JsonValue
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.ai_results import ScriptResult
from dragoman_contracts.events import JobSubmitted, PhaseFinished, StreamType
from dragoman_contracts.job import Job
from dragoman_contracts.job import fold as fold_job
from dragoman_contracts.model import Value
from dragoman_contracts.objects import FieldValues, ObjectRecord
from dragoman_contracts.subject import SubjectKind
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.view.projection import Streams
from dragoman_gateway.jobs.view.tables import jobs
from dragoman_gateway.objects.rules.standing import (
    ObjectHistory,
    ObjectStatus,
    fold,
    phase_of,
    script_outputs,
    status_of_job,
    statuses_of,
)
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import DamagedEventError, Stored
from dragoman_runtime.eventstore.reading import UNREADABLE
from dragoman_runtime.projection import Write, translated_errors, versioned
from dragoman_runtime.rebuild import Row, beside
from dragoman_runtime.table_differences import ERASED

OBJECTS_VERSION = 1
"""Raise it with every change of the table, which is then built anew."""

_CAPACITY = 4096
_MOST_SEARCHED = 10_000  # characters of an object that a search looks through
_LONGEST_FACT = 200
_log = structlog.stdlib.get_logger()

objects_metadata = MetaData()

_objects = versioned("view_objects", OBJECTS_VERSION)
objects = Table(
    _objects,
    objects_metadata,
    Column("object_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("project_code", Text, nullable=False, info={ERASED: ""}),
    Column("class_name", Text, nullable=False, info={ERASED: ""}),
    Column("class_version", Integer, nullable=False),
    Column("values", JSON, nullable=False),
    Column("phase", String(80), nullable=False),
    Column("job_id", Uuid),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Column("search_text", Text, nullable=False, info={ERASED: ""}),
    Column("facts", Text, nullable=False, info={ERASED: "\n"}),
    Index(f"{_objects}_newest", "class_name", "created_at", "object_id"),
    Index(f"{_objects}_project", "project_id", "created_at", "object_id"),
)
"""One row an object, as its stream and its jobs stand at the view's position."""


@dataclass(frozen=True, slots=True)
class ReadObject:
    """An object read from its streams: `record` is None where it was erased, `jobs` are all that
    were opened on it, the oldest first, `values` what they and people left.
    """

    history: ObjectHistory
    record: ObjectRecord | None
    jobs: tuple[Job, ...] = ()
    values: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    @property
    def job(self) -> Job | None:
        """The job that says the phase and the status: the one that took the object last."""
        return next((each for each in self.jobs if each.job_id == self.history.job_id), None)


class ObjectReader:
    """Reads objects whole: their stream, the streams of their jobs, and their records."""

    def __init__(self, streams: Streams, records: Records) -> None:
        self._streams = streams
        self._records = records

    async def read(self, object_id: UUID) -> ReadObject | None:
        """The object as of now; None where there is none."""
        stored = await self._streams.read(object_id)
        return await self.of_stream(stored)

    async def of_stream(self, stored: Sequence[Stored]) -> ReadObject | None:
        """The object that this stream tells of; None where it is none."""
        if not stored or stored[0].recorded.stream_type is not StreamType.OBJECT:
            return None
        history = fold(each.recorded for each in stored)
        if history is None:
            return None
        found = await asyncio.gather(*(self._job(each) for each in history.job_ids))
        jobs_read = {each.job_id: each for each in found if each is not None}
        record = await self._records.find(history.project_id, history.record, ObjectRecord)
        values = dict(record.values) if record else {}
        for entry in history.entries:
            job = jobs_read.get(entry.job_id) if entry.job_id else None
            if entry.record is not None:
                edit = await self._records.find(history.project_id, entry.record, FieldValues)
                values.update(edit.values if edit else {})
            for output in script_outputs(job) if job else ():
                result = await self._records.find(history.project_id, output, ScriptResult)
                values.update(result.changed if result else {})
        return ReadObject(history, record, tuple(jobs_read.values()), values)

    async def _job(self, job_id: UUID) -> Job | None:
        return fold_job(each.recorded for each in await self._streams.read(job_id))


class ObjectsProjection:
    """Writes `view_objects`.

    A row is made from the streams as they are when it is written, so it may be ahead of the view's
    position; the events behind write it again.
    """

    name = "objects"
    version = OBJECTS_VERSION

    def __init__(self, store: Streams, records: Records, suffix: str = "") -> None:
        """Tables whose names end with `suffix` are those of a rebuild."""
        self._store = store
        self._reader = ObjectReader(store, records)
        self._metadata = beside(objects_metadata, suffix)
        self._objects = self._metadata.tables[objects.name + suffix]
        self._subjects: LRUCache[UUID, UUID | None] = LRUCache(_CAPACITY)
        self._incomplete: frozenset[UUID] = frozenset()
        self._unfoldable: frozenset[UUID] = frozenset()

    @property
    def metadata(self) -> MetaData:
        """The objects' table."""
        return self._metadata

    def cost(self, stored: Stored) -> int:
        """One place: an object of many events in a batch is still one row."""
        return 1

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """The rows of every object the batch tells of."""
        changed: dict[UUID, None] = {}
        for stored in batch:
            object_id = await self._told_of(stored)
            if object_id is not None:
                changed[object_id] = None
        rows = [row for each in changed if (row := await self._row_of(each)) is not None]
        if not rows:
            return []
        table = self._objects
        ids = [row["object_id"] for row in rows]
        return [
            Write(delete(table).where(table.c.object_id.in_(ids))),
            Write(insert(table), rows),
        ]

    @property
    def incomplete(self) -> frozenset[UUID]:
        """The jobs of the last objects whose records were erased."""
        return self._incomplete

    @property
    def unfoldable(self) -> frozenset[UUID]:
        """The objects of the last `rows_of` whose events make no sense together."""
        return self._unfoldable

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[Row]]]:
        """One row for each of these objects."""
        read: list[ReadObject] = []
        self._unfoldable = frozenset()
        for stream in streams:
            try:
                found = await self._reader.of_stream(stream)
            except (DamagedEventError, *UNREADABLE) as error:
                self._say_damaged(stream[0].recorded.stream_id, error)
                self._unfoldable |= {stream[0].recorded.stream_id}
                continue
            read += [found] if found is not None else []
        self._incomplete = frozenset(
            each.history.job_id for each in read if each.record is None and each.history.job_id
        )
        return ((self._objects, [_row(each) for each in read]),)

    def committed(self) -> None:
        """Nothing is kept but whose job a job is."""

    async def _told_of(self, stored: Stored) -> UUID | None:
        """The object that an event changes the row of; None where it is of another kind."""
        recorded = stored.recorded
        if recorded.stream_type is StreamType.OBJECT:
            return recorded.stream_id
        if recorded.stream_type is not StreamType.JOB:
            return None
        event, job_id = recorded.data, recorded.stream_id
        if isinstance(event, JobSubmitted):
            self._subjects[job_id] = _object_of(event)
            return None  # the object's own stream tells of it
        if not isinstance(event, PhaseFinished):
            return None
        if job_id not in self._subjects:
            first = (await self._store.read(job_id))[0].recorded.data
            self._subjects[job_id] = _object_of(first) if isinstance(first, JobSubmitted) else None
        return self._subjects[job_id]

    async def _row_of(self, object_id: UUID) -> dict[str, object] | None:
        try:
            read = await self._reader.read(object_id)
        except (DamagedEventError, *UNREADABLE) as error:
            self._say_damaged(object_id, error)
            return None
        return None if read is None else _row(read)

    def _say_damaged(self, object_id: UUID, error: Exception) -> None:
        _log.error("projection.object_damaged", object_id=str(object_id), exc_info=error)


def _object_of(event: JobSubmitted) -> UUID | None:
    subject = event.subject
    return subject.id if subject is not None and subject.kind is SubjectKind.OBJECT else None


def _row(read: ReadObject) -> dict[str, object]:
    history, record = read.history, read.record
    texts = [each for each in read.values.values() if isinstance(each, str)]
    names = [each.get("file_name", "") for each in read.values.values() if isinstance(each, dict)]
    return {
        "object_id": history.object_id,
        "project_id": history.project_id,
        "project_code": record.project_code if record else "",
        "class_name": record.class_name if record else "",
        "class_version": record.class_version if record else 0,
        "values": dict(read.values),
        "phase": phase_of(read.job),
        "job_id": history.job_id,
        "created_at": to_micros(history.created_at),
        "changed_at": to_micros(history.changed_at),
        "created_by": history.created_by,
        "is_removed": history.is_removed,
        "search_text": "\n".join([*map(str, names), *texts]).casefold()[:_MOST_SEARCHED],
        "facts": "\n" + "".join(f"{each}\n" for each in _facts(read.values)),
    }


def _facts(values: Mapping[str, JsonValue]) -> Iterator[str]:
    """Short values as lines, which every database can compare, whatever a script wrote."""
    for name, value in values.items():
        match value:
            case bool():
                yield f"{name}={str(value).lower()}"
            case int():
                yield f"{name}={value}"
            case str() if len(value) <= _LONGEST_FACT and "\n" not in value:
                yield f"{name}={value}"
            case _:
                pass


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects a list shows. `project_ids` None means every project, an empty set none.
    `text` is looked for, case folded, in the values that are texts; `where` are short values of fields,
    as they are written.
    """

    class_name: str = ""
    project_ids: frozenset[UUID] | None = None
    status: ObjectStatus | None = None
    phase: str = ""
    text: str = ""
    where: Mapping[str, str] = field(default_factory=dict[str, str])


class ObjectRow(Value):
    """An object as the list shows it."""

    object_id: UUID
    project_id: UUID
    project_code: str
    class_name: str
    class_version: int
    values: dict[str, JsonValue]
    phase: str
    job_id: UUID | None
    job_status: JobStatus | None
    created_at: datetime
    changed_at: datetime
    created_by: str

    @property
    def status(self) -> ObjectStatus:
        """How far the object is."""
        return ObjectStatus.NEW if self.job_status is None else status_of_job(self.job_status)


_codec = CursorCodec("objects", tuple[int, UUID])
_own = [objects.c[name] for name in ObjectRow.model_fields if name != "job_status"]
_joined = objects.outerjoin(jobs, jobs.c.job_id == objects.c.job_id)


class ObjectQueries:
    """Objects as the projection wrote them.

    Every method raises RetryableError while the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_objects(
        self, which: ObjectFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[ObjectRow]:
        """Objects, the one that was created last first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        statement = (
            select(*_own, jobs.c.status.label("job_status"))
            .select_from(_joined)
            .where(_matches(which))
            .order_by(objects.c.created_at.desc(), objects.c.object_id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            key = _codec.key(cursor)
            statement = statement.where(tuple_(objects.c.created_at, objects.c.object_id) < key)
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_object_row(row) for row in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, last and _codec.cursor((to_micros(last.created_at), last.object_id)))

    async def count_by_status(self, which: ObjectFilter) -> Mapping[ObjectStatus, int]:
        """How many objects have which status, whatever status the filter asks for."""
        everywhere = ObjectFilter(which.class_name, which.project_ids, None, which.phase)
        statement = (
            select(jobs.c.status, func.count())
            .select_from(_joined)
            .where(_matches(everywhere))
            .group_by(jobs.c.status)
        )
        counts: dict[ObjectStatus, int] = {}
        async with translated_errors(), self._engine.connect() as connection:
            for status, count in await connection.execute(statement):
                word = ObjectStatus.NEW if status is None else status_of_job(JobStatus(status))
                counts[word] = counts.get(word, 0) + int(count)
        return counts

    async def count_by_class(self, project_ids: frozenset[UUID] | None) -> Mapping[str, int]:
        """How many objects each class has."""
        statement = (
            select(objects.c.class_name, func.count())
            .where(_matches(ObjectFilter(project_ids=project_ids)))
            .group_by(objects.c.class_name)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return {str(name): int(n) for name, n in await connection.execute(statement)}


def _matches(which: ObjectFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [objects.c.is_removed.is_(False)]
    if which.class_name:
        terms.append(objects.c.class_name == which.class_name)
    if which.project_ids is not None:
        ids = which.project_ids
        terms.append(objects.c.project_id.in_(ids) if ids else false())
    if which.status is not None:
        of_job = jobs.c.status.in_([each.value for each in statuses_of(which.status)])
        is_new = which.status is ObjectStatus.NEW
        terms.append(or_(of_job, jobs.c.status.is_(None)) if is_new else of_job)
    if which.phase:
        terms.append(objects.c.phase == which.phase)
    if which.text.strip():
        text = which.text.strip().casefold()
        terms.append(objects.c.search_text.contains(text, autoescape=True))
    terms += [_has_value(name, value) for name, value in which.where.items()]
    return and_(*terms)


def _has_value(name: str, value: str) -> ColumnElement[bool]:
    return objects.c.facts.contains(f"\n{name}={value}\n", autoescape=True)


def _object_row(row: RowMapping) -> ObjectRow:
    times = {name: from_micros(row[name]) for name in ("created_at", "changed_at")}
    return ObjectRow.model_validate({**row, **times})
