"""People's work survives a process that dies at any step: `python -m e2e.killed_review [ACT…]`.

For each act (an export, an import, finishing a review, a retranslation) a process with gateway and
worker is killed with SIGKILL before and after each of its writes in turn: each object, each pointer,
each commit of the log and of the catalogue. Another process then does what a person and the
reconciler would: it asks again where no answer came, and does what is owed. All must be as it is
without a kill: each text, its past, each artifact, each event, each call of an engine. Printed is a
line for each act; the exit status is 1 where something was lost or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from docx import Document
from typing_extensions import override

import dragoman_extract.app
import dragoman_intake.app
import dragoman_qa.app
import dragoman_reassemble.app
import dragoman_translate.app
from dragoman_catalog import Catalog, KeySeal, Role, migrate_catalog
from dragoman_contracts.pipeline import owed
from dragoman_contracts.references import ObjectRef
from dragoman_gateway.app import create_app, serving
from dragoman_gateway.desks import GatewayPorts
from dragoman_runtime.bus import Delivery
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import Append, Jobs, Lease, Stored
from dragoman_runtime.eventstore.sqlite import SqliteEventStore
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.objects import FileObjectStore
from dragoman_runtime.projection import create_views_engine
from dragoman_runtime.settings import TelemetrySettings
from dragoman_runtime.telemetry.logging import configure_logging
from dragoman_runtime.worker import Worker, WorkerIdentity, WorkerLimits, WorkerPorts
from dragoman_translate.adapters.configured import ConfiguredEngines
from dragoman_translate.settings import EngineSettings
from services.gateway.desks import OPTIONS, RULES, SIGNING_KEY, TESTER

Json = dict[str, Any]
_SENTENCES = ("The price is 14 euros.", "The customer pays within 30 days.", "Contract")
_CORRECTED = "Цена составляет 14 евро."
_TIMEOUT_S = 60.0


class Steps:
    """Counts the writes of this process, and kills it at one: `at` counts from 1, 0 is none."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.names: list[str] = []
        self.is_counting = False

    def passing(self, name: str) -> None:
        """A write that is about to be, or has just been."""
        if self.is_counting:
            self.names.append(name)
            if len(self.names) == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


class _Store(SqliteEventStore):
    steps: Steps

    @override
    async def commit(
        self,
        appends: Any = (),
        *,
        take: Lease | None = None,
        release: Lease | None = None,
    ) -> tuple[Stored, ...]:
        given: tuple[Append, ...] = tuple(appends)
        what = "append" if given else "lease"
        self.steps.passing(f"before {what}")
        stored = await super().commit(given, take=take, release=release)
        self.steps.passing(f"after {what}")
        return stored


class _Objects(FileObjectStore):
    steps: Steps

    @override
    async def put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        self.steps.passing("before object")
        ref = await super().put(project_id, data, media_type)
        self.steps.passing("after object")
        return ref

    @override
    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        self.steps.passing("before pointer")
        held = await super().put_pointer(project_id, fingerprint, ref)
        self.steps.passing("after pointer")
        return held


@dataclass
class Shop:
    """A gateway that serves, and a worker of all services, over the files of a folder."""

    folder: Path
    http: httpx.AsyncClient
    store: _Store
    objects: _Objects
    steps: Steps

    @property
    def job_id(self) -> UUID:
        """The job under review."""
        return UUID((self.folder / "job").read_text())

    @property
    def path(self) -> str:
        """Its address."""
        return f"/api/v1/jobs/{self.job_id}"

    async def get(self, path: str, **query: Any) -> Json:
        """An answer."""
        found: Json = (await self.http.get(path, params=query)).raise_for_status().json()
        return found

    async def units(self) -> list[Json]:
        """The units, each with its past."""
        items: list[Json] = (await self.get(f"{self.path}/units", limit=500))["items"]
        return [
            await self.get(f"{self.path}/units/{quote(each['unit_id'], safe='')}") for each in items
        ]

    async def work(self, job_id: UUID) -> None:
        """Do all that the job owes."""
        engines = ConfiguredEngines(EngineSettings())
        tasks = (
            *dragoman_intake.app.tasks(),
            *dragoman_extract.app.tasks(),
            *dragoman_translate.app.tasks(engines),
            *dragoman_qa.app.tasks(),
            *dragoman_reassemble.app.tasks(),
        )
        ports = WorkerPorts(self.store, self.objects, SystemClock())
        worker = Worker(tasks, ports, WorkerIdentity("all", str(os.getpid()), "test"), _limits())
        worker.start()
        while items := owed((await Jobs(self.store).load(job_id))[0]):
            for item in items:
                await worker.receive(Delivery(item, None))
            await asyncio.sleep(0.02)
        await worker.stop()
        await engines.aclose()


