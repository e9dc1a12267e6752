"""The private servers do what the tests that use them rely on: they die, come back,
and keep or lose their data.
"""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import aio_pika
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from servers.otlp import OtlpServer
from servers.postgres import PostgresServer
from servers.process import free_port, wait_until
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server


async def _publish(url: str, queue: str, body: bytes) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def _consume(url: str, queue: str) -> bytes:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(
            queue, durable=True, arguments={"x-queue-type": "quorum"}
        )
        async with declared.iterator(timeout=20) as messages:
            async for message in messages:
                await message.ack()
                return message.body
    raise AssertionError("the queue's consumer was cancelled")


async def _queue_exists(url: str, queue: str) -> bool:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        try:
            await channel.declare_queue(queue, passive=True)
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return False
        return True


async def test_a_confirmed_message_survives_the_kill_of_rabbitmq(rabbitmq: RabbitMqServer) -> None:
    await _publish(rabbitmq.url, "kept", b"once")
    rabbitmq.wait_until_queues_are_durable()
    port, pid = rabbitmq.port, rabbitmq.pid

    rabbitmq.kill()
    assert not rabbitmq.is_ready()
    rabbitmq.start()

    assert rabbitmq.port == port
    assert rabbitmq.pid != pid
    assert await _consume(rabbitmq.url, "kept") == b"once"


async def test_wiped_rabbitmq_comes_back_empty(rabbitmq: RabbitMqServer) -> None:
    await _publish(rabbitmq.url, "lost", b"once")
    assert await _queue_exists(rabbitmq.url, "lost")

    rabbitmq.wipe()

    assert not await _queue_exists(rabbitmq.url, "lost")


def test_rabbitmqctl_speaks_to_the_private_node(rabbitmq: RabbitMqServer) -> None:
    assert "guest" in rabbitmq.ctl("list_users")


@pytest.mark.parametrize(
    "end", [PostgresServer.kill, PostgresServer.stop_immediately, PostgresServer.stop]
)
def test_committed_rows_survive_every_end_of_postgres(
    postgres: PostgresServer, end: object
) -> None:
    url = postgres.create_database()
    database = url.rpartition("/")[2]
    postgres.execute("CREATE TABLE kept (n int)", database=database)
    postgres.execute("INSERT INTO kept VALUES (42)", database=database)

    assert callable(end)
    end(postgres)
    assert not postgres.is_ready()
    postgres.start()

    assert postgres.execute("SELECT n FROM kept", database=database) == "42"
    assert postgres.execute("SHOW fsync") == "on"
    postgres.drop_database(url)


def test_wiped_postgres_has_none_of_the_former_databases(postgres: PostgresServer) -> None:
    database = postgres.create_database().rpartition("/")[2]

    postgres.wipe()

    assert database not in postgres.execute("SELECT datname FROM pg_database")


def test_a_database_is_a_copy_of_its_template(postgres: PostgresServer) -> None:
    template = postgres.create_database()
    postgres.execute("CREATE TABLE migrated (n int)", database=template.rpartition("/")[2])

    copy = postgres.create_database(template.rpartition("/")[2])

    assert (
        postgres.execute("SELECT count(*) FROM migrated", database=copy.rpartition("/")[2]) == "0"
    )


def test_a_database_of_the_fixture_is_empty(postgres: PostgresServer, postgres_url: str) -> None:
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert postgres.execute(tables, database=postgres_url.rpartition("/")[2]) == "0"


def test_objects_survive_the_kill_of_s3(s3: S3Server, s3_bucket: str) -> None:
    s3.client().put_object(s3_bucket, "kept", io.BytesIO(b"bytes"), 5)

    s3.kill()
    assert not s3.is_ready()
    s3.start()

    assert s3.client().stat_object(s3_bucket, "kept").size == 5


def test_wiped_s3_has_no_buckets(s3: S3Server, s3_bucket: str) -> None:
    assert s3.client().bucket_exists(s3_bucket)

    s3.wipe()

    assert list(s3.client().list_buckets()) == []


def test_spans_arrive_with_the_service_that_sent_them(otlp: OtlpServer) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(otlp.traces_url)))
    tracer = provider.get_tracer("test")

    with (
        tracer.start_as_current_span("outer", attributes={"job_id": "j1"}),
        tracer.start_as_current_span("inner"),
    ):
        pass
    provider.shutdown()

    spans = otlp.wait_for_spans(lambda spans: len(spans) == 2)
    inner, outer = sorted(spans, key=lambda span: span.name)
    assert (outer.service, outer.name, outer.attributes) == ("gateway", "outer", {"job_id": "j1"})
    assert inner.trace_id == outer.trace_id
    assert inner.parent_span_id == outer.span_id
    assert outer.ended_ns >= inner.ended_ns > inner.started_ns


def test_free_ports_can_be_bound_and_differ() -> None:
    assert len({free_port() for _ in range(20)}) > 15


def test_a_server_dies_with_the_session_even_when_the_session_is_killed() -> None:
    session = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from servers.s3 import S3Server; s = S3Server(); s.start(); print(s.pid, s.folder, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert session.stdout is not None
    server_pid, folder = session.stdout.readline().decode().split()

    session.kill()
    session.communicate()

    wait_until(
        lambda: not _is_alive(int(server_pid)), timeout_s=10, what="the orphaned server to die"
    )
    shutil.rmtree(folder)


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
