"""Units translated again: asked for over HTTP, done by a worker of translate with real engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.events import UnitsRetranslated
from dragoman_contracts.identity import project_id
from dragoman_contracts.policy import Policy
from dragoman_contracts.redaction import Redaction
from dragoman_contracts.resources import Term, TermList
from dragoman_runtime.objects.values import put_value
from dragoman_translate.settings import EngineSettings
from e2e.slow_model import slow_model
from services.gateway.at_work import do_all
from services.gateway.desks import RULES, Desk, desk
from services.gateway.test_review_api import TWICE, Review
from services.gateway.test_submission_api import code


@pytest.fixture
async def review(tmp_path: Path) -> AsyncIterator[Review]:
    async with desk(tmp_path) as gateway:
        yield await in_review(gateway)


async def in_review(gateway: Desk) -> Review:
    """A job whose translation was just checked."""
    history = gateway.history
    job_id = await history.submit("contract.docx", document=TWICE)
    await history.advance(job_id, to="qa")
    return Review(gateway, job_id)


async def test_the_engine_sees_the_job_s_terms_and_nothing_that_the_job_withholds(
    tmp_path: Path,
) -> None:
    rules = replace(RULES, engines=frozenset({"openai"}), check_pair=None)
    async with desk(tmp_path, rules=rules) as gateway:
        history = gateway.history
        terms = TermList(terms=(Term(term_id=UUID(int=1), source="supplier", target="PROVEEDOR"),))
        policy = Policy(
            engine="apertium",
            domain_pack_code="legal",
            terms=await put_value(gateway.objects, project_id("atlas"), terms),
            redaction=Redaction(terms=("Customer",)),
        )
        job_id = await history.submit("contract.docx", document=TWICE, policy=policy)
        await history.advance(job_id, to="qa")
        review = Review(gateway, job_id)
        await again(review, "u1", engine="openai")
        with slow_model() as model:
            settings = EngineSettings(
                openai_base_url=model.settings["DRAGOMAN_OPENAI_BASE_URL"], openai_model="test"
            )
            assert await do_all(gateway.store, gateway.objects, job_id, settings) == [
                "retranslation"
            ]
        sent = b" ".join(model.asked).decode()
        assert "PROVEEDOR" in sent
        assert "between the Supplier and" in sent
        assert "Customer" not in sent
        assert "Customer" in (await review.unit("u1"))["target"]


async def work(gateway: Desk, review: Review) -> list[str]:
    """Do everything that the job owes; the kinds of it."""
    return await do_all(gateway.store, gateway.objects, review.job_id)


async def again(review: Review, *unit_ids: str, engine: str = "pseudo") -> str:
    """Ask for units; the address under which the retranslation is found."""
    asked = await review.post("units/retranslate", unit_ids=list(unit_ids), engine=engine)
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    return asked.headers["location"]


async def test_each_unit_gets_the_other_engine_s_text_as_a_draft_on_record(review: Review) -> None:
    gateway = review.gateway
    address = await again(review, "u8", "u1", "u8")
    assert (await review.client.get(f"{review.path}/review")).json()["retranslations_waiting"] == [
        0
    ]
    assert await work(gateway, review) == ["retranslation"]
    found = (await review.client.get(address)).json()
    assert (found["status"], found["unit_count"]) == ("done", 2)
    assert [each["unit_id"] for each in found["units"]] == ["u1", "u8"]
    for unit in found["units"]:
        assert (unit["stage"], unit["origin"]) == ("draft", "retranslated")
        assert unit["verification_state"] == "needs_review"
        assert unit["edited_by_name"] == "Olga"
    detail = await review.unit("u8")
    assert detail["target"] == "Иоцпивду атд ращабмд чифзио 14 гащу."
    assert detail["why"]["engine"] == "pseudo"
    stored = (await gateway.store.read(review.job_id))[-1].recorded
    assert isinstance(stored.data, UnitsRetranslated)
    assert stored.origin.actor == "service:translate"
    assert (stored.data.unit_count, stored.data.failed_count) == (2, 0)
    assert stored.data.pending_count == 3  # u1 had passed
    assert len(stored.data.calls) == 1
    assert (await review.client.get(f"{review.path}/review")).json()["pending_units"] == 3


async def test_a_text_that_a_person_wrote_meanwhile_stays(review: Review) -> None:
    address = await again(review, "u1", "u8")
    await review.edit("u8", target="Las facturas se pagan en 14 días.")
    await work(review.gateway, review)
    assert (await review.client.get(address)).json()["status"] == "done"
    assert (await review.unit("u8"))["target"] == "Las facturas se pagan en 14 días."
    assert (await review.unit("u8"))["stage"] == "reviewed"
    assert (await review.unit("u1"))["origin"] == "retranslated"


async def test_the_draft_is_taken_back_like_any_edit(review: Review) -> None:
    before = await review.unit("u1")
    await again(review, "u1")
    await work(review.gateway, review)
    unit = await review.unit("u1")
    undone = await review.post("review/undo", {"If-Match": f'"{unit["version"]}"'}, unit_id="u1")
    assert undone.json()["unit"]["target"] == before["target"]
    assert (await review.unit("u1"))["verification_state"] == before["verification_state"]


async def test_an_engine_that_cannot_is_parked_and_the_review_goes_on(tmp_path: Path) -> None:
    elsewhere = replace(RULES, engines=frozenset(), check_pair=None)
    async with desk(tmp_path, rules=elsewhere) as gateway:
        await _parked(await in_review(gateway))


async def _parked(review: Review) -> None:
    address = await again(review, "u1", engine="openai")
    await work(review.gateway, review)
    found = (await review.client.get(address)).json()
    assert (found["status"], found["code"]) == ("failed", "engine.not_configured")
    job = (await review.client.get(review.path)).json()
    assert job["status"] == "needs_review"
    assert (await review.edit("u1", target="Uno.")).status_code == 200


async def test_the_same_wish_while_it_is_under_way_is_one_and_later_another(
    review: Review,
) -> None:
    first = await again(review, "u1")
    assert await again(review, "u1") == first
    assert await again(review, "u8") != first
    assert await work(review.gateway, review) == ["retranslation", "retranslation"]
    assert await again(review, "u1") != first


async def test_a_closed_review_drops_what_was_under_way(review: Review) -> None:
    address = await again(review, "u1")
    await review.post("review/finish", as_they_are=True)
    found = (await review.client.get(address)).json()
    assert found["status"] == "dropped"
    closed = await review.post("units/retranslate", unit_ids=["u1"], engine="pseudo")
    assert (closed.status_code, code(closed)) == (409, "review.not_open")


async def test_units_engines_and_numbers_that_are_not_there_are_refused(review: Review) -> None:
    unknown = await review.post("units/retranslate", unit_ids=["u99"], engine="pseudo")
    assert (unknown.status_code, code(unknown)) == (404, "unit.missing")
    nothing = await review.post("units/retranslate", unit_ids=[], engine="pseudo")
    assert nothing.status_code == 422
    missing = await review.client.get(f"{review.path}/review/retranslations/7")
    assert (missing.status_code, code(missing)) == (404, "retranslation.missing")
    stranger = await review.gateway.as_nobody.post(
        f"{review.path}/units/retranslate", json={"unit_ids": ["u1"]}
    )
    assert stranger.status_code == 401
