"""A job on a new version of a document pins what people made of the one before, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from dragoman_catalog import ProjectSettings
from dragoman_contracts.identity import project_id
from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import ContextChanged, PreviousPin, PreviousVersion
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import get_value
from services.gateway.at_work import do_all
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.histories import Document
from services.gateway.test_review_api import Review
from services.gateway.test_submission_api import code, submit

PAIRS = (
    ("Dear customer", ""),
    ("Pay the invoice now", ""),
    ("It is due on Monday", ""),
    ("With kind regards", ""),
)
FIRST = Document(PAIRS, is_plain=True)
SECOND = Document((PAIRS[0], ("Read this first", ""), *PAIRS[1:]), is_plain=True)
MINE = "Zahlen Sie sofort"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def worked(gateway: Desk, job_id: str, document: Document) -> Review:
    """The job translated by a real worker, and checked."""
    await gateway.advance(job_id, to="extraction", document=document)
    for kind in ("translation_plan", "translation_batch"):
        assert await do_all(gateway.store, gateway.objects, UUID(job_id)) == [kind]
    await gateway.advance(job_id, to="qa", after="translation", document=document)
    return Review(gateway, UUID(job_id))


async def opened(gateway: Desk, content: bytes, **fields: str) -> str:
    answer = await submit(gateway.as_operator, content, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


async def first_version(gateway: Desk) -> Review:
    """Version 1, translated, with a unit that a person wrote."""
    review = await worked(gateway, await opened(gateway, b"PK 1"), FIRST)
    await gateway.advance(str(review.job_id), to="reassembly", after="qa", document=FIRST)
    assert (await review.post("review/open")).is_success
    assert (await review.edit("u1", target=MINE)).status_code == 200
    return review


async def policy_of(gateway: Desk, job_id: str) -> Policy:
    job, _ = await Jobs(gateway.store).load(UUID(job_id))
    return await get_value(gateway.objects, job.project_id, job.policy, Policy)


async def pin_of(gateway: Desk, job_id: str) -> PreviousPin | None:
    return (await policy_of(gateway, job_id)).previous_version


async def units_of(gateway: Desk, pin: PreviousPin) -> dict[str, tuple[str, bool]]:
    """The pinned translations by source, and whether they are a person's."""
    project = project_id("default")
    found = await get_value(gateway.objects, project, pin.units, PreviousVersion)
    return {str(each.source[0]): (str(each.target[0]), each.is_persons) for each in found.units}


async def test_the_newest_earlier_version_is_found_and_pinned_in_the_first_event(
    gateway: Desk,
) -> None:
    first = await first_version(gateway)
    second = await opened(gateway, b"PK 2")
    pin = await pin_of(gateway, second)
    assert pin is not None
    assert (pin.job_id, pin.document_version, pin.person_count) == (first.job_id, 1, 1)
    assert (await units_of(gateway, pin))["Pay the invoice now"] == (MINE, True)
    job, _ = await Jobs(gateway.store).load(UUID(second))
    assert pin.units in [each.object for each in job.submitted.inputs]
    shown = (await gateway.as_operator.get(f"/api/v1/jobs/{second}")).json()["previous_version"]
    assert (shown["job_id"], shown["person_count"]) == (str(first.job_id), 1)
    # what people write afterwards is not taken in
    await first.edit("u1", target="Ganz anders")
    assert (await units_of(gateway, pin))["Pay the invoice now"] == (MINE, True)


