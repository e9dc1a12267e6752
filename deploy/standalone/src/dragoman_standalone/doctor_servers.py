"""The servers that `dragoman doctor` tries, where their variables are set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import SecretStr

from dragoman_contracts.errors import DragomanError
from dragoman_runtime.bus.refusals import try_bus
from dragoman_runtime.eventstore.postgres import translated_errors
from dragoman_runtime.eventstore.postgres_url import connect, named, place_of
from dragoman_runtime.objects import object_store
from dragoman_runtime.settings import (
    DatabaseSettings,
    ObjectSettings,
    Settings,
    load,
    variable,
    with_ca_file,
)
from dragoman_standalone.findings import Finding

_PATIENCE_S = 10.0


class _Bus(Settings):
    """The broker, where there is one."""

    amqp_url: SecretStr | None = None
    amqp_ca_file: Path | None = None


async def servers() -> list[Finding]:
    """A finding for each server that the environment names, all tried at once."""
    tries = [
        ("PostgreSQL", "database_url", _postgres),
        ("RabbitMQ", "amqp_url", _rabbit),
        ("object store", "objects_url", _objects),
    ]
    found = await asyncio.gather(*(_tried(*each) for each in tries))
    return [each for each in found if each is not None]


async def _tried(name: str, field: str, attempt: Callable[[], Awaitable[str]]) -> Finding | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            said, is_ok = await attempt(), True
    except DragomanError as error:
        said, is_ok = error.message, False
    except TimeoutError:
        said, is_ok = f"No answer in {_PATIENCE_S:g} s; look at {variable(field)}.", False
    return Finding(name=name, is_ok=is_ok, is_required=True, message=said) if said else None


async def _postgres() -> str:
    url = load(DatabaseSettings).postgres_url
    if url is None:
        return ""
    async with translated_errors():
        connection = await connect(named(url, "dragoman-doctor"))
        try:
            version = str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()
    return f"{version} at {place_of(url)}"


async def _rabbit() -> str:
    bus = load(_Bus)
    if bus.amqp_url is None:
        return ""
    return await try_bus(with_ca_file(bus.amqp_url.get_secret_value(), bus.amqp_ca_file))


async def _objects() -> str:
    settings = load(ObjectSettings)
    if settings.objects_folder is not None:
        return ""
    store = object_store(settings)
    await store.open()
    await store.close()
    return f"answers, and the bucket is there: {settings.objects_url}"
