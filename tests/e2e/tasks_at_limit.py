"""Objects with AI tasks over several worker processes, against a provider with a limit of calls at
once; the provider counts.

    python -m e2e.tasks_at_limit                                   # 500 objects × 4 tasks, 3 workers, limit 2
    python -m e2e.tasks_at_limit --objects 60 --latency 0.3 --kill

Never more calls may be at once at the provider than its limit, and each question is asked once;
with `--kill` a worker is killed on the way, and at most its calls under way are asked again. Prints
the time against calls × latency / limit. Exits with 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import SecretStr
from typing_extensions import override

from contracts import streams as s
from dragoman_catalog import Catalog, Editor, KeySeal, ModelEntry, ProviderEntry, migrate_catalog
from dragoman_contracts.ai import FIELDS_INPUT
from dragoman_contracts.events import JobRules, JobSubmitted
from dragoman_contracts.models import ApiKind, Category
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.references import JSON_MEDIA_TYPE, NamedObject
from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, Head, Jobs
from dragoman_runtime.eventstore.postgres import PostgresEventStore
from dragoman_runtime.migrations.run import migrate_events, sqlalchemy_url
from dragoman_runtime.objects.files import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from e2e.installation import MODULES, Installation, ServiceProcess, service_settings
from models.faithful.base import KEY, Answered, Asked
from models.faithful.openai import OpenAiServer
from servers.postgres import PostgresServer
from servers.rabbitmq import RabbitMqServer

_ENCRYPTION_KEY = "tasks-at-limit-tasks-at-limit-tasks"
_TASKS = 4
_SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


class SteadyServer(OpenAiServer):
    """A provider whose every answer takes the same time."""

    def __init__(self, latency_s: float) -> None:
        super().__init__()
        self.latency_s = latency_s

    @override
    def answer(self, asked: Asked) -> Answered:
        time.sleep(self.latency_s)
        return super().answer(asked)


@dataclass(frozen=True)
class Plan:
    """How much there is to do, and how."""

    objects: int
    latency_s: float
    workers: int
    limit: int
    concurrency: int
    kill: bool


async def prepare(
    url: str, objects: FileObjectStore, server: SteadyServer, plan: Plan
) -> list[Append]:
    """The catalogue with the provider, and a job for each object."""
    await migrate_events(url)
    await migrate_catalog(url)
    engine = create_views_engine(sqlalchemy_url(url))
    catalog = Catalog(engine, KeySeal(_ENCRYPTION_KEY.encode()))
    now, editor = datetime.now(UTC), Editor(actor="test")
    # A limit of 2 is what a provider has that sets none.
    limit = None if plan.limit == 2 else plan.limit
    entry = ProviderEntry(
        name="Steady", api_kind=ApiKind.OPENAI, base_url=server.base_url, max_concurrent_calls=limit
    )
    provider = await catalog.providers.create(editor, now, entry, SecretStr(KEY))
    model = ModelEntry(
        provider_id=provider.provider_id,
        model_name="gpt-good",
        category=Category.LLM,
        is_default_in_category=True,
    )
    await catalog.models.create(editor, now, model)
    await engine.dispose()
    files = [
        NamedObject(
            name=f"prompts/{n}",
            object=await objects.put(
                s.PROJECT, f"Task {n} of {{{{title}}}}".encode(), "text/plain"
            ),
        )
        for n in range(_TASKS)
    ]
    schema = await objects.put(s.PROJECT, json.dumps(_SCHEMA).encode(), JSON_MEDIA_TYPE)
    files.append(NamedObject(name="schemas/answer", object=schema))
    tasks = [
        {"name": f"t{n}", "prompt_file": f"prompts/{n}", "schema_file": "schemas/answer"}
        for n in range(_TASKS)
    ]
    phase = Phase.model_validate(
        {"name": "extraction", "kind": "ai_tasks", "config": {"tasks": tasks}, "files": files}
    )
    pipeline = Pipeline(name="at-limit", phases=(phase,))
    appends: list[Append] = []
    for number in range(plan.objects):
        fields = json.dumps({"title": f"object {number}"}).encode()
        ref = await objects.put(s.PROJECT, fields, JSON_MEDIA_TYPE)
        first = JobSubmitted(
            inputs=(NamedObject(name=FIELDS_INPUT, object=ref),),
            pipeline=pipeline,
            rules=JobRules(),
            request_digest=s.ref(f"request {number}").digest,
            first_kind=first_kind(pipeline),
            first_phase=phase.key,
        )
        appends.append(
            Append(uuid4(), s.PROJECT, Head(), (first,), s.origin(), SystemClock().now())
        )
    return appends


async def run(plan: Plan, folder: Path, postgres: PostgresServer, rabbit: RabbitMqServer) -> bool:
    """Do it all and say how it went; whether everything held."""
    url = postgres.create_database()
    objects = FileObjectStore(folder / "objects")
    await objects.open()
    with SteadyServer(plan.latency_s) as server:
        appends = await prepare(url, objects, server, plan)
        environment = service_settings(
            url, rabbit.url, {"DRAGOMAN_OBJECTS_URL": f"file://{folder / 'objects'}"}
        ) | {
            "DRAGOMAN_ENCRYPTION_KEY": _ENCRYPTION_KEY,
            "DRAGOMAN_PRIVATE_PROVIDERS": "127.0.0.1",
            "DRAGOMAN_CONCURRENCY": str(plan.concurrency),
            "DRAGOMAN_PROCESSES": "0",
            "DRAGOMAN_LEASE_S": "10",
            "DRAGOMAN_HEARTBEAT_S": "3",
        }
        installation = Installation(folder, environment, ("relay", "intake"))
        workers = [
            ServiceProcess(
                f"extract-{n}", environment, folder / f"extract-{n}.log", ("-m", MODULES["extract"])
            )
            for n in range(plan.workers)
        ]
        store = await PostgresEventStore.connect(url)
        try:
            installation.start()
            for worker in workers:
                worker.start()
            for append in appends:
                await store.commit([append])
            began, done = await _watched(store, appends, server, workers, plan)
        finally:
            for worker in workers:
                worker.kill()
            installation.stop()
            await store.aclose()
        await objects.close()
        return _told(server, plan, began, done)


async def _watched(
    store: PostgresEventStore,
    appends: list[Append],
    server: SteadyServer,
    workers: list[ServiceProcess],
    plan: Plan,
) -> tuple[float, float]:
    """When the first call came and the last job was done; a worker is killed on the way."""
    calls = plan.objects * _TASKS
    deadline = time.monotonic() + 120 + 3 * calls * plan.latency_s / plan.limit
    began, is_killed = 0.0, not plan.kill
    jobs = Jobs(store)
    left: list[UUID] = [each.stream_id for each in appends]
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        if not began and server.seen:
            began = time.monotonic()
        if not is_killed and len(server.seen) >= calls // 3:
            await asyncio.to_thread(workers[0].kill)
            workers[0].start()
            is_killed = True
        if len(server.seen) < calls - 4 * plan.limit and len(server.seen) % 50:
            continue
        undone: list[UUID] = []
        for job_id in left:
            if (await jobs.load(job_id))[0].status is not JobStatus.COMPLETED:
                undone.append(job_id)
        left = undone
    if left:
        sys.stdout.write(f"WRONG: {len(left)} objects are not done\n")
    return began, time.monotonic() if not left else float("inf")


def _told(server: SteadyServer, plan: Plan, began: float, done: float) -> bool:
    calls = plan.objects * _TASKS
    asked = Counter(json.dumps(each.body["messages"]) for each in server.seen)
    again = sum(asked.values()) - len(asked)
    most_again = plan.limit if plan.kill else 0
    ideal_s, took_s = calls * plan.latency_s / plan.limit, done - began
    sys.stdout.write(
        f"{plan.objects} objects × {_TASKS} tasks, {plan.workers} workers, limit {plan.limit}, "
        f"{plan.latency_s:g} s a call{', one worker killed' if plan.kill else ''}\n"
        f"most calls at once at the provider: {server.most_at_once} (limit {plan.limit})\n"
        f"questions asked: {len(asked)} of {calls}; asked again: {again} (at most {most_again})\n"
        f"time: {took_s:.1f} s; calls × latency / limit: {ideal_s:.1f} s; ratio {took_s / ideal_s:.3f}\n"
    )
    return (
        server.most_at_once <= plan.limit
        and len(asked) == calls
        and again <= most_again
        and took_s != float("inf")
    )


def main() -> None:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--limit", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--kill", action="store_true")
    asked = parser.parse_args()
    plan = Plan(
        asked.objects, asked.latency, asked.workers, asked.limit, asked.concurrency, asked.kill
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        servers = (PostgresServer(), RabbitMqServer())
        for server in servers:
            server.start()
            stack.callback(server.close)
        is_well = asyncio.run(run(plan, folder, *servers))
        if not is_well:
            for log in sorted(folder.glob("*.log")):
                tail = log.read_text(errors="replace").splitlines()[-6:]
                sys.stdout.write(f"--- {log.name}\n" + "\n".join(tail) + "\n")
    raise SystemExit(0 if is_well else 1)


if __name__ == "__main__":
    main()
