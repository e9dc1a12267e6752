"""Parked work as lists show it. Its table is written with those of the jobs,
since one fold tells of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.job import WorkKey
from dragoman_contracts.model import Value
from dragoman_contracts.subject import SubjectKind
from dragoman_gateway.jobs.view.tables import jobs, parked
from dragoman_gateway.web.columns import from_micros, to_micros
from dragoman_gateway.web.cursors import CursorCodec, Page
from dragoman_runtime.projection import translated_errors

_parked_key = (parked.c.parked_at, parked.c.job_id, parked.c.kind, parked.c.index, parked.c.phase)
_cursors = CursorCodec("parked", tuple[int, UUID, str, int, str])


@dataclass(frozen=True, slots=True)
class ParkedFilter:
    """Which parked work a list shows. `project_ids` None means every project,
    an empty set none; `code` None any.
    """

    project_ids: frozenset[UUID] | None = None
    code: str | None = None


class ParkedRow(Value):
    """Parked work as the list shows it.
    `message` is empty where its reason was erased or could not be stored.
    """

    job_id: UUID
    kind: str
    index: int
    phase: str
    project_code: str
    file_name: str
    pipeline_name: str
    subject_kind: SubjectKind | None
    code: str
    message: str
    attempts: int
    parked_at: datetime

    @property
    def key(self) -> WorkKey:
        """The key of the work in its job."""
        return WorkKey(self.kind, self.index, self.phase)

    @property
    def title(self) -> str:
        """The name of the job's file, or that of its pipeline where it has none;
        empty where the name was erased.
        """
        return self.file_name or (
            "" if self.subject_kind is SubjectKind.DOCUMENT else self.pipeline_name
        )


_OF_JOB = frozenset({"project_code", "file_name", "pipeline_name", "subject_kind"})
_columns = [(jobs if name in _OF_JOB else parked).c[name] for name in ParkedRow.model_fields]


class ParkedQueries:
    """Lists of parked work. They may lag behind the log.
    Every method raises RetryableError without the database.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, which: ParkedFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[ParkedRow]:
        """Parked work, the newest first.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        statement = (
            select(*_columns)
            .join_from(parked, jobs, parked.c.job_id == jobs.c.job_id)
            .where(_waits(which))
            .order_by(*(column.desc() for column in _parked_key))
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(tuple_(*_parked_key) < _cursors.key(cursor))
        async with translated_errors(), self._engine.connect() as connection:
            found = (await connection.execute(statement)).mappings().all()
        rows = tuple(
            ParkedRow.model_validate({**row, "parked_at": from_micros(row["parked_at"])})
            for row in found[:limit]
        )
        last = rows[-1] if len(found) > limit else None
        return Page(
            rows,
            last
            and _cursors.cursor(
                (to_micros(last.parked_at), last.job_id, last.kind, last.index, last.phase)
            ),
        )

    async def counts(self, project_ids: frozenset[UUID] | None) -> dict[str, int]:
        """How much work is parked with which code, the most first;
        `project_ids` as in `ParkedFilter`.
        """
        counted = func.count()
        statement = (
            select(parked.c.code, counted)
            .where(_waits(ParkedFilter(project_ids)))
            .group_by(parked.c.code)
            .order_by(counted.desc(), parked.c.code)
        )
        async with translated_errors(), self._engine.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(statement)}


def _waits(which: ParkedFilter) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if which.project_ids is not None:
        terms.append(parked.c.project_id.in_(which.project_ids) if which.project_ids else false())
    if which.code is not None:
        terms.append(parked.c.code == which.code)
    return and_(*terms)
