"""An installation in this process that has memories: its API over real stores, with its workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from dragoman_catalog import Editor, ProjectSettings, Role
from dragoman_gateway.app import console_router, create_app
from dragoman_standalone.platform import Platform, at_work, opened
from dragoman_standalone.settings import StandaloneSettings

EDITOR = Editor(actor="test")
TIMEOUT_S = 300


@dataclass
class MemorySite:
    """The clients of an admin and of operators: of all projects, and of project `other` alone."""

    platform: Platform
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def memory(self, name: str = "Main", project: str = "default") -> str:
        answer = await self.admin.post("memories", json={"name": name, "project_code": project})
        assert answer.status_code == 201, answer.text
        return answer.json()["memory_id"]

    async def take_in(
        self, memory: str, data: bytes, *, dry_run: bool = False, **fields: str
    ) -> dict[str, Any]:
        """The rested job of an import."""
        answer = await self.admin.post(
            f"memories/{memory}/imports",
            files={"file": ("a.tmx", data)},
            data={"source_language": "en", "target_language": "de"} | fields,
            params={"dry_run": dry_run},
        )
        assert answer.status_code == 202, answer.text
        return await self.rested(answer.json()["job_id"])

    async def rested(self, job_id: str) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                job = (await self.admin.get(f"jobs/{job_id}")).json()
                if job["status"] not in ("queued", "in_progress", "reassembly_pending"):
                    return job
                await asyncio.sleep(0.2)

    async def report(self, job: dict[str, Any]) -> dict[str, Any]:
        """The import report of a job."""
        found = (await self.admin.get(f"jobs/{job['job_id']}/artifacts")).json()["items"]
        (one,) = [each for each in found if each["name"] == "import-report.json"]
        answer = await self.admin.get("http://localhost" + one["download_url"])
        return json.loads(answer.content)

    async def indexed(self, memory: str) -> dict[str, Any]:
        """The memory, once the search knows all its units."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                found = (await self.admin.get(f"memories/{memory}")).json()
                if found["indexed_count"] == found["unit_count"]:
                    return found
                await asyncio.sleep(0.2)

    async def search(self, memory: str, text: str, **more: str) -> list[dict[str, Any]]:
        query = {"q": text, "source_language": "en", "target_language": "de"} | more
        answer = await self.operator.get(f"memories/{memory}/search", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def memory_site(folder: Path, *, works: bool = True) -> AsyncGenerator[MemorySite]:
    """The site on a state folder; with `works` off nobody performs its jobs."""
    settings = StandaloneSettings(state_dir=folder, log_level="off", default_engine="pseudo")
    async with opened(settings) as platform:
        catalog = platform.ports.catalog
        if await catalog.projects.find("other") is None:
            await catalog.projects.create(
                EDITOR, _now(), code="other", name="Other", settings=ProjectSettings()
            )
        app = create_app(platform.ports, [console_router()])

        async def client(role: Role, *codes: str) -> httpx.AsyncClient:
            user = await catalog.users.ensure_first_admin(_now())
            made = await catalog.tokens.create(
                EDITOR, _now(), user_id=user.user_id, name="t", role=role, project_codes=codes
            )
            return httpx.AsyncClient(
                base_url="http://localhost/api/v1/",
                headers={"Authorization": f"Bearer {made.secret}"},
                transport=httpx.ASGITransport(app),
            )

        clients = [
            await client(Role.ADMIN),
            await client(Role.OPERATOR),
            await client(Role.OPERATOR, "other"),
        ]
        site = MemorySite(platform, *clients)
        try:
            if not works:
                yield site
                return
            async with at_work(platform, patience_s=60):
                yield site
        finally:
            for each in clients:
                await each.aclose()


def _now() -> datetime:
    return datetime.now(UTC)


def tmx(*pairs: tuple[str, str], extra: str = "") -> bytes:
    """A TMX of these pairs, en to de."""
    units = "".join(
        f'<tu tuid="{number}">{extra}<tuv xml:lang="en"><seg>{source}</seg></tuv>'
        f'<tuv xml:lang="de"><seg>{target}</seg></tuv></tu>\n'
        for number, (source, target) in enumerate(pairs)
    )
    head = '<header segtype="sentence" srclang="en" adminlang="en" o-tmf="x" datatype="xml"/>'
    return f'<?xml version="1.0"?>\n<tmx version="1.4">{head}<body>\n{units}</body></tmx>'.encode()
