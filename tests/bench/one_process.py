"""The platform in this very process, under load: SQLite and files.
Its CPU includes that of submitting.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from typing_extensions import override

from bench.load import Plant
from bench.noop_jobs import submit_noop
from bench.noop_tasks import noop_parts
from bench.small_jobs import ENGINE, SOURCE, TARGET, file_name, one_paragraph
from dragoman_catalog import PolicyOverrides
from dragoman_contracts.events import JobCompleted, JobSubmitted
from dragoman_contracts.locale import Locale
from dragoman_gateway.submissions.rules import SubmissionRequest
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.settings import load
from dragoman_runtime.telemetry import configure_telemetry
from dragoman_standalone.platform import Platform, opened, performing, running
from dragoman_standalone.settings import StandaloneSettings

_REQUEST = SubmissionRequest(
    project_code="default",
    domain_pack_code="general",
    source_language=Locale(SOURCE),
    target_language=Locale(TARGET),
    overrides=PolicyOverrides(engine=ENGINE),
)


class _OneProcess(Plant):
    def __init__(self, store: SqliteEventStore, first: JobSubmitted | None = None) -> None:
        self._store = store
        self._first = first
        self._position = 0

    @override
    async def submit(self) -> None:
        await submit_noop(self._store, self._first)

    @override
    async def completed(self) -> int:
        rows = await self._store.execute(
            "SELECT rowid, topic FROM stored_events WHERE rowid > ? ORDER BY rowid",
            (self._position,),
            commit=False,
        )
        if rows:
            self._position = int(rows[-1][0])
        return sum(topic == JobCompleted.name for _, topic in rows)

    @override
    def spent_ms(self) -> Mapping[str, float]:
        return {"ours": time.process_time() * 1000}


class _RealStages(_OneProcess):
    def __init__(self, platform: Platform) -> None:
        super().__init__(platform.store)
        self._submissions = platform.desks.submissions
        self._numbers = count(1)

    @override
    async def submit(self) -> None:
        number = next(self._numbers)
        upload = Upload(file_name(number), one_paragraph(number))
        await self._submissions.submit(_REQUEST, upload, local_principal())


@asynccontextmanager
async def noop_plant(
    folder: Path, *, keeps_outcomes: bool, batches: int = 1, first: JobSubmitted | None = None
) -> AsyncGenerator[Plant]:
    """The platform with no-op phases on a new state folder; its jobs begin with `first`,
    else are translations.
    """
    parts = noop_parts(
        keeps_outcomes=keeps_outcomes, batches=batches, with_phases=first is not None
    )
    async with opened(_settings(folder)) as platform, performing(platform, parts):
        yield _OneProcess(platform.store, first)


@asynccontextmanager
async def real_plant(folder: Path) -> AsyncGenerator[Plant]:
    """The platform as `dragoman translate` runs it, on a new state folder."""
    async with running(_settings(folder)) as platform:
        yield _RealStages(platform)


def _settings(folder: Path) -> StandaloneSettings:
    settings = load(StandaloneSettings, {"state_dir": folder})
    configure_telemetry(settings, "bench")
    return settings
