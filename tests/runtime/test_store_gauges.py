"""The gauges read from the store, and the alarms of the page that stand on them."""

from __future__ import annotations

import asyncio
import math
import re
import subprocess
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from contracts.streams import JOB, PROJECT, origin, submitted
from docs.pages import ROOT
from dragoman_contracts.pipeline import owed
from dragoman_contracts.vocabulary import Queue
from dragoman_runtime.eventstore import Append, Head, Jobs, Lease
from dragoman_runtime.eventstore.live_jobs import PostgresLiveJobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events
from dragoman_runtime.reconciler import Wake
from dragoman_runtime.store_gauges import StoreGauges
from runtime.workshop import SetClock
from servers.postgres import PostgresServer
from servers.process import require_binary

_PAGE = (ROOT / "docs/operate/observe.md").read_text(encoding="utf-8")


def value(name: str, **labels: str) -> float | None:
    """A sample of this process, as Prometheus would scrape it."""
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
async def store(postgres_url: str) -> AsyncGenerator[PostgresEventStore]:
    """An empty log."""
    await migrate_events(postgres_url)
    opened = await PostgresEventStore.connect(postgres_url, pool_size=4)
    yield opened
    await opened.aclose()


async def test_owed_work_is_counted_whoever_is_dead(
    store: PostgresEventStore, postgres: PostgresServer
) -> None:
    clock = SetClock()
    gauges = StoreGauges(store, clock, "intake")
    control = str(Queue.JOB_CONTROL)
    await gauges.look()
    assert value("dragoman_owed_work", queue=control, state="waiting") == 0
    assert value("dragoman_owed_oldest_seconds", queue=control) == 0
    assert value("dragoman_relay_lag_events", source="store") == 0
    assert value("dragoman_relay_oldest_seconds", source="store") == 0

    at = datetime.now(UTC)
    await store.commit([Append(JOB, PROJECT, Head(), (submitted(),), origin(), at)])
    await PostgresLiveJobs(store).wake([Wake(JOB, at)])
    clock.at = at + timedelta(seconds=90)
    await gauges.look()
    assert value("dragoman_owed_work", queue=control, state="waiting") == 1
    assert value("dragoman_owed_oldest_seconds", queue=control) == pytest.approx(90, abs=1)
    assert value("dragoman_relay_lag_events", source="store") == 1, "no relay has ever run"
    assert value("dragoman_relay_oldest_seconds", source="store") == pytest.approx(90, abs=1)

    (item,) = owed((await Jobs(store).load(JOB))[0])
    await store.commit(take=Lease(item.work_id, JOB, "one", timedelta(seconds=60)))
    await gauges.look()
    assert value("dragoman_owed_work", queue=control, state="held") == 1
    assert value("dragoman_owed_oldest_seconds", queue=control) == 0
    assert value("dragoman_store_connected", service="intake") == 1

    await asyncio.to_thread(postgres.stop)
    try:
        await gauges.look()
    finally:
        await asyncio.to_thread(postgres.start)
    assert value("dragoman_store_connected", service="intake") == 0
    assert math.isnan(value("dragoman_owed_oldest_seconds", queue=control) or 0)


_RAISING: Mapping[str, str] = {
    "DragomanWorkWaits": 'dragoman_owed_oldest_seconds{queue="qa"}: 0+10x60',
    "DragomanWorkParked": 'dragoman_parked_work{kind="preflight"}: 0x50 1x10',
    "DragomanDeadLetters": 'dragoman_dead_letters{source="store"}: 0x50 1x10',
    "DragomanRelayBehind": 'dragoman_relay_oldest_seconds{source="store"}: 0x20 0+10x40',
    "DragomanViewsBehind": 'dragoman_projection_lag_events{projection="jobs"}: 0x10 6000x50',
    "DragomanStoreAway": 'dragoman_store_connected{service="intake"}: 1x40 0x20',
    "DragomanBusAway": 'dragoman_bus_connected{server="mq:5672"}: 1x40 0x20',
    "DragomanWorkersVanish": 'dragoman_work_takeovers_total{kind="qa"}: 0x50 1x10',
    "DragomanGatewayFails": 'dragoman_http_requests_total{status="5xx"}: 0x20 1+1x40',
    "DragomanAnswersBurnBudget": 'dragoman_http_requests_total{status="5xx"}: 0x20 1+1x40',
    "DragomanLateWorkBurnsBudget": 'dragoman_queue_age_seconds_bucket{le="60.0"}: 0x60'
    "; dragoman_queue_age_seconds_count: 0x20 1+1x40",
}
"""For each alarm of the page the series that raise it, a sample every 10 s: right at first, then
as they are in trouble.
"""


def test_each_alarm_of_the_page_is_raised_by_its_trouble_and_by_nothing_before(
    tmp_path: Path,
) -> None:
    promtool = require_binary(["promtool"], "prometheus")
    block = re.search(r"^```yaml\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    (tmp_path / "rules.yml").write_text(block[1])
    alarms = re.findall(r"alert: (\w+)", block[1])
    assert set(alarms) == set(_RAISING)

    tests = ["rule_files: [rules.yml]", "evaluation_interval: 10s", "tests:"]
    for name, series in _RAISING.items():
        given = [each.rpartition(": ") for each in series.split("; ")]
        tests += [
            "  - interval: 10s",
            "    input_series:",
            *(
                f"      - {{series: '{metric}', values: '{samples}'}}"
                for metric, _, samples in given
            ),
            "    promql_expr_test:",
            f'      - {{expr: \'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)\', '
            "eval_time: 100s, exp_samples: [{labels: '{}', value: 0}]}",
            f'      - {{expr: \'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)\', '
            "eval_time: 590s, exp_samples: [{labels: '{}', value: 1}]}",
        ]
    (tmp_path / "tests.yml").write_text("\n".join(tests) + "\n")
    done = subprocess.run(
        [promtool, "test", "rules", "tests.yml"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
