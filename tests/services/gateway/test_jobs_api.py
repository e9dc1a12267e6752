"""Showing, listing, following and acting on jobs over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_contracts.events import JobCancelled, WorkParked
from dragoman_contracts.identity import work_id
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.objects import put_value
from dragoman_runtime.worker.failure import ParkingReason
from services.gateway.desks import OPTIONS, Desk, desk
from services.gateway.test_submission_api import code, submit


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


_COUNTED = ("unit_count", "translated_count", "review_count", "blocked_count")
LIVE = {"Accept": "text/event-stream"}


async def opened(gateway: Desk, content: bytes = b"PK", **fields: str) -> str:
    answer = await submit(gateway.as_operator, content, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


async def test_a_job_shows_its_progress_phases_counts_and_artifacts_as_its_events_tell(
    gateway: Desk,
) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    before = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    await gateway.advance(job_id, to="reassembly", after="plan")
    answer = await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")
    job = answer.json()
    assert answer.headers["etag"] == f'"{job["version"]}"'
    assert (before["status"], before["stage"], before["is_resting"]) == (
        "in_progress",
        "translation",
        False,
    )
    assert 0 < before["progress_pct"] < 100
    assert (job["status"], job["stage"], job["progress_pct"], job["is_resting"]) == (
        "completed",
        "delivery",
        100.0,
        True,
    )
    states = {phase["name"]: phase["state"] for phase in job["phases"]}
    assert states["translation"] == "done"
    assert states["review"] == "skipped"
    assert sum(phase["share_pct"] for phase in job["phases"]) == pytest.approx(100, abs=0.1)
    assert job["counts"]["translated_units"] == job["counts"]["units"] > 0
    assert job["usage"]["call_count"] == job["counts"]["batches"]
    assert [each["kind"] for each in job["artifacts"]] == [
        "source_docx",
        "preflight_report",
        "extraction_manifest",
        "qa_report",
        "final_docx",
        "reassembly_manifest",
    ]


async def test_a_job_has_the_fields_of_the_list_and_names_the_actions_that_its_state_allows(
    gateway: Desk,
) -> None:
    job_id = await opened(gateway)
    running = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert running["actions"] == ["cancel", "mark_failed"]
    await gateway.advance(job_id, to="reassembly")
    await gateway.project()
    job = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    (listed,) = (await gateway.as_operator.get("/api/v1/jobs")).json()["items"]
    assert set(listed) - set(job) == {"submitted_by_name"}, "the one field that only a list has"
    for name in (*_COUNTED, "file_name", "document_title", "external_reference", "trouble_code"):
        assert job[name] == listed[name], name
    assert job["actions"] == ["remove", "rerun"]
    assert set(job["actions"]) - {"remove"} <= set(job["links"])
    assert job["qa_verdict"] == "passed"


async def test_parked_work_shows_as_trouble_with_its_reason_and_the_job_as_failed(
    gateway: Desk,
) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    job, _ = await gateway.jobs.load(UUID(job_id))
    reason = ParkingReason(
        code="engine.unauthorised", message="The engine refused the key; set another.", stack=()
    )
    parked = WorkParked(
        work_id=work_id(job.job_id, WorkKind.TRANSLATION_BATCH, 0),
        kind=WorkKind.TRANSLATION_BATCH,
        index=0,
        attempt=1,
        code="engine.unauthorised",
        reason=await put_value(gateway.objects, job.project_id, reason),
    )
    await gateway.history.say(job.job_id, parked)
    shown = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    (trouble,) = shown["troubles"]
    assert (shown["status"], trouble["code"], trouble["is_parked"]) == (
        "failed",
        "engine.unauthorised",
        True,
    )
    assert trouble["reason"] == "The engine refused the key; set another."
    assert shown["status_views"]["combined_job"] == "interrupted"


async def test_an_unknown_job_is_a_404_problem(gateway: Desk) -> None:
    answer = await gateway.as_operator.get("/api/v1/jobs/00000000-0000-0000-0000-000000000001")
    assert (answer.status_code, code(answer)) == (404, "job.missing")
    malformed = await gateway.as_operator.get("/api/v1/jobs/one")
    assert (malformed.status_code, code(malformed)) == (422, "request.invalid")


async def test_the_list_pages_by_cursor_and_filters_by_status_project_and_text(
    gateway: Desk,
) -> None:
    ids = [await opened(gateway, f"PK {n}".encode(), name=f"file {n}.docx") for n in range(5)]
    await gateway.advance(ids[0], to="reassembly")
    await gateway.project()
    client = gateway.as_operator
    first = (await client.get("/api/v1/jobs?limit=3")).json()
    second = (
        await client.get("/api/v1/jobs", params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    listed = [each["job_id"] for each in first["items"] + second["items"]]
    assert listed == ids[::-1]
    assert second["next_cursor"] is None
    done = (await client.get("/api/v1/jobs?status=completed&status=failed")).json()["items"]
    assert [each["job_id"] for each in done] == [ids[0]]
    found = (await client.get("/api/v1/jobs?q=FILE 3&project=default")).json()["items"]
    assert [each["file_name"] for each in found] == ["file 3.docx"]
    assert (await client.get("/api/v1/jobs?project=other")).json()["items"] == []
    for query, count in (("target_language=de-ch", 5), ("target_language=fr", 0), ("engine=x", 0)):
        assert len((await client.get(f"/api/v1/jobs?{query}")).json()["items"]) == count
    no_day = await client.get("/api/v1/jobs?first_day=yesterday")
    assert no_day.status_code == 422
    strange = await client.get("/api/v1/jobs?cursor=strange")
    assert (strange.status_code, code(strange)) == (422, "request.invalid_cursor")


async def test_units_come_in_document_order_with_their_results(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="qa")
    await gateway.project()
    first = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/units?limit=2")).json()
    rest = await gateway.as_operator.get(
        f"/api/v1/jobs/{job_id}/units", params={"cursor": first["next_cursor"], "limit": 200}
    )
    units = first["items"] + rest.json()["items"]
    assert [unit["position"] for unit in units] == list(range(len(units)))
    assert {unit["result_source"] for unit in units} == {"engine"}
    assert all(unit["source"] and unit["target"] for unit in units)


async def test_cancel_asks_workers_to_stop_and_is_a_no_op_once_cancelled(gateway: Desk) -> None:
    job_id = await opened(gateway)
    asked = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (asked.status_code, asked.json()["status"]) == (202, "cancelling")
    again = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["version"]) == (202, asked.json()["version"])
    await gateway.history.say(UUID(job_id), JobCancelled())
    done = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (done.status_code, done.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("end", ["completed", "blocked"])
async def test_a_job_at_its_end_can_be_neither_cancelled_nor_resumed(
    gateway: Desk, end: str
) -> None:
    job_id = await opened(gateway)
    if end == "completed":
        await gateway.advance(job_id, to="reassembly")
    else:
        await gateway.history.block(UUID(job_id))
    cancel = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/cancel")
    assert (cancel.status_code, code(cancel)) == (409, "job.not_cancellable")
    resume = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/resume")
    assert (resume.status_code, code(resume)) == (409, "job.not_resumable")


async def test_a_cancelled_job_resumes_unless_another_took_its_place(gateway: Desk) -> None:
    first = await opened(gateway)
    await gateway.as_operator.post(f"/api/v1/jobs/{first}/cancel")
    await gateway.history.say(UUID(first), JobCancelled())
    second = await opened(gateway)
    refused = await gateway.as_operator.post(f"/api/v1/jobs/{first}/resume")
    assert (refused.status_code, code(refused)) == (409, "job.already_running")
    assert refused.json()["links"]["running_job"] == f"/api/v1/jobs/{second}"
    await gateway.as_operator.post(f"/api/v1/jobs/{second}/cancel")
    await gateway.history.say(UUID(second), JobCancelled())
    resumed = await gateway.as_operator.post(f"/api/v1/jobs/{first}/resume")
    assert (resumed.status_code, resumed.json()["status"]) == (202, "queued")
    taken = await submit(gateway.as_operator, b"PK")
    assert (taken.status_code, taken.json()["links"]["running_job"]) == (
        409,
        f"/api/v1/jobs/{first}",
    )


async def test_resuming_and_submitting_at_once_never_leaves_two_running_jobs(gateway: Desk) -> None:
    for turn in range(4):
        content = f"PK{turn}".encode()
        first = await opened(gateway, content, external_reference=f"doc {turn}")
        await gateway.as_operator.post(f"/api/v1/jobs/{first}/cancel")
        await gateway.history.say(UUID(first), JobCancelled())
        resumed, submitted = await asyncio.gather(
            gateway.as_operator.post(f"/api/v1/jobs/{first}/resume"),
            submit(gateway.as_operator, content, external_reference=f"doc {turn}"),
        )
        assert sorted((resumed.status_code, submitted.status_code)) == [202, 409]


async def test_process_starts_a_waiting_job_and_answers_202_while_it_goes_on(gateway: Desk) -> None:
    job_id = await opened(gateway, auto_start="false")
    await gateway.advance(job_id, to="preflight")
    waiting = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert waiting["is_waiting_for_start"]
    answer = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/process")
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/jobs/{job_id}"
    assert not answer.json()["is_waiting_for_start"]
    kinds = [each.recorded.data.name for each in await gateway.store.read(UUID(job_id))]
    assert kinds[-1] == "job.start_requested"


async def test_process_answers_when_the_job_rests(tmp_path: Path) -> None:
    patient = dataclasses.replace(OPTIONS, process_wait=timedelta(seconds=20))
    async with desk(tmp_path, options=patient) as gateway:
        job_id = await opened(gateway, auto_start="false")
        asked = asyncio.ensure_future(
            gateway.as_operator.post(f"/api/v1/jobs/{job_id}/process", timeout=30)
        )
        async with gateway.as_operator.stream(
            "GET", f"/api/v1/jobs/{job_id}/events", headers=LIVE
        ) as answer:
            async for frame in frames(answer):
                if frame.get("event") == "job.start_requested":
                    break
        await gateway.advance(job_id, to="reassembly")
        answer = await asked
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
        job_id = await opened(gateway, b"PK other")
        await gateway.history.block(UUID(job_id))
        blocked = await gateway.as_operator.post(f"/api/v1/jobs/{job_id}/process")
        assert (blocked.status_code, code(blocked)) == (409, "job.not_startable")


async def test_events_come_in_pages_oldest_first(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="preflight")
    first = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/events?limit=2")).json()
    assert [each["type"] for each in first["items"]] == ["job.submitted", "phase.started"]
    rest = (
        await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/events?after={first['next_after']}")
    ).json()
    assert [each["version"] for each in rest["items"]] == [3]
    assert rest["next_after"] is None


async def frames(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The server-sent events of an answer; a comment as `{"comment": …}`."""
    frame: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if not line:
            if frame:
                yield frame
            frame = {}
        elif line.startswith(":"):
            yield {"comment": line}
        else:
            name, _, value = line.partition(": ")
            frame[name] = value


