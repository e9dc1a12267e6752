"""The projection of jobs and their artifacts:
folds the streams of a batch and writes how the jobs stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

import structlog
from cachetools import LRUCache
from sqlalchemy import MetaData, Table, delete, insert, update

from dragoman_contracts.coverage import coverage_of
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import INTAKE_INPUT, ArtifactErased, StreamType
from dragoman_contracts.job import Job, WorkKey, begin, evolve, fold
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.policy import ActorRecord, IntakeRecord, Policy
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.jobs.rules import needs_attention, trouble_code
from dragoman_gateway.jobs.view.tables import JOBS_VERSION, artifacts, jobs, jobs_metadata, parked
from dragoman_gateway.web.columns import to_micros
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import DamagedEventError, Stored
from dragoman_runtime.eventstore.reading import UNREADABLE
from dragoman_runtime.projection import Write
from dragoman_runtime.rebuild import Row, beside
from dragoman_runtime.worker.failure import ParkingReason

_CAPACITY = 4096
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class _Details:
    """The part of a job's row that its objects say, not its events: empty where it was erased."""

    project_code: str = ""
    file_name: str = ""
    document_title: str = ""
    external_reference: str = ""
    version_label: str = ""
    submitted_by_name: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """A job as far as the log was read. `details` is None where they are still to be fetched.

    `messages` are those of its parked work, only while a batch is prepared.
    """

    job: Job
    actor_record: str | None
    details: _Details | None = None
    messages: Mapping[WorkKey, str] = field(default_factory=dict[WorkKey, str])


class Streams(Protocol):
    """Where whole streams are read."""

    async def read(self, stream_id: UUID, *, after: int = 0) -> list[Stored]:
        """The events of a stream behind version `after`, oldest first."""
        ...


