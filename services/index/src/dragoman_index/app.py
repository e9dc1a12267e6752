"""Composition of index: the only place that names its adapters."""

from __future__ import annotations

from typing import Any

from dragoman_catalog import Catalog
from dragoman_contracts.vocabulary import Service
from dragoman_index import handlers
from dragoman_index.adapters.tmx import TmxFiles
from dragoman_index.settings import IndexSettings
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.service import ServicePart, database_of, run_services
from dragoman_runtime.worker import Task

COMPUTING: tuple[str, ...] = ()
"""The modules of what the tasks compute in other processes: none, their units come piece by piece."""


def tasks(catalog: Catalog) -> tuple[Task[Any], ...]:
    """The work this service performs on the memories of a catalogue."""
    return handlers.tasks(catalog, TmxFiles(), SystemClock())


def part(settings: IndexSettings) -> ServicePart:
    """This service as a process takes it in, with connections that end with it."""
    url = database_of(settings, Service.INDEX.value)
    engine = create_views_engine(sqlalchemy_url(url), pool_size=2)
    return ServicePart(
        Service.INDEX, tasks(Catalog(engine)), preload=COMPUTING, close=engine.dispose
    )


async def run(settings: IndexSettings) -> None:
    """Serve until told to stop."""
    await run_services([part(settings)], settings)
