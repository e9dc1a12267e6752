"""Reading the views: lists in pages by key, counts, searches."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, and_, false, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.view.rows import (
    AuditFilter,
    AuditKey,
    AuditRow,
    InvalidCursorError,
    JobFilter,
    JobRow,
    JobViews,
    Page,
    ParkedFilter,
    ParkedRow,
    UnitRow,
)
from dragoman_gateway.jobs.view.tables import (
    AUDIT_VERSION,
    JOBS_VERSION,
    UNITS_VERSION,
    audit,
    from_micros,
    jobs,
    parked,
    to_micros,
    units,
)
from dragoman_gateway.web.cursors import cursor_of, key_of
from dragoman_runtime.projection import positions, translated_errors

_JOBS, _UNITS, _PARKED = "jobs", "units", "parked"
_VERSIONS = (("jobs", JOBS_VERSION), ("units", UNITS_VERSION), ("audit", AUDIT_VERSION))
_job_columns = [jobs.c[name] for name in JobRow.model_fields]
_unit_columns = [units.c[name] for name in UnitRow.model_fields]
_parked_columns = [
    (jobs if name in {"project_code", "file_name"} else parked).c[name] for name in ParkedRow.model_fields
]
_parked_key = (parked.c.parked_at, parked.c.job_id, parked.c.kind, parked.c.index, parked.c.phase)
_findings = TypeAdapter(tuple[QaFinding, ...])


class SqlJobViews(JobViews):
    """The views in the database that the projections write."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @override
    async def list_jobs(self, which: JobFilter, *, cursor: str | None = None, limit: int = 50) -> Page[JobRow]:
        """Jobs, the newest submitted first."""
        statement = (
            select(*_job_columns)
            .where(_matches(which))
            .order_by(jobs.c.submitted_at.desc(), jobs.c.job_id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(tuple_(jobs.c.submitted_at, jobs.c.job_id) < _job_key(cursor))
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_job_row(row) for row in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, last and cursor_of(_JOBS, (to_micros(last.submitted_at), last.job_id.hex)))

    @override
    async def count_by_status(self, which: JobFilter) -> dict[JobStatus, int]:
        """How many jobs stand where, whatever statuses the filter asks for; statuses of no job are left out."""
        everywhere = replace(which, statuses=frozenset())
        statement = select(jobs.c.status, func.count()).where(_matches(everywhere)).group_by(jobs.c.status)
        async with translated_errors(), self._engine.connect() as connection:
            return {JobStatus(row[0]): int(row[1]) for row in await connection.execute(statement)}

    @override
    async def list_parked(self, which: ParkedFilter, *, cursor: str | None = None, limit: int = 50) -> Page[ParkedRow]:
        """Parked work, the newest first."""
        statement = (
            select(*_parked_columns)
            .join_from(parked, jobs, parked.c.job_id == jobs.c.job_id)
            .where(_waits(which))
            .order_by(*(column.desc() for column in _parked_key))
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(tuple_(*_parked_key) < _parked_place(cursor))
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(
            ParkedRow.model_validate({**row, "parked_at": from_micros(row["parked_at"])}) for row in found[:limit]
        )
        last = rows[-1] if len(found) > limit else None
        return Page(
            rows,
            last
            and cursor_of(_PARKED, (to_micros(last.parked_at), last.job_id.hex, last.kind, last.index, last.phase)),
        )

    @override
    async def count_parked(self, project_ids: frozenset[UUID] | None) -> dict[str, int]:
        """How much work is parked with which code, the most first."""
        counted = func.count()
        statement = (
            select(parked.c.code, counted)
            .where(_waits(ParkedFilter(project_ids)))
            .group_by(parked.c.code)
            .order_by(counted.desc(), parked.c.code)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(statement)}

    @override
    async def units(
        self, job_id: UUID, *, cursor: str | None = None, limit: int = 100, verification_state: str | None = None
    ) -> Page[UnitRow]:
        """A job's units in document order."""
        statement = select(*_unit_columns).where(units.c.job_id == job_id).order_by(units.c.position).limit(limit + 1)
        if verification_state is not None:
            statement = statement.where(units.c.verification_state == verification_state)
        if cursor is not None:
            (position,) = key_of(_UNITS, cursor, (int,))
            statement = statement.where(units.c.position > position)
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_unit_row(row) for row in found[:limit])
        return Page(rows, cursor_of(_UNITS, (rows[-1].position,)) if len(found) > limit else None)

    @override
    async def count_by_verification(self, job_id: UUID) -> dict[str, int]:
        """How many units of a job have which verification state."""
        state = units.c.verification_state
        statement = select(state, func.count()).where(units.c.job_id == job_id).group_by(state)
        async with translated_errors(), self._engine.connect() as connection:
            return {str(row[0]): int(row[1]) for row in await connection.execute(statement)}

    @override
    async def audit(self, which: AuditFilter, *, before: AuditKey | None = None, limit: int = 100) -> list[AuditRow]:
        """Every event of jobs and documents that the filter lets through, the newest first."""
        statement = (
            select(audit)
            .where(_audited(which))
            .order_by(audit.c.occurred_at.desc(), audit.c.event_id.desc())
            .limit(limit)
        )
        if before is not None:
            key = (to_micros(before.occurred_at), before.entry_id)
            statement = statement.where(tuple_(audit.c.occurred_at, audit.c.event_id) < key)
        async with translated_errors(), self._engine.connect() as connection:
            return [_audit_row(row) for row in (await connection.execute(statement)).mappings()]

    @override
    async def position(self) -> int:
        """How far the view that has come least far has come."""
        statement = select(func.coalesce(func.min(positions.c.position), 0)).where(
            tuple_(positions.c.name, positions.c.version).in_(_VERSIONS)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return int((await connection.execute(statement)).scalar_one())


def _matches(which: JobFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if which.project_ids is not None:
        terms.append(jobs.c.project_id.in_(which.project_ids) if which.project_ids else false())
    if which.statuses:
        terms.append(jobs.c.status.in_([status.value for status in which.statuses]))
    if which.stage is not None:
        terms.append(jobs.c.stage == which.stage)
    if which.is_interrupted is not None:
        terms.append(jobs.c.is_interrupted.is_(which.is_interrupted))
    if which.parent_job_id is not None:
        terms.append(jobs.c.parent_job_id == which.parent_job_id)
    if which.text.strip():
        terms.append(jobs.c.search_text.contains(which.text.strip().casefold(), autoescape=True))
    return and_(*terms)


def _waits(which: ParkedFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if which.project_ids is not None:
        terms.append(parked.c.project_id.in_(which.project_ids) if which.project_ids else false())
    if which.code is not None:
        terms.append(parked.c.code == which.code)
    return and_(*terms)


def _audited(which: AuditFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if which.project_ids is not None:
        terms.append(audit.c.project_id.in_(which.project_ids) if which.project_ids else false())
    for column, value in (
        (audit.c.actor, which.actor),
        (audit.c.action, which.action),
        (audit.c.entity_id, which.entity_id),
    ):
        if value is not None:
            terms.append(column == value)
    if which.is_by_service is not None:
        is_service = audit.c.actor.startswith("service:", autoescape=True)
        terms.append(is_service if which.is_by_service else ~is_service)
    if which.since is not None:
        terms.append(audit.c.occurred_at >= to_micros(which.since))
    if which.until is not None:
        terms.append(audit.c.occurred_at < to_micros(which.until))
    return and_(*terms)


def _job_key(cursor: str) -> tuple[int, UUID]:
    submitted_at, job_id = key_of(_JOBS, cursor, (int, str))
    try:
        return int(submitted_at), UUID(str(job_id))
    except ValueError as error:
        raise InvalidCursorError("This cursor does not belong to the list of jobs; begin without a cursor.") from error


def _parked_place(cursor: str) -> tuple[int, UUID, str, int, str]:
    parked_at, job_id, kind, index, phase = key_of(_PARKED, cursor, (int, str, str, int, str))
    try:
        return int(parked_at), UUID(str(job_id)), str(kind), int(index), str(phase)
    except ValueError as error:
        raise InvalidCursorError(
            "This cursor does not belong to the list of parked; begin without a cursor."
        ) from error


def _job_row(row: RowMapping) -> JobRow:
    names = ("submitted_at", "updated_at", "stopped_at")
    times = {name: None if row[name] is None else from_micros(row[name]) for name in names}
    return JobRow.model_validate({**row, **times})


def _unit_row(row: RowMapping) -> UnitRow:
    return UnitRow.model_validate({**row, "findings": _findings.validate_python(row["findings"])})


def _audit_row(row: RowMapping) -> AuditRow:
    return AuditRow.model_validate(
        {
            **{name: row[name] for name in AuditRow.model_fields if name in row},
            "entry_id": row["event_id"],
            "occurred_at": from_micros(row["occurred_at"]),
        }
    )
