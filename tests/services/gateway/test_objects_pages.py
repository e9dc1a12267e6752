"""Classes and objects in the console: a class declared on a form, an object made, edited, started."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator

import httpx
import pytest

from dragoman_catalog import Role
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of, sign_in
from services.gateway.console_site import EDITOR, PASSWORD, Site

NOTE = """name: note
fields:
  stage: TEXT
  text: {type: TEXT, required: true}
  count: INTEGER
  scan: DOCUMENT
pipeline:
  phaseField: stage
  phases:
    - name: write
      script: write
"""
SCRIPT = "function execute(api, dataObject, params) { dataObject.count = 1; }"


@pytest.fixture
async def grace(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that Grace, an admin, has signed in with."""
    await site.catalog.users.create(
        EDITOR,
        SystemClock().now(),
        name="grace",
        display_name="Grace Hopper",
        role=Role.ADMIN,
        password=PASSWORD,
    )
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        await sign_in(client, name="grace", password=PASSWORD)
        yield client


async def declare(grace: httpx.AsyncClient, text: str, act: str = "save") -> httpx.Response:
    page = await grace.get("/console/classes/new")
    form = {"csrf_token": csrf_of(page), "declaration": text, "act": act}
    form |= {"file_name_0": "scripts/write", "file_text_0": SCRIPT}
    return await grace.post("/console/classes", data=form)


async def test_a_class_is_checked_and_saved_on_a_form_and_its_faults_are_shown(
    grace: httpx.AsyncClient,
) -> None:
    checked = await declare(grace, NOTE, "check")
    assert (checked.status_code, "It can be saved as it is." in checked.text) == (200, True)
    wrong = await declare(grace, NOTE.replace("stage: TEXT", "stage: DATE"))
    assert wrong.status_code == 422
    assert "pipeline.phaseField" in wrong.text
    assert "kept in a TEXT field" in wrong.text
    broken = await declare(grace, "name: [")
    assert (broken.status_code, "This is no YAML" in broken.text) == (422, True)
    saved = await declare(grace, NOTE)
    assert saved.headers["location"].startswith("/console/classes/note")
    shown = await grace.get("/console/classes/note")
    assert "phaseField: stage" in html.unescape(shown.text)
    assert "Save version 2" in shown.text
    listed = await grace.get("/console/objects")
    assert 'href="/console/objects/note"' in listed.text


async def test_an_object_is_made_shown_and_started_on_its_page(
    grace: httpx.AsyncClient, site: Site
) -> None:
    await declare(grace, NOTE)
    page = await grace.get("/console/objects/note/new")
    form = {"csrf_token": csrf_of(page), "field.text": "<b>A note</b>", "field.count": "x"}
    wrong = await grace.post("/console/objects/note/new", data=form)
    assert wrong.status_code == 422
    assert "INTEGER: send a whole number" in wrong.text
    files = {"field.scan": ("scan.txt", b"text")}
    made = await grace.post(
        "/console/objects/note/new", data={**form, "field.count": "2"}, files=files
    )
    assert made.status_code == 303, made.text
    address = made.headers["location"].partition("?")[0]
    shown = await grace.get(address)
    assert "&lt;b&gt;A note" in shown.text
    assert "<b>A note" not in shown.text
    assert "scan.txt" in shown.text
    assert "They can be edited once the phase that runs has ended." in shown.text
    busy = await grace.post(address, data={"csrf_token": form["csrf_token"], "phase": "write"})
    assert (busy.status_code, "A phase of object" in busy.text) == (409, True)
    await site.show()
    listed = await grace.get("/console/objects/note", params={"q": "note"})
    assert address in listed.text
    assert "Running" in listed.text
    missing = await grace.get("/console/objects/nothing")
    assert missing.status_code == 404


async def test_an_operator_declares_no_class(ada: httpx.AsyncClient) -> None:
    assert (await ada.get("/console/classes/new")).status_code == 403
    assert (await ada.get("/console/objects")).status_code == 200
