"""Replaying the log into views beside the live ones, by one process or several,
then comparing or swapping them.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dragoman_contracts.errors import DragomanError
from dragoman_contracts.model import Value
from dragoman_gateway.views import projections
from dragoman_runtime import owing_jobs
from dragoman_runtime.child import begin_child
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore.archive import ArchivedLog, Span, spans
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs, SqliteLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.projection import LogWindow, key_of, positions, translated_errors
from dragoman_runtime.rebuild import (
    Filled,
    Rebuild,
    ReplayLostError,
    begin,
    fill,
    replaying_alone,
    suffix_of,
)
from dragoman_runtime.reconciler import LiveJobs
from dragoman_runtime.table_differences import Comparison
from dragoman_standalone.lock import StateLock, StateLockedError
from dragoman_standalone.settings import StoreSettings
from dragoman_standalone.stores import Stores, stores

LIVE_JOBS = "live_jobs"
VIEWS = ("jobs", "documents", "objects", "audit")
NAMES = (*VIEWS, LIVE_JOBS)
_SPAN_EVENTS = 10_000
_ALONE_EVENTS = 40_000  # below it, starting another process costs more than it brings
_SPAWN = multiprocessing.get_context("spawn")

Told = Callable[[str, int, int], None]
"""Told of a step, how much of it is done, and of how much."""


class DifferingRow(Value):
    """A row in which the live view is not what the log says."""

    table: str
    key: dict[str, str]
    what: str


class ReplayedView(Value):
    """The outcome of one projection. `erased_rows` still show erased content;
    `first` are the first differing rows.
    """

    projection: str
    position: int
    row_count: int
    is_swapped: bool
    differing_rows: int = 0
    erased_rows: int = 0
    first: tuple[DifferingRow, ...] = ()


class DamagedStream(Value):
    """A job or document that was passed over from this event on; 0: its events make no sense
    together.
    """

    stream_id: UUID
    version: int


class ReplayReport(Value):
    """The outcome of a replay. `events_per_s` counts reading and writing the events,
    not the wait for swaps.
    """

    event_count: int
    duration_s: float
    events_per_s: float
    processes: int
    views: tuple[ReplayedView, ...]
    skipped: tuple[str, ...] = ()
    damaged: tuple[DamagedStream, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether no live row differs from the log."""
        return all(each.differing_rows == 0 for each in self.views)


@dataclass(frozen=True, slots=True)
class Order:
    """A replay as it was ordered: which projections, only to compare or to swap in,
    by at most how many processes.
    """

    names: tuple[str, ...] = NAMES
    is_verify: bool = False
    processes: int = 0
    show: int = 10


@dataclass(frozen=True, slots=True)
class _Work:
    """One span for one process."""

    settings: StoreSettings
    names: tuple[str, ...]
    suffix: str
    span: Span


async def replay(settings: StoreSettings, order: Order, told: Told) -> ReplayReport:
    """Replay as ordered.

    Raises:
        ReplayRunningError: another replay is at work.
        ArchiveMissingError: there is no log.
    """
    async with stores(settings) as opened, replaying_alone(opened.views):
        return await _Replay(opened, order, told).run()


