"""The QA phase with a LanguageTool server: asked once, on record, an outage is no pass, and a replay
asks nobody.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import RememberedDismissals, Severity, VerificationResults
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import dismissal_of
from dragoman_qa import handlers
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.adapters.languagetool import LanguageToolChecker
from dragoman_qa.app import recorded_verification
from dragoman_qa.domain import GRAMMAR
from dragoman_runtime.objects.values import put_value
from linguistics.units import unit
from services.gateway.histories import ATLAS
from services.qa.jobs_in_qa import TEXTS, HistoryOfNow, Site, history_in, made
from services.qa.languagetool_server import languagetool


@pytest.fixture
async def history(tmp_path: Path) -> AsyncGenerator[HistoryOfNow]:
    async with history_in(tmp_path) as made_now:
        yield made_now


@pytest.fixture
async def site(history: HistoryOfNow) -> Site:
    return await made(history)


async def test_the_server_is_asked_once_and_its_answer_is_on_record(site: Site) -> None:
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        task = handlers.verification_task(BuiltInChecker(), checker)
        first, second = await site.perform(task), await site.perform(task)
        await checker.aclose()
        assert len(server.requests) == 1
    assert first == second
    assert first.grammar is not None
    results = await site.value(first.results, VerificationResults)
    assert GRAMMAR in {each.code for each in results.units[0].findings}


async def test_a_replay_judges_by_the_record_and_asks_nobody(site: Site) -> None:
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        told = await site.perform(handlers.verification_task(BuiltInChecker(), checker))
        await checker.aclose()
    assert await site.perform(recorded_verification(told.grammar)) == told
    assert await site.perform(recorded_verification(None)) != told


async def test_an_outage_is_no_pass(site: Site) -> None:
    with languagetool(503) as server:
        checker = LanguageToolChecker(server.url)
        task = handlers.verification_task(BuiltInChecker(), checker)
        with pytest.raises(RetryableError):
            await site.perform(task)
        assert (await site.perform(task)).grammar is not None
        await checker.aclose()


async def test_a_policy_that_switches_it_off_sends_nothing(history: HistoryOfNow) -> None:
    site = await made(history, Policy(engine="x", qa={GRAMMAR: "off"}))
    with languagetool() as server:
        checker = LanguageToolChecker(server.url)
        told = await site.perform(handlers.verification_task(BuiltInChecker(), checker))
        await checker.aclose()
        assert (told.grammar, server.requests) == (None, [])


async def test_the_server_is_part_of_what_a_result_depends_on(site: Site) -> None:
    context = await site.context()
    plain = handlers.verification_task(BuiltInChecker())
    asking = handlers.verification_task(BuiltInChecker(), LanguageToolChecker("http://x/v2"))
    here = context.job, context.item
    assert plain.fingerprint(*here) != asking.fingerprint(*here)
    assert recorded_verification(None).fingerprint(*here) == plain.fingerprint(*here)


async def test_dismissals_of_the_policy_are_taken_in_and_named_by_the_event(
    history: HistoryOfNow,
) -> None:
    task = handlers.verification_task(BuiltInChecker())
    plain = await (await made(history)).perform(task)
    assert plain.dismissals is None
    source, target = TEXTS[1]
    answer = UnitTarget(unit_id="x", target=(target,), result_source=ResultSource.ENGINE)
    dismissed = dismissal_of(unit("x", source), answer, "symbols.missing", "drawn")
    ref = await put_value(history.objects, ATLAS, RememberedDismissals(dismissals=(dismissed,)))
    site = await made(history, Policy(engine="x", dismissals=ref))
    told = await site.perform(task)
    assert told.dismissals == ref
    assert told.results != plain.results
    results = await site.value(told.results, VerificationResults)
    (found,) = [each for each in results.units[1].findings if each.code == "symbols.missing"]
    assert (found.severity, found.message[:16]) == (Severity.INFO, "dismissed: drawn")
