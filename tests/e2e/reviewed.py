"""A running `dragoman up` and a client of its API, for what is done with jobs in review."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from dragoman_contracts.vocabulary import RESTING, JobStatus
from dragoman_standalone.server_record import record_path
from e2e.browsing import Server

Json = dict[str, Any]
_LOOK_S = 0.1
_LONGEST_S = 900.0


class ReviewApi:
    """What reviewers ask of the API of a server."""

    def __init__(self, server: Server, token: str) -> None:
        self.server = server
        self.token = token
        self.http = httpx.Client(
            base_url=f"{server.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )

    def submit(self, name: str, document: bytes, **terms: str) -> str:
        """Open a job; its id, once nothing of it moves any more."""
        form = {"project_code": "default", "domain_pack_code": "general", **terms}
        answer = self.http.post("/jobs", data=form, files={"file": (name, document)})
        job_id: str = answer.raise_for_status().json()["job_id"]
        self.rested(job_id)
        return job_id

    def rested(self, job_id: str) -> Json:
        """The job once nothing of it moves any more."""
        end = time.monotonic() + _LONGEST_S
        while True:
            job = self.get(f"/jobs/{job_id}")
            if JobStatus(job["status"]) in RESTING:
                return job
            if time.monotonic() > end:
                raise TimeoutError(f"Job {job_id} is still {job['status']}.")
            time.sleep(_LOOK_S)

    def get(self, path: str, **query: Any) -> Json:
        """An answer."""
        found: Json = self.http.get(path, params=query).raise_for_status().json()
        return found

    def post(self, path: str, **body: Any) -> Json:
        """The answer to an act."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def units(self, job_id: str, **which: Any) -> list[Json]:
        """All units that a filter lets through."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(f"/jobs/{job_id}/units", limit=500, **which, **more)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def exported(self, job_id: str, format_: str) -> bytes:
        """The file of an export."""
        made = self.post(f"/jobs/{job_id}/exports", format=format_)
        return self.download(made["download_url"])

    def imported(self, job_id: str, data: bytes, **query: str) -> Json:
        """The report of an import."""
        answer = self.http.post(
            f"/jobs/{job_id}/imports", files={"file": ("back", data)}, params=query
        )
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def finish(self, job_id: str) -> bytes:
        """Close a review where it is not closed by itself; the document."""
        job = self.get(f"/jobs/{job_id}")
        if job["status"] == "needs_review":
            self.post(f"/jobs/{job_id}/review/finish")
        job = self.rested(job_id)
        assert job["status"] == "completed", job["status"]
        finals = [each for each in job["artifacts"] if each["kind"] == "final_docx"]
        return self.download(finals[-1]["download_url"])

    def download(self, url: str) -> bytes:
        """The bytes at an address that the API named."""
        address = url if url.startswith("http") else f"{self.server.url}{url}"
        return httpx.get(address, timeout=60).raise_for_status().content


@contextmanager
def reviewing(folder: Path, settings: Mapping[str, str] | None = None) -> Generator[ReviewApi]:
    """A server for the block."""
    server = Server(folder, settings)
    try:
        record = json.loads(record_path(folder).read_text(encoding="utf-8"))
        api = ReviewApi(server, record["token"])
        try:
            yield api
        finally:
            api.http.close()
    finally:
        server.stop()
