"""The pages of webhooks: entered, edited, tried, switched, given a new secret, removed."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from dragoman_catalog import OffReason, Standing, Webhook
from dragoman_runtime.clock import SystemClock
from services.gateway.browser import csrf_of
from services.gateway.console_site import Site
from services.gateway.hook_server import HookServer, verified

HOOKS = "/console/webhooks"
FIELDS: dict[str, str | list[str]] = {
    "title": "Tickets",
    "url": "https://hooks.example/dragoman?key=1",
    "project_code": "",
    "types": ["job.completed", "job.failed"],
}


async def send(client: httpx.AsyncClient, path: str, **fields: str | list[str]) -> httpx.Response:
    token = csrf_of(await client.get(HOOKS))
    return await client.post(path, data={"csrf_token": token, **fields})


async def only(site: Site) -> Webhook:
    (webhook,) = await site.catalog.webhooks.all()
    return webhook


def secret_in(answer: httpx.Response) -> str:
    found = re.search(r'id="secret">(whsec_[^<]+)<', answer.text)
    assert found, answer.text
    return found[1].replace("&#43;", "+")


async def entered(site: Site, grace: httpx.AsyncClient, url: str) -> tuple[Webhook, str]:
    answer = await send(grace, HOOKS, **(FIELDS | {"url": url}))
    assert answer.status_code == 200
    return await only(site), secret_in(answer)


async def test_webhooks_are_for_admins(ada: httpx.AsyncClient) -> None:
    assert (await ada.get(HOOKS)).status_code == 403
    assert HOOKS not in (await ada.get("/console/")).text


async def test_a_webhook_is_entered_its_secret_shown_once_and_a_test_says_how_it_ended(
    site: Site, grace: httpx.AsyncClient
) -> None:
    assert "No webhooks yet." in (await grace.get(HOOKS)).text
    new = await grace.get(f"{HOOKS}/new")
    assert new.text.count(" checked") == 5  # every type, to begin with
    with HookServer(204, 500) as server:
        webhook, secret = await entered(site, grace, server.url)
        page = f"{HOOKS}/{webhook.webhook_id}"
        assert secret not in (await grace.get(page)).text
        good = await send(grace, f"{page}/test")
        assert "The server took the test, with HTTP 204." in good.text
        bad = await send(grace, f"{page}/test")
        assert "The server answered with HTTP 500." in bad.text
        assert verified(server.received[0], secret)
        rotated = await send(grace, f"{page}/rotate-secret")
        assert rotated.headers["cache-control"] == "no-store"
        assert secret_in(rotated) != secret
    shown = (await grace.get(page)).text
    assert shown.count("webhook.test") == 2
    assert "Tickets" in (await grace.get(HOOKS)).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "This is needed."),
        ({"url": "hooks.example"}, "Begin with https://"),
        ({"url": "http://10.0.0.7/"}, "private network"),
        ({"types": []}, "Choose one at least."),
        ({"project_code": "nowhere"}, "There is no project"),
    ],
)
async def test_a_form_with_a_fault_comes_back_with_what_was_written(
    site: Site, grace: httpx.AsyncClient, fields: dict[str, str | list[str]], said: str
) -> None:
    answer = await send(grace, HOOKS, **(FIELDS | fields))
    assert answer.status_code == 422
    assert said in answer.text
    assert await site.catalog.webhooks.all() == []
    if "title" not in fields:
        assert 'value="Tickets"' in answer.text


async def test_an_edit_is_made_on_the_version_that_was_seen(
    site: Site, grace: httpx.AsyncClient
) -> None:
    webhook, _ = await entered(site, grace, "https://hooks.example/")
    page = f"{HOOKS}/{webhook.webhook_id}"
    edited = {**FIELDS, "title": "Chat", "project_code": "atlas", "types": "job.blocked"}
    done = await send(grace, page, version="1", **edited)
    assert (done.status_code, done.headers["location"]) == (303, f"{page}?notice=saved")
    after = await only(site)
    assert (after.title, after.types, after.version) == ("Chat", ("job.blocked",), 2)
    assert after.project_id is not None
    stale = await send(grace, page, version="1", **(edited | {"title": "Late"}))
    assert stale.status_code == 412
    assert (await only(site)).title == "Chat"


async def test_a_webhook_that_fails_or_was_switched_off_says_why_and_is_switched_on(
    site: Site, grace: httpx.AsyncClient
) -> None:
    webhook, _ = await entered(site, grace, "https://hooks.example/")
    page, now = f"{HOOKS}/{webhook.webhook_id}", SystemClock().now()
    failing = Standing(
        position=webhook.position,
        attempt_count=3,
        failing_since=now,
        next_attempt_at=now + timedelta(minutes=5),
    )
    await site.catalog.webhooks.note(webhook, failing, now)
    assert "in 3 attempts" in (await grace.get(page)).text
    assert "Failing" in (await grace.get(HOOKS)).text
    off = failing.model_copy(update={"off_reason": OffReason.FAILING, "next_attempt_at": None})
    await site.catalog.webhooks.note(await only(site), off, now)
    for address in (page, HOOKS):
        assert "took nothing for three days" in (await grace.get(address)).text
    on = await send(grace, f"{page}/switch", version="2", is_enabled="yes", skips_missed="yes")
    assert on.headers["location"] == f"{page}?notice=on"
    again = await only(site)
    assert (again.is_enabled, again.off_reason) == (True, None)
    assert again.position == await site.store.head_position()
    switched = await send(grace, f"{page}/switch", version="3")
    assert switched.headers["location"] == f"{page}?notice=off"
    assert not (await only(site)).is_enabled


async def test_a_webhook_is_removed_as_it_was_seen(site: Site, grace: httpx.AsyncClient) -> None:
    webhook, _ = await entered(site, grace, "https://hooks.example/")
    page = f"{HOOKS}/{webhook.webhook_id}"
    assert (await send(grace, f"{page}/remove", version="7")).status_code == 412
    gone = await send(grace, f"{page}/remove", version="1")
    assert gone.headers["location"] == f"{HOOKS}?notice=removed"
    assert await site.catalog.webhooks.all() == []
