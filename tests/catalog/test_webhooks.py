"""Webhooks as stored: sealed secrets, a place in the log that moves once, and the last attempts."""

from __future__ import annotations

import base64
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    KEPT_DELIVERIES,
    MOST_WEBHOOKS,
    Catalog,
    Delivery,
    DeliveryOutcome,
    EncryptionKeyMissingError,
    EntryMissingError,
    KeySeal,
    OffReason,
    SecretUnreadableError,
    StaleEditError,
    Standing,
    TooManyWebhooksError,
    Webhook,
    WebhookEntry,
    WebhookType,
    tables,
)
from dragoman_catalog.database import reading, rows
from dragoman_contracts.identity import new_id, project_id
from dragoman_runtime.migrations.run import sqlalchemy_url
from dragoman_runtime.projection import create_views_engine

pytestmark = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)

A_DAY = timedelta(days=1)
ENTRY = WebhookEntry(
    title="Ticket system",
    url="https://hooks.example/dragoman?key=1",
    project_id=project_id("default"),
    types=(WebhookType.JOB_FAILED, WebhookType.JOB_COMPLETED, WebhookType.JOB_FAILED),
)


async def made(catalog: Catalog, position: int = 7) -> Webhook:
    return (await catalog.webhooks.create(ADA, NOW, ENTRY, position)).webhook


def attempt(webhook: Webhook, number: int = 0) -> Delivery:
    return Delivery(
        delivery_id=new_id(),
        webhook_id=webhook.webhook_id,
        message_id=str(new_id()),
        type=WebhookType.JOB_FAILED,
        job_id=new_id(),
        attempted_at=NOW + timedelta(seconds=number),
        outcome=DeliveryOutcome.ANSWERED,
        status_code=500,
        duration_ms=number,
        error="The server answered with HTTP 500.",
    )


async def test_a_webhook_is_entered_with_a_secret_that_is_stored_sealed(
    catalog: Catalog, catalog_url: str
) -> None:
    webhook, secret = await catalog.webhooks.create(ADA, NOW, ENTRY, 7)
    assert webhook.types == (WebhookType.JOB_COMPLETED, WebhookType.JOB_FAILED)  # each once
    assert (webhook.position, webhook.version, webhook.is_enabled) == (7, 1, True)
    assert await catalog.webhooks.find(webhook.webhook_id) == webhook
    assert await catalog.webhooks.all() == [webhook]
    prefix, _, encoded = secret.get_secret_value().partition("_")
    assert (prefix, len(base64.b64decode(encoded, validate=True))) == ("whsec", 32)
    assert await catalog.webhooks.secrets(webhook, NOW) == (secret,)
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    async with reading(engine) as connection:
        (row,) = await rows(connection, select(tables.webhooks))
    await engine.dispose()
    assert encoded not in str(row)
    (audited,) = await catalog.audit(entity_id=str(webhook.webhook_id))
    assert (audited.action, audited.project_id) == ("webhook.created", ENTRY.project_id)


async def test_a_new_secret_leaves_the_one_before_valid_for_a_while(catalog: Catalog) -> None:
    webhook, first = await catalog.webhooks.create(ADA, NOW, ENTRY, 7)
    rotated, second = await catalog.webhooks.rotate(ADA, NOW, webhook.webhook_id, A_DAY)
    assert (rotated.version, rotated.previous_secret_until) == (2, NOW + A_DAY)
    assert await catalog.webhooks.find(webhook.webhook_id) == rotated
    soon, later = NOW + A_DAY - timedelta(seconds=1), NOW + A_DAY
    assert await catalog.webhooks.secrets(rotated, soon) == (second, first)
    assert await catalog.webhooks.secrets(rotated, later) == (second,)
    again, third = await catalog.webhooks.rotate(ADA, soon, webhook.webhook_id, A_DAY)
    assert await catalog.webhooks.secrets(again, soon) == (third, second)
    with pytest.raises(EntryMissingError):
        await catalog.webhooks.rotate(ADA, NOW, new_id(), A_DAY)


async def test_without_the_key_no_secret_is_stored_or_read(
    catalog: Catalog, catalog_url: str
) -> None:
    webhook = await made(catalog)
    engine = create_views_engine(sqlalchemy_url(catalog_url))
    keyless, other = Catalog(engine), Catalog(engine, KeySeal(b"another key, long enough too"))
    with pytest.raises(EncryptionKeyMissingError):
        await keyless.webhooks.create(ADA, NOW, ENTRY, 0)
    with pytest.raises(EncryptionKeyMissingError):
        await keyless.webhooks.secrets(webhook, NOW)
    with pytest.raises(SecretUnreadableError, match="Ticket system"):
        await other.webhooks.secrets(webhook, NOW)
    await engine.dispose()