class _Replay:
    def __init__(self, opened: Stores, order: Order, told: Told) -> None:
        self._stores = opened
        self._order = order
        self._told = told
        self._views = tuple(name for name in order.names if name in VIEWS)

    async def run(self) -> ReplayReport:
        generation = await begin(self._stores.views)
        rebuilds = self._rebuilds(generation)
        until = await self._until(rebuilds)
        try:
            for each in rebuilds:
                await each.create()
            started = time.perf_counter()
            filled, processes = await self._fill(suffix_of(generation), until)
            duration_s = time.perf_counter() - started
            views = [await self._ended(each, until, filled) for each in rebuilds]
        except BaseException:
            await asyncio.shield(_dropped(rebuilds))
            raise
        views = [
            each.model_copy(update={"row_count": filled.rows[each.projection]}) for each in views
        ]
        live_jobs = await self._live_jobs(filled) if LIVE_JOBS in self._order.names else None
        is_skipped = LIVE_JOBS in self._order.names and live_jobs is None
        return ReplayReport(
            event_count=filled.events,
            duration_s=round(duration_s, 3),
            events_per_s=round(filled.events / duration_s, 1) if filled.events else 0.0,
            processes=processes,
            views=(*views, *([live_jobs] if live_jobs else [])),
            skipped=(LIVE_JOBS,) if is_skipped else (),
            damaged=tuple(
                DamagedStream(stream_id=stream_id, version=version)
                for stream_id, version in sorted(filled.damaged.items())
            ),
        )

    def _rebuilds(self, generation: int) -> list[Rebuild]:
        log = ArchivedLog(self._stores.archive)
        window = LogWindow(log)
        made = projections(log, self._stores.objects, suffix_of(generation))
        return [
            Rebuild(window, self._stores.views, each, generation)
            for each in made
            if each.name in self._views
        ]

    async def _until(self, rebuilds: Sequence[Rebuild]) -> int:
        """How far to read at first: no further than the live views have come where
        they are to be compared.
        """
        head = await self._stores.archive.head()
        if not self._order.is_verify:
            return head
        async with translated_errors(), self._stores.views.connect() as connection:
            conditions = [key_of(each.projection) for each in rebuilds]
            found = [
                await connection.scalar(select(positions.c.position).where(each))
                for each in conditions
            ]
        return min([head, *(position for position in found if position is not None)])

    async def _fill(self, suffix: str, until: int) -> tuple[Filled, int]:
        parts = await spans(self._stores.archive, until, events=_SPAN_EVENTS)
        works = [_Work(self._stores.settings, self._views, suffix, span) for span in parts]
        wanted = self._order.processes or (os.cpu_count() or 1 if until >= _ALONE_EVENTS else 1)
        processes = min(wanted, len(works))
        if not self._views:
            return Filled(), processes
        with _rarely_collected():
            return await self._fill_by_processes(deque(works), processes, until), processes

    async def _fill_by_processes(self, works: deque[_Work], processes: int, until: int) -> Filled:
        """Fill the spans, this process among the others: it has begun before those have started."""
        total, counter = Filled(), _SPAWN.Value("q", 0)

        def count(events: int) -> None:
            with counter.get_lock():
                counter.value += events
            self._told("read", counter.value, until)

        async def take(fill_span: Callable[[_Work], Awaitable[Filled]]) -> None:
            while works:
                total.add(await fill_span(works.popleft()))

        async def fill_here(work: _Work) -> Filled:
            filled = await _filled(self._stores, work, count)
            gc.collect()
            return filled

        with _others(processes - 1, counter) as fill_elsewhere:
            await _together(take(fill_here), *(take(fill_elsewhere) for _ in range(processes - 1)))
        return total

    async def _ended(self, rebuild: Rebuild, until: int, filled: Filled) -> ReplayedView:
        name = rebuild.projection.name
        self._told(f"index {name}", 0, 1)
        await rebuild.finish(until)
        if not self._order.is_verify:
            self._told(f"swap {name}", 0, 1)
            await rebuild.swap()
            return ReplayedView(
                projection=name, position=rebuild.position, row_count=0, is_swapped=True
            )
        self._told(f"compare {name}", 0, 1)
        try:
            return _compared(
                name,
                await rebuild.compare(
                    show=self._order.show,
                    incomplete=filled.incomplete.get(name, set()),
                    damaged=filled.damaged.keys(),
                ),
            )
        finally:
            await rebuild.drop()

    async def _live_jobs(self, filled: Filled) -> ReplayedView | None:
        """Fill the reconciler's table, or look what it lacks; None where another process has the
        state folder. Damaged streams are noted in `filled`.
        """
        async with _event_store(self._stores.settings) as store:
            if store is None:
                return None
            until = await self._stores.archive.head()
            missing: list[UUID] = []

            async def look(job_ids: Sequence[UUID]) -> None:
                missing.extend(await owing_jobs.missing_of(store, job_ids))

            if self._order.is_verify:
                reader = owing_jobs.OwingJobs(look)
            else:
                reader = owing_jobs.OwingJobs(
                    owing_jobs.waking(_live_jobs_in(store), SystemClock())
                )
            count = self._counting("read for live_jobs", until)
            for span in await spans(self._stores.archive, until, events=_SPAN_EVENTS):
                read = await fill(self._stores.archive, span, [reader], self._stores.views, count)
                filled.damaged = {**read.damaged, **filled.damaged}
        what = "owes work, and is not in the table"
        lacking = [
            DifferingRow(table=LIVE_JOBS, key={"job_id": str(each)}, what=what) for each in missing
        ]
        return ReplayedView(
            projection=LIVE_JOBS,
            position=until,
            row_count=reader.count,
            is_swapped=not self._order.is_verify,
            differing_rows=len(missing),
            first=tuple(lacking[: self._order.show]),
        )

    def _counting(self, step: str, total: int) -> Callable[[int], None]:
        done = 0

        def count(events: int) -> None:
            nonlocal done
            done += events
            self._told(step, done, total)

        return count


