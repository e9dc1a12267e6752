"""The pages of projects: settings are edited, language pairs opened, closed and removed."""

from __future__ import annotations

import json

import httpx
import pytest

from dragoman_catalog import LanguagePair, Project
from linguistics.srx_files import srx
from services.gateway.browser import csrf_of
from services.gateway.console_site import Site

PROJECTS = "/console/projects"
FIELDS = {"name": "Atlas", "batch_size": "64", "max_attempts": "5", "qa_profile": "default"}


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    token = csrf_of(await client.get(PROJECTS))
    return await client.post(path, data={"csrf_token": token, **fields})


async def atlas(site: Site) -> Project:
    found = await site.catalog.projects.find("atlas")
    assert found
    return found


async def pair_of(site: Site) -> LanguagePair:
    (pair,) = await site.catalog.language_pairs.all((await atlas(site)).project_id)
    return pair


async def test_projects_are_for_admins(ada: httpx.AsyncClient) -> None:
    assert (await ada.get(PROJECTS)).status_code == 403
    assert (await ada.get(f"{PROJECTS}/atlas")).status_code == 403
    assert PROJECTS not in (await ada.get("/console/")).text


async def test_a_project_is_entered_and_its_settings_are_edited(
    site: Site, grace: httpx.AsyncClient
) -> None:
    made = await send(grace, PROJECTS, **FIELDS, code="borealis", pipeline_id="document-parse")
    assert made.headers["location"] == f"{PROJECTS}/borealis?notice=entered"
    shown = await grace.get(f"{PROJECTS}/borealis")
    assert "<option selected>document-parse</option>" in shown.text
    fields = FIELDS | {"version": "1", "name": "Boreal", "retention_days": "30"}
    further = json.dumps({"qa": {"space.doubled": "off"}})
    saved = await send(
        grace, f"{PROJECTS}/borealis", **fields, is_auto_start="yes", further=further
    )
    assert saved.status_code == 303
    project = await site.catalog.projects.find("borealis")
    assert project
    settings = project.settings
    assert (project.name, settings.retention_days, settings.is_auto_start) == ("Boreal", 30, True)
    assert (settings.accepts_unlisted_pairs, settings.pipeline_id) == (False, "")
    assert settings.qa == {"space.doubled": "off"}
    stale = await send(grace, f"{PROJECTS}/borealis", **fields)
    assert stale.status_code == 412


async def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(
    site: Site, grace: httpx.AsyncClient
) -> None:
    before = await atlas(site)
    settings = before.settings.model_dump(mode="json")
    names = ("default_engine", "model", "qa_profile", "pipeline_id", "batch_size", "max_attempts")
    texts = {name: str(settings[name]) for name in names}
    switches = dict.fromkeys(("is_auto_start", "accepts_unlisted_pairs"), "yes")
    further = {
        name: each
        for name, each in settings.items()
        if name not in {*names, *switches, "retention_days", "auto_process"}
    }
    answer = await send(
        grace,
        f"{PROJECTS}/atlas",
        name=before.name,
        version="1",
        further=json.dumps(further),
        **texts,
        **switches,
    )
    assert answer.status_code == 303
    assert (await atlas(site)).settings == before.settings


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "This is needed."),
        ({"batch_size": "many"}, "Write a whole number."),
        ({"pipeline_id": "nowhere"}, "There is no pipeline"),
        ({"further": "{"}, "This is no JSON"),
        ({"further": "[]"}, "Write an object"),
        ({"further": '{"colour": "red"}'}, "colour"),
        ({"further": '{"payable_pct": {"100": "much"}}'}, "payable_pct"),
    ],
)
async def test_a_form_with_a_fault_comes_back_and_nothing_is_saved(
    site: Site, grace: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    before = await atlas(site)
    whole = FIELDS | {"version": "1", "model": "kept-as-written"} | fields
    answer = await send(grace, f"{PROJECTS}/atlas", **whole)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="kept-as-written"' in answer.text
    assert await atlas(site) == before


async def test_pairs_are_entered_closed_opened_and_removed(
    site: Site, grace: httpx.AsyncClient
) -> None:
    pairs = f"{PROJECTS}/atlas/language-pairs"
    await send(grace, pairs, source_language="en", target_language="de-at", engine="apertium")
    pair = await pair_of(site)
    assert (pair.source_locale, pair.target_locale, pair.overrides.engine) == (
        "en",
        "de-AT",
        "apertium",
    )
    await send(grace, f"{pairs}/{pair.pair_id}", version="1", is_active="")
    closed = await pair_of(site)
    assert (closed.is_active, closed.overrides) == (False, pair.overrides)
    assert "Takes none" in (await grace.get(f"{PROJECTS}/atlas")).text
    await send(grace, f"{pairs}/{pair.pair_id}", version="2", is_active="yes")
    assert (await pair_of(site)).is_active
    again = await send(grace, pairs, source_language="en", target_language="de-AT")
    assert (again.status_code, "already" in again.text) == (409, True)
    same = await send(grace, pairs, source_language="en", target_language="en")
    assert (same.status_code, "are the same" in same.text) == (422, True)
    await send(grace, f"{pairs}/{pair.pair_id}/remove", version="3")
    assert await site.catalog.language_pairs.all((await atlas(site)).project_id) == []


async def test_segmentation_rules_are_taken_from_a_file_and_given_up(
    site: Site, grace: httpx.AsyncClient
) -> None:
    path = f"{PROJECTS}/atlas/segmentation-rules"
    token = csrf_of(await grace.get(PROJECTS))
    form = {"csrf_token": token, "version": "1"}
    wrong = await grace.post(path, data=form, files={"file": ("a.srx", b"<srx/>")})
    assert (wrong.status_code, "no SRX 2.0" in wrong.text) == (422, True)
    none = await grace.post(path, data=form)
    assert (none.status_code, "The file is empty." in none.text) == (422, True)
    rules = srx(("yes", ";", r"\s"))
    assert (await grace.post(path, data=form, files={"file": ("a.srx", rules)})).status_code == 303
    assert (await atlas(site)).settings.segmentation is not None
    assert "This project has its own." in (await grace.get(f"{PROJECTS}/atlas")).text
    await send(grace, path, version="2", is_builtin="yes")
    assert (await atlas(site)).settings.segmentation is None
