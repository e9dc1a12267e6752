"""The webhooks, as stored: their secrets sealed, and how far each has come in the log.

A webhook's place in the log moves by `note`, and only on: two that post the same message do not move
it twice, nor back.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    rows,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import (
    EncryptionKeyMissingError,
    EntryMissingError,
    KeyUnreadableError,
    SecretUnreadableError,
    TooManyWebhooksError,
)
from dragoman_catalog.sealing import KeySeal, Sealed
from dragoman_catalog.values import Editor
from dragoman_catalog.webhook_values import (
    KEPT_DELIVERIES,
    MOST_WEBHOOKS,
    Delivery,
    NewWebhookSecret,
    Standing,
    Webhook,
    WebhookEntry,
)
from dragoman_contracts.identity import new_id

_WEBHOOKS, _DELIVERIES = tables.webhooks, tables.webhook_deliveries
_SECRET_BYTES = 32
_PREFIX = "whsec_"
_NO_SECRET: dict[str, object] = {"previous_ciphertext": None, "previous_nonce": None}


class Webhooks:
    """The webhooks. Without a seal none can be entered, and none can be told."""

    def __init__(self, engine: AsyncEngine, seal: KeySeal | None = None) -> None:
        self._engine = engine
        self._seal = seal

    async def all(self) -> list[Webhook]:
        """Every webhook, by title."""
        statement = _select().order_by(_WEBHOOKS.c.title, _WEBHOOKS.c.webhook_id)
        async with reading(self._engine) as connection:
            return await values(connection, statement, Webhook)

    async def find(self, webhook_id: UUID) -> Webhook | None:
        """The webhook; None where there is none."""
        async with reading(self._engine) as connection:
            return await _webhook(connection, webhook_id)

    async def create(
        self, editor: Editor, now: datetime, entry: WebhookEntry, position: int
    ) -> NewWebhookSecret:
        """Enter a webhook, which is told of what comes behind `position` in the log.

        Raises:
            TooManyWebhooksError: there are as many as may be.
            EncryptionKeyMissingError: there is nothing to seal its secret with.
        """
        secret = _new_secret()
        webhook = Webhook(
            **entry.model_dump(include=set(WebhookEntry.model_fields)),
            webhook_id=new_id(),
            position=position,
            created_at=now,
            updated_at=now,
            version=1,
        )
        row = _row(webhook) | self._sealed(webhook.webhook_id, secret) | _NO_SECRET
        async with writing(self._engine) as connection:
            count = select(func.count().label("count")).select_from(_WEBHOOKS)
            if int(str((await rows(connection, count))[0]["count"])) >= MOST_WEBHOOKS:
                raise TooManyWebhooksError
            await connection.execute(insert(_WEBHOOKS).values(row))
            await _audit(connection, editor, now, "webhook.created", None, webhook)
        return NewWebhookSecret(webhook, secret)

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        webhook_id: UUID,
        *,
        version: int,
        entry: WebhookEntry,
        position: int | None = None,
    ) -> Webhook:
        """Replace the webhook as it was at `version`; its server is asked again at once.

        It goes on where it stood in the log, or at `position`.

        Raises:
            EntryMissingError: there is no such webhook.
            StaleEditError: it was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, webhook_id, version)
            standing = Standing(
                position=before.position if position is None else position,
                delivered_at=before.delivered_at,
            )
            change = {**_row(entry), **standing.model_dump()}
            after = await _replace(connection, before, now, change)
            await _audit(connection, editor, now, "webhook.edited", before, after)
        return after

    async def rotate(
        self, editor: Editor, now: datetime, webhook_id: UUID, keeps_previous_for: timedelta
    ) -> NewWebhookSecret:
        """Give the webhook a new secret. Messages are signed with the one before as well, for so long.

        Raises:
            EntryMissingError: there is no such webhook.
            StaleEditError: somebody edited it at the same moment.
            EncryptionKeyMissingError: there is nothing to seal the secret with.
        """
        secret = _new_secret()
        sealed = self._sealed(webhook_id, secret)
        async with writing(self._engine) as connection:
            before = await _required(connection, webhook_id)
            change: dict[str, object] = {
                "previous_ciphertext": _WEBHOOKS.c.secret_ciphertext,
                "previous_nonce": _WEBHOOKS.c.secret_nonce,
                **sealed,
            }
            ends = {"previous_secret_until": now + keeps_previous_for}
            after = await _replace(connection, before, now, ends, change)
            await _audit(connection, editor, now, "webhook.secret_rotated", before, after)
        return NewWebhookSecret(after, secret)

    async def remove(
        self, editor: Editor, now: datetime, webhook_id: UUID, *, version: int
    ) -> None:
        """Remove the webhook as it was at `version`, with its attempts.

        Raises:
            EntryMissingError: there is no such webhook.
            StaleEditError: it was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, webhook_id, version)
            of_it = _DELIVERIES.c.webhook_id == webhook_id
            await connection.execute(delete(_DELIVERIES).where(of_it))
            at = (_WEBHOOKS.c.webhook_id == webhook_id) & (_WEBHOOKS.c.version == version)
            done = await connection.execute(delete(_WEBHOOKS).where(at))
            require_one(done.rowcount)
            await _audit(connection, editor, now, "webhook.removed", before, None)

    async def secrets(self, webhook: Webhook, now: datetime) -> tuple[SecretStr, ...]:
        """The secrets that sign its messages now, the newest first.

        Raises:
            EncryptionKeyMissingError: there is nothing to open them with.
            SecretUnreadableError: they were stored under another encryption key.
            EntryMissingError: the webhook was removed.
        """
        if self._seal is None:
            raise EncryptionKeyMissingError
        columns = (
            _WEBHOOKS.c.secret_ciphertext,
            _WEBHOOKS.c.secret_nonce,
            _WEBHOOKS.c.previous_ciphertext,
            _WEBHOOKS.c.previous_nonce,
        )
        statement = select(*columns).where(_WEBHOOKS.c.webhook_id == webhook.webhook_id)
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        if not found:
            raise EntryMissingError(f"There is no webhook {webhook.webhook_id}.")
        until = webhook.previous_secret_until
        names = ("secret", "previous") if until is not None and now < until else ("secret",)
        opened = (self._opened(self._seal, webhook, found[0], name) for name in names)
        return tuple(each for each in opened if each is not None)

    async def note(
        self,
        before: Webhook,
        standing: Standing,
        now: datetime,
        delivery: Delivery | None = None,
        *,
        whatever_was_edited: bool = False,
    ) -> bool:
        """Store how far the webhook has come, and the attempt that led there. False where it was
        removed, moved on or edited since `before`; the attempt is stored all the same.

        With `whatever_was_edited` neither an edit nor another's move matters, unless it went further:
        what was delivered was delivered. A reason to switch it off does so, and is put on record.
        """
        at = _WEBHOOKS.c.webhook_id == before.webhook_id
        if whatever_was_edited:
            at &= _WEBHOOKS.c.position < standing.position
        else:
            at &= (
                (_WEBHOOKS.c.position == before.position)
                & (_WEBHOOKS.c.attempt_count == before.attempt_count)
                & (_WEBHOOKS.c.version == before.version)
            )
        change: dict[str, object] = dict(standing.model_dump())
        is_off = standing.off_reason is not None
        if is_off:
            change |= {"is_enabled": False, "version": before.version + 1, "updated_at": now}
        async with writing(self._engine) as connection:
            done = await connection.execute(update(_WEBHOOKS).where(at).values(change))
            if delivery is not None:
                await _keep(connection, delivery)
            if done.rowcount == 1 and is_off:
                after = before.model_copy(update=change)
                editor = Editor(actor="service:gateway")
                await _audit(connection, editor, now, "webhook.switched_off", before, after)
        return done.rowcount == 1

    async def keep(self, delivery: Delivery) -> None:
        """Store an attempt that moves nothing: that of a test."""
        async with writing(self._engine) as connection:
            await _keep(connection, delivery)

    async def deliveries(self, webhook_id: UUID, limit: int = KEPT_DELIVERIES) -> list[Delivery]:
        """The last attempts, the newest first."""
        async with reading(self._engine) as connection:
            return await values(connection, _last(webhook_id, limit), Delivery)

    def _opened(
        self, seal: KeySeal, webhook: Webhook, row: Mapping[str, object], name: str
    ) -> SecretStr | None:
        ciphertext, nonce = row[f"{name}_ciphertext"], row[f"{name}_nonce"]
        if not isinstance(ciphertext, bytes) or not isinstance(nonce, bytes):
            return None
        try:
            return seal.open(webhook.webhook_id, webhook.title, Sealed(ciphertext, nonce))
        except KeyUnreadableError as error:
            raise SecretUnreadableError(webhook.title) from error

    def _sealed(self, webhook_id: UUID, secret: SecretStr) -> dict[str, object]:
        if self._seal is None:
            raise EncryptionKeyMissingError
        sealed = self._seal.close(webhook_id, secret)
        return {"secret_ciphertext": sealed.ciphertext, "secret_nonce": sealed.nonce}


def _new_secret() -> SecretStr:
    # The spec of Standard Webhooks asks for 24 to 64 random bytes.
    return SecretStr(_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def _row(entry: WebhookEntry) -> dict[str, object]:
    return {**entry.model_dump(), "types": [each.value for each in entry.types]}


def _select() -> Select[tuple[object, ...]]:
    """The columns of a webhook, without its secrets."""
    return select(*(_WEBHOOKS.c[name] for name in Webhook.model_fields))


def _last(webhook_id: UUID, limit: int) -> Select[tuple[object, ...]]:
    return (
        select(*_DELIVERIES.c)
        .where(_DELIVERIES.c.webhook_id == webhook_id)
        .order_by(_DELIVERIES.c.attempted_at.desc(), _DELIVERIES.c.delivery_id.desc())
        .limit(limit)
    )


async def _keep(connection: AsyncConnection, delivery: Delivery) -> None:
    exists = select(_WEBHOOKS.c.webhook_id).where(_WEBHOOKS.c.webhook_id == delivery.webhook_id)
    if not await rows(connection, exists):
        return  # it was removed meanwhile
    await connection.execute(insert(_DELIVERIES).values(delivery.model_dump()))
    kept = _last(delivery.webhook_id, KEPT_DELIVERIES).with_only_columns(_DELIVERIES.c.delivery_id)
    older = (_DELIVERIES.c.webhook_id == delivery.webhook_id) & _DELIVERIES.c.delivery_id.not_in(
        kept
    )
    await connection.execute(delete(_DELIVERIES).where(older))


async def _replace(
    connection: AsyncConnection,
    before: Webhook,
    now: datetime,
    change: Mapping[str, object],
    secret: Mapping[str, object] | None = None,
) -> Webhook:
    change = {**change, "updated_at": now, "version": before.version + 1}
    at = (_WEBHOOKS.c.webhook_id == before.webhook_id) & (_WEBHOOKS.c.version == before.version)
    done = await connection.execute(
        update(_WEBHOOKS).where(at).values({**change, **(secret or {})})
    )
    require_one(done.rowcount)
    return Webhook.model_validate({**before.model_dump(), **change})


async def _webhook(connection: AsyncConnection, webhook_id: UUID) -> Webhook | None:
    return await one(connection, _select().where(_WEBHOOKS.c.webhook_id == webhook_id), Webhook)


async def _required(
    connection: AsyncConnection, webhook_id: UUID, version: int | None = None
) -> Webhook:
    before = await _webhook(connection, webhook_id)
    if before is None:
        raise EntryMissingError(f"There is no webhook {webhook_id}.")
    if version is not None:
        require_version(before.version, version)
    return before


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: Webhook | None,
    after: Webhook | None,
) -> None:
    entry = after or before
    if entry is None:
        return
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(entry.webhook_id),
        project_id=entry.project_id,
        before=before,
        after=after,
    )