def _limits() -> WorkerLimits:
    from datetime import timedelta

    return WorkerLimits(lease=timedelta(seconds=1), heartbeat=timedelta(seconds=0.3))


@asynccontextmanager
async def shop_in(folder: Path, steps: Steps) -> AsyncGenerator[Shop]:
    """Open what lies in the folder; a new folder gets an installation."""
    url, token = f"sqlite:///{folder}/views.db", folder / "token"
    if not token.exists():
        await migrate_catalog(url)
    store, objects = _Store(folder / "events.db"), _Objects(folder / "objects")
    store.steps = objects.steps = steps
    await objects.open()
    engine = create_views_engine(sqlalchemy_url(url))
    catalog = Catalog(engine, KeySeal(SIGNING_KEY))
    if not token.exists():
        now = SystemClock().now()
        admin = await catalog.users.ensure_first_admin(now)
        made = await catalog.tokens.create(
            TESTER, now, user_id=admin.user_id, name="test", role=Role.ADMIN, project_codes=()
        )
        token.write_text(made.secret)
    ports = GatewayPorts(
        store=store,
        objects=objects,
        views=engine,
        catalog=catalog,
        rules=RULES,
        signing_key=SIGNING_KEY,
        options=OPTIONS,
        dead_letters=None,
    )
    async with serving(create_app(ports, []), "127.0.0.1", 0) as port:
        headers = {"Authorization": f"Bearer {token.read_text()}"}
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=_TIMEOUT_S) as http:
            yield Shop(folder, http, store, objects, steps)
    await engine.dispose()
    await store.aclose()


async def prepared(folder: Path) -> None:
    """A document translated by pseudo, its review open."""
    document = Document()
    for each in _SENTENCES:
        document.add_paragraph(each)
    buffer = io.BytesIO()
    document.save(buffer)
    async with shop_in(folder, Steps()) as shop:
        form = {
            "project_code": "default",
            "domain_pack_code": "general",
            "source_language": "en",
            "target_language": "ru",
            "engine": "pseudo",
        }
        files = {"file": ("contract.docx", buffer.getvalue())}
        answer = await shop.http.post("/api/v1/jobs", data=form, files=files)
        job_id = answer.raise_for_status().json()["job_id"]
        (folder / "job").write_text(job_id)
        await shop.work(UUID(job_id))
        if (await shop.get(shop.path))["status"] == "completed":
            (await shop.http.post(f"{shop.path}/review/open")).raise_for_status()


async def with_tmx(folder: Path) -> None:
    """The review exported, with a TMX that somebody corrected."""
    async with shop_in(folder, Steps()) as shop:
        first = next(each for each in await shop.units() if each["source"] == _SENTENCES[0])
        made = await shop.http.post(f"{shop.path}/tmx-export")
        got = await shop.http.get(made.raise_for_status().json()["download_url"])
        corrected = got.content.replace(first["target"].encode(), _CORRECTED.encode())
        assert corrected != got.content
        (folder / "back.tmx").write_bytes(corrected)


Act = Callable[[Shop], Awaitable[httpx.Response]]


async def _tmx_out(shop: Shop) -> httpx.Response:
    return await shop.http.post(f"{shop.path}/tmx-export")


async def _xliff_out(shop: Shop) -> httpx.Response:
    return await shop.http.post(f"{shop.path}/exports", json={"format": "xliff-2.1"})


async def _table_out(shop: Shop) -> httpx.Response:
    return await shop.http.post(f"{shop.path}/exports", json={"format": "bilingual-docx"})


async def _tmx_in(shop: Shop) -> httpx.Response:
    files = {"file": ("back.tmx", (shop.folder / "back.tmx").read_bytes())}
    return await shop.http.post(f"{shop.path}/tmx-import", files=files)


async def _finished(shop: Shop) -> httpx.Response:
    return await shop.http.post(f"{shop.path}/review/finish", json={"as_they_are": True})


async def _again(shop: Shop) -> httpx.Response:
    unit_ids = [each["unit_id"] for each in (await shop.get(f"{shop.path}/units"))["items"]]
    body = {"unit_ids": unit_ids, "engine": "identity"}
    return await shop.http.post(f"{shop.path}/units/retranslate", json=body)


