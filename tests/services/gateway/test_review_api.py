"""Reviewing over HTTP: units read and edited, accepted, undone, and the review finished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from dragoman_contracts import events as e
from dragoman_contracts.identity import project_id
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import RememberedDismissals
from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.objects import get_value
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.histories import SENTENCES, Document
from services.gateway.test_jobs_api import opened
from services.gateway.test_submission_api import code

TWICE = Document(
    (*SENTENCES, SENTENCES[0], SENTENCES[5]), verdict=e.QaVerdict.NEEDS_REVIEW, is_plain=True
)
"""Nine units: u7 repeats u0, u8 repeats u5; u7 and u8 need a person."""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


class Review:
    """A job in review, over HTTP."""

    def __init__(self, gateway: Desk, job_id: UUID) -> None:
        self.gateway = gateway
        self.job_id = job_id
        self.path = f"/api/v1/jobs/{job_id}"
        self.client = gateway.as_operator

    async def unit(self, unit_id: str) -> dict[str, Any]:
        """A unit with everything that is known of it."""
        answer = await self.client.get(f"{self.path}/units/{unit_id}")
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        unit: dict[str, Any] = answer.json()
        return unit

    async def units(self, **which: str) -> list[dict[str, Any]]:
        """The units that a filter lets through."""
        answer = await self.client.get(f"{self.path}/units", params={"limit": "500", **which})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    async def edit(self, unit_id: str, version: int | None = None, **change: Any) -> httpx.Response:
        """Edit a unit, on the version that it has unless another is said."""
        if version is None:
            version = (await self.unit(unit_id))["version"]
        return await self.client.patch(
            f"{self.path}/units/{unit_id}", json=change, headers={"If-Match": f'"{version}"'}
        )

    async def post(
        self, act: str, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        """Do something to the review."""
        return await self.client.post(f"{self.path}/{act}", json=body, headers=headers)

    async def events(self) -> list[str]:
        """The types of the job's events."""
        stored = await self.gateway.store.read(self.job_id)
        return [each.recorded.type for each in stored]


@pytest.fixture
async def review(gateway: Desk) -> Review:
    history = gateway.history
    job_id = await history.submit("contract.docx", document=TWICE)
    await history.advance(job_id, to="qa")
    return Review(gateway, job_id)


async def test_a_changed_target_is_verified_by_a_person_and_on_record(review: Review) -> None:
    answer = await review.edit("u8", target="Las facturas se pagan en 14 días.")
    saved = answer.json()
    assert (answer.status_code, saved["pending_units"]) == (200, 1)
    unit = saved["unit"]
    assert (unit["target"], unit["stage"]) == ("Las facturas se pagan en 14 días.", "reviewed")
    assert (unit["verification_state"], unit["origin"]) == ("human_verified", "typed")
    assert (unit["result_source"], unit["edited_by_name"]) == ("review", "Olga")
    assert unit["findings"] == []
    assert answer.headers["etag"] == f'"{unit["version"]}"'
    assert (await review.events())[-1] == "units.reviewed"
    detail = await review.unit("u8")
    assert [each["target"] for each in detail["history"]] == [unit["target"]]


async def test_repetitions_get_the_same_unless_a_person_stands_for_them(review: Review) -> None:
    first = (await review.edit("u5", target="Pago a 14 días.")).json()
    assert [each["unit_id"] for each in first["propagated"]] == ["u8"]
    assert first["propagated"][0]["origin"] == "propagated"
    assert first["pending_units"] == 1
    second = (await review.edit("u5", target="Pago en 14 días.")).json()
    assert second["propagated"] == []
    assert (await review.unit("u8"))["target"] == "Pago a 14 días."
    alone = (await review.edit("u0", target="Acuerdo", propagate=False)).json()
    assert alone["propagated"] == []


async def test_who_was_slower_is_told_the_others_text(review: Review) -> None:
    assert (await review.edit("u1", 0, target="Uno.")).status_code == 200
    slower = await review.edit("u1", 0, target="Dos.")
    assert (slower.status_code, code(slower)) == (412, "review.changed")
    current = slower.json()["current"]
    assert (current["target"], current["edited_by_name"]) == ("Uno.", "Olga")
    assert (await review.unit("u1"))["target"] == "Uno."


async def test_an_edit_must_say_what_it_was_made_on(review: Review) -> None:
    answer = await review.client.patch(f"{review.path}/units/u1", json={"target": "Uno."})
    assert (answer.status_code, code(answer)) == (428, "request.if_match_required")
    nothing = await review.edit("u1")
    assert nothing.status_code == 422


async def test_two_people_at_once_lose_nothing(review: Review) -> None:
    answers = await asyncio.gather(
        *(review.edit(f"u{n}", 0, target=f"Texto {n}.", propagate=False) for n in range(9))
    )
    assert {each.status_code for each in answers} == {200}
    assert [each["target"] for each in await review.units()] == [f"Texto {n}." for n in range(9)]
    assert (await review.events()).count("units.reviewed") == 9


