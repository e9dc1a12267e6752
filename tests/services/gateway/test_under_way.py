"""What whoever waits is told of work under way: in words, in a job's answer,
in its live streams, on its page.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from contracts.streams import UP_TO_EXTRACTION, UP_TO_PLAN, given
from dragoman_contracts.identity import work_id
from dragoman_contracts.under_way import Doing, WorkNote, WorkUnderWay
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.detail.page import steps_of, under_way_of, unit_counts
from dragoman_gateway.jobs.detail.work_words import (
    lines_of,
    remaining_text,
    time_text,
    under_way_text,
)
from dragoman_runtime.eventstore import EventStore, Lease
from dragoman_runtime.under_way import written
from services.gateway.browser import sign_in
from services.gateway.console_site import Site, console_site
from services.gateway.desks import Desk, desk
from services.gateway.test_jobs_api import LIVE, frames, opened

BATCH = WorkKind.TRANSLATION_BATCH
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WRITING = WorkUnderWay(
    kind=BATCH,
    since=NOW - timedelta(seconds=60),
    doing_since=NOW - timedelta(seconds=12),
    said_at=NOW,
    units_per_s=0.25,
    note=WorkNote(
        doing=Doing.WRITING,
        done_count=2,
        item_count=4,
        token_count=120,
        tokens_per_s=14.2,
        model="qwen",
    ),
)


def said(**note: object) -> WorkUnderWay:
    """The batch under way, with another note."""
    return WRITING.model_copy(
        update={"note": WorkNote.model_validate({**WRITING.note.model_dump(), **note})}
    )


@pytest.mark.parametrize(
    ("work", "text"),
    [
        (WRITING, "Batch 1: 2 of 4 units, 14 tokens/s, about 8 s left"),
        (said(tokens_per_s=4.25), "Batch 1: 2 of 4 units, 4.2 tokens/s, about 8 s left"),
        (said(tokens_per_s=0.042), "Batch 1: 2 of 4 units, 0.042 tokens/s, about 8 s left"),
        (said(tokens_per_s=1234.5), "Batch 1: 2 of 4 units, 1,234 tokens/s, about 8 s left"),
        (
            said(tokens_per_s=None, item_count=1, done_count=1),
            "Batch 1: 1 of 1 unit, being written",
        ),
        (said(doing=Doing.WORKING, item_count=1, done_count=1), "Batch 1: 1 of 1 unit"),
        (
            said(doing=Doing.WAITING_FOR_FIRST_TOKEN),
            "Batch 1: 2 of 4 units, waiting for the model's first token for 12 s, about 8 s left",
        ),
        (
            said(doing=Doing.WAITING_FOR_SLOT, done_count=0),
            "Batch 1: 0 of 4 units, waiting for a turn at the engine for 12 s",
        ),
        (
            WRITING.model_copy(update={"units_per_s": None, "index": 11, "attempt": 2}),
            "Batch 12, attempt 2: 2 of 4 units, 14 tokens/s",
        ),
        (WorkUnderWay(kind=BATCH), "Batch 1: under way"),
        (
            WorkUnderWay(kind=WorkKind.EXTRACTION, since=NOW - timedelta(seconds=34)),
            "Extraction of the text: for 34 s",
        ),
    ],
)
def test_work_under_way_is_told_in_a_line(work: WorkUnderWay, text: str) -> None:
    assert under_way_text(work, NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (39.6, "40 s"),
        (99, "99 s"),
        (100, "2 min"),
        (400, "7 min"),
        (5940, "99 min"),
        (7260, "2 h 01 min"),
    ],
)
def test_an_estimate_has_no_more_precision_than_it_deserves(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
    assert remaining_text(seconds) == f"about {text} left"


def test_many_lines_are_cut_with_their_number() -> None:
    lines = lines_of([WRITING.model_copy(update={"index": index}) for index in range(9)], NOW)
    assert (len(lines), lines[-1]) == (7, "and 3 more")


def test_the_pages_counts_agree_with_its_progress() -> None:
    job = given(*UP_TO_PLAN).job
    shown = under_way_of(job, [WRITING], NOW)
    counts = unit_counts(job, [WRITING])
    assert counts
    assert (counts.translated, counts.waiting) == (2, 38)
    assert [
        step.detail for step in steps_of(job, NOW, [WRITING]) if step.name == "translation"
    ] == ["2 of 40"]
    assert shown.remaining == "The translation takes about 3 min more."
    assert shown.progress_pct > under_way_of(job, [], NOW).progress_pct
    assert under_way_of(given(*UP_TO_EXTRACTION).job, [], NOW).remaining == ""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as started:
        yield started


async def hold(store: EventStore, job_id: str, work: WorkUnderWay | None, index: int = 0) -> Lease:
    """Take the lease of a batch as a worker does, and say this of it."""
    lease = Lease(work_id(UUID(job_id), BATCH, index), UUID(job_id), "worker", timedelta(minutes=1))
    await store.commit(take=lease)
    if work is not None:
        await store.renew([replace(lease, note=written("worker", work))])
    return lease


async def test_a_job_says_what_is_under_way_and_counts_it(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    before = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert (before["work_under_way"], before["remaining_s"]) == ([], None)

    lease = await hold(gateway.store, job_id, WRITING)
    job = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    (work,) = job["work_under_way"]
    text = work.pop("text")
    assert work == {
        "kind": "translation_batch",
        "index": 0,
        "phase": "",
        "attempt": 1,
        "since": "2026-11-29T11:59:00Z",
        "doing": "writing",
        "doing_since": "2026-11-29T11:59:48Z",
        "said_at": "2026-11-29T12:00:00Z",
        "done_units": 2,
        "units": 4,
        "tokens": 120,
        "tokens_per_s": 14.2,
        "units_per_s": 0.25,
        "remaining_s": 8.0,
        "model": "qwen",
    }
    assert text == "Batch 1: 2 of 4 units, 14 tokens/s, about 8 s left"
    assert before["progress_pct"] < job["progress_pct"] < 100
    assert job["remaining_s"] == pytest.approx((job["counts"]["planned_units"] - 2) / 0.25)
    assert [each["is_held"] for each in job["owed"]] == [True, False]

    past = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}?at={job['version'] - 1}")).json()
    assert (past["work_under_way"], past["remaining_s"]) == ([], None)
    await gateway.store.commit(release=lease)
    after = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()
    assert (after["work_under_way"], after["progress_pct"]) == ([], before["progress_pct"])


async def test_a_lease_without_a_note_is_work_under_way_too(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    await hold(gateway.store, job_id, None, 1)
    (work,) = (await gateway.as_operator.get(f"/api/v1/jobs/{job_id}")).json()["work_under_way"]
    assert (work["index"], work["attempt"], work["since"], work["text"]) == (
        1,
        1,
        None,
        "Batch 2: under way",
    )


async def test_an_event_stream_tells_of_work_under_way_without_an_id(gateway: Desk) -> None:
    job_id = await opened(gateway)
    await gateway.advance(job_id, to="plan")
    last = len(await gateway.store.read(UUID(job_id)))
    lease = await hold(gateway.store, job_id, WRITING)
    seen: list[dict[str, str]] = []
    address = f"/api/v1/jobs/{job_id}/events"
    async with gateway.as_operator.stream(
        "GET", address, headers={**LIVE, "Last-Event-ID": str(last)}
    ) as answer:
        async for frame in frames(answer):
            if frame.get("event") != "under_way":
                continue
            seen.append(frame)
            if len(seen) == 1:
                await gateway.store.renew(
                    [replace(lease, note=written("worker", said(done_count=3)))]
                )
            elif len(seen) == 2:
                await gateway.store.commit(release=lease)
            else:
                break
    assert not any("id" in frame for frame in seen)
    told = [json.loads(frame["data"]) for frame in seen]
    assert [[work["done_units"] for work in each["work_under_way"]] for each in told] == [
        [2],
        [3],
        [],
    ]
    assert [each["job"]["translated_units"] for each in told] == [2, 3, 0]
    assert told[0]["job"]["progress_pct"] < told[1]["job"]["progress_pct"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as started:
        yield started


async def test_the_page_and_its_stream_say_how_long_to_wait(site: Site) -> None:
    submitted = await site.history.submit("contract.docx")
    await site.history.advance(submitted, to="plan")
    job_id = str(submitted)
    await hold(site.store, job_id, WRITING)
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as ada:
        await sign_in(ada, link=await site.link())
        page = (await ada.get(f"/console/jobs/{job_id}")).text
        assert "<li>Batch 1: 2 of 4 units, 14 tokens/s, about 8 s left</li>" in page
        assert re.search(r'<p class="quiet">The translation takes about \d+ s more.</p>', page)
        past = (await ada.get(f"/console/jobs/{job_id}?at=2")).text
        assert re.search(r'id="under-way" hidden', past)

        listening = asyncio.create_task(ada.get(f"/console/jobs/{job_id}/live"))
        await asyncio.sleep(0.1)
        await site.history.advance(submitted, after="plan")
        live = (await asyncio.wait_for(listening, 20)).text
    told = [json.loads(each) for each in re.findall(r"(?m)^event: under_way\ndata: (.*)$", live)]
    assert told[0]["lines"] == ["Batch 1: 2 of 4 units, 14 tokens/s, about 8 s left"]
    assert [each["progress_pct"] for each in told] == sorted(each["progress_pct"] for each in told)
    assert "id:" not in live.split("event: under_way")[0].rpartition("\n\n")[2]


def test_what_a_command_counts_has_no_name() -> None:
    work = WorkUnderWay(
        kind="command", phase="parse", note=WorkNote(done_count=3, item_count=10), since=NOW
    )
    assert under_way_text(work, NOW) == "Command of parse: 3 of 10"
