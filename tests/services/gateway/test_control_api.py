"""Retrying, rerunning, marking failed and giving up jobs over HTTP,
and answering for an unfinished one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_contracts.events import (
    INTAKE_INPUT,
    ArtifactErased,
    CancelRequested,
    JobCancelled,
    QaVerdict,
)
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.vocabulary import WorkKind
from dragoman_runtime.objects import get_value
from services.gateway.desks import Desk, desk
from services.gateway.histories import Document
from services.gateway.test_jobs_api import opened
from services.gateway.test_submission_api import code, submit


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def interrupted(gateway: Desk, content: bytes = b"PK", **fields: str) -> str:
    """A job that failed in the middle of its translation."""
    job_id = await opened(gateway, content, **fields)
    await gateway.advance(job_id, to="plan")
    await gateway.history.park(UUID(job_id), WorkKind.TRANSLATION_BATCH)
    return job_id


async def act(
    gateway: Desk, job_id: str, action: str, client: httpx.AsyncClient | None = None
) -> httpx.Response:
    return await (client or gateway.as_operator).post(f"/api/v1/jobs/{job_id}/{action}")


async def policy_of(gateway: Desk, job_id: str) -> Policy:
    job, _ = await gateway.jobs.load(UUID(job_id))
    return await get_value(gateway.objects, job.project_id, job.policy, Policy)


async def test_only_a_failed_job_is_retried(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    retried = await act(gateway, job_id, "retry")
    assert (retried.status_code, retried.json()["status"]) == (202, "queued")
    assert retried.headers["location"] == f"/api/v1/jobs/{job_id}"
    again = await act(gateway, job_id, "retry")
    assert (again.status_code, code(again)) == (409, "job.not_retryable")
    await gateway.history.say(UUID(job_id), CancelRequested())
    while_cancelling = await act(gateway, job_id, "resume")
    assert (while_cancelling.status_code, code(while_cancelling)) == (409, "job.not_resumable")
    await gateway.history.say(UUID(job_id), JobCancelled())
    cancelled = await act(gateway, job_id, "retry")
    assert (cancelled.status_code, code(cancelled)) == (409, "job.not_retryable")
    assert (await act(gateway, job_id, "resume")).status_code == 202


@pytest.mark.parametrize("end", ["completed", "blocked", "failed", "cancelled"])
async def test_a_job_at_any_end_is_run_anew_on_the_same_document_and_linked(
    gateway: Desk, end: str
) -> None:
    job_id = await opened(gateway)
    if end == "completed":
        await gateway.advance(job_id, to="reassembly")
    elif end == "blocked":
        await gateway.history.block(UUID(job_id))
    elif end == "failed":
        await gateway.history.park(UUID(job_id), WorkKind.PREFLIGHT)
    else:
        await gateway.history.say(UUID(job_id), CancelRequested(), JobCancelled())
    rerun = await act(gateway, job_id, "rerun")
    assert rerun.status_code == 202
    child = rerun.json()
    assert (child["status"], child["stage"], child["parent_job_id"]) == ("queued", "intake", job_id)
    assert child["links"]["parent"] == f"/api/v1/jobs/{job_id}"
    parent = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert (child["document_id"], child["document_version"]) == (
        parent["document_id"],
        parent["document_version"],
    )
    sources = [
        each["sha256"]
        for job in (child, parent)
        for each in job["artifacts"]
        if each["kind"] == "source_docx"
    ]
    assert len(set(sources)) == 1
    await gateway.project()
    reruns = (await gateway.as_operator.get(parent["links"]["reruns"])).json()["items"]
    assert [each["job_id"] for each in reruns] == [child["job_id"]]


async def test_a_rerun_can_be_rerun_and_a_running_one_cannot(gateway: Desk) -> None:
    first = await opened(gateway)
    await gateway.advance(first, to="reassembly")
    second = (await act(gateway, first, "rerun")).json()["job_id"]
    for job_id in (first, second):
        refused = await act(gateway, job_id, "rerun")
        assert (refused.status_code, code(refused)) == (409, "job.already_running")
        assert refused.json()["links"]["running_job"] == f"/api/v1/jobs/{second}"
    await gateway.advance(second, to="reassembly")
    third = (await act(gateway, second, "rerun")).json()
    assert third["parent_job_id"] == second


@pytest.mark.parametrize("verdict", [QaVerdict.NEEDS_REVIEW, QaVerdict.BLOCKED])
async def test_a_job_that_waits_for_people_leaves_room_for_a_later_one_and_names_it(
    gateway: Desk, verdict: QaVerdict
) -> None:
    waiting = await opened(gateway, engine="identity")
    await gateway.advance(waiting, to="qa", document=Document(verdict=verdict))
    alone = (await gateway.as_operator.get(f"/api/v1/jobs/{waiting}")).json()
    assert (alone["status"], alone["superseded_by"]) == (verdict.value, None)

    rerun = await gateway.as_operator.post(
        f"/api/v1/jobs/{waiting}/rerun", json={"engine": "pseudo"}
    )
    assert rerun.status_code == 202
    older = (await gateway.as_operator.get(f"/api/v1/jobs/{waiting}")).json()
    assert (older["status"], older["superseded_by"]) == (verdict.value, rerun.json()["job_id"])
    assert (await act(gateway, waiting, "rerun")).status_code == 409, "the later one runs"


async def test_a_rerun_is_under_the_policy_of_now_and_keeps_what_the_first_request_named(
    gateway: Desk,
) -> None:
    plain = await opened(gateway, b"PK plain", external_reference="plain")
    named = await opened(gateway, b"PK named", external_reference="named", engine="identity")
    for job_id in (plain, named):
        await gateway.advance(job_id, to="reassembly")
    project = await gateway.as_admin.get("/api/v1/projects/default")
    settings = {**project.json()["settings"], "default_engine": "identity", "batch_size": 7}
    edited = await gateway.as_admin.put(
        "/api/v1/projects/default",
        json={**{name: project.json()[name] for name in ("name",)}, "settings": settings},
        headers={"If-Match": project.headers["etag"]},
    )
    assert edited.status_code == 200, edited.text
    again = await policy_of(gateway, (await act(gateway, plain, "rerun")).json()["job_id"])
    assert (again.engine, again.batch_size, again.nonce) == ("identity", 7, "")
    other = await gateway.as_operator.post(
        f"/api/v1/jobs/{named}/rerun", json={"engine": "pseudo", "refresh": True}
    )
    policy = await policy_of(gateway, other.json()["job_id"])
    assert policy.engine == "pseudo"
    assert policy.nonce
    await gateway.advance(other.json()["job_id"], to="reassembly")
    kept = await policy_of(
        gateway, (await act(gateway, other.json()["job_id"], "rerun")).json()["job_id"]
    )
    assert (kept.engine, kept.nonce) == ("pseudo", "")
    unknown = await gateway.as_operator.post(
        f"/api/v1/jobs/{named}/rerun", json={"engine": "none-such"}
    )
    assert (unknown.status_code, code(unknown)) == (422, "engine.unknown")


async def test_the_same_idempotency_key_gives_the_same_rerun(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    address, headers = f"/api/v1/jobs/{job_id}/rerun", {"Idempotency-Key": "again"}
    answers = await asyncio.gather(
        *(gateway.as_operator.post(address, headers=headers) for _ in range(3))
    )
    assert [each.status_code for each in answers] == [202, 202, 202]
    assert len({each.json()["job_id"] for each in answers}) == 1
    other = await gateway.as_operator.post(address, headers=headers, json={"refresh": True})
    assert (other.status_code, code(other)) == (422, "idempotency.key_reused")


async def test_two_people_who_rerun_at_once_get_one_new_job(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    answers = await asyncio.gather(*(act(gateway, job_id, "rerun") for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [202, 409, 409]


@pytest.mark.parametrize("how", ["event", "object", "record"])
async def test_a_job_whose_document_was_erased_cannot_be_rerun(gateway: Desk, how: str) -> None:
    job_id = await interrupted(gateway)
    job, _ = await gateway.jobs.load(UUID(job_id))
    if how == "event":
        digest = job.source.digest
        await gateway.history.say(
            job.job_id, ArtifactErased(kind=ArtifactKind.SOURCE_DOCX, digest=digest)
        )
    else:
        ref = job.source if how == "object" else job.needed_input(INTAKE_INPUT)
        await gateway.objects.delete(job.project_id, ref)
    refused = await act(gateway, job_id, "rerun")
    assert (refused.status_code, code(refused)) == (410, "job.source_erased")


async def test_a_job_in_flight_is_marked_failed_and_goes_on_from_what_came_in_late(
    gateway: Desk,
) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    marked = await act(gateway, job_id, "mark-failed")
    assert (marked.status_code, marked.json()["status"], marked.json()["is_marked_failed"]) == (
        200,
        "failed",
        True,
    )
    again = await act(gateway, job_id, "mark-failed")
    assert (again.status_code, again.json()["version"]) == (200, marked.json()["version"])
    late = gateway.history
    late.documents[UUID(job_id)] = Document()
    await late.translate(UUID(job_id), 0)
    shown = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert (shown["status"], shown["counts"]["batches_translated"]) == ("failed", 1)
    await gateway.project()
    (row,) = (await gateway.as_operator.get("/api/v1/jobs?interrupted=true")).json()["items"]
    assert (row["trouble_code"], row["translated_count"] > 0) == ("job.marked_failed", True)
    await act(gateway, job_id, "resume")
    stored = await gateway.store.read(UUID(job_id))
    event = stored[-1].recorded.data.model_dump()
    assert 0 not in event["batch_indexes"]
    assert event["batch_indexes"]


async def test_a_job_that_rests_is_not_marked_failed(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="reassembly")
    refused = await act(gateway, job_id, "mark-failed")
    assert (refused.status_code, code(refused)) == (409, "job.not_in_flight")


async def test_interrupted_jobs_are_listed_with_how_far_they_came_until_given_up(
    gateway: Desk,
) -> None:
    job_id = await interrupted(gateway)
    await opened(gateway, b"PK other", external_reference="other")
    await gateway.project()
    (row,) = (await gateway.as_operator.get("/api/v1/jobs?interrupted=true")).json()["items"]
    assert (row["job_id"], row["finished_phases"]) == (job_id, ["preflight", "extraction"])
    assert 0 < row["progress_pct"] < 100
    assert row["stopped_at"] is not None
    assert (
        len((await gateway.as_operator.get("/api/v1/jobs?interrupted=false")).json()["items"]) == 1
    )
    checkpoint = f"/api/v1/jobs/{job_id}/checkpoint"
    given_up = await gateway.as_operator.delete(checkpoint)
    assert (given_up.status_code, given_up.json()["is_checkpoint_discarded"]) == (200, True)
    assert given_up.json()["status_views"]["combined_job"] == "failed"
    again = await gateway.as_operator.delete(checkpoint)
    assert (again.status_code, again.json()["version"]) == (200, given_up.json()["version"])
    for action in ("resume", "retry"):
        refused = await act(gateway, job_id, action)
        assert (refused.status_code, code(refused)) == (409, "job.not_resumable")
    await gateway.project()
    assert (await gateway.as_operator.get("/api/v1/jobs?interrupted=true")).json()["items"] == []
    assert (await gateway.as_operator.get("/api/v1/parked")).json()["items"] == []
    assert (await act(gateway, job_id, "rerun")).status_code == 202


async def test_a_job_that_moves_has_no_checkpoint_to_give_up(gateway: Desk) -> None:
    job_id = await opened(gateway)
    refused = await gateway.as_operator.delete(f"/api/v1/jobs/{job_id}/checkpoint")
    assert (refused.status_code, code(refused)) == (409, "job.no_checkpoint")


async def test_a_submission_beside_an_interrupted_job_is_asked_what_to_do_with_it(
    gateway: Desk,
) -> None:
    job_id = await interrupted(gateway)
    refused = await submit(gateway.as_operator, b"PK")
    assert (refused.status_code, code(refused)) == (409, "job.unfinished")
    problem = refused.json()
    base = f"/api/v1/jobs/{job_id}"
    assert problem["links"] == {
        "unfinished_job": base,
        "resume": f"{base}/resume",
        "fresh": f"{base}/rerun",
    }
    assert problem["unfinished_job"]["finished_phases"] == ["preflight", "extraction"]
    assert problem["unfinished_job"]["progress_pct"] > 0
    resumed = await submit(gateway.as_operator, b"PK", on_unfinished="resume")
    assert (resumed.status_code, resumed.json()["job_id"], resumed.json()["status"]) == (
        202,
        job_id,
        "queued",
    )
    again = await submit(gateway.as_operator, b"PK", on_unfinished="resume")
    assert (again.status_code, again.json()["job_id"]) == (202, job_id)
    running = await submit(gateway.as_operator, b"PK", on_unfinished="fresh")
    assert (running.status_code, code(running)) == (409, "job.already_running")


async def test_a_fresh_submission_gives_the_interrupted_job_up(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    answers = await asyncio.gather(
        *(
            submit(gateway.as_operator, b"PK", on_unfinished="fresh", idempotency_key="k")
            for _ in range(2)
        )
    )
    assert [each.status_code for each in answers] == [202, 202]
    assert len({each.json()["job_id"] for each in answers} - {job_id}) == 1
    old = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert (old["is_checkpoint_discarded"], old["is_interrupted"]) == (True, False)
    plain = await submit(gateway.as_operator, b"PK", idempotency_key="k")
    assert plain.json()["job_id"] == answers[0].json()["job_id"], (
        "the answer is no part of what was asked"
    )


async def test_two_people_who_answer_resume_at_once_get_the_same_job(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    answers = await asyncio.gather(
        *(submit(gateway.as_operator, b"PK", on_unfinished="resume") for _ in range(3))
    )
    assert [(each.status_code, each.json()["job_id"]) for each in answers] == [(202, job_id)] * 3
    names = [each.recorded.data.name for each in await gateway.store.read(UUID(job_id))]
    assert names.count("job.resume_requested") == 1


async def test_jobs_of_other_projects_are_as_if_they_were_not_there(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    async with await gateway.client(Role.OPERATOR, "elsewhere") as stranger:
        for action in ("retry", "rerun", "mark-failed", "parked/translation_batch/0/redrive"):
            refused = await act(gateway, job_id, action, stranger)
            assert (refused.status_code, code(refused)) == (404, "job.missing")
        given_up = await stranger.delete(f"/api/v1/jobs/{job_id}/checkpoint")
        assert (given_up.status_code, code(given_up)) == (404, "job.missing")
        await gateway.project()
        assert (await stranger.get("/api/v1/parked")).json()["items"] == []
        assert (await stranger.get("/api/v1/jobs?interrupted=true")).json()["items"] == []
    assert (await act(gateway, job_id, "rerun", gateway.as_nobody)).status_code == 401


async def test_what_people_do_is_on_the_audit_with_their_names(gateway: Desk) -> None:
    job_id = await interrupted(gateway)
    await gateway.as_operator.delete(f"/api/v1/jobs/{job_id}/checkpoint")
    await gateway.project()
    asked = {"entity_id": job_id, "action": "job.checkpoint_discarded"}
    (entry,) = (await gateway.as_admin.get("/api/v1/audit-events", params=asked)).json()["items"]
    assert (entry["actor"], entry["actor_name"]) == (f"user:{gateway.operator.user_id}", "Olga")
