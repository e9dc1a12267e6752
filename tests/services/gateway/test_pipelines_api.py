"""Steps and pipelines over HTTP: listed, saved, edited, retired,
and taken by a job as it was then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from dragoman_catalog import PADDLEOCR_VL_ID, Role
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.steps import STEPS
from services.gateway.desks import Desk, desk
from services.gateway.test_submission_api import submit

COUNTING: list[dict[str, object]] = [
    {"name": "check", "kind": "preflight"},
    {"name": "count", "kind": "extraction", "weight": 9},
]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def save(
    gateway: Desk, phases: list[dict[str, object]], name: str = "count-words"
) -> httpx.Response:
    return await gateway.as_admin.post("/api/v1/pipelines", json={"name": name, "phases": phases})


async def test_every_step_is_listed_with_the_schema_of_its_config(gateway: Desk) -> None:
    listed = (await gateway.as_operator.get("/api/v1/steps")).json()["items"]
    assert [each["kind"] for each in listed] == list(STEPS)
    assert all(each["config_schema"]["type"] == "object" for each in listed)
    assert next(each for each in listed if each["kind"] == "extraction")["gives"] == ["units"]


async def test_a_pipeline_is_saved_edited_and_kept_in_every_version(gateway: Desk) -> None:
    saved = await save(gateway, COUNTING)
    assert (saved.status_code, saved.headers["etag"]) == (201, '"1"')
    address = saved.headers["location"]
    phases = [
        {**phase.model_dump(include={"name", "kind", "weight"})} for phase in TRANSLATE_DOCX.phases
    ]
    edited = await gateway.as_admin.put(
        address, json={"phases": phases}, headers={"If-Match": '"1"'}
    )
    assert (edited.status_code, edited.json()["version"]) == (200, 2)
    stale = await gateway.as_admin.put(
        address, json={"phases": phases}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    first = (await gateway.as_operator.get(address, params={"version": 1})).json()
    assert [each["name"] for each in first["phases"]] == ["check", "count"]
    assert first["needs"] == ["locales", "source"]
    versions = (await gateway.as_operator.get(f"{address}/versions")).json()["items"]
    assert [each["version"] for each in versions] == [2, 1]
    listed = (await gateway.as_operator.get("/api/v1/pipelines")).json()["items"]
    assert [(each["id"], each["is_built_in"]) for each in listed] == [
        ("translate-docx", True),
        ("document-parse", True),
        ("count-words", False),
        ("paddleocr-document-parse", False),
    ]
    assert listed[-1]["name"] == "PaddleOCR Document Parse"
    assert listed[-1]["model_id"] == str(PADDLEOCR_VL_ID)


async def test_a_fault_is_a_422_that_names_its_place(gateway: Desk) -> None:
    odd = await save(
        gateway,
        [{"name": "a", "kind": "fold_laundry"}, {"name": "b", "kind": "qa", "config": {"x": 1}}],
    )
    assert (odd.status_code, odd.json()["code"]) == (422, "pipeline.invalid")
    fields = {each["field"] for each in odd.json()["errors"]}
    assert fields == {"phases.0.kind", "phases.1.kind", "phases.1.config.x"}


async def test_the_built_in_pipeline_stays_as_it_is(gateway: Desk) -> None:
    address = f"/api/v1/pipelines/{TRANSLATE_DOCX.name}"
    assert (await save(gateway, COUNTING, TRANSLATE_DOCX.name)).status_code == 409
    edited = await gateway.as_admin.put(
        address, json={"phases": COUNTING}, headers={"If-Match": '"1"'}
    )
    assert edited.status_code == 404
    assert "built in" in edited.json()["detail"]


async def test_only_an_admin_of_everything_saves(gateway: Desk) -> None:
    narrow = await gateway.client(Role.ADMIN, "default")
    for client in (gateway.as_operator, narrow):
        answer = await client.post("/api/v1/pipelines", json={"name": "mine", "phases": COUNTING})
        assert answer.status_code == 403
    await narrow.aclose()


async def test_a_job_holds_the_version_it_was_submitted_with(gateway: Desk) -> None:
    address = (await save(gateway, COUNTING)).headers["location"]
    job = (await submit(gateway.as_operator, pipeline="count-words")).json()
    assert job["pipeline"] == {"name": "count-words", "version": 1}
    assert [each["name"] for each in job["phases"]] == ["check", "count"]
    beside = await submit(gateway.as_operator)
    assert beside.status_code == 202  # another pipeline holds another scope of the same document
    phases = [{**each, "weight": 5} for each in COUNTING]
    await gateway.as_admin.put(address, json={"phases": phases}, headers={"If-Match": '"1"'})
    held, _ = await gateway.jobs.load(UUID(job["job_id"]))
    assert (held.pipeline.version, held.pipeline.phases[1].weight) == (1, 9)


async def test_a_pipeline_that_takes_no_jobs_is_refused_by_name(gateway: Desk) -> None:
    address = (await save(gateway, COUNTING)).headers["location"]
    unknown = await submit(gateway.as_operator, pipeline="count-word")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "pipeline.unknown")
    assert (await gateway.as_admin.delete(address, headers={"If-Match": '"1"'})).status_code == 204
    retired = await submit(gateway.as_operator, pipeline="count-words")
    assert (retired.status_code, retired.json()["code"]) == (422, "pipeline.retired")
    back = await gateway.as_admin.put(
        address, json={"phases": COUNTING}, headers={"If-Match": '"2"'}
    )
    assert (back.status_code, back.json()["is_retired"]) == (200, False)
    assert (await submit(gateway.as_operator, pipeline="count-words")).json()["pipeline"][
        "version"
    ] == 3


async def test_the_same_key_with_another_pipeline_is_another_request(gateway: Desk) -> None:
    await save(gateway, COUNTING)
    assert (await submit(gateway.as_operator, key="k1")).status_code == 202
    again = await submit(gateway.as_operator, key="k1", pipeline="count-words")
    assert again.json()["code"] == "idempotency.key_reused"
