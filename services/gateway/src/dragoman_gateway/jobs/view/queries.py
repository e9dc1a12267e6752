"""Reading the views of jobs and units: lists in pages by key, counts, searches."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, and_, case, false, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.subject import SubjectRef
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow, UnitRow, VerificationState
from dragoman_gateway.jobs.view.tables import jobs, units
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_runtime.projection import translated_errors

_jobs = CursorCodec("jobs", tuple[int, UUID])
_units = CursorCodec("units", tuple[int])

_SUBJECT = ("subject_kind", "subject_id", "subject_version")
_job_columns = [jobs.c[name] for name in (*_SUBJECT, *JobRow.model_fields) if name != "subject"]
_is_pending = units.c.verification_state == VerificationState.PENDING.value
_is_left = and_(_is_pending, units.c.is_translatable.is_(False))
_state = case((_is_left, VerificationState.LEFT_AS_IS.value), else_=units.c.verification_state).label("state")
_unit_columns = [units.c[name] for name in UnitRow.model_fields if name != "verification_state"]
_findings = TypeAdapter(tuple[QaFinding, ...])


class JobQueries:
    """Jobs and units as the projections wrote them. They may lag behind the log; `ViewsPosition` says how far.

    Every method raises RetryableError while the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_jobs(self, which: JobFilter, *, cursor: str | None = None, limit: int = 50) -> Page[JobRow]:
        """Jobs, the newest submitted first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        statement = (
            select(*_job_columns)
            .where(_matches(which))
            .order_by(jobs.c.submitted_at.desc(), jobs.c.job_id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(tuple_(jobs.c.submitted_at, jobs.c.job_id) < _jobs.key(cursor))
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_job_row(row) for row in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, last and _jobs.cursor((to_micros(last.submitted_at), last.job_id)))

    async def count_by_status(self, which: JobFilter) -> dict[JobStatus, int]:
        """How many jobs stand where, whatever statuses the filter asks for; statuses of no job are left out."""
        everywhere = replace(which, statuses=frozenset())
        statement = select(jobs.c.status, func.count()).where(_matches(everywhere)).group_by(jobs.c.status)
        async with translated_errors(), self._engine.connect() as connection:
            return {JobStatus(row[0]): int(row[1]) for row in await connection.execute(statement)}

    async def units(
        self, job_id: UUID, *, cursor: str | None = None, limit: int = 100, verification_state: str | None = None
    ) -> Page[UnitRow]:
        """A job's units in document order; empty for an unknown job or before extraction.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        columns = (*_unit_columns, _state)
        statement = select(*columns).where(units.c.job_id == job_id).order_by(units.c.position).limit(limit + 1)
        if verification_state is not None:
            statement = statement.where(_is_in(verification_state))
        if cursor is not None:
            (position,) = _units.key(cursor)
            statement = statement.where(units.c.position > position)
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_unit_row(row) for row in found[:limit])
        return Page(rows, _units.cursor((rows[-1].position,)) if len(found) > limit else None)

    async def count_by_verification(self, job_id: UUID) -> dict[VerificationState, int]:
        """How many units of a job have which verification state."""
        statement = select(_state, func.count()).where(units.c.job_id == job_id).group_by(_state)
        async with translated_errors(), self._engine.connect() as connection:
            return {VerificationState(row[0]): int(row[1]) for row in await connection.execute(statement)}


def _is_in(state: str) -> ColumnElement[bool]:
    """Whether a unit is in this verification state, asked so that the index of states helps."""
    match state:
        case VerificationState.LEFT_AS_IS:
            return _is_left
        case VerificationState.PENDING:
            return and_(_is_pending, units.c.is_translatable.is_(True))
        case _:
            return units.c.verification_state == state


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


def _job_row(row: RowMapping) -> JobRow:
    names = ("submitted_at", "updated_at", "stopped_at")
    times: dict[str, datetime | None] = {name: None if row[name] is None else from_micros(row[name]) for name in names}
    kind, id_, version = (row[name] for name in _SUBJECT)
    subject = None if kind is None else SubjectRef(kind=kind, id=id_, version=version)
    fields = {name: value for name, value in row.items() if name not in _SUBJECT}
    return JobRow.model_validate({**fields, **times, "subject": subject})


def _unit_row(row: RowMapping) -> UnitRow:
    fields = {name: value for name, value in row.items() if name != "state"}
    findings = _findings.validate_python(row["findings"])
    return UnitRow.model_validate({**fields, "verification_state": row["state"], "findings": findings})
