"""A job stops at its cap, says so, and goes on when the cap is raised; nothing is paid twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from pydantic import SecretStr

from catalog.catalogs import ADA, NOW
from dragoman_catalog import BudgetEntry, ModelEntry, ModelPrice, ProviderEntry, SpendGroup
from dragoman_contracts.identity import project_id
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.models import ApiKind, Category
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.spend.desk import SpendQuestion
from dragoman_gateway.submissions.rules import SubmissionRequest
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.settings import load
from dragoman_standalone.platform import Platform, running
from dragoman_standalone.settings import StandaloneSettings
from dragoman_standalone.translating import overrides_of
from dragoman_standalone.translation_options import DEFAULT_PROJECT
from e2e.command_line import dragoman
from e2e.slow_model import SlowModel
from servers.model_protocol import question_in, units_in
from upgrade.ways import small_document

PRICE = ModelPrice(valid_from=NOW, input="1000", output="1000")  # a call costs 2
_AT_ONCE = 3


class Charging(SlowModel):
    """A model that counts a thousand tokens each way for each call."""

    def answer(self, body: bytes) -> bytes:
        """The answer, with its usage."""
        answer = cast("dict[str, Any]", json.loads(super().answer(body)))
        answer["usage"] = {"prompt_tokens": 1000, "completion_tokens": 1000}
        return json.dumps(answer).encode()

    def texts(self) -> Counter[str]:
        """How often each unit's text was asked for, corrections left out."""
        asked = [question_in(body) for body in self.asked]
        return Counter(
            text for each in asked if "corrections" not in each for _, text in units_in(each)
        )


@pytest.fixture
def model() -> Iterator[Charging]:
    served = Charging()
    try:
        yield served
    finally:
        served.close()


def settings_in(folder: Path) -> StandaloneSettings:
    return load(
        StandaloneSettings, {"state_dir": folder / "state", "translate_concurrency": _AT_ONCE}
    )


async def registered(platform: Platform, model: Charging) -> str:
    """Register the model with its price; its id."""
    catalog = platform.ports.catalog
    entry = ProviderEntry(
        name="Local",
        api_kind=ApiKind.OPENAI,
        base_url=model.settings["DRAGOMAN_OPENAI_BASE_URL"],
    )
    provider = await catalog.providers.create(ADA, NOW, entry, SecretStr("key"))
    made = await catalog.models.create(
        ADA,
        NOW,
        ModelEntry(provider_id=provider.provider_id, model_name="test", category=Category.LLM),
        (PRICE,),
    )
    return str(made.model_id)


async def opened(platform: Platform, engine: str, cap: str | None) -> UUID:
    """The id of a job on a document of its own."""
    request = SubmissionRequest(
        project_code=DEFAULT_PROJECT,
        domain_pack_code="general",
        source_language=Locale("en"),
        target_language=Locale("ru"),
        overrides=overrides_of(engine, None, cost_cap=cap),
        is_auto_start=True,
    )
    upload = Upload("order.docx", small_document("order", 500))
    submitted = await platform.desks.submissions.submit(request, upload, local_principal())
    return submitted.job.job_id


async def until(platform: Platform, job_id: UUID, *statuses: JobStatus) -> Job:
    """The job once it rests in one of these statuses."""
    while True:
        job = await platform.desks.jobs.control.find(job_id, local_principal())
        if job.status in statuses:
            return job
        await asyncio.sleep(0.05)


_RESTING = (JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.NEEDS_REVIEW)