async def test_the_units_of_version_2_say_what_they_were_taken_from(gateway: Desk) -> None:
    first = await first_version(gateway)
    second = await worked(gateway, await opened(gateway, b"PK 2"), SECOND)
    units = {each["source"]: each for each in await second.units()}
    mine = units["Pay the invoice now"]
    assert (mine["target"], mine["result_source"]) == (MINE, "previous_version")
    assert mine["taken_from"] == {
        "job_id": str(first.job_id),
        "unit_id": "u1",
        "is_persons": True,
        "is_context_changed": True,
    }
    assert units["Read this first"]["result_source"] == "engine"
    kept = await second.units(origin="previous_version")
    assert [each["source"] for each in kept] == [source for source, _ in PAIRS]
    job = (await gateway.as_operator.get(second.path)).json()
    assert job["savings"]["previous_version"]["unit_count"] == 4
    assert job["savings"]["translated"] == {"unit_count": 1, "word_count": 3}
    told = (
        await gateway.as_operator.get(f"{second.path}/units/{mine['unit_id']}/explanation")
    ).json()
    assert (told["previous"]["is_kept"], told["previous"]["unit_id"]) == (True, "u1")
    assert told["matches"] == []
    # a unit that somebody changes is theirs
    await gateway.advance(str(second.job_id), to="reassembly", after="qa", document=SECOND)
    assert (await second.post("review/open")).is_success
    await second.edit(mine["unit_id"], target="Bitte zahlen")
    changed = await second.unit(mine["unit_id"])
    assert (changed["result_source"], changed["taken_from"]) == ("review", None)


async def test_version_3_takes_over_what_version_2_had_taken_over(gateway: Desk) -> None:
    await first_version(gateway)
    second = await worked(gateway, await opened(gateway, b"PK 2"), SECOND)
    pin = await pin_of(gateway, await opened(gateway, b"PK 3"))
    assert pin is not None
    assert pin.job_id == second.job_id
    assert (await units_of(gateway, pin))["Pay the invoice now"] == (MINE, True)
    assert (pin.unit_count, pin.person_count) == (5, 1)


async def test_an_engine_s_texts_are_named_after_it_and_none_under_other_terms(
    gateway: Desk,
) -> None:
    await first_version(gateway)
    same, anew = await pin_of(gateway, await opened(gateway, b"PK 2")), None
    assert same is not None
    assert same.made_by is not None
    assert same.made_by.engine == "pseudo"
    job = await opened(gateway, b"PK 3", external_reference="contract", engine="identity")
    anew = await pin_of(gateway, job)
    assert anew is not None
    review = await worked(gateway, job, SECOND)
    sources = {each["source"]: each["result_source"] for each in await review.units()}
    assert sources["Pay the invoice now"] == "previous_version"
    assert sources["Dear customer"] == "engine"


@pytest.mark.parametrize("name", ["job", "document"])
async def test_another_document_s_job_can_be_named(gateway: Desk, name: str) -> None:
    first = await first_version(gateway)
    job, _ = await Jobs(gateway.store).load(first.job_id)
    assert job.submitted.subject is not None
    wanted = {"job": first.job_id, "document": job.submitted.subject.id}[name]
    apart: dict[str, Any] = {"external_reference": "renamed"}
    assert await pin_of(gateway, await opened(gateway, b"PK 8", **apart)) is None
    named = await opened(gateway, b"PK 9", new_version_of=str(wanted).upper(), **apart)
    pin = await pin_of(gateway, named)
    assert pin is not None
    assert pin.job_id == first.job_id


async def test_a_document_that_is_here_can_be_translated_as_a_new_version(gateway: Desk) -> None:
    first = await first_version(gateway)
    other = await opened(gateway, b"PK 5", external_reference="other", new_version_of="none")
    job, _ = await Jobs(gateway.store).load(UUID(other))
    assert job.submitted.subject is not None
    asked = {
        "document_id": str(job.submitted.subject.id),
        "source_language": "en",
        "target_language": "fr",
        "new_version_of": str(first.job_id),
    }
    refused = await gateway.as_operator.post("/api/v1/jobs", json=asked)
    assert (refused.status_code, code(refused)) == (422, "previous.unfit")
    await worked(gateway, other, FIRST)
    await gateway.advance(other, to="reassembly", after="qa", document=FIRST)
    answer = await gateway.as_operator.post(
        "/api/v1/jobs", json=asked | {"target_language": "de-CH"}
    )
    assert answer.status_code == 202, answer.text
    pin = await pin_of(gateway, answer.json()["job_id"])
    assert pin is not None
    assert pin.job_id == first.job_id


