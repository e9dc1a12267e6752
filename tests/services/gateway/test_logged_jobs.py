"""The list of jobs read from the log is the view's, row by row,
and reads no further than it shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from dragoman_contracts import events as e
from dragoman_contracts.identity import project_id
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_gateway.jobs.view import logged
from dragoman_gateway.jobs.view.logged import LoggedJobs
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.views import jobs_projector
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from services.gateway.histories import History

_JOBS = 9
FILTERS = (
    JobFilter(),
    JobFilter(statuses=frozenset({JobStatus.FAILED})),
    JobFilter(statuses=frozenset({JobStatus.COMPLETED, JobStatus.QUEUED})),
    JobFilter(is_interrupted=True),
    JobFilter(text="ORDER-4"),
    JobFilter(target_locale="es", engine="apertium", submitter="a"),
    JobFilter(pipeline_name="translate-docx", submitter="nobody of this name"),
    JobFilter(first_day=date(2030, 1, 1)),
    JobFilter(first_day=date(2000, 1, 1), last_day=date(2100, 1, 1)),
    JobFilter(project_ids=frozenset({project_id("borealis")})),
    JobFilter(statuses=frozenset({JobStatus.NEEDS_REVIEW})),
)


class Counting(SqliteEventStore):
    """Counts the streams that are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read_count = 0

    @override
    async def read_several(self, after: Mapping[UUID, int]) -> list[Stored]:
        self.read_count += len(after)
        return await super().read_several(after)


@dataclass
class Log:
    """A log of some jobs, with the view of it and the list from it."""

    store: Counting
    view: JobQueries
    logged: LoggedJobs


@pytest.fixture
async def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    monkeypatch.setattr(logged, "_JOBS_AT_ONCE", 2)
    store, objects = Counting(tmp_path / "events.db"), FileObjectStore(tmp_path / "objects")
    await objects.open()
    history = History(store, objects)
    for number in range(_JOBS):
        job_id = await history.submit(
            f"order-{number}.docx", code="borealis" if number % 4 == 1 else "atlas"
        )
        match number % 3:
            case 0:
                await history.advance(job_id)
            case 1:
                await history.park(job_id, WorkKind.PREFLIGHT)
            case _:
                await history.say(job_id, e.CancelRequested(), actor="user:ada")
    engines: list[AsyncEngine] = [
        create_views_engine(f"sqlite+aiosqlite:///{tmp_path / 'views.db'}")
    ]
    engines.append(create_views_engine("sqlite+aiosqlite://"))
    projector = jobs_projector(store, objects, engines[0])
    await projector.open()
    await projector.catch_up()
    store.read_count = 0
    yield Log(store, JobQueries(engines[0]), LoggedJobs(engines[1], store, Records(objects)))
    for engine in engines:
        await engine.dispose()
    await store.aclose()


async def _pages(queries: JobQueries, which: JobFilter, limit: int) -> list[tuple[JobRow, ...]]:
    page = await queries.list_jobs(which, limit=limit)
    pages = [page.rows]
    while page.next_cursor is not None:
        page = await queries.list_jobs(which, cursor=page.next_cursor, limit=limit)
        pages.append(page.rows)
    return pages


@pytest.mark.parametrize("which", FILTERS)
@pytest.mark.parametrize("limit", [1, 4, 50])
async def test_every_page_of_every_filter_is_the_page_of_the_view(
    log: Log, which: JobFilter, limit: int
) -> None:
    assert await _pages(log.logged, which, limit) == await _pages(log.view, which, limit)


async def test_no_stream_is_read_that_the_page_does_not_need(log: Log) -> None:
    await log.logged.list_jobs(JobFilter(), limit=3)
    assert log.store.read_count == 4
    await log.logged.list_jobs(JobFilter(statuses=frozenset({JobStatus.NEEDS_REVIEW})), limit=3)
    assert log.store.read_count == _JOBS, (
        "none is like that, so all had to be looked at, and each once"
    )
