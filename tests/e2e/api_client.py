"""A client of the API as a careful program would be: a token, an idempotency key each,
and patience with outages.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from dragoman_catalog import Catalog, Editor, Role
from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

Job = dict[str, Any]
_RETRY_S = 0.1
_LOOK_S = 0.4
_TIMEOUT_S = 30.0


async def first_token(database_url: str) -> str:
    """The secret of a token of the first admin,
    entered straight into the catalogue of a new installation.
    """
    engine = create_views_engine(sqlalchemy_url(database_url))
    catalog, now = Catalog(engine), datetime.now(UTC)
    admin = await catalog.users.ensure_first_admin(now)
    made = await catalog.tokens.create(
        Editor(actor="test", actor_name=""),
        now,
        user_id=admin.user_id,
        name="tests",
        role=Role.ADMIN,
    )
    await engine.dispose()
    return made.secret


class ApiClient:
    """Submits, follows and downloads; repeats what an outage cut off.
    `in_flight` are submissions without an answer.
    """

    def __init__(self, url: str, authorities: ssl.SSLContext | None = None) -> None:
        self.in_flight = 0
        self.repeated = 0
        verify = True if authorities is None else authorities
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, verify=verify)

    async def aclose(self) -> None:
        """Hang up."""
        await self._http.aclose()

    def sign_in(self, token: str) -> None:
        """Use this token from now on."""
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def until_ready(self) -> None:
        """Return when the gateway says that it can serve."""
        while True:
            try:
                if (await self._http.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(_RETRY_S)

    async def submit(
        self, name: str, content: bytes, *, traceparent: str | None = None, **fields: str
    ) -> Job:
        """Open a job from English into Russian,
        with the pseudo engine unless `fields` say otherwise; in the trace of `traceparent`.
        """
        form = {
            "project_code": "default",
            "domain_pack_code": "general",
            "source_language": "en",
            "target_language": "ru",
            "engine": "pseudo",
            "external_reference": name,
            **fields,
        }
        self.in_flight += 1
        try:
            response = await self._asked(
                "POST",
                "/api/v1/jobs",
                data=form,
                files={"file": (name, content)},
                headers={
                    "Idempotency-Key": name,
                    **({"traceparent": traceparent} if traceparent else {}),
                },
            )
        finally:
            self.in_flight -= 1
        assert response.status_code == 202, response.text
        return cast(Job, response.json())

    async def rested(self, job_id: str) -> Job:
        """The job once nothing of it moves any more."""
        while True:
            response = await self._asked("GET", f"/api/v1/jobs/{job_id}")
            assert response.status_code == 200, response.text
            job = cast(Job, response.json())
            if JobStatus(job["status"]) in RESTING:
                return job
            await asyncio.sleep(_LOOK_S)

    async def rerun(self, job_id: str) -> str:
        """Run a job's document again; the new job's id."""
        response = await self._asked("POST", f"/api/v1/jobs/{job_id}/rerun")
        assert response.status_code == 202, response.text
        return str(response.json()["job_id"])

    async def final_docx(self, job: Job) -> bytes:
        """The translated document, by the address that the job names."""
        url = next(
            each["download_url"] for each in job["artifacts"] if each["kind"] == "final_docx"
        )
        response = await self._asked("GET", url)
        assert response.status_code == 200, response.text
        return response.content

    async def ask_once(self, path: str) -> int:
        """The status of one answer; 0 where none came."""
        try:
            return (await self._http.get(path)).status_code
        except httpx.TransportError:
            return 0

    async def _asked(self, method: str, path: str, **options: Any) -> httpx.Response:
        while True:
            try:
                response = await self._http.request(method, path, **options)
            except httpx.TransportError:
                self.repeated += 1
            else:
                if response.status_code != 503:
                    return response
            await asyncio.sleep(_RETRY_S)
