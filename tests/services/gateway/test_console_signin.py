"""Signing in to the console and out of it, and who is led where."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dragoman_contracts.vocabulary import JobStatus
from dragoman_runtime.eventstore import Jobs
from services.gateway.browser import csrf_of, sign_in
from services.gateway.console_site import ADA, PASSWORD, Site


async def test_a_password_signs_in_and_signing_out_ends_it(
    stranger: httpx.AsyncClient, site: Site
) -> None:
    answer = await sign_in(stranger, name=ADA, password=PASSWORD, next="/console/new")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/new")
    home = await stranger.get("/console/")
    assert "Ada Lovelace" in home.text
    await stranger.post("/console/sign-out", data={"csrf_token": csrf_of(home)})
    assert (await stranger.get("/console/")).status_code == 303


async def test_a_wrong_password_is_said_and_the_name_kept(stranger: httpx.AsyncClient) -> None:
    answer = await sign_in(stranger, name=ADA, password="wrong")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert 'value="ada"' in answer.text
    assert "wrong" not in re.sub(r"is wrong", "", answer.text)


async def test_a_link_signs_in_once_and_only_when_its_button_is_pressed(
    stranger: httpx.AsyncClient, site: Site
) -> None:
    link = await site.link()
    for _ in range(2):
        assert (await stranger.get("/console/sign-in", params={"link": link})).status_code == 200
    assert (await sign_in(stranger, link=link)).status_code == 303
    stranger.cookies.clear()
    assert (await sign_in(stranger, link=link)).status_code == 401


async def test_a_sign_in_form_of_another_site_is_refused(stranger: httpx.AsyncClient) -> None:
    fields = {"name": ADA, "password": PASSWORD}
    assert (await stranger.post("/console/sign-in", data=fields)).status_code == 403
    await stranger.get("/console/sign-in")
    answer = await stranger.post("/console/sign-in", data={**fields, "csrf_token": "guessed"})
    assert answer.status_code == 403
    assert "dragoman_session" not in answer.cookies


async def test_a_stranger_is_led_to_the_sign_in_and_back(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/console/jobs/123?events=problems")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked == {"next": ["/console/jobs/123?events=problems"]}
    part = await stranger.get("/console/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/sign-in")


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/console/\\evil", "/api/v1/jobs"]
)
async def test_after_signing_in_nobody_is_led_elsewhere(
    stranger: httpx.AsyncClient, address: str
) -> None:
    answer = await sign_in(stranger, name=ADA, password=PASSWORD, next=address)
    assert answer.headers["location"] == "/console/"


async def test_a_form_without_the_sessions_token_changes_nothing(
    ada: httpx.AsyncClient, site: Site
) -> None:
    job_id = await site.history.submit("contract.docx")
    answer = await ada.post(f"/console/jobs/{job_id}/cancel", data={"csrf_token": "guessed"})
    assert answer.status_code == 403
    assert "<h1" in answer.text
    assert (await Jobs(site.store).load(job_id))[0].status is JobStatus.QUEUED
