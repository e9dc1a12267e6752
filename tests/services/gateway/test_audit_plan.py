"""A page of the audit costs what it shows, however much the services did meanwhile:
on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman_contracts.identity import project_id
from dragoman_gateway.audit.view import AuditFilter, AuditKey, AuditQueries, audit, audit_metadata
from dragoman_gateway.web.columns import to_micros
from dragoman_runtime.projection import create_views_engine
from services.gateway.histories import NOON

_BY_SERVICES, _BY_PEOPLE = 6000, 300
_PAGE = 50
_PEOPLE = AuditFilter(is_by_service=False)


@pytest.fixture(params=["sqlite", "postgresql"])
async def views(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An audit in which people acted first and services, very often, ever since."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'views.db'}"
    if request.param == "postgresql":
        url = cast(str, request.getfixturevalue("postgres_url")).replace(
            "postgresql:", "postgresql+asyncpg:"
        )
    engine = create_views_engine(url)
    actors = ["user:ada"] * _BY_PEOPLE + ["service:qa"] * _BY_SERVICES
    async with engine.begin() as connection:
        await connection.run_sync(audit_metadata.create_all)
        await connection.execute(
            insert(audit), [_row(number, actor) for number, actor in enumerate(actors)]
        )
        await connection.exec_driver_sql("ANALYZE")
    yield engine
    await engine.dispose()


def _row(number: int, actor: str) -> dict[str, object]:
    return {
        "event_id": str(UUID(int=number)),
        "occurred_at": to_micros(NOON + timedelta(seconds=number)),
        "project_id": project_id("atlas"),
        "actor": actor,
        "is_by_service": actor.startswith("service:"),
        "actor_name": "",
        "source_address": "",
        "action": "phase.started",
        "entity": "job",
        "entity_id": str(UUID(int=number % 40)),
        "before_digest": "0" * 64,
        "after_digest": "0" * 64,
    }


async def _plan(engine: AsyncEngine, which: AuditFilter, before: AuditKey | None = None) -> str:
    """How the database answers a page of this list."""
    asked: list[tuple[str, Any]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if audit.name in statement:
            asked.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await AuditQueries(engine).page(which, before=before, limit=_PAGE)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    ((statement, parameters),) = asked
    is_postgres = engine.dialect.name == "postgresql"
    how = "EXPLAIN (ANALYZE, FORMAT JSON) " if is_postgres else "EXPLAIN QUERY PLAN "
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql(how + statement, parameters)).all()
    return json.dumps(rows[0][0]) if is_postgres else "\n".join(str(row[-1]) for row in rows)


async def test_the_actions_of_people_are_found_without_a_look_at_those_of_services(
    views: AsyncEngine,
) -> None:
    first = await AuditQueries(views).page(_PEOPLE, limit=_PAGE)
    assert [row.actor for row in first] == ["user:ada"] * _PAGE
    for before in (None, first[-1].key):
        plan = await _plan(views, _PEOPLE, before)
        assert "_who" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert "Removed by Filter" not in plan, plan


async def test_the_list_of_everybody_is_read_by_time(views: AsyncEngine) -> None:
    plan = await _plan(views, AuditFilter())
    assert "_newest" in plan, plan


async def test_what_services_did_and_what_people_did_are_all_there_is(views: AsyncEngine) -> None:
    queries = AuditQueries(views)
    by_services = await queries.page(AuditFilter(is_by_service=True), limit=_BY_SERVICES + 1)
    by_people = await queries.page(_PEOPLE, limit=_BY_PEOPLE + 1)
    assert [*by_services, *by_people] == await queries.page(
        AuditFilter(), limit=_BY_SERVICES + _BY_PEOPLE + 1
    )
    assert (len(by_services), len(by_people)) == (_BY_SERVICES, _BY_PEOPLE)