class JobsProjection:
    """Writes `view_jobs`, `view_parked` and `view_artifacts`."""

    name = "jobs"
    version = JOBS_VERSION

    def __init__(self, store: Streams, records: Records, suffix: str = "") -> None:
        """Tables whose names end with `suffix` are those of a rebuild."""
        self._store = store
        self._records = records
        self._metadata = beside(jobs_metadata, suffix)
        self._jobs = self._metadata.tables[jobs.name + suffix]
        self._artifacts = self._metadata.tables[artifacts.name + suffix]
        self._parked = self._metadata.tables[parked.name + suffix]
        self._kept: LRUCache[UUID, _Known] = LRUCache(_CAPACITY)
        self._changed: dict[UUID, _Known] = {}
        self._damaged: LRUCache[UUID, bool] = LRUCache(_CAPACITY)
        self._marked: set[UUID] = set()
        self._unfoldable: frozenset[UUID] = frozenset()
        self._engines: LRUCache[tuple[UUID, str], str] = LRUCache(_CAPACITY)

    @property
    def metadata(self) -> MetaData:
        """The tables of jobs, parked work and artifacts."""
        return self._metadata

    def cost(self, stored: Stored) -> int:
        """One place: a job of many events in a batch is still one row."""
        return 1

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """The rows of every job the batch tells of."""
        self._changed, self._marked = {}, set()
        for stored in batch:
            if stored.recorded.stream_type is StreamType.JOB:
                await self._fold_or_mark(stored.recorded)
        await self._fetch_details()
        await self._fetch_messages()
        return [*self._writes(self._changed.values()), *self._marks()]

    @property
    def incomplete(self) -> frozenset[UUID]:
        """None: what was erased leaves columns empty, which is compared as such."""
        return frozenset()

    @property
    def unfoldable(self) -> frozenset[UUID]:
        """The jobs of the last `rows_of` whose events make no sense together."""
        return self._unfoldable

    async def rows_of(
        self, streams: Sequence[Sequence[Stored]], damaged: Set[UUID] = frozenset()
    ) -> Sequence[tuple[Table, Sequence[Row]]]:
        """One row for each of these jobs, and those of its artifacts and its parked work."""
        jobs_told = [
            stream for stream in streams if stream[0].recorded.stream_type is StreamType.JOB
        ]
        self._unfoldable = frozenset()
        folded = list(filter(None, map(self._folded_so_far, jobs_told)))
        known = await asyncio.gather(*(self._told(each) for each in folded))
        marked = {*damaged, *self._unfoldable}
        return (
            (self._jobs, [_row_or_marked(each, marked) for each in known]),
            (self._artifacts, [row for each in known for row in _artifact_rows(each.job)]),
            (self._parked, [row for each in known for row in _parked_rows(each)]),
        )

    def _folded_so_far(self, stream: Sequence[Stored]) -> _Known | None:
        """The job as these events tell it, as far as they make sense; None for none at all."""
        recorded = [each.recorded for each in stream]
        try:
            return _folded(recorded)
        except UNREADABLE as error:
            job_id = recorded[0].stream_id
            _log.error("projection.job_damaged", job_id=str(job_id), exc_info=error)
            self._unfoldable |= {job_id}
        known: _Known | None = None
        with suppress(*UNREADABLE):
            for each in recorded:
                known = (
                    _folded([each])
                    if known is None
                    else replace(known, job=evolve(known.job, each))
                )
        return known

    async def _told(self, known: _Known) -> _Known:
        messages = await self._messages(known.job) if known.job.parked else {}
        return replace(known, details=await self._details(known), messages=messages)

    def committed(self) -> None:
        """Keep the folded jobs, the ones of longest ago no more."""
        self._kept.update(self._changed)
        self._changed = {}

    async def _fold_or_mark(self, recorded: RecordedEvent) -> None:
        """Fold an event; a job whose events cannot be read is marked, and holds up no other."""
        job_id = recorded.stream_id
        if job_id in self._damaged:
            return
        try:
            await self._fold(recorded)
        except (DamagedEventError, *UNREADABLE) as error:
            _log.error("projection.job_damaged", job_id=str(job_id), exc_info=error)
            self._damaged[job_id] = True
            self._marked.add(job_id)  # its row stays as the sound events before tell it

    def _marks(self) -> list[Write]:
        if not self._marked:
            return []
        of_these = self._jobs.c.job_id.in_(self._marked)
        code = DamagedEventError.default_code
        return [Write(update(self._jobs).where(of_these).values(trouble_code=code))]

    async def _fold(self, recorded: RecordedEvent) -> None:
        known = self._changed.get(recorded.stream_id) or self._kept.get(recorded.stream_id)
        if known is None and recorded.version == 1:
            self._changed[recorded.stream_id] = _Known(
                begin(recorded), recorded.origin.actor_record
            )
            return
        if known is None or known.job.version < recorded.version - 1:
            known = await self._read(recorded.stream_id, recorded.version - 1)
        if known.job.version < recorded.version:
            details = None if isinstance(recorded.data, ArtifactErased) else known.details
            known = _Known(evolve(known.job, recorded), known.actor_record, details)
        self._changed[recorded.stream_id] = known

    async def _read(self, job_id: UUID, version: int) -> _Known:
        """The job after `version` events, from its stream: for a process that has just begun,
        or let others go on.
        """
        return _folded([each.recorded for each in await self._store.read(job_id)][:version])

    async def _fetch_details(self) -> None:
        missing = [known for known in self._changed.values() if known.details is None]
        found = await asyncio.gather(*(self._details(known) for known in missing))
        for known, details in zip(missing, found, strict=True):
            self._changed[known.job.job_id] = _Known(known.job, known.actor_record, details)

    async def _fetch_messages(self) -> None:
        holding = [known for known in self._changed.values() if known.job.parked]
        found = await asyncio.gather(*(self._messages(known.job) for known in holding))
        for known, messages in zip(holding, found, strict=True):
            self._changed[known.job.job_id] = replace(known, messages=messages)

    async def _messages(self, job: Job) -> dict[WorkKey, str]:
        messages: dict[WorkKey, str] = {}
        for key, trouble in job.parked.items():
            found = (
                await self._records.find(job.project_id, trouble.reason, ParkingReason)
                if trouble.reason
                else None
            )
            messages[key] = found.message if found else ""
        return messages

    async def _details(self, known: _Known) -> _Details:
        project_id, submitted = known.job.project_id, known.job.submitted
        record = known.job.input(INTAKE_INPUT)
        intake = await self._records.find(project_id, record, IntakeRecord) if record else None
        engine = await self._engine(project_id, submitted.policy) if submitted.policy else ""
        actor = (
            await self._records.find(project_id, known.actor_record, ActorRecord)
            if known.actor_record
            else None
        )
        name = actor.display_name if actor else ""
        if intake is None:
            return _Details(submitted_by_name=name, engine=engine)
        return _Details(
            project_code=intake.project_code,
            file_name=intake.file_name,
            document_title=intake.document_title,
            external_reference=intake.external_reference,
            version_label=intake.version_label,
            submitted_by_name=name,
            engine=engine,
        )

    async def _engine(self, project_id: UUID, ref: ObjectRef) -> str:
        """The engine that a policy names. Many jobs share a policy, so the last ones are kept."""
        key = project_id, ref.digest
        engine = self._engines.get(key)
        if engine is None:
            policy = await self._records.find(project_id, ref, Policy)
            engine = self._engines[key] = policy.engine if policy else ""
        return engine

    def _writes(self, changed: Iterable[_Known]) -> list[Write]:
        changed = list(changed)
        if not changed:
            return []
        ids = [known.job.job_id for known in changed]
        rows = (
            (self._jobs, [_row(known.job, known.details or _Details()) for known in changed]),
            (self._artifacts, [row for known in changed for row in _artifact_rows(known.job)]),
            (self._parked, [row for known in changed for row in _parked_rows(known)]),
        )
        writes = [Write(delete(table).where(table.c.job_id.in_(ids))) for table, _ in rows]
        return [*writes, *(Write(insert(table), of_table) for table, of_table in rows if of_table)]


