"""A browser at the console, as tests use it: signing in, sending forms, and their CSRF tokens."""

from __future__ import annotations

import re
from uuid import UUID

import httpx

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def sign_in(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    token = csrf_of(await client.get("/console/sign-in"))
    return await client.post("/console/sign-in", data={"csrf_token": token, **fields})


def csrf_of(answer: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found
    return found[1]


async def act(client: httpx.AsyncClient, job_id: UUID, action: str) -> httpx.Response:
    token = csrf_of(await client.get("/console/new"))
    return await client.post(f"/console/jobs/{job_id}/{action}", data={"csrf_token": token})


async def submit(client: httpx.AsyncClient, *names: str, **fields: str) -> httpx.Response:
    form = {
        "source_language": "en",
        "target_language": "es",
        "project_code": "atlas",
        "domain_pack_code": "general",
    }
    contents = {
        name: b"PK" + name.encode() if name.endswith(".docx") else b"text" for name in names
    }
    files = [("file", (name, content, DOCX)) for name, content in contents.items()]
    token = csrf_of(await client.get("/console/new"))
    return await client.post(
        "/console/jobs", data={"csrf_token": token, **form, **fields}, files=files or None
    )