async def test_an_event_stream_follows_the_job_and_ends_when_it_rests(gateway: Desk) -> None:
    job_id = await opened(gateway)
    seen: list[dict[str, str]] = []
    async with gateway.as_operator.stream(
        "GET", f"/api/v1/jobs/{job_id}/events", headers=LIVE
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for frame in frames(answer):
            seen.append(frame)
            if frame.get("id") == "1":
                await gateway.advance(job_id, to="reassembly")
    events = [frame for frame in seen if "id" in frame]
    stored = await gateway.store.read(UUID(job_id))
    assert [int(frame["id"]) for frame in events] == list(range(1, len(stored) + 1))
    moments = [json.loads(frame["data"])["job"] for frame in events]
    assert [moment["progress_pct"] for moment in moments] == sorted(
        moment["progress_pct"] for moment in moments
    )
    assert seen[-1]["event"] == "rest"
    assert json.loads(seen[-1]["data"])["status"] == "completed"


async def test_an_event_stream_resumes_behind_the_last_event_and_says_when_nothing_is_left(
    gateway: Desk,
) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="reassembly")
    last = len(await gateway.store.read(UUID(job_id)))
    address = f"/api/v1/jobs/{job_id}/events"
    resumed = await gateway.as_operator.get(
        address, headers={**LIVE, "Last-Event-ID": str(last - 1)}
    )
    assert f"id: {last}\n" in resumed.text
    assert f"id: {last - 1}\n" not in resumed.text
    nothing = await gateway.as_operator.get(address, headers={**LIVE, "Last-Event-ID": str(last)})
    assert (nothing.status_code, nothing.text) == (204, "")


