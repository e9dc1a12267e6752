"""The job's page asks the registry of cards for each phase,
and shows phases of kinds that have no card.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from contracts.generic import EXTRA, deed, extra_steps, pipeline, regenerate_source, submitted
from contracts.streams import NOON, given, ref
from dragoman_contracts import events as e
from dragoman_contracts.job import Job
from dragoman_contracts.phases import TRANSLATE_DOCX
from dragoman_contracts.steps import STEPS
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.detail.cards import CARDS, Card, card_of
from dragoman_gateway.jobs.detail.page import steps_of
from services.gateway.console_site import console_site


def shown(job: Job) -> list[tuple[str, str]]:
    return [(step.text, step.detail) for step in steps_of(job, NOON)]


def test_a_kind_without_a_card_shows_the_phase_with_its_items_and_what_failed() -> None:
    with extra_steps():
        stream = given(
            e.PhaseFinished(phase="init", next_kind="ai_tasks_plan", next_phase="extraction"),
            e.PhasePlanned(
                phase="extraction",
                kind="ai_tasks_batch",
                plan=ref("plan"),
                batch_count=2,
                item_count=1200,
            ),
            e.PhaseBatchDone(
                phase="extraction",
                kind="ai_tasks_batch",
                index=0,
                output=ref("0"),
                item_count=1100,
                failed_count=7,
            ),
            first=submitted(deed()),
        )
        assert shown(stream.job) == [
            ("Init", ""),
            ("Extraction", "1,100 of 1,200, 7 failed"),
            ("Aggregate", ""),
        ]


def test_a_phase_without_batches_shows_the_items_it_counted_and_a_chain_those_it_has() -> None:
    with extra_steps():
        stream = given(
            e.PhaseFinished(
                phase="words", item_count=1204, next_kind="index_articles", next_phase="index"
            ),
            e.PhaseBatchDone(
                phase="index",
                kind="index_articles",
                index=0,
                output=ref("0"),
                item_count=300,
                has_next=True,
            ),
            first=submitted(
                pipeline("count", ("words", "script", 1), ("index", "index_articles", 1))
            ),
        )
        assert shown(stream.job) == [("Words", "1,204 of 1,204"), ("Index", "300 done")]


def test_a_phase_that_is_named_like_its_kind_is_called_by_the_label_of_its_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clear = EXTRA[0].model_copy(update={"label": "Deleting vectors"})
    monkeypatch.setitem(STEPS, clear.kind, clear)
    which = pipeline("clear", (clear.kind, clear.kind, 1), ("again", clear.kind, 1))

    assert shown(given(first=submitted(which)).job) == [("Deleting vectors", ""), ("Again", "")]


def test_two_phases_of_one_kind_are_told_apart_by_their_names() -> None:
    with extra_steps():
        texts = [text for text, _ in shown(given(first=submitted(regenerate_source())).job)]
    assert texts == ["Clear online", "Index online", "Clear offline", "Index offline"]


def test_every_kind_of_the_translation_pipeline_has_a_card_of_its_own() -> None:
    assert {phase.kind for phase in TRANSLATE_DOCX.phases} <= set(CARDS)


def test_a_phase_of_an_unknown_kind_shows_on_the_page_of_its_job() -> None:
    phase = pipeline(
        "odd", ("preflight", "preflight", 1), ("night_shift", "of_another_installation", 1)
    ).phases[1]
    stream = given(
        first=submitted(pipeline("odd", ("preflight", "preflight", 1), (phase.name, phase.kind, 1)))
    )

    assert phase.step is None
    assert card_of(stream.job, phase) == Card("Night shift")
    assert [(step.name, step.state) for step in steps_of(stream.job, NOON)] == [
        ("preflight", "pending"),
        ("night_shift", "pending"),
    ]


async def test_the_page_links_a_phase_to_the_page_that_its_card_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        CARDS, "crawl", lambda job, phase, under_way: Card("Crawl", "3 pages", "/console/sources/1")
    )
    which = pipeline(
        "odd",
        ("preflight", "preflight", 1),
        ("crawl", "crawl", 1),
        ("night_shift", "no_such_kind", 1),
    )
    async with console_site(tmp_path) as site:
        job_id = await site.history.submit("a.docx", pipeline=which)
        await site.history.say(job_id, e.PhaseStarted(phase="preflight", kind=WorkKind.PREFLIGHT))
        transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
            form = await client.get("/console/sign-in")
            token = form.text.partition('name="csrf_token" value="')[2].partition('"')[0]
            await client.post(
                "/console/sign-in", data={"csrf_token": token, "link": await site.link()}
            )
            page = await client.get(f"/console/jobs/{job_id}")

    assert page.status_code == 200
    assert '<a href="/console/sources/1">Crawl</a>' in page.text
    assert '<span class="step-detail">3 pages</span>' in page.text
    assert '<span class="step-name">Night shift<' in page.text
    assert '<span class="step-name">Preflight<' in page.text