async def test_a_job_stops_at_its_cap_and_goes_on_when_it_is_raised(
    tmp_path: Path, model: Charging
) -> None:
    async with asyncio.timeout(100), running(settings_in(tmp_path)) as platform:
        engine = await registered(platform, model)
        job_id = await opened(platform, engine, "3")
        job = await until(platform, job_id, *_RESTING)
        assert job.status is JobStatus.FAILED
        assert {trouble.code for trouble in job.parked.values()} == {"budget.reached"}
        budgets = platform.desks.budgets
        stopped = await budgets.of_job(local_principal(), job_id)
        assert stopped.cap == Decimal(3)
        assert Decimal(3) <= stopped.spent <= Decimal(3) + 2 * _AT_ONCE
        raised = await budgets.set_job_cap(local_principal(), job_id, "1000")
        assert raised.redriven >= 1
        job = await until(platform, job_id, JobStatus.COMPLETED, JobStatus.NEEDS_REVIEW)
        done = await budgets.of_job(local_principal(), job_id)
    assert done.spent == 2 * len(model.asked)
    assert set(model.texts().values()) == {1}


async def test_what_is_paid_is_told_by_model_and_what_a_second_job_saves_by_job(
    tmp_path: Path, model: Charging
) -> None:
    async with asyncio.timeout(100), running(settings_in(tmp_path)) as platform:
        engine = await registered(platform, model)
        first, second = [await _done(platform, engine) for _ in range(2)]
        spend, asked = platform.desks.spend, len(model.asked)
        by_model = await spend.sums(local_principal(), SpendQuestion(), [SpendGroup.MODEL])
        (row,) = by_model.rows
        assert (row.provider, row.model, row.call_count) == ("Local", "test", asked)
        assert (row.input_tokens, row.output_tokens) == (1000 * asked, 1000 * asked)
        by_job = await spend.sums(local_principal(), SpendQuestion(), [SpendGroup.JOB])
        sums = {row.job_id: row for row in by_job.rows}
        assert (sums[first].cost, sums[first].saved) == (2 * asked, 0)
        assert (sums[second].cost, sums[second].saved) == (0, 2 * asked)
    assert set(model.texts().values()) == {1}


async def _done(platform: Platform, engine: str) -> UUID:
    job_id = await opened(platform, engine, None)
    await until(platform, job_id, JobStatus.COMPLETED, JobStatus.NEEDS_REVIEW)
    return job_id


async def test_a_projects_cap_holds_for_all_of_its_jobs(tmp_path: Path, model: Charging) -> None:
    async with asyncio.timeout(100), running(settings_in(tmp_path)) as platform:
        engine = await registered(platform, model)
        budgets, admin = platform.desks.budgets, local_principal()
        caps, project = platform.ports.catalog.budgets, project_id(DEFAULT_PROJECT)
        await caps.edit(ADA, NOW, project, version=0, entry=BudgetEntry(month_cap="4"))
        job_id = await opened(platform, engine, None)
        job = await until(platform, job_id, *_RESTING)
        assert {trouble.code for trouble in job.parked.values()} == {"budget.reached"}
        found = await budgets.of_project(admin, DEFAULT_PROJECT)
        assert Decimal(4) <= found.spent.month <= Decimal(4) + 2 * _AT_ONCE
        assert found.spent.month == found.spent.project
        await caps.edit(ADA, NOW, project, version=1, entry=BudgetEntry())
        await budgets.set_job_cap(admin, job_id, "1000")
        await until(platform, job_id, JobStatus.COMPLETED, JobStatus.NEEDS_REVIEW)
    assert set(model.texts().values()) == {1}


def test_under_a_cap_a_model_without_a_price_is_not_asked(tmp_path: Path, model: Charging) -> None:
    path = tmp_path / "order.docx"
    path.write_bytes(small_document("order", 5))
    done = dragoman(
        *("translate", path, "-o", tmp_path / "out.docx", "--source", "en", "--target", "ru"),
        *("--engine", "openai", "--cost-cap", "2.50", "--state", tmp_path / "state", "--json"),
        environment=model.settings,
    )
    (file,) = json.loads(done.stdout)["files"]
    assert (done.returncode, file["code"]) == (1, "budget.price_unknown")
    assert "price" in file["message"]
    assert model.asked == []
    wrong = dragoman(
        *("translate", path, "-o", tmp_path / "out.docx", "--source", "en", "--target", "ru"),
        *("--cost-cap", "much", "--state", tmp_path / "state"),
    )
    assert wrong.returncode == 2
    assert "no amount" in wrong.stderr