async def test_an_edit_names_its_version_and_lets_the_server_be_asked_at_once(
    catalog: Catalog,
) -> None:
    webhook = await made(catalog)
    failing = Standing(position=7, attempt_count=3, failing_since=NOW, next_attempt_at=NOW + A_DAY)
    assert await catalog.webhooks.note(webhook, failing, NOW)
    stored = await catalog.webhooks.find(webhook.webhook_id)
    assert stored is not None
    assert (stored.standing, stored.version) == (failing, 1)
    entry = ENTRY.model_copy(update={"url": "https://other.example/", "project_id": None})
    edited = await catalog.webhooks.edit(ADA, NOW, webhook.webhook_id, version=1, entry=entry)
    assert edited == await catalog.webhooks.find(webhook.webhook_id)
    assert (edited.url, edited.project_id, edited.version) == ("https://other.example/", None, 2)
    assert edited.standing == Standing(position=7)
    with pytest.raises(StaleEditError):
        await catalog.webhooks.edit(ADA, NOW, webhook.webhook_id, version=1, entry=entry)
    ahead = await catalog.webhooks.edit(
        ADA, NOW, webhook.webhook_id, version=2, entry=entry, position=90
    )
    assert ahead.position == 90


async def test_its_place_moves_only_from_where_it_was_found(catalog: Catalog) -> None:
    webhook = await made(catalog)
    moved = Standing(position=9, delivered_at=NOW)
    assert await catalog.webhooks.note(webhook, moved, NOW, attempt(webhook))
    assert not await catalog.webhooks.note(webhook, Standing(position=8), NOW, attempt(webhook))
    assert len(await catalog.webhooks.deliveries(webhook.webhook_id)) == 2
    at_nine = await catalog.webhooks.find(webhook.webhook_id)
    assert at_nine is not None
    assert at_nine.standing == moved
    await catalog.webhooks.edit(ADA, NOW, webhook.webhook_id, version=1, entry=ENTRY)
    failing = Standing(position=9, attempt_count=1, failing_since=NOW)
    assert not await catalog.webhooks.note(at_nine, failing, NOW)  # it was edited meanwhile
    delivered = Standing(position=11)
    assert await catalog.webhooks.note(at_nine, delivered, NOW, whatever_was_edited=True)


async def test_switching_off_is_put_on_record_with_its_reason(catalog: Catalog) -> None:
    webhook = await made(catalog)
    gone = Standing(position=7, off_reason=OffReason.GONE)
    assert await catalog.webhooks.note(webhook, gone, NOW, attempt(webhook))
    stored = await catalog.webhooks.find(webhook.webhook_id)
    assert stored is not None
    assert (stored.is_enabled, stored.off_reason, stored.version) == (False, OffReason.GONE, 2)
    actions = {each.action: each.actor for each in await catalog.audit()}
    assert actions["webhook.switched_off"] == "service:gateway"
    on = await catalog.webhooks.edit(ADA, NOW, webhook.webhook_id, version=2, entry=ENTRY)
    assert (on.is_enabled, on.off_reason) == (True, None)


async def test_the_last_attempts_are_kept_and_go_with_the_webhook(catalog: Catalog) -> None:
    webhook, other = await made(catalog), await made(catalog)
    for number in range(KEPT_DELIVERIES + 3):
        await catalog.webhooks.keep(attempt(webhook, number))
    await catalog.webhooks.keep(attempt(other))
    kept = await catalog.webhooks.deliveries(webhook.webhook_id)
    newest_first = list(range(KEPT_DELIVERIES + 2, 2, -1))
    assert [each.duration_ms for each in kept] == newest_first
    assert len(await catalog.webhooks.deliveries(other.webhook_id)) == 1
    assert len(await catalog.webhooks.deliveries(webhook.webhook_id, 5)) == 5
    with pytest.raises(StaleEditError):
        await catalog.webhooks.remove(ADA, NOW, webhook.webhook_id, version=5)
    await catalog.webhooks.remove(ADA, NOW, webhook.webhook_id, version=1)
    assert await catalog.webhooks.find(webhook.webhook_id) is None
    assert await catalog.webhooks.deliveries(webhook.webhook_id) == []
    await catalog.webhooks.keep(attempt(webhook))  # a late attempt is nobody's
    assert not await catalog.webhooks.note(webhook, Standing(position=9), NOW, attempt(webhook))
    with pytest.raises(EntryMissingError):
        await catalog.webhooks.secrets(webhook, NOW)


async def test_there_are_only_so_many(catalog: Catalog) -> None:
    ids: set[UUID] = set()
    for _ in range(MOST_WEBHOOKS):
        ids.add((await made(catalog)).webhook_id)
    assert len(ids) == MOST_WEBHOOKS
    with pytest.raises(TooManyWebhooksError):
        await made(catalog)