async def test_a_quiet_event_stream_says_that_it_is_alive(gateway: Desk) -> None:
    job_id = await opened(gateway)
    async with gateway.as_operator.stream(
        "GET", f"/api/v1/jobs/{job_id}/events", headers=LIVE
    ) as answer:
        async for frame in frames(answer):
            if "comment" in frame:
                break


async def test_an_event_stream_ends_when_the_server_stops_and_can_be_taken_up_again(
    tmp_path: Path,
) -> None:
    stopping: list[asyncio.Future[None]] = []
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(desk(tmp_path))
        job_id = await opened(gateway)
        address = f"{gateway.url}/api/v1/jobs/{job_id}/events"
        headers = {**LIVE, "Authorization": gateway.as_operator.headers["authorization"]}
        async with (
            httpx.AsyncClient() as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            seen: list[dict[str, str]] = []
            async for frame in frames(answer):
                seen.append(frame)
                if frame.get("id") == "1":
                    stopping.append(asyncio.ensure_future(stack.aclose()))
        assert [frame.get("event") for frame in seen if "id" in frame] == ["job.submitted"]
        assert "rest" not in {frame.get("event") for frame in seen}
        await asyncio.gather(*stopping)


async def test_a_job_that_the_client_has_as_it_is_is_not_sent_again(gateway: Desk) -> None:
    own = f"/api/v1/jobs/{await opened(gateway)}"
    known = (await gateway.as_operator.get(own)).headers["etag"]
    for sent in (known, f'"7", W/{known}'):
        same = await gateway.as_operator.get(own, headers={"If-None-Match": sent})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", known)
    await gateway.advance(own.rpartition("/")[2], to="preflight")
    news = await gateway.as_operator.get(own, headers={"If-None-Match": known})
    assert news.status_code == 200
    assert news.headers["etag"] != known


@pytest.mark.parametrize("way", ["token", "session"])
async def test_an_event_stream_ends_with_the_credential_of_its_listener(
    gateway: Desk, way: str
) -> None:
    job_id = await opened(gateway)
    client = gateway.as_nobody
    address = (
        f"/console/jobs/{job_id}/live" if way == "session" else f"/api/v1/jobs/{job_id}/events"
    )
    csrf, token_id = "", ""
    if way == "session":
        body = {"name": "olga", "password": "a long password"}
        csrf = (await client.post("/api/v1/session", json=body)).json()["csrf_token"]
    else:
        entry = {"name": "CI", "user_id": str(gateway.operator.user_id)}
        made = (await gateway.as_admin.post("/api/v1/tokens", json=entry)).json()
        client.headers["Authorization"] = f"Bearer {made['secret']}"
        token_id = made["token"]["token_id"]
    async with asyncio.timeout(5), client.stream("GET", address, headers=LIVE) as answer:
        told = frames(answer)
        await anext(told)
        if way == "session":
            await client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
        else:
            await gateway.as_admin.delete(f"/api/v1/tokens/{token_id}")
        left = [frame async for frame in told]
    assert "rest" not in {frame.get("event") for frame in left}


async def test_the_unversioned_path_answers_as_the_current_version(gateway: Desk) -> None:
    job_id = await opened(gateway)
    versioned = await gateway.as_operator.get(f"/api/v1/jobs/{job_id}/events")
    alias = await gateway.as_operator.get(f"/api/jobs/{job_id}/events")
    assert alias.json() == versioned.json()
    assert (await gateway.as_operator.get(f"/api/v2/jobs/{job_id}")).status_code == 404
