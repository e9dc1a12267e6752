"""Webhooks over HTTP: entered with a secret that is shown once, edited by their version, tried, and
looked at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from dragoman_catalog import (
    DeliveryOutcome,
    KeySeal,
    OffReason,
    Role,
    Standing,
    WebhookEntry,
    WebhookType,
)
from dragoman_contracts import events as e
from dragoman_gateway.web.records import Records
from dragoman_gateway.webhooks.posting import Poster
from dragoman_gateway.webhooks.sending import Sender
from dragoman_models.addresses import OWN_MACHINE
from dragoman_runtime.clock import SystemClock
from services.gateway.desks import TESTER, Desk, desk
from services.gateway.hook_server import HookServer, verified
from services.gateway.test_submission_api import code, submit

HOOKS = "/api/v1/webhooks"
OTHER_SEAL = KeySeal(b"another key than the gateway's, long enough")


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def made(gateway: Desk, url: str, **fields: object) -> tuple[dict[str, Any], str]:
    body = {"title": "Tickets", "url": url} | fields
    answer = await gateway.as_admin.post(HOOKS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"], answer.json()["secret"]


def match(webhook: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{webhook["version"]}"'}


async def test_a_webhook_is_entered_and_its_secret_is_shown_once(gateway: Desk) -> None:
    body = {
        "title": "Tickets",
        "url": "https://hooks.example/dragoman?key=1",
        "project_code": "default",
        "types": ["job.failed", "job.completed"],
    }
    answer = await gateway.as_admin.post(HOOKS, json=body)
    webhook, secret = answer.json()["webhook"], answer.json()["secret"]
    assert secret.startswith("whsec_")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["ETag"] == '"1"'
    address = answer.headers["Location"]
    shown = await gateway.as_admin.get(address)
    assert shown.json() == webhook
    assert shown.headers["ETag"] == '"1"'
    listed = await gateway.as_admin.get(HOOKS)
    assert listed.json()["items"] == [webhook]
    assert secret not in shown.text + listed.text
    assert (webhook["project_code"], webhook["types"]) == (
        "default",
        ["job.completed", "job.failed"],
    )
    everything, _ = await made(gateway, "https://hooks.example/all")
    assert (everything["project_code"], len(everything["types"])) == (None, len(WebhookType))


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"url": "http://10.0.0.7/hook"}, "url", "model.address_refused"),
        ({"url": "http://169.254.169.254/latest"}, "url", "model.address_refused"),
        ({"url": "https://a:b@hooks.example/"}, "url", "model.address_refused"),
        ({"url": "ftp://hooks.example/"}, "url", "request.invalid"),
        ({"url": f"https://hooks.example/{'é' * 400}"}, "url", "request.invalid"),
        ({"project_code": "nobody"}, "project_code", "project.unknown"),
        ({"types": []}, "types", "request.invalid"),
        ({"types": ["job.deleted"]}, "types", "request.invalid"),
        ({"title": ""}, "title", "request.invalid"),
        ({"secret": "mine"}, "secret", "request.invalid"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    gateway: Desk, fields: dict[str, object], field: str, expected: str
) -> None:
    body = {"title": "Tickets", "url": "https://hooks.example/"} | fields
    answer = await gateway.as_admin.post(HOOKS, json=body)
    assert (answer.status_code, code(answer)) == (422, expected)
    assert field in answer.json()["errors"][0]["field"]


async def test_an_edit_changes_what_it_names_and_names_its_version(gateway: Desk) -> None:
    webhook, _ = await made(gateway, "https://hooks.example/", project_code="default")
    address = f"{HOOKS}/{webhook['webhook_id']}"
    unseen = await gateway.as_admin.patch(address, json={"title": "x"})
    assert unseen.status_code == 428
    done = await gateway.as_admin.patch(
        address, json={"title": "Chat", "is_enabled": False}, headers=match(webhook)
    )
    assert done.status_code == 200
    assert done.json() | {"updated_at": 0} == webhook | {
        "title": "Chat",
        "is_enabled": False,
        "version": 2,
        "updated_at": 0,
    }
    stale = await gateway.as_admin.patch(address, json={"title": "x"}, headers=match(webhook))
    assert (stale.status_code, code(stale)) == (412, "catalog.stale_edit")
    for_all = await gateway.as_admin.patch(
        address,
        json={"project_code": None, "url": "https://other.example/", "types": ["job.blocked"]},
        headers=match(done.json()),
    )
    changed = for_all.json()
    assert (changed["project_code"], changed["url"], changed["types"]) == (
        None,
        "https://other.example/",
        ["job.blocked"],
    )
    inside = await gateway.as_admin.patch(
        address, json={"url": "http://192.168.0.1/"}, headers=match(changed)
    )
    assert (inside.status_code, code(inside)) == (422, "model.address_refused")
    late = await gateway.as_admin.delete(address, headers=match(webhook))
    assert late.status_code == 412
    gone = await gateway.as_admin.delete(address, headers=match(changed))
    assert gone.status_code == 204
    for path in (address, f"{address}/deliveries"):
        assert (await gateway.as_admin.get(path)).status_code == 404
    assert (await gateway.as_admin.post(f"{address}/test")).status_code == 404
    assert (await gateway.as_admin.post(f"{address}/rotate-secret")).status_code == 404


async def test_a_trial_is_posted_now_and_says_how_it_ended(gateway: Desk) -> None:
    with HookServer(204, 500) as server:
        webhook, secret = await made(gateway, server.url)
        address = f"{HOOKS}/{webhook['webhook_id']}"
        good = (await gateway.as_admin.post(f"{address}/test")).json()
        bad = (await gateway.as_admin.post(f"{address}/test")).json()
        assert (good["outcome"], good["status_code"], good["error"]) == ("delivered", 204, "")
        assert (bad["outcome"], bad["status_code"]) == ("answered", 500)
        assert bad["error"] == "The server answered with HTTP 500."
        first, second = server.received
        assert first.message["type"] == good["type"] == "webhook.test"
        assert first.id == good["message_id"] != second.id
        assert verified(first, secret)
        listed = (await gateway.as_admin.get(f"{address}/deliveries")).json()["items"]
        assert listed == [bad, good]
        stands = (await gateway.as_admin.get(address)).json()
        assert stands == webhook  # a trial moves nothing


async def test_a_new_secret_signs_and_the_old_one_for_a_day_too(gateway: Desk) -> None:
    with HookServer() as server:
        webhook, first = await made(gateway, server.url)
        address = f"{HOOKS}/{webhook['webhook_id']}"
        rotated = await gateway.as_admin.post(f"{address}/rotate-secret")
        second = rotated.json()["secret"]
        assert rotated.headers["Cache-Control"] == "no-store"
        assert rotated.json()["webhook"]["version"] == 2
        assert rotated.json()["webhook"]["previous_secret_until"]
        await gateway.as_admin.post(f"{address}/test")
        (received,) = server.received
        assert verified(received, first)
        assert verified(received, second)


async def test_what_was_missed_is_told_or_skipped_as_the_admin_says(gateway: Desk) -> None:
    with HookServer() as server:
        webhook, _ = await made(gateway, server.url, types=["job.cancelled"], is_enabled=False)
        address = f"{HOOKS}/{webhook['webhook_id']}"
        poster = poster_of(gateway)
        first = await cancelled(gateway, "first")
        on = await gateway.as_admin.patch(
            address, json={"is_enabled": True}, headers=match(webhook)
        )
        await told(poster)
        off = await gateway.as_admin.patch(
            address, json={"is_enabled": False}, headers=match(on.json())
        )
        await cancelled(gateway, "second")
        again = {"is_enabled": True, "skips_missed": True}
        skipped = await gateway.as_admin.patch(address, json=again, headers=match(off.json()))
        assert skipped.status_code == 200
        await told(poster)
        third = await cancelled(gateway, "third")
        await told(poster)
        assert [each.message["data"]["job_id"] for each in server.received] == [first, third]


async def test_why_it_was_switched_off_is_shown_until_somebody_switches_it_on(
    gateway: Desk,
) -> None:
    entry = WebhookEntry(
        title="Tickets", url="https://hooks.example/", types=(WebhookType.JOB_FAILED,)
    )
    now = SystemClock().now()
    hooks = gateway.catalog.webhooks
    webhook = (await hooks.create(TESTER, now, entry, 0)).webhook
    gone = Standing(position=0, attempt_count=1, failing_since=now, off_reason=OffReason.GONE)
    await hooks.note(webhook, gone, now)
    address = f"{HOOKS}/{webhook.webhook_id}"
    shown = (await gateway.as_admin.get(address)).json()
    assert (shown["is_enabled"], shown["off_reason"]) == (False, "gone")
    on = await gateway.as_admin.patch(
        address, json={"is_enabled": True}, headers={"If-Match": '"2"'}
    )
    assert (on.json()["off_reason"], on.json()["attempt_count"]) == (None, 0)
    await gateway.project()
    audit = (
        await gateway.as_admin.get("/api/v1/audit-events?entity_id=" + str(webhook.webhook_id))
    ).json()
    assert [each["action"] for each in audit["items"]] == [
        "webhook.edited",
        "webhook.switched_off",
        "webhook.created",
    ]


async def test_an_admin_of_some_projects_has_no_say(gateway: Desk) -> None:
    client = await gateway.client(Role.ADMIN, "default")
    async with client:
        assert (await client.get(HOOKS)).status_code == 403


async def test_without_an_encryption_key_none_can_be_entered(
    gateway: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.catalog.webhooks, "_seal", None)
    answer = await gateway.as_admin.post(HOOKS, json={"title": "x", "url": "https://a.example/"})
    assert (answer.status_code, code(answer)) == (409, "provider.no_encryption_key")


async def test_a_secret_of_another_key_is_told_when_it_is_tried(
    gateway: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HookServer() as server:
        webhook, _ = await made(gateway, server.url, types=["job.cancelled"])
        monkeypatch.setattr(gateway.catalog.webhooks, "_seal", OTHER_SEAL)
        address = f"{HOOKS}/{webhook['webhook_id']}"
        tried = await gateway.as_admin.post(f"{address}/test")
        assert (tried.status_code, code(tried)) == (409, "webhook.secret_unreadable")
        await cancelled(gateway, "first")
        await told(poster_of(gateway))
        (attempt,) = (await gateway.as_admin.get(f"{address}/deliveries")).json()["items"]
        assert attempt["outcome"] == DeliveryOutcome.SECRET_UNREADABLE
        assert server.received == []


def poster_of(gateway: Desk) -> Poster:
    """A poster over the gateway's stores."""
    return Poster(
        store=gateway.store,
        records=Records(gateway.objects),
        catalog=gateway.catalog,
        clock=SystemClock(),
        sender=Sender(OWN_MACHINE),
        public_url="",
        owner="test",
    )


async def told(poster: Poster) -> None:
    """Let everything be told that is due now."""
    await poster.step()
    await poster.settle()


async def cancelled(gateway: Desk, name: str) -> str:
    """A job that was cancelled."""
    job_id = (await submit(gateway.as_operator, name=f"{name}.docx")).json()["job_id"]
    await gateway.history.say(UUID(job_id), e.CancelRequested(), e.JobCancelled())
    return job_id
