"""The servers over TLS, by URL and settings, with certificates of the test's own making."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from dragoman_contracts.errors import PermanentError
from dragoman_runtime.bus.rabbit import RabbitBus
from dragoman_runtime.bus.refusals import BusRefusedError
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.eventstore.postgres_url import StoreRefusedError, named
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects import object_store
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import BusSettings, ObjectSettings, load
from servers.certificates import certificate
from servers.postgres import PostgresServer
from servers.process import free_port
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server


async def test_postgresql_is_reached_over_tls_as_its_url_says(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    look = (
        "SELECT ssl, application_name FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        "WHERE pid = pg_backend_pid()"
    )
    other = certificate(tmp_path).file
    with postgres.tls() as trusted:
        for mode in ("require", f"verify-ca&sslrootcert={trusted}"):
            url = named(f"{postgres_url}?sslmode={mode}", "dragoman-qa")
            await migrate_events(url)
            store = await PostgresEventStore.connect(url)
            assert tuple(await store.pool.fetchrow(look) or ()) == (True, "dragoman-qa")
            await store.aclose()
        engine = create_views_engine(
            sqlalchemy_url(f"{postgres_url}?sslmode=verify-full&sslrootcert={trusted}")
        )
        async with engine.connect() as connection:
            assert (await connection.execute(text(look))).one()[0] is True
        await engine.dispose()
        with pytest.raises(StoreRefusedError, match="not trusted"):
            await PostgresEventStore.connect(
                f"{postgres_url}?sslmode=verify-full&sslrootcert={other}"
            )
    with pytest.raises(StoreRefusedError, match="no TLS"):
        await PostgresEventStore.connect(f"{postgres_url}?sslmode=require")


async def test_rabbitmq_is_reached_over_tls_with_its_own_authority(
    rabbitmq: RabbitMqServer, tmp_path: Path
) -> None:
    trusting = load(
        BusSettings, {"amqp_url": rabbitmq.tls_url, "amqp_ca_file": rabbitmq.certificate_file}
    )
    bus = RabbitBus(trusting.bus_url)
    await bus.open()
    assert await bus.ping()
    await bus.stop()

    other = load(
        BusSettings, {"amqp_url": rabbitmq.tls_url, "amqp_ca_file": certificate(tmp_path).file}
    )
    with pytest.raises(BusRefusedError, match="DRAGOMAN_AMQP_CA_FILE"):
        await RabbitBus(other.bus_url).open()


async def test_an_s3_server_is_trusted_by_its_own_authority(
    s3: S3Server, s3_bucket: str, tmp_path: Path
) -> None:
    given = {"s3_access_key": s3.access_key, "s3_secret_key": s3.secret_key}
    async with _tls_before(s3, tmp_path) as port:
        url = f"s3+https://127.0.0.1:{port}/{s3_bucket}"
        settings = {**given, "objects_url": url, "s3_ca_file": tmp_path / "server.crt"}
        store = object_store(load(ObjectSettings, settings))
        await store.open()
        await store.close()
        with pytest.raises(PermanentError, match="DRAGOMAN_S3_CA_FILE"):
            await object_store(load(ObjectSettings, {**given, "objects_url": url})).open()


@asynccontextmanager
async def _tls_before(s3: S3Server, folder: Path) -> AsyncGenerator[int]:
    """A TLS port before the S3 server, which has none."""
    made = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.file, made.key)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", s3.port)
        await asyncio.gather(copy(reader, back), copy(there, writer))

    port = free_port()
    server = await asyncio.start_server(joined, "127.0.0.1", port, ssl=context)
    try:
        yield port
    finally:
        server.close()
