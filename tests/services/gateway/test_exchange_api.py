"""Exports for reviewers and what comes back from them, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.vocabulary import JobStatus
from services.gateway.desks import desk
from services.gateway.test_review_api import TWICE, Review
from services.gateway.test_submission_api import code

ENGINE = "Las facturas son pagaderas en un plazo de 15 días."
PERSON = "Las facturas se pagan dentro de los 14 días."


@pytest.fixture
async def review(tmp_path: Path) -> AsyncIterator[Review]:
    async with desk(tmp_path) as gateway:
        history = gateway.history
        job_id = await history.submit("contract.docx", document=TWICE)
        await history.advance(job_id, to="qa")
        yield Review(gateway, job_id)


async def exported(review: Review, format_: str = "tmx") -> bytes:
    """The file of an export."""
    made = await review.post("exports", format=format_)
    assert made.status_code == 201, made.text
    got = await review.client.get(made.json()["download_url"])
    return got.raise_for_status().content


async def imported(
    review: Review, data: bytes, act: str = "imports", **query: str
) -> httpx.Response:
    """The answer to an import."""
    return await review.client.post(
        f"{review.path}/{act}", files={"file": ("back", data)}, params=query
    )


async def test_a_tmx_goes_out_and_comes_back(review: Review) -> None:
    made = await review.post("tmx-export")
    assert (made.status_code, made.json()["kind"]) == (201, "review_tmx")
    tmx = (await review.client.get(made.json()["download_url"])).content
    assert (await review.events())[-1] == "review.exported"
    shown = (await review.client.get(f"{review.path}/review")).json()
    assert (shown["status"], shown["pending_units"]) == ("exported", 2)
    again = await review.post("tmx-export")
    assert again.json()["sha256"] == made.json()["sha256"]
    assert (await review.events()).count("review.exported") == 1

    changed = tmx.replace(ENGINE.encode(), PERSON.encode())
    look = (await imported(review, changed, "tmx-import", dry_run="true")).json()
    assert (look["applied"], look["unchanged"], look["is_dry_run"]) == (2, 7, True)
    assert "review.imported" not in await review.events()
    done = (await imported(review, changed, "tmx-import")).json()
    assert (done["applied"], done["pending_units"], done["status"]) == (2, 1, "needs_review")
    assert (await review.events())[-2:] == ["units.reviewed", "review.imported"]
    states = {each["unit_id"]: each["verification_state"] for each in await review.units()}
    assert (states["u5"], states["u7"], states["u8"]) == (
        "human_verified",
        "needs_review",
        "human_verified",
    )
    assert (await review.unit("u5"))["origin"] == "imported"


async def test_a_file_that_leaves_nothing_to_review_lets_the_document_be_made(
    review: Review,
) -> None:
    tmx = await exported(review)
    await review.post("review/accept", unit_ids=["u7"])
    done = (await imported(review, tmx.replace(ENGINE.encode(), PERSON.encode()))).json()
    assert (done["pending_units"], done["status"]) == (0, "reassembly_pending")
    job, _ = await review.gateway.jobs.load(review.job_id)
    assert job.status is JobStatus.REASSEMBLY_PENDING
    assert ArtifactKind.REVIEW_IMPORT_TMX in {each.kind for each in job.artifacts}


async def test_an_unchanged_unit_keeps_its_state_unless_the_file_says_otherwise(
    review: Review,
) -> None:
    tmx = await exported(review)
    same = (await imported(review, tmx)).json()
    assert (same["applied"], same["unchanged"], same["pending_units"]) == (0, 9, 2)
    events = await review.events()
    await imported(review, tmx)
    assert await review.events() == events, "the same file again changes nothing"
    said = tmx.replace(
        b'<prop type="verificationStatus">needs_review</prop>',
        b'<prop type="verificationStatus">human_verified</prop>',
    )
    assert said != tmx
    done = (await imported(review, said)).json()
    assert (done["applied"], done["pending_units"]) == (2, 0)


@pytest.mark.parametrize("format_", ["xliff-2.1", "xliff-1.2", "bilingual-docx", "bilingual-xlsx"])
async def test_other_formats_come_back_unchanged(review: Review, format_: str) -> None:
    back = (await imported(review, await exported(review, format_))).json()
    assert (back["format"], back["applied"], back["unchanged"], back["rejected"]) == (
        format_,
        0,
        9,
        [],
    )


async def test_a_report_is_read_not_imported(review: Review) -> None:
    report = await exported(review, "html")
    assert PERSON.split()[0].encode() in report
    refused = await imported(review, report)
    assert refused.status_code == 422


async def test_an_edit_on_both_sides_is_shown_and_chosen(review: Review) -> None:
    tmx = await exported(review)
    await review.edit("u5", target="Pago a 14 días.", propagate=False)
    theirs = tmx.replace(ENGINE.encode(), PERSON.encode())
    ours = (await imported(review, theirs, dry_run="true")).json()
    assert [(each["unit"], each["ours"], each["theirs"]) for each in ours["conflicts"]] == [
        ("u5", "Pago a 14 días.", PERSON)
    ]
    assert ours["applied"] == 1
    await imported(review, theirs, on_conflict="theirs")
    assert (await review.unit("u5"))["target"] == PERSON


async def test_a_file_of_another_job_is_refused_whole(review: Review) -> None:
    history = review.gateway.history
    job_id = await history.submit("other.docx", document=TWICE)
    await history.advance(job_id, to="qa")
    other = Review(review.gateway, job_id)
    refused = await imported(review, await exported(other))
    assert (refused.status_code, code(refused)) == (409, "exchange.other_job")
    broken = await imported(review, b"no file of ours")
    assert (broken.status_code, code(broken)) == (422, "exchange.format_unknown")


async def test_a_unit_that_does_not_fit_is_refused_alone(review: Review) -> None:
    tmx = await exported(review)
    damaged = tmx.replace(b"Governing law and jurisdiction", b"Governing law", 1).replace(
        ENGINE.encode(), PERSON.encode()
    )
    report: dict[str, Any] = (await imported(review, damaged)).json()
    assert [each["code"] for each in report["rejected"]] == ["exchange.source_changed"]
    assert report["applied"] == 2


async def test_a_translation_that_is_not_checked_yet_is_not_exported(review: Review) -> None:
    history = review.gateway.history
    job_id = await history.submit("young.docx")
    refused = await Review(review.gateway, job_id).post("exports", format="tmx")
    assert (refused.status_code, code(refused)) == (409, "job.not_verified")