def _folded(recorded: Sequence[RecordedEvent]) -> _Known:
    """The job that these first events of a stream tell of."""
    first, *rest = recorded
    return _Known(fold(rest, begin(first)), first.origin.actor_record)


def _row_or_marked(known: _Known, damaged: Set[UUID]) -> dict[str, object]:
    row = _row(known.job, known.details or _Details())
    if known.job.job_id in damaged:
        row["trouble_code"] = DamagedEventError.default_code
    return row


def _row(job: Job, details: _Details) -> dict[str, object]:
    submitted, subject, locales = job.submitted, job.submitted.subject, job.submitted.locales
    searchable = (details.file_name, details.document_title, details.external_reference)
    return {
        "job_id": job.job_id,
        "project_id": job.project_id,
        "subject_kind": subject.kind.value if subject else None,
        "subject_id": subject.id if subject else None,
        "subject_version": subject.version if subject else None,
        "version": job.version,
        "status": job.status.value,
        "stage": str(job.stage),
        "progress_pct": progress_pct(job),
        "pipeline_name": job.pipeline.name,
        "engine": details.engine,
        "source_locale": str(locales.source) if locales else None,
        "target_locale": str(locales.target) if locales else None,
        "project_code": details.project_code,
        "file_name": details.file_name,
        "document_title": details.document_title,
        "external_reference": details.external_reference,
        "version_label": details.version_label,
        "submitted_by": job.submitted_by,
        "submitted_by_name": details.submitted_by_name,
        "submitted_at": to_micros(job.submitted_at),
        "updated_at": to_micros(job.head_at),
        "trouble_code": trouble_code(job),
        "parent_job_id": submitted.parent_job_id,
        "submission_id": submitted.submission_id,
        "finished_phases": list(job.checkpoint_phases),
        "stopped_at": to_micros(job.stopped_at) if job.stopped_at else None,
        "is_interrupted": job.is_interrupted,
        "needs_attention": needs_attention(job) and not job.is_removed,
        "is_removed": job.is_removed,
        "search_text": "\n".join(searchable).casefold(),
        **_counts(job),
        **_covered(job),
    }


def _counts(job: Job) -> dict[str, object]:
    extraction, plan, verification = job.extraction, job.plan, job.verification
    return {
        "unit_count": extraction.unit_count if extraction else None,
        "translated_count": plan.done_count if plan else 0,
        "review_count": verification.review_count if verification else 0,
        "blocked_count": verification.blocked_count if verification else 0,
    }


def _covered(job: Job) -> dict[str, object]:
    coverage = coverage_of(job).model_dump(exclude={"jobs"})
    return {f"covered_{name}": count for name, count in coverage.items()}


def _parked_rows(known: _Known) -> list[dict[str, object]]:
    job = known.job
    return [
        {
            "job_id": job.job_id,
            "kind": str(key.kind),
            "index": key.index,
            "phase": key.phase,
            "project_id": job.project_id,
            "code": trouble.code,
            "message": known.messages.get(key, ""),
            "attempts": trouble.attempt,
            "parked_at": to_micros(trouble.occurred_at),
        }
        for key, trouble in job.parked.items()
    ]


def _artifact_rows(job: Job) -> list[dict[str, object]]:
    return [
        {
            "job_id": job.job_id,
            "kind": artifact.kind.value,
            "digest": artifact.object.digest,
            "name": artifact.name,
            "project_id": job.project_id,
            "size_bytes": artifact.object.size_bytes,
            "media_type": artifact.object.media_type,
            "producer_event_id": artifact.producer_event_id,
            "created_at": to_micros(artifact.created_at),
            "retention_expires_at": (
                to_micros(artifact.retention_expires_at) if artifact.retention_expires_at else None
            ),
        }
        for artifact in job.artifacts
    ]
