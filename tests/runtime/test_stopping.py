"""A process that is told to stop ends in time, whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from dragoman_runtime.stopping import closed, ended
from servers.rabbitmq import RabbitMqServer

_LONGEST_S = 30.0


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost: list[str] = []

    async def loses_one() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append("one")
        await asyncio.Event().wait()

    task = asyncio.create_task(loses_one())
    await asyncio.sleep(0)
    with capture_logs() as lines:
        await ended([task])
    assert task.cancelled()
    assert lost == ["one"]
    assert [line["event"] for line in lines] == ["stop.waiting"]
    assert "loses_one at locks.py:" in lines[0]["waits_in"]
    assert "< test_stopping.py:" in lines[0]["waits_in"]


async def test_a_task_that_takes_no_cancellation_is_left_behind_and_named() -> None:
    is_let_go = False

    async def takes_none() -> None:
        while not is_let_go:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(takes_none())
    await asyncio.sleep(0)
    with capture_logs() as lines:
        await ended([task], 0.2)
    assert not task.done()
    assert lines[-1]["event"] == "stop.left_behind"
    assert "takes_none" in lines[-1]["waits_in"]
    is_let_go = True
    await ended([task])


async def test_the_errors_of_ended_tasks_are_looked_at_and_those_of_a_close_are_raised() -> None:
    async def fails() -> None:
        raise ValueError("of the task")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await ended([task])
    with pytest.raises(ValueError, match="of the task"):
        await closed(fails, 1)


async def test_a_store_closes_although_a_connection_is_never_given_back(postgres_url: str) -> None:
    await migrate_events(postgres_url)
    store = await PostgresEventStore.connect(postgres_url)
    held = await store.pool.acquire()
    began = time.monotonic()
    with capture_logs() as lines:
        await store.aclose()
    assert time.monotonic() - began < 15
    assert "store.connections_cut" in {line["event"] for line in lines}
    with pytest.raises(asyncpg.InterfaceError, match="released"):
        await held.execute("SELECT 1")


def test_a_service_ends_although_a_companion_and_a_connection_do_not(
    postgres_url: str, rabbitmq: RabbitMqServer, tmp_path: Path
) -> None:
    environment = {
        "DRAGOMAN_DATABASE_URL": postgres_url,
        "DRAGOMAN_AMQP_URL": rabbitmq.url,
        "DRAGOMAN_OBJECTS_URL": f"file://{tmp_path}",
    }
    status, lines = _told_to_stop("lossy", environment)
    said = {line["event"] for line in lines}
    assert status == 0, lines
    assert {"stop.waiting", "store.connections_cut"} <= said
    assert "stop.forced" not in said


@pytest.mark.parametrize("way", ["blocked", "endless"])
def test_a_process_that_does_not_end_in_time_ends_itself_and_says_what_it_waited_for(
    way: str,
) -> None:
    status, lines = _told_to_stop(way, {})
    forced = [line for line in lines if line["event"] == "stop.forced"]
    assert status == 1
    assert len(forced) == 1
    assert "stubborn_service.py:" in f"{forced[0]['at']} {forced[0]['waits_in']}"


def _told_to_stop(
    way: str, environment: Mapping[str, str]
) -> tuple[int, list[Mapping[str, object]]]:
    """The exit status and the log of a stubborn service that gets SIGTERM once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime.stubborn_service", way],
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if said:
            process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=_LONGEST_S)
        assert said == "ready\n", err
    finally:
        process.kill()
        process.wait()
    return process.returncode, [json.loads(line) for line in err.splitlines() if line[:1] == "{"]
