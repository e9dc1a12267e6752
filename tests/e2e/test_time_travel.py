"""A job's past is what it was: an observer notes every state it meets,
and each is found again by its number.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from dragoman_standalone.server_record import ServerRecord, record_path
from e2e.command_line import dragoman, started
from e2e.documents import own_document
from e2e.slow_model import slow_model
from servers.process import wait_until

Job = dict[str, Any]
_BATCHES_ANSWERED = 3
_LOOK_S = 0.02


@contextmanager
def server(root: Path, environment: dict[str, str]) -> Generator[httpx.Client]:
    """`dragoman up` for the block, and a client of its API."""
    log = root / "up.log"
    process = started(
        "up", "--state", root / "state", "--port", "0", log=log, environment=environment
    )
    try:
        wait_until(
            lambda: "Dragoman is at" in log.read_text() or process.poll() is not None,
            timeout_s=90,
            what="up",
        )
        record = ServerRecord.model_validate_json(record_path(root / "state").read_text())
        headers = {"Authorization": f"Bearer {record.token}"}
        with httpx.Client(base_url=f"{record.url}/api/v1", headers=headers, timeout=30) as client:
            yield client
        process.terminate()
        assert process.wait(60) in {0, -signal.SIGKILL}, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Observer:
    """Asks for a job over and over, and keeps the first answer of every version, by its ETag."""

    def __init__(self, client: httpx.Client, job_id: str) -> None:
        self.samples: dict[str, Job] = {}
        self._client = client
        self._path = f"jobs/{job_id}"
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def until(self, status: str) -> None:
        """Return when it has met the job in this status."""
        seen = f"the observer sees {status}"
        wait_until(
            lambda: any(job["status"] == status for job in [*self.samples.values()]),
            timeout_s=60,
            what=seen,
        )

    def stop(self) -> None:
        """Look no more."""
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(_LOOK_S):
            answer = self._client.get(self._path)
            self.samples.setdefault(answer.headers["etag"], answer.json())


def told(job: Job) -> Job:
    """An answer without what is of the present: signed addresses, leases, and what came later."""
    of_this_moment = {"is_past", "latest_version", "work_under_way", "remaining_s", "progress_pct"}
    kept = {name: value for name, value in job.items() if name not in of_this_moment}
    of_now = {"download_url", "download_expires_at", "is_held", "held_until"}
    for name in ("artifacts", "owed"):
        kept[name] = [{key: each[key] for key in each.keys() - of_now} for each in job[name]]
    return kept


def submitted(client: httpx.Client, document: bytes) -> str:
    """The id of a new job whose batches the slow model translates."""
    form = {
        "project_code": "default",
        "domain_pack_code": "general",
        "source_language": "en",
        "target_language": "ru",
        "engine": "openai",
    }
    answer = client.post("jobs", data=form, files={"file": ("order.docx", document)})
    assert answer.status_code == 202, answer.text
    return cast("str", answer.json()["job_id"])


def test_every_state_that_was_seen_during_a_run_is_found_again_by_its_version(
    tmp_path: Path,
) -> None:
    with slow_model(answers=_BATCHES_ANSWERED) as model, server(tmp_path, model.settings) as client:
        job_id = submitted(client, own_document(1, paragraphs=240))
        observer = Observer(client, job_id)
        try:
            model.wait_until_held(1)
            observer.until("in_progress")
            client.post(f"jobs/{job_id}/cancel")
            observer.until("cancelling")
            model.release()
            observer.until("cancelled")
            client.post(f"jobs/{job_id}/resume")
            observer.until("completed")
        finally:
            observer.stop()

        samples = observer.samples
        assert len(samples) >= 8, "a run that was looked at closely"
        held = [job for job in samples.values() if any(work["is_held"] for work in job["owed"])]
        assert held, "work that a worker had was seen"
        assert all(
            etag == f'"{job["version"]}"' and not job["is_past"] for etag, job in samples.items()
        )

        latest = max(job["version"] for job in samples.values())
        for etag, seen in samples.items():
            answer = client.get(f"jobs/{job_id}", params={"at": seen["version"]})
            assert answer.headers["etag"] == etag
            past = answer.json()
            assert told(past) == told(seen)
            assert (past["latest_version"], past["is_past"]) == (latest, seen["version"] < latest)
            assert all(work["is_held"] is work["held_until"] is None for work in past["owed"])

        check_command_line(tmp_path, job_id, samples)
        beyond = client.get(f"jobs/{job_id}", params={"at": latest + 1})
        assert (beyond.status_code, beyond.json()["code"]) == (404, "job.no_such_version")
        assert f"1 to {latest}" in beyond.json()["detail"]


def check_command_line(root: Path, job_id: str, samples: dict[str, Job]) -> None:
    """The command line tells the same past, from the server that runs."""
    asked = dragoman("jobs", "history", job_id, "--json", "--state", root / "state")
    items = cast("list[dict[str, Any]]", json.loads(asked.stdout)["items"])
    assert [each["event"]["version"] for each in items] == list(range(1, len(items) + 1))
    for seen in samples.values():
        if seen["work_under_way"]:
            continue  # units that had arrived counted then, and are no event
        moment = cast("Job", items[seen["version"] - 1]["job"])
        assert (
            moment["status"],
            moment["stage"],
            moment["progress_pct"],
            moment["owed_count"],
        ) == (
            seen["status"],
            seen["stage"],
            seen["progress_pct"],
            len(seen["owed"]),
        )
    held = max((job for job in samples.values() if job["owed"]), key=lambda job: len(job["owed"]))
    shown = dragoman(
        "jobs", "show", job_id, "--at", str(held["version"]), "--state", root / "state"
    )
    assert shown.returncode == 0, shown.stderr
    assert f"event {held['version']} of {len(items)}" in shown.stdout
    assert shown.stdout.count("\n owed") + shown.stdout.count("\nowed") == len(held["owed"])
    beyond = dragoman("jobs", "show", job_id, "--at", "9999", "--state", root / "state")
    assert beyond.returncode == 1
    assert f"1 to {len(items)}" in " ".join(beyond.stderr.split())
