"""A job's past over HTTP: its state as of any event, and its history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_catalog import ProjectSettings, Role
from dragoman_contracts.events import CancelRequested, JobCancelled
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.test_submission_api import code, submit


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.fixture
async def job_id(gateway: Desk) -> str:
    """A job that failed once in translation, was cancelled, and stands still."""
    answer = await submit(gateway.as_operator)
    job_id = str(answer.json()["job_id"])
    await gateway.advance(job_id, to="plan")
    await gateway.history.fail(UUID(job_id), WorkKind.TRANSLATION_BATCH)
    await gateway.history.say(UUID(job_id), CancelRequested(), JobCancelled())
    return job_id


async def test_what_was_owed_then_is_told_with_when_it_was_due(gateway: Desk, job_id: str) -> None:
    path = f"/api/v1/jobs/{job_id}"
    now = (await gateway.as_operator.get(path)).json()
    assert (now["status"], now["is_past"], now["owed"]) == ("cancelled", False, [])
    then = (await gateway.as_operator.get(path, params={"at": now["version"] - 2})).json()
    assert (then["status"], then["is_past"], then["latest_version"]) == (
        "in_progress",
        True,
        now["version"],
    )
    assert {work["kind"] for work in then["owed"]} == {"translation_batch"}
    first, *others = then["owed"]
    assert first["due_at"] == then["troubles"][0]["retry_at"] is not None
    assert {work["due_at"] for work in others} <= {None}
    asked = (await gateway.as_operator.get(path, params={"at": now["version"] - 1})).json()
    assert [work["kind"] for work in asked["owed"]] == ["cancellation"]


async def test_the_newest_version_is_the_job_as_it_is(gateway: Desk, job_id: str) -> None:
    path = f"/api/v1/jobs/{job_id}"
    now = await gateway.as_operator.get(path)
    same = await gateway.as_operator.get(path, params={"at": now.json()["version"]})
    assert same.headers["etag"] == now.headers["etag"]
    assert not same.json()["is_past"]


async def test_a_version_that_is_not_there_is_a_problem_that_names_the_range(
    gateway: Desk, job_id: str
) -> None:
    path = f"/api/v1/jobs/{job_id}"
    version = (await gateway.as_operator.get(path)).json()["version"]
    beyond = await gateway.as_operator.get(path, params={"at": version + 1})
    assert (beyond.status_code, code(beyond)) == (404, "job.no_such_version")
    assert f"the events 1 to {version}" in beyond.json()["detail"]
    for strange in ("0", "-1", "last"):
        refused = await gateway.as_operator.get(path, params={"at": strange})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "at")


async def test_another_projects_past_is_as_hidden_as_its_present(
    gateway: Desk, job_id: str
) -> None:
    now = SystemClock().now()
    await gateway.catalog.projects.create(
        TESTER, now, code="legal", name="Legal", settings=ProjectSettings()
    )
    async with await gateway.client(Role.OPERATOR, "legal") as stranger:
        for path in (f"/api/v1/jobs/{job_id}?at=1", f"/api/v1/jobs/{job_id}/history"):
            answer = await stranger.get(path)
            assert (answer.status_code, code(answer)) == (404, "job.missing")


async def test_the_history_tells_every_event_with_where_the_job_stood_after_it(
    gateway: Desk, job_id: str
) -> None:
    path = f"/api/v1/jobs/{job_id}"
    whole = (await gateway.as_operator.get(f"{path}/history")).json()
    assert whole["next_after"] is None
    for each in whole["items"]:
        job = (await gateway.as_operator.get(path, params={"at": each["event"]["version"]})).json()
        assert each["job"]["status"] == job["status"]
        assert each["job"]["owed_count"] == len(job["owed"])
    events = (await gateway.as_operator.get(f"{path}/events")).json()["items"]
    assert [each["event"] for each in whole["items"]] == events

    pages = [(await gateway.as_operator.get(f"{path}/history", params={"limit": 4})).json()]
    while pages[-1]["next_after"] is not None:
        query = {"limit": 4, "after": pages[-1]["next_after"]}
        pages.append((await gateway.as_operator.get(f"{path}/history", params=query)).json())
    assert len(pages) > 1
    assert [each for page in pages for each in page["items"]] == whole["items"]
