"""The parts of reviews that are no job's: who is where, findings dismissed for a project, and how far
people were with its translations, day by day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import reading, rows, values, write_audit, writing
from dragoman_catalog.values import DismissedFinding, Editor
from dragoman_contracts.coverage import Coverage, CoverageSnapshot

_PRESENCE, _DISMISSALS, _COVERAGE = tables.presence, tables.dismissals, tables.review_coverage


class ReviewPresence:
    """Who has which unit of a job open. A row is forgotten when it is old."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enter(
        self,
        job_id: UUID,
        actor: str,
        name: str,
        unit_id: str | None,
        now: datetime,
        since: datetime,
    ) -> list[tuple[str, str]]:
        """Say which unit the actor has open, None where none.

        Gives unit and name of the others that were seen `since` then.
        """
        of_job = _PRESENCE.c.job_id == job_id
        async with writing(self._engine) as connection:
            old = of_job & ((_PRESENCE.c.actor == actor) | (_PRESENCE.c.seen_at < since))
            await connection.execute(delete(_PRESENCE).where(old))
            if unit_id is not None:
                row = {"job_id": job_id, "actor": actor, "name": name, "unit_id": unit_id}
                await connection.execute(insert(_PRESENCE).values(**row, seen_at=now))
            others = select(_PRESENCE.c.unit_id, _PRESENCE.c.name).where(
                of_job, _PRESENCE.c.actor != actor
            )
            found = await rows(connection, others.order_by(_PRESENCE.c.name))
        return [(str(row["unit_id"]), str(row["name"])) for row in found]


class Dismissals:
    """The findings that people said are none, for equal texts in a whole project."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_project(self, project_id: UUID) -> list[DismissedFinding]:
        """The dismissals of a project, in a fixed order."""
        statement = (
            select(_DISMISSALS)
            .where(_DISMISSALS.c.project_id == project_id)
            .order_by(_DISMISSALS.c.code, _DISMISSALS.c.source_digest, _DISMISSALS.c.target_digest)
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, DismissedFinding)

    async def add(self, dismissed: DismissedFinding, editor: Editor, now: datetime) -> None:
        """Remember a dismissal; one on the same texts is put in its place."""
        same = (
            (_DISMISSALS.c.project_id == dismissed.project_id)
            & (_DISMISSALS.c.code == dismissed.code)
            & (_DISMISSALS.c.source_digest == dismissed.source_digest)
            & (_DISMISSALS.c.target_digest == dismissed.target_digest)
        )
        async with writing(self._engine) as connection:
            await connection.execute(delete(_DISMISSALS).where(same))
            await connection.execute(insert(_DISMISSALS).values(**dismissed.model_dump()))
            await write_audit(
                connection,
                editor,
                now,
                action="finding_dismissed",
                entity_id=dismissed.code,
                project_id=dismissed.project_id,
            )


class CoverageSnapshots:
    """How far people were with the translations of projects, day by day. Maintenance writes it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put(self, day: str, snapshots: Sequence[CoverageSnapshot]) -> None:
        """Put these in the place of all that are there of this day."""
        rows_ = [
            {
                "project_id": each.project_id,
                "day": each.day,
                "target_locale": each.target_locale,
                "taken_at": each.taken_at,
                **each.coverage.model_dump(),
            }
            for each in snapshots
        ]
        async with writing(self._engine) as connection:
            await connection.execute(delete(_COVERAGE).where(_COVERAGE.c.day == day))
            if rows_:
                await connection.execute(insert(_COVERAGE), rows_)

    async def of_project(self, project_id: UUID, days: int) -> list[CoverageSnapshot]:
        """The snapshots of the last `days` days that there are, oldest first."""
        wanted = (
            select(_COVERAGE.c.day)
            .where(_COVERAGE.c.project_id == project_id)
            .distinct()
            .order_by(_COVERAGE.c.day.desc())
            .limit(days)
        )
        statement = (
            select(_COVERAGE)
            .where(_COVERAGE.c.project_id == project_id, _COVERAGE.c.day.in_(wanted))
            .order_by(_COVERAGE.c.day, _COVERAGE.c.target_locale)
        )
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        return [_snapshot(row) for row in found]


def _snapshot(row: Mapping[str, object]) -> CoverageSnapshot:
    counts = {name: row[name] for name in Coverage.model_fields}
    own = {name: row[name] for name in row.keys() - counts.keys()}
    return CoverageSnapshot.model_validate({**own, "coverage": counts})
