"""`dragoman worker all`: the relay and every worker service in one process, beside the gateway."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest

from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from e2e.api_client import ApiClient, first_token
from e2e.documents import own_document, some_documents
from e2e.installation import TOGETHER, WORKERS, Installation
from e2e.under_fire import services_under_fire
from servers.otlp import OtlpServer
from servers.process import free_port

_TIMEOUT_S = 240
_OF_DOCUMENTS = {*WORKERS} - {"index"}  # who translates a document


@pytest.mark.slow
async def test_documents_survive_the_death_of_the_one_worker_byte_by_byte(
    tmp_path: Path, service_environment: dict[str, str]
) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        documents = some_documents(own=8, corpus=4)
        seen = await services_under_fire(
            service_environment, tmp_path, documents, processes=TOGETHER
        )

    assert sorted(kill.service for kill in seen.kills) == sorted(TOGETHER)
    assert all(kill.at_work_on for kill in seen.kills)
    assert seen.differing == []
    assert len(seen.completed) == len(seen.ends)
    assert not seen.failures, "a killed worker's work is not a failed attempt"


async def test_each_service_is_told_apart_in_events_log_lines_and_metrics(
    tmp_path: Path, service_environment: dict[str, str], otlp: OtlpServer
) -> None:
    port = free_port()
    environment = {
        **service_environment,
        "DRAGOMAN_OTLP_ENDPOINT": otlp.url,
        "DRAGOMAN_CONCURRENCY": "2",
    }
    installation = Installation(tmp_path, environment, TOGETHER)
    installation.processes["all"].environment["DRAGOMAN_METRICS_PORT"] = str(port)
    installation.start()
    client = ApiClient(f"http://127.0.0.1:{environment['DRAGOMAN_HTTP_PORT']}")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await client.until_ready()
            client.sign_in(await first_token(environment["DRAGOMAN_DATABASE_URL"]))
            jobs = [
                await client.submit(f"order-{each}.docx", own_document(each)) for each in range(4)
            ]
            ends = [await client.rested(job["job_id"]) for job in jobs]
        metrics = await asyncio.to_thread(_metrics, port)
        actors = await _actors(environment["DRAGOMAN_DATABASE_URL"])
    finally:
        await client.aclose()
        statuses = await asyncio.to_thread(installation.stop)

    assert {end["status"] for end in ends} == {JobStatus.COMPLETED}
    assert statuses == dict.fromkeys(TOGETHER, 0)
    assert {
        actor.removeprefix("service:") for actor in actors if actor.startswith("service:")
    } == _OF_DOCUMENTS
    lines = _lines(installation.processes["all"].log)
    done = Counter(
        (line["service"], line["event"]) for line in lines if line.get("outcome") == "done"
    )
    assert {service for service, _ in done} == _OF_DOCUMENTS
    assert all(event.startswith(f"{service}.") for service, event in done)
    assert done["translate", "translate.translation_batch"] == 4 * 3
    assert {f'service="{name}"' for name in ("relay", *WORKERS)} == {
        label
        for line in metrics.splitlines()
        if line.startswith("dragoman_build_info{")
        for label in line.partition("{")[2].partition("}")[0].split(",")
        if label.startswith("service=")
    }
    assert 'dragoman_stage_duration_seconds_count{kind="qa",outcome="done"} 4.0' in metrics
    names = {
        span.name
        for span in otlp.wait_for_spans(
            lambda found: len({span.name for span in found}) > len(WORKERS)
        )
    }
    assert {name.partition(".")[0] for name in names if "." in name} == _OF_DOCUMENTS


async def test_services_share_a_process_by_a_comma_and_each_word_is_one_process(
    tmp_path: Path, service_environment: dict[str, str]
) -> None:
    """Relay and intake, extract and qa, and the others alone:
    five processes that do the work of eight.
    """
    words = ("relay,intake", "extract,qa", "translate", "reassemble,index", "gateway")
    installation = Installation(tmp_path, service_environment, words)
    installation.start()
    client = ApiClient(f"http://127.0.0.1:{service_environment['DRAGOMAN_HTTP_PORT']}")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await client.until_ready()
            client.sign_in(await first_token(service_environment["DRAGOMAN_DATABASE_URL"]))
            job = await client.submit("order.docx", own_document(1))
            assert (await client.rested(job["job_id"]))["status"] == JobStatus.COMPLETED
    finally:
        await client.aclose()
        statuses = await asyncio.to_thread(installation.stop)
    assert set(statuses.values()) == {0}, installation.logs()
    logs = {word: _lines(installation.processes[word].log) for word in words}
    assert {
        word: {line["service"] for line in lines if "work_id" in line}
        for word, lines in logs.items()
    } == {
        "relay,intake": {"intake"},
        "extract,qa": {"extract", "qa"},
        "translate": {"translate"},
        "reassemble,index": {"reassemble"},
        "gateway": set(),
    }


def _lines(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines()
    return [cast("dict[str, Any]", json.loads(line)) for line in lines if line.startswith("{")]


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return cast(str, answer.read().decode())


async def _actors(database: str) -> set[str]:
    store = await PostgresEventStore.connect(database, pool_size=1)
    try:
        return {each.recorded.origin.actor for each in await store.tail(0, limit=1000)}
    finally:
        await store.aclose()