async def test_nothing_is_taken_over_where_that_is_said_or_the_content_is_known(
    gateway: Desk,
) -> None:
    await first_version(gateway)
    assert await pin_of(gateway, await opened(gateway, b"PK 2", new_version_of="none")) is None
    assert await pin_of(gateway, await opened(gateway, b"PK 1")) is None
    other = await opened(gateway, b"PK 3", target_language="fr")
    assert await pin_of(gateway, other) is None


async def test_what_cannot_be_taken_over_is_refused_with_the_cure(gateway: Desk) -> None:
    unchecked = await opened(gateway, b"PK 1")
    for wanted, problem in (
        (str(uuid4()), "previous.unknown"),
        (unchecked, "previous.unfit"),
        ("yesterday", "request.invalid"),
    ):
        answer = await submit(
            gateway.as_operator, b"PK 2", new_version_of=wanted, external_reference="other"
        )
        assert (answer.status_code, code(answer)) == (422, problem), answer.text
        assert answer.json()["errors"][0]["field"] == "new_version_of", answer.text
    first = await worked(gateway, unchecked, FIRST)
    answer = await submit(
        gateway.as_operator,
        b"PK 2",
        new_version_of=str(first.job_id),
        external_reference="other",
        target_language="fr",
    )
    assert (answer.status_code, code(answer)) == (422, "previous.unfit")
    await gateway.catalog.projects.create(
        TESTER, first.gateway.history.now, code="far", name="Far", settings=ProjectSettings()
    )
    answer = await submit(
        gateway.as_admin, b"PK 2", new_version_of=str(first.job_id), project_code="far"
    )
    assert (answer.status_code, code(answer)) == (422, "previous.unknown")


async def test_a_rerun_takes_over_what_people_made_of_the_same_job_since(gateway: Desk) -> None:
    first = await first_version(gateway)
    second = await worked(gateway, await opened(gateway, b"PK 2"), SECOND)
    await gateway.advance(str(second.job_id), to="reassembly", after="qa", document=SECOND)
    await first.edit("u2", target="Bis Montag")
    again = await second.post("rerun")
    assert again.status_code == 202, again.text
    pin = await pin_of(gateway, again.json()["job_id"])
    assert pin is not None
    assert (pin.job_id, pin.person_count) == (first.job_id, 2)
    assert pin.made_by is not None
    refreshed = await worked(gateway, again.json()["job_id"], SECOND)
    await gateway.advance(str(refreshed.job_id), to="reassembly", after="qa", document=SECOND)
    anew = await refreshed.post("rerun", refresh=True)
    pin = await pin_of(gateway, anew.json()["job_id"])
    assert pin is not None
    assert (pin.person_count, pin.made_by) == (2, None)


async def test_a_project_may_have_units_translated_anew_among_new_neighbours(
    gateway: Desk,
) -> None:
    await first_version(gateway)
    project = await gateway.catalog.projects.find("default")
    assert project is not None
    settings = project.settings.model_copy(update={"context_changed": ContextChanged.TRANSLATE})
    await gateway.catalog.projects.edit(
        TESTER,
        gateway.history.now,
        "default",
        version=project.version,
        name=project.name,
        settings=settings,
    )
    job = await opened(gateway, b"PK 2")
    assert (await policy_of(gateway, job)).context_changed is ContextChanged.TRANSLATE
    review = await worked(gateway, job, SECOND)
    sources = {each["source"]: each["result_source"] for each in await review.units()}
    # beside the new paragraph, the person's is kept, and the engine's is not
    assert sources["Pay the invoice now"] == "previous_version"
    assert sources["Dear customer"] == "engine"
    assert sources["With kind regards"] == "previous_version"
