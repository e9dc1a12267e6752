"""`dragoman maintenance`: erase what retention lets go, sweep what nothing points to,
report what is missing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dragoman_standalone.outcome import ExitCode
from dragoman_standalone.printing import counted

if TYPE_CHECKING:
    from dragoman_catalog import Catalog
    from dragoman_intake.app import MaintenanceReport
    from dragoman_runtime.eventstore import EventStore
    from dragoman_standalone.settings import UpkeepSettings

_SHOWN = 20


def maintenance(
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    checks_digests: Annotated[
        bool, typer.Option("--check-digests", help="Read every object and check it.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option("--state", help="State folder; else DRAGOMAN_DATABASE_URL.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Erase artifacts whose days are over, delete objects that nothing points to, and report what
    is missing.

    Exit status: 0 all is as the log says, 2 it could not begin, 3 something is missing or damaged.
    """
    report = asyncio.run(_maintained(state, is_dry=is_dry, checks_digests=checks_digests))
    if report is None:
        Console(stderr=True).print("Another process is doing maintenance; nothing was done here.")
        raise typer.Exit(ExitCode.USAGE)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        _print(report)
    raise typer.Exit(ExitCode.DONE if report.is_sound else ExitCode.GATE)


async def _maintained(
    state: Path | None, *, is_dry: bool, checks_digests: bool
) -> MaintenanceReport | None:
    import dragoman_intake.app  # with the platform behind it, slow to import
    from dragoman_runtime.objects import object_store
    from dragoman_runtime.settings import load
    from dragoman_runtime.telemetry import configure_logging
    from dragoman_standalone.settings import UpkeepSettings, quiet
    from dragoman_standalone.whereabouts import require_own_log

    given = {"state_dir": state, "database_url": None, "objects_url": None} if state else {}
    settings = load(UpkeepSettings, given)
    require_own_log(state, settings.postgres_url)
    configure_logging(quiet(settings), "dragoman")
    async with _opened(settings) as (store, catalog):
        objects = object_store(settings)
        await objects.open()
        try:
            upkeep = dragoman_intake.app.maintenance(store, objects, catalog, settings)
            return await upkeep.run(is_dry=is_dry, checks_digests=checks_digests)
        finally:
            await objects.close()


@asynccontextmanager
async def _opened(settings: UpkeepSettings) -> AsyncGenerator[tuple[EventStore, Catalog]]:
    """The log and the catalogue, of the services or of a state folder that no other process uses.

    Raises:
        StateLockedError: another process uses the folder; where it is a server, it does maintenance
            by itself.
    """
    from dragoman_catalog import Catalog, migrate_catalog
    from dragoman_runtime.eventstore.postgres import PostgresEventStore
    from dragoman_runtime.migrations.run import sqlalchemy_url
    from dragoman_runtime.projection import create_views_engine
    from dragoman_standalone.lock import StateLock
    from dragoman_standalone.platform import event_store

    async with AsyncExitStack() as stack:
        url = settings.postgres_url
        store: EventStore
        if url is not None:
            store = await PostgresEventStore.connect(url)
        else:
            lock = StateLock(settings.state_dir)
            lock.acquire()
            stack.callback(lock.release)
            store = event_store(settings.state_dir)
            url = f"sqlite:///{settings.state_dir / 'catalog.db'}"
            await migrate_catalog(url)
        stack.push_async_callback(store.aclose)
        engine = create_views_engine(sqlalchemy_url(url))
        stack.push_async_callback(engine.dispose)
        yield store, Catalog(engine)


def _print(report: MaintenanceReport) -> None:
    console = Console(highlight=False)
    would = "would be " if report.is_dry else ""
    console.print(
        f"{counted(report.event_count, 'event')} and {counted(report.object_count, 'object')} looked at"
    )
    console.print(
        f"{counted(report.erased_artifacts, 'artifact')} {would}erased, their days are over"
    )
    console.print(
        f"{counted(report.deleted_objects, 'object')} {would}deleted with them, {counted(report.deleted_bytes, 'byte')}"
    )
    orphans = f"{counted(report.orphaned_objects, 'object')} that nothing points to {would}deleted"
    console.print(f"{orphans}, {counted(report.orphaned_bytes, 'byte')}")
    if report.forgotten_leases:
        console.print(
            f"{report.forgotten_leases:,} leases of processes that vanished long ago deleted"
        )
    if report.checked_digests:
        console.print(f"{report.checked_digests:,} objects read and checked")
    for fault in report.faults[:_SHOWN]:
        holder = f"job {fault.job_id}" if fault.job_id else "the catalogue"
        console.print(
            f"{fault.what}  {holder}  {fault.digest}".rstrip(), style="red", soft_wrap=True
        )
    if len(report.faults) > _SHOWN:
        console.print(f"… {len(report.faults) - _SHOWN:,} more; see --json", style="red")
    if report.faults:
        console.print("Restore these objects from a backup, or rerun the jobs.")