async def test_a_draft_may_be_empty_and_keeps_the_review_open(review: Review) -> None:
    draft = (await review.edit("u1", target="", state="draft")).json()
    assert (draft["unit"]["verification_state"], draft["pending_units"]) == ("needs_review", 3)
    refused = await review.edit("u1", state="reviewed")
    assert (refused.status_code, code(refused)) == (422, "review.empty")
    unknown = await review.edit("u1", target="Un <7>texto</7>.")
    assert (unknown.status_code, code(unknown)) == (422, "review.tags")


async def test_the_same_text_again_is_no_edit(review: Review) -> None:
    await review.edit("u1", target="Uno.")
    before = await review.events()
    again = await review.edit("u1", target="Uno.")
    assert (again.status_code, again.json()["unit"]["target"]) == (200, "Uno.")
    assert await review.events() == before


async def test_undo_goes_back_to_what_the_engine_said(review: Review) -> None:
    engine = (await review.unit("u2"))["target"]
    for text in ("Uno.", "Dos."):
        await review.edit("u2", target=text)
    seen: list[str] = []
    for _ in range(2):
        version = (await review.unit("u2"))["version"]
        undone = await review.post("review/undo", {"If-Match": f'"{version}"'}, unit_id="u2")
        seen.append(undone.json()["unit"]["target"])
    assert seen == ["Uno.", engine]
    version = (await review.unit("u2"))["version"]
    nothing = await review.post("review/undo", {"If-Match": f'"{version}"'}, unit_id="u2")
    assert (nothing.status_code, code(nothing)) == (409, "review.nothing_to_undo")
    assert len((await review.unit("u2"))["history"]) == 4


async def test_one_all_and_all_of_a_kind_are_accepted(review: Review) -> None:
    one = (await review.post("review/accept", unit_ids=["u8"])).json()
    assert (one["accepted_count"], one["pending_units"]) == (1, 1)
    kind = (await review.post("review/accept", finding="qa.numbers")).json()
    assert (kind["accepted_count"], kind["pending_units"]) == (1, 0)
    rest = (await review.post("review/accept", all=True)).json()
    assert rest["accepted_count"] == 7
    assert {each["verification_state"] for each in await review.units()} == {"human_verified"}
    two = await review.post("review/accept", all=True, finding="x")
    assert two.status_code == 422


async def test_a_finding_is_dismissed_with_a_reason(review: Review) -> None:
    for unit_id in ("u7", "u8"):
        answer = await review.post(
            "review/dismiss", unit_id=unit_id, code="qa.numbers", reason="A clause number."
        )
        assert answer.json()["findings"][0]["dismissed_reason"] == "A clause number."
    assert (await review.client.get(f"{review.path}/review")).json()["pending_units"] == 0
    assert (await review.unit("u8"))["verification_state"] == "passed"


async def test_a_finding_dismissed_for_the_project_goes_with_later_jobs(review: Review) -> None:
    gateway = review.gateway
    await review.post(
        "review/dismiss", unit_id="u8", code="qa.numbers", reason="Clauses.", scope="project"
    )
    (entry,) = await gateway.catalog.dismissals.of_project(project_id("atlas"))
    assert (entry.code, entry.reason) == ("qa.numbers", "Clauses.")
    await gateway.catalog.dismissals.add(
        entry.model_copy(update={"project_id": project_id("default")}),
        TESTER,
        entry.dismissed_at,
    )
    job, _ = await gateway.jobs.load(UUID(await opened(gateway)))
    policy = await get_value(gateway.objects, job.project_id, job.policy, Policy)
    assert policy.dismissals is not None
    assert job.input("dismissals") == policy.dismissals
    found = await get_value(
        gateway.objects, job.project_id, policy.dismissals, RememberedDismissals
    )
    assert [each.reason for each in found.dismissals] == ["Clauses."]


async def test_comments_are_read_with_their_authors(review: Review) -> None:
    await review.post("review/comments", unit_id="u1", text="Is that the right party?")
    unit = await review.unit("u1")
    assert [(each["author"], each["text"]) for each in unit["comments"]] == [
        ("Olga", "Is that the right party?")
    ]
    assert (unit["comment_count"], unit["stage"]) == (1, "translated")


async def test_a_target_is_checked_without_being_saved(review: Review) -> None:
    before = await review.events()
    found = (await review.post("review/check", unit_id="u5", target="Pago en 15  días.")).json()
    assert "numbers.missing" in {each["code"] for each in found["findings"]}
    assert await review.events() == before


async def test_text_is_found_and_replaced_after_a_look(review: Review) -> None:
    wanted: dict[str, Any] = {"find": "acuerdo", "replace": "Convenio"}
    look = (await review.post("review/replace", None, **wanted, dry_run=True)).json()
    assert [each["unit_id"] for each in look["changes"]] == ["u0", "u1", "u7"]
    assert (look["applied_count"], look["changes"][0]["after"]) == (
        0,
        "Convenio marco de servicios",
    )
    done = (await review.post("review/replace", None, **wanted)).json()
    assert done["applied_count"] == 3
    unit = await review.unit("u1")
    assert (unit["origin"], unit["target"].startswith("El presente Convenio")) == ("replaced", True)


