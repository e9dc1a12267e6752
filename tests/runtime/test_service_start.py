"""How a service meets its servers: away, empty, or made by a newer version."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from dragoman_runtime.migrations.revision import are_events_newest
from dragoman_runtime.migrations.run import migrate_events
from dragoman_runtime.service import ServiceSettings, backends
from dragoman_runtime.settings import load
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server


async def test_a_service_waits_for_the_servers_it_is_started_without(
    postgres: PostgresServer,
    postgres_url: str,
    rabbitmq: RabbitMqServer,
    s3: S3Server,
    s3_bucket: str,
) -> None:
    settings = load(ServiceSettings, _given(postgres_url, rabbitmq.url, s3, s3_bucket))
    postgres.stop()
    s3.kill()
    try:
        with capture_logs() as lines:
            connecting = asyncio.create_task(_connected(settings))
            await _said(lines, "store.unavailable")
            await asyncio.to_thread(postgres.start)
            await _said(lines, "storage.unavailable")
            await asyncio.to_thread(s3.start)
            assert await asyncio.wait_for(connecting, 60)
    finally:
        postgres.start()
        s3.start()


async def test_a_database_is_migrated_once_and_left_alone_where_a_newer_service_was_first(
    postgres_url: str,
) -> None:
    assert not await are_events_newest(postgres_url)
    await migrate_events(postgres_url)
    assert await are_events_newest(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("UPDATE alembic_version_events SET version_num = '9999'")
        assert await are_events_newest(postgres_url)
        await migrate_events(postgres_url)
        assert await connection.fetchval("SELECT version_num FROM alembic_version_events") == "9999"
    finally:
        await connection.close()


async def test_a_service_holds_no_more_connections_than_its_setting_says_and_tells_of_them(
    postgres_url: str, rabbitmq: RabbitMqServer, s3: S3Server, s3_bucket: str
) -> None:
    given = _given(postgres_url, rabbitmq.url, s3, s3_bucket)
    settings = load(ServiceSettings, {**given, "database_connections": 4})
    async with backends(settings, "qa") as services:
        pool = services.store.pool
        await asyncio.gather(*(pool.fetch("SELECT pg_sleep(0.02)") for _ in range(20)))
        rows = await pool.fetch(
            "SELECT FROM pg_stat_activity WHERE application_name = 'dragoman-qa'"
        )
        assert len(rows) == 4
        assert _sample("dragoman_database_connections_max") == 4
        assert _connections() == (0, 4)
        async with pool.acquire():
            assert _connections() == (1, 3)
        await services.store.head_position()  # keeps its connection, which nobody uses
        assert _connections() == (0, 4)
    assert _connections() == (0, 0)


def _connections() -> tuple[float, float]:
    """Those in use, and those idle."""
    in_use, idle = (_sample("dragoman_database_connections", state=s) for s in ("in_use", "idle"))
    return in_use, idle


def _sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("service", ["extract", "translate", "qa", "reassemble"])
def test_a_service_without_views_starts_without_sqlalchemy(service: str) -> None:
    look = "import sys, dragoman_{0}.__main__, dragoman_runtime.bus.rabbit; print('sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look.format(service)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False", "half its start would be that import"


async def _said(lines: list[MutableMapping[str, Any]], code: str) -> None:
    """Return when the process has said that it waits, and for what."""
    async with asyncio.timeout(60):
        while True:
            if any(
                line["event"] == "service.waiting" and line["error_code"] == code for line in lines
            ):
                return
            await asyncio.sleep(0.02)


async def _connected(settings: ServiceSettings) -> bool:
    async with backends(settings) as shared:
        return await shared.bus.ping()


def _given(database: str, amqp: str, s3: S3Server, bucket: str) -> Mapping[str, object]:
    return {
        "database_url": database,
        "amqp_url": amqp,
        "objects_url": f"s3+{s3.url}/{bucket}",
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key,
    }
