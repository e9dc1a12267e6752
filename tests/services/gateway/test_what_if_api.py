"""A what-if over HTTP: opened beside a job, compared with it, chosen from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_contracts import events as e
from services.gateway.desks import Desk, desk
from services.gateway.histories import SENTENCES, Document
from services.gateway.test_jobs_api import opened
from services.gateway.test_submission_api import code

FIRST = Document(SENTENCES, is_plain=True)
OTHER = Document(tuple((source, f"{target} Bis.") for source, target in SENTENCES), is_plain=True)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def translated(gateway: Desk, *, is_completed: bool = True) -> str:
    job_id = await opened(gateway)
    document = FIRST if is_completed else Document(
        SENTENCES, verdict=e.QaVerdict.NEEDS_REVIEW, is_plain=True
    )  # fmt: skip
    await gateway.advance(job_id, to="reassembly" if is_completed else "qa", document=document)
    return job_id


async def tried(gateway: Desk, job_id: str) -> str:
    answer = await gateway.as_operator.post(
        f"/api/v1/jobs/{job_id}/what-if", json={"engine": "identity"}
    )
    assert answer.status_code == 202, answer.text
    trial = str(answer.json()["job_id"])
    await gateway.advance(trial, to="qa", after="preflight", document=OTHER)
    return trial


async def compared(gateway: Desk, trial: str) -> dict[str, Any]:
    answer = await gateway.as_operator.get(f"/api/v1/jobs/{trial}/comparison")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_trial_holds_no_document_and_has_all_but_the_engine(gateway: Desk) -> None:
    first = await translated(gateway)
    before = (await gateway.as_operator.get(f"/api/v1/jobs/{first}")).json()
    answer = await gateway.as_operator.post(
        f"/api/v1/jobs/{first}/what-if",
        json={"engine": "identity"},
        headers={"Idempotency-Key": "once"},
    )
    trial = answer.json()
    assert (trial["pipeline"]["name"], trial["parent_job_id"]) == ("what-if", first)
    assert trial["document_id"] is None
    again = await gateway.as_operator.post(
        f"/api/v1/jobs/{first}/what-if",
        json={"engine": "identity"},
        headers={"Idempotency-Key": "once"},
    )
    assert again.json()["job_id"] == trial["job_id"]
    after = (await gateway.as_operator.get(f"/api/v1/jobs/{first}")).json()
    assert [after[key] for key in ("version", "status", "document_id")] == [
        before[key] for key in ("version", "status", "document_id")
    ]


async def test_both_sides_are_compared(gateway: Desk) -> None:
    first = await translated(gateway)
    told = await compared(gateway, await tried(gateway, first))
    assert told["job_id"] == first
    assert told["unit_count"] == len(SENTENCES)
    assert told["equal_count"] == 0
    unit = told["units"][0]
    assert (unit["first"]["target"], unit["trial"]["target"]) == (
        SENTENCES[0][1],
        f"{SENTENCES[0][1]} Bis.",
    )


@pytest.mark.parametrize("is_completed", [True, False])
async def test_a_choice_is_an_edit_of_the_first_job_on_record(
    gateway: Desk, is_completed: bool
) -> None:
    first = await translated(gateway, is_completed=is_completed)
    trial = await tried(gateway, first)
    unit_id = (await compared(gateway, trial))["units"][1]["unit_id"]
    answer = await gateway.as_operator.post(
        f"/api/v1/jobs/{trial}/comparison/choose", json={"unit_ids": [unit_id]}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_editable"]
    unit = (await gateway.as_operator.get(f"/api/v1/jobs/{first}/units/{unit_id}")).json()
    assert unit["target"] == f"{SENTENCES[1][1]} Bis."
    assert unit["stage"] == "reviewed"
    events = (await gateway.as_operator.get(f"/api/v1/jobs/{first}/events")).json()["items"]
    assert events[-1]["type"] == "units.reviewed"
    told = await compared(gateway, trial)
    assert told["equal_count"] == 1


async def test_all_at_once_are_drafts_that_nobody_has_read(gateway: Desk) -> None:
    first = await translated(gateway)
    trial = await tried(gateway, first)
    answer = await gateway.as_operator.post(
        f"/api/v1/jobs/{trial}/comparison/choose", json={"all": True}
    )
    assert answer.status_code == 200, answer.text
    units = (await gateway.as_operator.get(f"/api/v1/jobs/{first}/units")).json()["items"]
    assert {each["stage"] for each in units} == {"draft"}
    assert all(each["target"].endswith(" Bis.") for each in units)


async def test_what_cannot_be_tried_is_refused(gateway: Desk) -> None:
    early = await opened(gateway)
    path = f"/api/v1/jobs/{early}/what-if"
    answer = await gateway.as_operator.post(path, json={"engine": "identity"})
    assert (answer.status_code, code(answer)) == (409, "what_if.not_ready")
    answer = await gateway.as_operator.get(f"/api/v1/jobs/{early}/comparison")
    assert (answer.status_code, code(answer)) == (409, "what_if.no_trial")
    first = await translated_again(gateway)
    for body, field in (
        ({"engine": "pseudo"}, "engine"),
        ({"engine": "nobody"}, "engine"),
        ({"engine": "a b"}, "engine"),
        ({"engine": "identity", "sample": 0}, "sample"),
        ({"engine": "identity", "prompt": "x"}, "prompt"),
    ):
        answer = await gateway.as_operator.post(f"/api/v1/jobs/{first}/what-if", json=body)
        assert answer.status_code == 422, body
        assert field in answer.text


async def translated_again(gateway: Desk) -> str:
    job_id = await opened(gateway, content=b"PK other", external_reference="other")
    await gateway.advance(job_id, to="reassembly", document=FIRST)
    return job_id


async def test_others_projects_are_as_if_they_were_not_there(gateway: Desk) -> None:
    first = await translated(gateway)
    trial = await tried(gateway, first)
    async with await gateway.client(Role.OPERATOR, "other") as client:
        answers: list[httpx.Response] = [
            await client.post(f"/api/v1/jobs/{first}/what-if", json={"engine": "identity"}),
            await client.get(f"/api/v1/jobs/{trial}/comparison"),
            await client.post(f"/api/v1/jobs/{trial}/comparison/choose", json={"all": True}),
            await client.get(f"/api/v1/jobs/{first}/units/u0/explanation"),
        ]
    assert {each.status_code for each in answers} == {404}
    assert (await gateway.as_nobody.get(f"/api/v1/jobs/{trial}/comparison")).status_code == 401
