"""Deeds, as requirement C has them: a document becomes Markdown, a model is asked for facts, and a
script writes them into fields; by the very services, against a server that answers as a model does.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from dragoman_catalog import ModelEntry, ProviderEntry, Role
from dragoman_contracts.ai_results import AiTaskStatus
from dragoman_contracts.models import ApiKind, Category
from dragoman_gateway.app import console_router, create_app
from dragoman_gateway.objects.desk import ClassEntry, ObjectEntry, ShownObject
from dragoman_gateway.objects.rules.standing import ObjectRunningError, ObjectStatus
from dragoman_gateway.web.errors import TaskUnknownError
from dragoman_gateway.web.principals import local_principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.settings import load
from dragoman_standalone.platform import Platform, running
from dragoman_standalone.settings import StandaloneSettings
from models.faithful import openai
from models.faithful.base import KEY
from models.faithful.openai import OpenAiServer
from services.gateway.deed import deed
from services.gateway.desks import TESTER

US = local_principal("Ada")
TEXT = b"""# Deed of formation

The share capital is EUR 12500.00.

Shareholder: Ada Lovelace
Shareholder: Charles Babbage
"""


def looked_up(body: Any, text: str, schema: Any) -> str:
    """The answer of a model that reads deeds: it looks up in the prompt what the schema asks for."""
    if "items" in schema["properties"]:
        return json.dumps({"items": re.findall(r"Shareholder: (.+?)[ \\]*$", text, re.MULTILINE)})
    amount = re.search(r"([A-Z]{3}) ([\d.]+\d)", text)
    return json.dumps({"currency": amount[1], "shareCapital": amount[2]} if amount else {})


class Office:
    """An installation with a notary, and the class of deeds."""

    def __init__(self, platform: Platform, notary: OpenAiServer) -> None:
        self.platform = platform
        self.notary = notary
        self.desk = platform.desks.objects

    async def furnish(self) -> None:
        catalog, now = self.platform.ports.catalog, SystemClock().now()
        entry = ProviderEntry(name="Notary", api_kind=ApiKind.OPENAI, base_url=self.notary.base_url)
        provider = await catalog.providers.create(TESTER, now, entry, api_key=SecretStr(KEY))
        model = ModelEntry(
            provider_id=provider.provider_id,
            model_name="notary-1",
            category=Category.LLM,
            is_default_in_category=True,
        )
        await catalog.models.create(TESTER, now, model)
        body = deed()
        files = body.pop("files")
        await self.platform.desks.classes.save(US, ClassEntry(body, files))

    async def create(self, **values: Any) -> ShownObject:
        files = {"document": Upload("deed.md", TEXT)}
        return await self.desk.create("deed", ObjectEntry(values, files), US)

    async def patch(self, object_id: UUID, **values: Any) -> ShownObject:
        return await self.desk.patch("deed", object_id, ObjectEntry(values), US)

    async def at_rest(self, object_id: UUID) -> ShownObject:
        async with asyncio.timeout(240):
            while True:
                shown = await self.desk.find("deed", object_id, US)
                if shown.status is not ObjectStatus.RUNNING:
                    return shown
                await asyncio.sleep(0.05)

    async def tasks(self, object_id: UUID) -> dict[str, AiTaskStatus]:
        found = await self.desk.tasks("deed", object_id, US)
        return {each.run.task.name: each.run.status for each in found}


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(openai, "written", looked_up)
    settings = load(StandaloneSettings, {"state_dir": tmp_path})
    with OpenAiServer() as notary:
        async with running(settings) as platform:
            office = Office(platform, notary)
            await office.furnish()
            yield office


async def test_a_deed_is_read_asked_about_and_its_fields_are_filled(office: Office) -> None:
    created = await office.create()
    object_id = created.history.object_id
    assert (created.status, created.phase) == (ObjectStatus.RUNNING, "init")
    with pytest.raises(ObjectRunningError):
        await office.patch(object_id, pipelinePhase="")
    shown = await office.at_rest(object_id)
    assert (shown.status, shown.phase) == (ObjectStatus.READY, "aggregate"), (
        await office.desk.error_message(shown)
    )
    fields = shown.fields
    assert "share capital is EUR 12500.00" in str(fields["markdownContent"])
    assert (fields["shareCapital"], fields["currency"]) == ("12500.00", "EUR")
    assert fields["shareholders"] == ["Ada Lovelace", "Charles Babbage"]
    assert fields["pipelinePhase"] == "aggregate"
    told = await office.desk.tasks("deed", object_id, US, shows_prompts=True)
    assert [each.run.task.name for each in told] == ["extractInfo", "extractShareholders"]
    for each in told:
        assert each.result is not None
        assert each.prompt is not None
        assert "Ada Lovelace" in each.prompt
        assert each.result.usage.prompt_tokens == 100
    assert len(office.notary.seen) == 2
    explained = await office.desk.explained_task("deed", object_id, "extractInfo", US)
    assert explained.prompt is not None
    assert explained.prompt.text == told[0].prompt
    assert "markdownContent" in {each.name for each in explained.prompt.sections}
    with pytest.raises(TaskUnknownError):
        await office.desk.explained_task("deed", object_id, "extractNothing", US)
    assert len(office.notary.seen) == 2

    # An edit starts nothing; the phase field starts the phase it names, with the answers before it.
    await office.patch(object_id, currency="CHF")
    edited = await office.at_rest(object_id)
    assert (edited.fields["currency"], edited.history.job_ids) == ("CHF", shown.history.job_ids)
    again = await office.patch(object_id, pipelinePhase="aggregate")
    assert len(again.history.job_ids) == 2
    over = await office.at_rest(object_id)
    assert (over.status, over.fields["currency"]) == (ObjectStatus.READY, "EUR")
    assert len(office.notary.seen) == 2
    explained = await office.desk.explained_task("deed", object_id, "extractInfo", US)
    assert explained.prompt is not None
    assert explained.prompt.text == told[0].prompt
    assert "markdownContent" in {each.name for each in explained.prompt.sections}
    with pytest.raises(TaskUnknownError):
        await office.desk.explained_task("deed", object_id, "extractNothing", US)
    assert len(office.notary.seen) == 2

    # An empty phase field begins anew: nothing changed but an edit, and equal questions are not paid.
    await office.patch(object_id, pipelinePhase=None)
    ended = await office.at_rest(object_id)
    assert (ended.status, ended.phase, len(ended.history.job_ids)) == (
        ObjectStatus.READY,
        "aggregate",
        3,
    )


async def test_one_task_is_retried_over_http_and_the_others_keep_their_answers(
    office: Office,
) -> None:
    catalog = office.platform.ports.catalog
    user = await catalog.users.ensure_first_admin(SystemClock().now())

    made = await catalog.tokens.create(
        TESTER,
        SystemClock().now(),
        user_id=user.user_id,
        name="t",
        role=Role.OPERATOR,
        project_codes=(),
    )
    operator = httpx.AsyncClient(
        base_url="http://localhost/api/v1/objects/deed/",
        headers={"Authorization": f"Bearer {made.secret}"},
        transport=httpx.ASGITransport(create_app(office.platform.ports, [console_router()])),
    )
    office.notary.modes = ["good", "no_credit"]
    object_id = (await office.create()).history.object_id
    failed = await office.at_rest(object_id)
    assert failed.status is ObjectStatus.ERROR
    async with operator:
        before = (await operator.get(f"{object_id}/ai-tasks")).json()["items"]
        (done,) = [each for each in before if each["status"] == "DONE"]
        (name,) = [each["taskName"] for each in before if each["status"] == "ERROR"]
        retry = f"{object_id}/ai-tasks/{{}}/retry"
        nobody = await operator.post(retry.format(name), headers={"Authorization": ""})
        assert nobody.status_code == 401
        refused = await operator.post(retry.format(done["taskName"]))
        assert (refused.status_code, refused.json()["code"]) == (404, "work.not_parked")
        assert (await operator.post(retry.format("extractNothing"))).status_code == 404
        asked = list(office.notary.seen)
        retried = await operator.post(retry.format(name))
        assert (retried.status_code, retried.json()["status"]) == (202, "RUNNING")
        ready = await office.at_rest(object_id)
        assert (ready.status, ready.history.job_ids) == (
            ObjectStatus.READY,
            failed.history.job_ids,
        )
        assert (await operator.post(retry.format(name))).status_code == 404
        after = (await operator.get(f"{object_id}/ai-tasks")).json()["items"]
    assert {each["status"] for each in after} == {"DONE"}
    assert done in after  # as it was: its answer, tokens, cost and time
    # One call more than before, the very one that failed; the task that was done was not asked again.
    (again,) = office.notary.seen[len(asked) :]
    assert again.body["messages"] in [each.body["messages"] for each in asked]
    paid = [json.dumps(each.body["messages"]) for each in office.notary.seen]
    assert sorted(paid.count(each) for each in set(paid)) == [1, 2]


async def test_only_the_task_that_failed_is_done_again(office: Office) -> None:
    office.notary.modes = ["good", "no_credit"]
    object_id = (await office.create()).history.object_id
    failed = await office.at_rest(object_id)
    assert (failed.status, failed.phase) == (ObjectStatus.ERROR, "extraction")
    assert await office.desk.error_message(failed)
    statuses = await office.tasks(object_id)
    assert sorted(statuses.values()) == [AiTaskStatus.DONE, AiTaskStatus.ERROR]
    assert len(office.notary.seen) == 2
    resumed = await office.patch(object_id, pipelinePhase="extraction")
    assert resumed.history.job_ids == failed.history.job_ids
    ready = await office.at_rest(object_id)
    assert (ready.status, ready.fields["currency"]) == (ObjectStatus.READY, "EUR")
    assert set((await office.tasks(object_id)).values()) == {AiTaskStatus.DONE}
    assert len(office.notary.seen) == 3

    await office.desk.remove("deed", object_id, US)
    with pytest.raises(Exception, match="There is no object"):
        await office.tasks(object_id)
    for job_id in ready.history.job_ids:
        assert (await office.platform.desks.jobs.control.find(job_id, US)).is_removed