ACTS: dict[str, Act] = {
    "tmx-export": _tmx_out,
    "export xliff-2.1": _xliff_out,
    "export bilingual-docx": _table_out,
    "tmx-import": _tmx_in,
    "finish": _finished,
    "units/retranslate": _again,
}
"""What people ask for, by name. What a worker owes then is done behind it."""


async def acted(folder: Path, name: str, at: int) -> None:
    """Do an act and the work behind it, and die at a step; without one, leave the steps' names."""
    steps = Steps(at)
    async with shop_in(folder, steps) as shop:
        steps.is_counting = True
        answer = await ACTS[name](shop)
        answer.raise_for_status()
        (folder / "answered").touch()
        await shop.work(shop.job_id)
        steps.is_counting = False
    (folder / "steps").write_text("\n".join(steps.names))


async def recovered(folder: Path, name: str) -> None:
    """Ask again where no answer came, do what is owed, and leave what is there now."""
    async with shop_in(folder, Steps()) as shop:
        if not (folder / "answered").exists():
            answer = await ACTS[name](shop)
            # 409: it was done, and only its answer was lost.
            assert answer.is_success or answer.status_code == 409, answer.text
        await shop.work(shop.job_id)
        facts = await facts_of(shop)
    (folder / "facts").write_text(json.dumps(facts, sort_keys=True, ensure_ascii=False, indent=1))


async def facts_of(shop: Shop) -> Json:
    """All that may be lost or be there twice."""
    job = await shop.get(shop.path)
    stored = await shop.store.read(shop.job_id)
    types = Counter(each.recorded.type for each in stored)
    calls = [ref.digest for each in stored for ref in getattr(each.recorded.data, "calls", ())]
    return {
        "status": job["status"],
        "units": [
            [unit["target"], unit["stage"], unit["verification_state"], len(unit["history"])]
            for unit in await shop.units()
        ],
        "artifacts": sorted(f"{each['kind']} {each['sha256']}" for each in job["artifacts"]),
        "events": {name: count for name, count in types.items() if name not in _MAY_REPEAT},
        "calls": len(calls),
        "calls twice": len(calls) - len(set(calls)),
    }


_MAY_REPEAT = frozenset({"phase.started"})
"""Events that say that work began: it begins again after a kill."""


def in_a_child(work: Coroutine[Any, Any, None]) -> int:
    """Run it in a process of its own; minus the signal that killed it, else its exit status."""
    child = os.fork()
    if child:
        work.close()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        asyncio.run(work)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _copied(template: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder


def killed_at_each_step(root: Path, template: Path, name: str) -> list[str]:
    """Kill at each step of an act in turn; the steps whose end was another than without a kill."""
    calm = _copied(template, root / "calm")
    if in_a_child(acted(calm, name, 0)) or in_a_child(recovered(calm, name)):
        return ["without a kill"]
    wanted = json.loads((calm / "facts").read_text())
    steps = (calm / "steps").read_text().split("\n")
    wrong: list[str] = []
    for number, step in enumerate(steps, 1):
        folder = _copied(template, root / "killed")
        died = in_a_child(acted(folder, name, number))
        if died not in (0, -signal.SIGKILL):
            wrong.append(f"{number} {step}: exit {died}")
            continue
        if in_a_child(recovered(folder, name)):
            wrong.append(f"{number} {step}: cannot go on")
            continue
        found = json.loads((folder / "facts").read_text())
        wrong += [
            f"{number} {step}: {key} {found[key]} and not {wanted[key]}"
            for key in wanted
            if found[key] != wanted[key]
        ]
    told = ", ".join(f"{count} {step}" for step, count in Counter(steps).items())
    sys.stdout.write(f"{name:24} {len(steps):3} kills  {len(wrong):2} wrong   {told}\n")
    for each in wrong:
        sys.stdout.write(f"    {each}\n")
    sys.stdout.flush()
    return wrong


def main() -> int:
    """Kill at each step of the named acts; 1 where something is lost or done twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("acts", nargs="*", choices=[[], *ACTS], metavar="ACT")
    names = parser.parse_args().acts or list(ACTS)
    configure_logging(TelemetrySettings(log_level="off"), "killed_review")
    with tempfile.TemporaryDirectory() as given:
        root, template = Path(given), Path(given) / "template"
        template.mkdir()
        if in_a_child(prepared(template)):
            return 1
        exported = _copied(template, root / "exported")
        if in_a_child(with_tmx(exported)):
            return 1
        wrong = [
            each
            for name in names
            for each in killed_at_each_step(
                root, exported if name == "tmx-import" else template, name
            )
        ]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