async def test_units_are_filtered(review: Review) -> None:
    await review.edit("u1", target="Uno.")
    ids = {
        name: [each["unit_id"] for each in await review.units(**which)]
        for name, which in {
            "state": {"verification_state": "needs_review"},
            "stage": {"stage": "draft"},
            "finding": {"finding": "qa.numbers"},
            "origin": {"origin": "typed"},
            "text": {"q": "CONFIDENTIALITY"},
        }.items()
    }
    assert ids == {
        "state": ["u7", "u8"],
        "stage": ["u7", "u8"],
        "finding": ["u7", "u8"],
        "origin": ["u1"],
        "text": ["u3"],
    }


async def test_a_unit_shows_what_reads_like_it(review: Review) -> None:
    unit = await review.unit("u0")
    assert [(each["unit_id"], each["score"]) for each in unit["matches"]] == [("u7", 100)]
    assert unit["repeat_key"] == (await review.unit("u7"))["repeat_key"]


async def test_the_review_is_finished_when_nothing_is_left(review: Review) -> None:
    early = await review.post("review/finish")
    assert (early.status_code, code(early)) == (409, "review.pending")
    assert early.json()["pending_units"] == 2
    await review.edit("u8", target="Pago en 14 días.", propagate=False)
    await review.post("review/accept", unit_ids=["u7"])
    done = await review.post("review/finish")
    assert (done.status_code, done.json()["status"]) == (202, "reassembly_pending")
    assert (await review.events())[-1] == "review.closed"
    again = await review.post("review/finish")
    assert again.status_code == 202
    assert (await review.events()).count("review.closed") == 1
    late = await review.edit("u1", target="Uno.")
    assert (late.status_code, code(late)) == (409, "review.not_open")


async def test_units_can_be_taken_as_they_are(review: Review) -> None:
    done = await review.post("review/finish", as_they_are=True)
    assert done.status_code == 202
    job, _ = await review.gateway.jobs.load(review.job_id)
    assert (job.status, job.review_pending_count) == (JobStatus.REASSEMBLY_PENDING, 2)


async def test_a_completed_job_is_opened_again(review: Review) -> None:
    await review.edit("u1", target="Uno.")
    await review.post("review/finish", as_they_are=True)
    await review.gateway.advance(str(review.job_id), after="qa", to="reassembly")
    opened = (await review.post("review/open")).json()
    assert (opened["is_editable"], opened["status"]) == (True, "opened")
    assert (await review.unit("u1"))["target"] == "Uno."
    assert (await review.edit("u2", target="Dos.")).status_code == 200
    assert (await review.post("review/finish", as_they_are=True)).status_code == 202


async def test_reviewers_and_the_day_it_is_due(review: Review) -> None:
    user = (await review.client.get("/api/v1/session")).json()
    planned = await review.client.put(
        f"{review.path}/review",
        json={"due_at": "2027-01-02T12:00:00Z", "reviewer_ids": [user["user_id"]]},
    )
    assert planned.json()["due_at"] == "2027-01-02T12:00:00Z"
    assert [each["name"] for each in planned.json()["reviewers"]] == ["Olga"]


async def test_people_see_each_other(review: Review) -> None:
    admin = review.gateway.as_admin
    await admin.post(f"{review.path}/review/presence", json={"unit_id": "u3"})
    seen = (await review.post("review/presence", unit_id="u4")).json()
    assert [(each["unit_id"]) for each in seen["others"]] == ["u3"]
    await admin.post(f"{review.path}/review/presence", json={"unit_id": None})
    assert (await review.post("review/presence", unit_id="u4")).json() == {"others": []}


async def test_a_long_review_is_stored_whole_now_and_then(review: Review) -> None:
    for n in range(70):
        await review.edit("u1", target=f"Texto {n}.")
    job, _ = await review.gateway.jobs.load(review.job_id)
    assert job.review is not None
    assert job.review.state is not None
    assert len(job.review.saves) < 65
    other = Review(review.gateway, review.job_id)
    assert (await other.unit("u1"))["target"] == "Texto 69."
    assert len((await other.unit("u1"))["history"]) == 70


async def test_a_job_that_is_not_checked_yet_shows_its_units_and_takes_no_edit(
    gateway: Desk,
) -> None:
    job_id = await gateway.history.submit("contract.docx")
    young = Review(gateway, job_id)
    assert await young.units() == []
    await gateway.advance(str(job_id), to="extraction")
    assert {each["verification_state"] for each in await young.units()} == {"pending"}
    refused = await young.edit("u1", 0, target="Uno.")
    assert (refused.status_code, code(refused)) == (409, "review.not_open")
    missing = await young.client.get(f"{young.path}/units/none")
    assert (missing.status_code, code(missing)) == (404, "unit.missing")


async def test_who_may_review_is_told_to_operators_without_more_of_them(review: Review) -> None:
    answer = await review.client.get(f"{review.path}/review/people")
    found = answer.raise_for_status().json()["items"]
    assert [each["name"] for each in found] == ["Administrator", "Olga"]
    assert set(found[0]) == {"user_id", "name"}
