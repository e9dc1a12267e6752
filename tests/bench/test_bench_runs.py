"""The bench gives each of its tables at the smallest size.
What the figures are is for `make bench` to say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import (
    bus,
    docx_files,
    large_jobs,
    lifecycle,
    memory,
    memory_index,
    replay,
    resume,
    reviews,
    slow_engine,
)
from bench.scale import Scale
from bench.services import Servers
from bench.tables import Table
from dragoman_exchange import ExchangeFormat
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer
from servers.s3 import S3Server

pytestmark = pytest.mark.slow

SMALLEST = Scale(
    jobs=3,
    runs=1,
    seconds=0,
    in_flight=(2,),
    keeping_outcomes=(True,),
    projected_jobs=2,
    replayed_jobs=3,
    batches=(3,),
    spread=(3,),
    live_jobs=5,
    messages=20,
    model_calls=2,
    model_latency_s=0.01,
    paragraphs=(3,),
    corpus_files=0,
)


@pytest.fixture
def bench_servers(postgres: PostgresServer, rabbitmq: RabbitMqServer, s3: S3Server) -> Servers:
    return Servers(postgres, rabbitmq, s3)


def rows_of(table: Table) -> list[str]:
    """What each row is about, with every figure of it above zero or not given."""
    for row in table.rows:
        assert all(cell is None or isinstance(cell, str) or cell >= 0 for cell in row), row
    return [str(row[0]) for row in table.rows]


async def test_noop_phases_are_measured_beside_the_same_steps_of_others(
    bench_servers: Servers,
) -> None:
    table = await lifecycle.noop_table(SMALLEST, bench_servers)
    others = ["procrastinate, six chained", "celery, six chained"]
    assert rows_of(table) == [
        "one process, stored",
        "services, stored",
        "services, one worker, stored",
        *others,
    ]


async def test_phases_of_every_shape_are_measured(bench_servers: Servers) -> None:
    table = await large_jobs.phases_table(SMALLEST, bench_servers)
    assert rows_of(table) == ["one process", "services"]


async def test_a_message_is_measured_beside_the_libraries_under_the_bus(
    bench_servers: Servers,
) -> None:
    table = await bus.bus_table(SMALLEST, bench_servers)
    assert rows_of(table) == ["Dragoman's bus", "aio-pika alone", "FastStream alone"]


async def test_replay_is_measured_on_both_databases(postgres: PostgresServer) -> None:
    table = await replay.replay_table(SMALLEST, postgres)
    assert rows_of(table) == ["SQLite"] * 8 + ["PostgreSQL"] * 8


async def test_large_jobs_are_measured_in_one_process_and_as_services(
    bench_servers: Servers,
) -> None:
    table = await large_jobs.batches_table(SMALLEST, bench_servers)
    assert rows_of(table) == ["one process", "services"]


async def test_a_resume_sends_the_work_of_every_live_job_each_time(bench_servers: Servers) -> None:
    table = await resume.resume_table(SMALLEST, bench_servers)
    assert [row[:2] for row in table.rows] == [("first", 5), ("second", 5)]


async def test_a_document_is_measured_against_the_engine_s_latency() -> None:
    table = await slow_engine.engine_table(SMALLEST)
    calls = [row[0] for row in table.rows if isinstance(row[0], int)]
    # A batch that begins before the pace is known takes more.
    assert [calls[0] >= 2, calls[1] >= 8] == [
        True,
        True,
    ]


def test_memory_is_measured_of_every_process_over_the_whole_log() -> None:
    table = memory.memory_table(45)
    assert [row[:2] for row in table.rows] == [(role, 45) for role in memory.ROLES]


def test_documents_are_measured_against_the_floor() -> None:
    assert rows_of(docx_files.documents_table(SMALLEST)) == ["3 paragraphs"]


def test_a_table_aligns_numbers_to_the_right() -> None:
    table = Table("Title", ("name", "figure"), "Note.")
    table.add("a", 1234.5)
    table.add("long", None)
    assert str(table).splitlines() == [
        "Title",
        "Note.",
        "  name  figure",
        "  a      1,234",
        "  long       -",
    ]


def test_every_format_of_review_files_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    table = reviews.reviews(units=3)
    assert [row[0] for row in table.rows] == [str(each) for each in ExchangeFormat]


def test_the_memory_index_can_be_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory_index, "CORPUS", tmp_path)
    [row] = memory_index.memory_table(200, queries=12).rows
    assert row[0] == 200
