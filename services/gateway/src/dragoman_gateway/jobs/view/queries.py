"""Reading the view of jobs: lists in pages by key, counts, searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    exists,
    false,
    func,
    not_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.coverage import Coverage
from dragoman_contracts.subject import SubjectRef
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.jobs.view.tables import jobs
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_runtime.projection import translated_errors

_jobs = CursorCodec("jobs", tuple[int, UUID])

_SUBJECT = ("subject_kind", "subject_id", "subject_version")
_job_columns = [jobs.c[name] for name in (*_SUBJECT, *JobRow.model_fields) if name != "subject"]
_later = jobs.alias("later")
_is_superseded = exists().where(
    _later.c.subject_id == jobs.c.subject_id,
    _later.c.target_locale.is_not_distinct_from(jobs.c.target_locale),
    _later.c.pipeline_name == jobs.c.pipeline_name,
    _later.c.submitted_at > jobs.c.submitted_at,
)
"""Whether a later job has the same subject, target locale and pipeline: a rerun, or a corrected
version.
"""


_DAY_MICROS = 86_400_000_000
_COVERED = [name for name in Coverage.model_fields if name != "jobs"]


class JobQueries:
    """Jobs as the projection wrote them. They may lag behind the log; `ViewsPosition`
    says how far.

    Every method raises RetryableError while the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def coverage(self, project_id: UUID) -> dict[str, Coverage]:
        """How far people are with the newest job of each document, by target locale."""
        sums = [func.sum(jobs.c[f"covered_{name}"]).label(name) for name in _COVERED]
        statement = (
            select(jobs.c.target_locale, func.count().label("jobs"), *sums)
            .where(
                jobs.c.project_id == project_id,
                jobs.c.target_locale.is_not(None),
                not_(jobs.c.is_removed),
                not_(_is_superseded),
            )
            .group_by(jobs.c.target_locale)
            .order_by(jobs.c.target_locale)
        )
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        names = ("jobs", *_COVERED)
        return {
            str(row["target_locale"]): Coverage(**{name: int(row[name]) for name in names})
            for row in found
        }

    async def list_jobs(
        self, which: JobFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[JobRow]:
        """Jobs, the newest submitted first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        statement = (
            select(*_job_columns)
            .where(_matches(which))
            .order_by(jobs.c.submitted_at.desc(), jobs.c.job_id.desc())
            .limit(limit + 1)  # the one too many tells whether there is a next page
        )
        if cursor is not None:
            statement = statement.where(
                # By key, not by offset: rows that come meanwhile move nothing to another page.
                tuple_(jobs.c.submitted_at, jobs.c.job_id) < _jobs.key(cursor)
            )
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(_job_row(row) for row in found[:limit])
        last = rows[-1] if len(found) > limit else None
        return Page(rows, last and _jobs.cursor((to_micros(last.submitted_at), last.job_id)))

    async def titles(self, job_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The titles of these jobs by id; jobs out of the lists have none."""
        statement = select(*_job_columns).where(
            jobs.c.job_id.in_(job_ids), jobs.c.is_removed.is_(False)
        )
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        return {row.job_id: row.title for row in map(_job_row, found)}

    async def count_by_status(self, which: JobFilter) -> dict[JobStatus, int]:
        """How many jobs stand where, whatever statuses the filter asks for;
        statuses of no job are left out.
        """
        everywhere = replace(which, statuses=frozenset())
        statement = (
            select(jobs.c.status, func.count()).where(_matches(everywhere)).group_by(jobs.c.status)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return {JobStatus(row[0]): int(row[1]) for row in await connection.execute(statement)}


def _matches(which: JobFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [jobs.c.is_removed.is_(False)]
    if which.project_ids is not None:
        terms.append(jobs.c.project_id.in_(which.project_ids) if which.project_ids else false())
    if which.statuses:
        terms.append(jobs.c.status.in_([status.value for status in which.statuses]))
    if which.stage is not None:
        terms.append(jobs.c.stage == which.stage)
    if which.is_interrupted is not None:
        terms.append(jobs.c.is_interrupted.is_(which.is_interrupted))
    if which.needs_attention is not None:
        is_wanted = and_(jobs.c.needs_attention.is_(True), not_(_is_superseded))
        terms.append(is_wanted if which.needs_attention else not_(is_wanted))
    if which.parent_job_id is not None:
        terms.append(jobs.c.parent_job_id == which.parent_job_id)
    if which.submission_id is not None:
        terms.append(jobs.c.submission_id == which.submission_id)
    if which.target_locale:
        terms.append(jobs.c.target_locale == which.target_locale)
    if which.engine:
        terms.append(jobs.c.engine == which.engine)
    if which.pipeline_name:
        terms.append(jobs.c.pipeline_name == which.pipeline_name)
    if which.submitter.strip():
        name = func.lower(jobs.c.submitted_by_name)
        terms.append(name.contains(which.submitter.strip().lower(), autoescape=True))
    if which.first_day is not None:
        terms.append(jobs.c.submitted_at >= _micros_of(which.first_day))
    if which.last_day is not None:
        terms.append(jobs.c.submitted_at < _micros_of(which.last_day) + _DAY_MICROS)
    if which.text.strip():
        terms.append(jobs.c.search_text.contains(which.text.strip().casefold(), autoescape=True))
    return and_(*terms)


def _micros_of(day: date) -> int:
    return to_micros(datetime.combine(day, time(), UTC))


def _job_row(row: RowMapping) -> JobRow:
    names = ("submitted_at", "updated_at", "stopped_at")
    times: dict[str, datetime | None] = {
        name: None if row[name] is None else from_micros(row[name]) for name in names
    }
    kind, id_, version = (row[name] for name in _SUBJECT)
    subject = None if kind is None else SubjectRef(kind=kind, id=id_, version=version)
    fields = {name: value for name, value in row.items() if name not in _SUBJECT}
    return JobRow.model_validate({**fields, **times, "subject": subject})