def _compared(name: str, found: Comparison) -> ReplayedView:
    first = (DifferingRow(table=each.table, key=each.key, what=each.what) for each in found.first)
    return ReplayedView(
        projection=name,
        position=found.position,
        row_count=found.rows,
        is_swapped=False,
        differing_rows=found.differing,
        erased_rows=found.erased,
        first=tuple(first),
    )


async def _dropped(rebuilds: Sequence[Rebuild]) -> None:
    """Take away what was built, as far as that is possible: the next replay takes away the rest."""
    for each in rebuilds:
        with suppress(DragomanError):
            await each.drop()


async def _filled(opened: Stores, work: _Work, told: Callable[[int], None]) -> Filled:
    made = projections(ArchivedLog(opened.archive), opened.objects, work.suffix)
    readers = [each for each in made if each.name in work.names]
    return await fill(opened.archive, work.span, readers, opened.views, told)


@asynccontextmanager
async def _event_store(
    settings: StoreSettings,
) -> AsyncGenerator[PostgresEventStore | SqliteEventStore | None]:
    """The event store to write to; None where another process has the state folder."""
    if settings.postgres_url is not None:
        shared = await PostgresEventStore.connect(settings.postgres_url)
        try:
            await owing_jobs.make_table(shared)
            yield shared
        finally:
            await shared.aclose()
        return
    lock = StateLock(settings.state_dir)
    try:
        lock.acquire()
    except StateLockedError:
        yield None
        return
    store = SqliteEventStore(settings.state_dir / "events.db")
    try:
        yield store
    finally:
        await store.aclose()
        lock.release()


def _live_jobs_in(store: PostgresEventStore | SqliteEventStore) -> LiveJobs:
    return SqliteLiveJobs(store) if isinstance(store, SqliteEventStore) else PostgresLiveJobs(store)


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """Wait for all; where one fails, the others are ended."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _others(processes: int, counter: Any) -> Generator[Callable[[_Work], Awaitable[Filled]]]:
    """So many processes, perhaps none, that fill spans for this one.

    Raises:
        ReplayLostError: one of them was killed.
    """
    pool = ProcessPoolExecutor(
        max(processes, 1), mp_context=_SPAWN, initializer=_begin_process, initargs=(counter,)
    )
    loop = asyncio.get_running_loop()
    try:
        yield lambda work: loop.run_in_executor(pool, _fill_in_process, work)
    except BrokenProcessPool as error:
        message = "A process of the replay was killed, perhaps for its memory. Try again with --processes 1."
        raise ReplayLostError(message) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect_rarely() -> None:
    """Turn the cyclic garbage collector off: decoded events are many and hold no cycles, so its
    passes find nothing.

    Objects alive now are moved out of the collector's sight for good (`gc.freeze`).
    """
    gc.freeze()
    gc.disable()


@contextmanager
def _rarely_collected() -> Generator[None]:
    _collect_rarely()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


_counter: Any = None


def _begin_process(counter: Any) -> None:
    """Make this process one that fills spans."""
    global _counter
    _counter = counter
    begin_child()
    _collect_rarely()


def _fill_in_process(work: _Work) -> Filled:
    filled = asyncio.run(_fill_alone(work))
    gc.collect()
    return filled


async def _fill_alone(work: _Work) -> Filled:
    def count(events: int) -> None:
        with _counter.get_lock():
            _counter.value += events

    async with stores(work.settings) as opened:
        return await _filled(opened, work, count)
