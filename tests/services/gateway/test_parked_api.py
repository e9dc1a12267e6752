"""Parked work over HTTP: listed, looked at, redriven, discarded, one by one and all of a kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.events import WorkParked
from dragoman_contracts.identity import work_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.objects import put_value
from dragoman_runtime.worker.failure import ParkingReason
from services.gateway.desks import Desk, desk
from services.gateway.test_jobs_api import opened
from services.gateway.test_submission_api import code, submit

STACK = ("handlers.py:60 perform_batch", "openai.py:88 _send")


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def park(
    gateway: Desk, job_id: str, index: int = 0, error: str = "engine.unauthorised"
) -> str:
    """A batch of the job was parked with a reason; its address."""
    job, _ = await gateway.jobs.load(UUID(job_id))
    reason = ParkingReason(
        code=error, message="The engine refused the key; set another.", stack=STACK
    )
    parked = WorkParked(
        work_id=work_id(job.job_id, WorkKind.TRANSLATION_BATCH, index),
        kind=WorkKind.TRANSLATION_BATCH,
        index=index,
        attempt=3,
        code=error,
        reason=await put_value(gateway.objects, job.project_id, reason),
    )
    await gateway.history.say(job.job_id, parked)
    return f"/api/v1/jobs/{job_id}/parked/translation_batch/{index}"


async def stuck(
    gateway: Desk, name: str = "terms", error: str = "engine.unauthorised"
) -> tuple[str, str]:
    """A job in translation with its first batch parked: its id, and the address of the batch."""
    job_id = await opened(gateway, f"PK {name}".encode(), name=f"{name}.docx")
    await gateway.advance(job_id, to="plan")
    return job_id, await park(gateway, job_id, error=error)


async def parked(gateway: Desk, query: str = "") -> list[dict[str, str]]:
    await gateway.project()
    items: list[dict[str, str]] = (await gateway.as_operator.get(f"/api/v1/parked{query}")).json()[
        "items"
    ]
    return items


async def test_parked_work_is_listed_with_its_reason_and_shown_with_where_it_failed(
    gateway: Desk,
) -> None:
    job_id, address = await stuck(gateway)
    (row,) = await parked(gateway)
    assert (row["job_id"], row["kind"], row["index"], row["attempts"]) == (
        job_id,
        "translation_batch",
        0,
        3,
    )
    assert (row["code"], row["file_name"], row["project_code"]) == (
        "engine.unauthorised",
        "terms.docx",
        "default",
    )
    assert row["message"] == "The engine refused the key; set another."
    shown = (await gateway.as_operator.get(address)).json()
    assert {name: shown[name] for name in row} == row
    assert shown["stack"] == list(STACK)


async def test_the_list_pages_from_the_newest_and_filters_by_code_and_project(
    gateway: Desk,
) -> None:
    ids = [(await stuck(gateway, f"file-{n}", f"engine.trouble{n % 2}"))[0] for n in range(5)]
    assert [row["job_id"] for row in await parked(gateway)] == ids[::-1]
    first = (await gateway.as_operator.get("/api/v1/parked?limit=3")).json()
    second = await gateway.as_operator.get(
        "/api/v1/parked", params={"limit": 3, "cursor": first["next_cursor"]}
    )
    assert [row["job_id"] for row in first["items"] + second.json()["items"]] == ids[::-1]
    assert second.json()["next_cursor"] is None
    assert [row["job_id"] for row in await parked(gateway, "?code=engine.trouble1")] == [
        ids[3],
        ids[1],
    ]
    assert await parked(gateway, "?project=other") == []
    strange = await gateway.as_operator.get(f"/api/v1/jobs?cursor={first['next_cursor']}")
    assert (strange.status_code, code(strange)) == (422, "request.invalid_cursor")


async def test_redriven_work_leaves_the_list_and_the_job_goes_on_with_what_is_left(
    gateway: Desk,
) -> None:
    job_id, address = await stuck(gateway)
    answer = await gateway.as_operator.post(f"{address}/redrive")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/api/v1/jobs/{job_id}"
    assert await parked(gateway) == []
    for gone in (
        await gateway.as_operator.post(f"{address}/redrive"),
        await gateway.as_operator.get(address),
    ):
        assert (gone.status_code, code(gone)) == (404, "work.not_parked")


async def test_two_operators_who_redrive_at_once_do_it_once(gateway: Desk) -> None:
    job_id, address = await stuck(gateway)
    answers = await asyncio.gather(
        *(gateway.as_operator.post(f"{address}/redrive") for _ in range(4))
    )
    assert sorted(each.status_code for each in answers) == [202, 404, 404, 404]
    names = [each.recorded.data.name for each in await gateway.store.read(UUID(job_id))]
    assert names.count("work.redriven") == 1


async def test_discarded_work_leaves_the_list_and_the_job_stays_failed_until_resumed(
    gateway: Desk,
) -> None:
    job_id, address = await stuck(gateway)
    answer = await gateway.as_operator.post(f"{address}/discard")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert await parked(gateway) == []
    again = await gateway.as_operator.post(f"{address}/discard")
    assert (again.status_code, code(again)) == (404, "work.not_parked")
    resumed = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/resume")
    assert (resumed.status_code, resumed.json()["status"]) == (202, "queued")


async def test_redriving_does_not_start_a_second_job_beside_one_that_took_the_place(
    gateway: Desk,
) -> None:
    _, address = await stuck(gateway)
    later = await gateway.as_operator.post(f"{address.split('/parked')[0]}/rerun")
    refused = await gateway.as_operator.post(f"{address}/redrive")
    assert (refused.status_code, code(refused)) == (409, "job.already_running")
    assert refused.json()["links"]["running_job"] == f"/api/v1/jobs/{later.json()['job_id']}"


async def test_all_parked_work_of_one_code_is_redriven_a_page_at_a_time(gateway: Desk) -> None:
    for n in range(5):
        await stuck(gateway, f"file-{n}")
    other, _ = await stuck(gateway, "other", "docx.broken")
    await gateway.project()
    asked: dict[str, object] = {"code": "engine.unauthorised", "limit": 2}
    counts: list[int] = []
    while True:
        answer = await gateway.as_admin.post("/api/v1/parked/redrive", json=asked)
        assert answer.status_code == 200, answer.text
        counts.append(answer.json()["redriven_count"])
        assert answer.json()["refused"] == []
        if (cursor := answer.json()["next_cursor"]) is None:
            break
        asked["cursor"] = cursor
    assert counts == [2, 2, 1], "though the list lags behind what was redriven"
    again = await gateway.as_admin.post(
        "/api/v1/parked/redrive", json={"code": "engine.unauthorised"}
    )
    assert again.json()["redriven_count"] == 0
    assert [row["job_id"] for row in await parked(gateway)] == [other]


async def test_a_bulk_redrive_says_what_it_could_not_redrive(gateway: Desk) -> None:
    job_id, _ = await stuck(gateway)
    await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/rerun")
    await gateway.project()
    answer = (await gateway.as_admin.post("/api/v1/parked/redrive")).json()
    assert answer["redriven_count"] == 0
    assert [(each["job_id"], each["code"]) for each in answer["refused"]] == [
        (job_id, "job.already_running")
    ]


async def test_bulk_is_for_admins(gateway: Desk) -> None:
    refused = await gateway.as_operator.post("/api/v1/parked/redrive", json={"code": "x"})
    assert (refused.status_code, code(refused)) == (403, "auth.forbidden")


async def test_a_resumed_job_has_nothing_parked(gateway: Desk) -> None:
    job_id, address = await stuck(gateway)
    await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/resume")
    assert await parked(gateway) == []
    assert (await gateway.as_operator.get(address)).status_code == 404
    taken = await submit(gateway.as_operator, b"PK terms", name="terms.docx")
    assert (taken.status_code, code(taken)) == (409, "job.already_running")
