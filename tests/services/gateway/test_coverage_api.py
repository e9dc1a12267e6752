"""How far people are with the translations of a project: over HTTP, and day by day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dragoman_intake.maintenance import Maintenance
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import Desk, desk
from services.gateway.histories import Document, History
from services.gateway.test_review_api import TWICE, Review
from services.gateway.test_submission_api import code

PATH = "/api/v1/projects/atlas/review-coverage"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as gateway:
        entry = {"code": "atlas", "name": "Atlas"}
        (await gateway.as_admin.post("/api/v1/projects", json=entry)).raise_for_status()
        yield gateway


async def shown(gateway: Desk) -> dict[str, Any]:
    """The coverage of the project, once the views are up to date."""
    await gateway.project()
    answer = await gateway.as_operator.get(PATH)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def in_review(history: History, name: str, target: str = "es") -> Any:
    """A job of nine units, of which two need a person."""
    job_id = await history.submit(name, document=TWICE, target=target)
    await history.advance(job_id, to="qa")
    return job_id


async def test_units_climb_from_translated_to_approved_and_fall_back(gateway: Desk) -> None:
    history = gateway.history
    review = Review(gateway, await in_review(history, "contract.docx"))
    counts = (await shown(gateway))["total"]
    assert (counts["jobs"], counts["units"]) == (1, 9)
    assert (counts["translated"], counts["pending"], counts["reviewed"]) == (7, 2, 0)
    await review.edit("u8", target="Las facturas se pagan en 14 días.", propagate=False)
    await review.edit("u1", state="approved")
    counts = (await shown(gateway))["total"]
    assert (counts["translated"], counts["pending"]) == (8, 1)
    assert (counts["reviewed"], counts["approved"]) == (2, 1)
    await review.edit("u1", state="draft")
    counts = (await shown(gateway))["total"]
    assert (counts["translated"], counts["pending"]) == (7, 2)
    assert (counts["reviewed"], counts["approved"]) == (1, 0)
    await review.post("review/accept", all=True)
    counts = (await shown(gateway))["total"]
    assert (counts["translated"], counts["pending"], counts["reviewed"]) == (9, 0, 9)


async def test_maintenance_keeps_one_snapshot_a_day_that_agrees_with_the_view(
    gateway: Desk,
) -> None:
    history = gateway.history
    review = Review(gateway, await in_review(history, "contract.docx"))
    await in_review(history, "offer.docx", "fr")
    await review.edit("u1", state="approved")
    upkeep = Maintenance(
        gateway.store,
        gateway.objects,
        gateway.catalog,
        SystemClock(),
        owner="a test",
        producer="test",
        grace=timedelta(days=1),
        snapshots=gateway.catalog.coverage,
    )
    for _ in range(2):
        report = await upkeep.run()
        assert report is not None
        assert report.coverage_snapshots == 2
    assert (dry := await upkeep.run(is_dry=True)) is not None
    assert dry.coverage_snapshots == 0
    found = await shown(gateway)
    assert [each["target_locale"] for each in found["by_locale"]] == ["es", "fr"]
    assert [
        {"target_locale": each["target_locale"], "coverage": each["coverage"]}
        for each in found["history"]
    ] == found["by_locale"]
    assert len({each["day"] for each in found["history"]}) == 1
    none = await gateway.as_operator.get(PATH, params={"days": "0"})
    assert none.json()["history"] == []


async def test_of_a_document_only_the_newest_job_counts(gateway: Desk) -> None:
    history = gateway.history
    await in_review(history, "contract.docx")
    await history.submit("contract.docx", document=Document())
    counts = (await shown(gateway))["total"]
    assert (counts["jobs"], counts["units"]) == (1, 0)


async def test_projects_that_are_not_there_or_not_theirs_are_refused(gateway: Desk) -> None:
    missing = await gateway.as_operator.get("/api/v1/projects/nowhere/review-coverage")
    assert (missing.status_code, code(missing)) == (404, "catalog.missing")
    stranger = await gateway.as_nobody.get(PATH)
    assert stranger.status_code == 401
