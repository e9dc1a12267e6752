"""The poster: reads the log for each webhook from its own position on, and posts what it asks for.

The log is the queue (ADR 33). A webhook's position moves once its server has taken the message, so a
poster that dies in between posts the message again, with the same id. One process at a time posts to a
webhook, under a lease; the webhooks do not wait for each other.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from dragoman_catalog import (
    Catalog,
    Delivery,
    DeliveryOutcome,
    EncryptionKeyMissingError,
    EntryMissingError,
    SecretUnreadableError,
    Webhook,
)
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.identity import new_id
from dragoman_contracts.policy import IntakeRecord
from dragoman_gateway.web.records import Records
from dragoman_gateway.webhooks.following import JobChanges
from dragoman_gateway.webhooks.rules import (
    Answer,
    Change,
    body_of,
    headers_of,
    is_asked_for,
    is_due,
    standing_after,
)
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Lease, LeaseHeldError
from dragoman_runtime.stopping import ended
from dragoman_runtime.telemetry import say_waiting
from dragoman_runtime.telemetry.metrics import WEBHOOK_ATTEMPTS_TOTAL

_MOST_PAGES = 20
_MOST_IN_A_ROUND = 100
_SPREAD = 1_000_000
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the log is looked at, for how long a lease holds, after how long or how many events the
    position of a webhook is stored for which nothing was told, and how long one rests after a bug.
    """

    tick: timedelta = timedelta(seconds=1)
    lease: timedelta = timedelta(seconds=60)
    stored_after: timedelta = timedelta(seconds=30)
    stored_after_events: int = 1000
    rest: timedelta = timedelta(minutes=1)


class Posts(Protocol):
    """Where messages are posted."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Post a message once; how that ended is told, and never raised."""
        ...


@dataclass(slots=True)
class _Scan:
    """How far the log was looked through for a webhook as it was at `version`: nothing up to `position`
    is left to be told.
    """

    version: int
    position: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class _Next:
    position: int
    change: Change


class Poster:
    """Posts to all webhooks, each by itself. `owner` names this process in leases."""

    def __init__(
        self,
        *,
        store: EventStore,
        records: Records,
        catalog: Catalog,
        clock: Clock,
        sender: Posts,
        public_url: str,
        owner: str,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._changes = JobChanges(store)
        self._records = records
        self._catalog = catalog
        self._clock = clock
        self._sender = sender
        self._public_url = public_url
        self._owner = owner
        self._pace = pace or Pace()
        self._scans: dict[UUID, _Scan] = {}
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._rests_until: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Post for ever; ends only when cancelled. Trouble with a store is waited out."""
        try:
            while True:
                try:
                    await self.step()
                except DragomanError as error:
                    say_waiting("webhooks.waiting", error.code)
                await asyncio.sleep(self._pace.tick.total_seconds())
        finally:
            await ended(self._under_way.values())

    async def step(self) -> int:
        """Look once whether webhooks have something to be told, and begin to tell them.

        Gives the number of those that are being told.
        """
        self._under_way = {key: task for key, task in self._under_way.items() if not task.done()}
        webhooks, now = await self._catalog.webhooks.all(), self._clock.now()
        known = {each.webhook_id for each in webhooks}
        self._scans = {key: scan for key, scan in self._scans.items() if key in known}
        self._rests_until = {key: at for key, at in self._rests_until.items() if key in known}
        for webhook in webhooks:
            key = webhook.webhook_id
            if key in self._under_way or not webhook.is_enabled or not is_due(webhook, now):
                continue
            if now < self._rests_until.get(key, now):
                continue
            if webhook.failing_since is None and await self._next(webhook) is None:
                continue
            self._under_way[key] = asyncio.create_task(self._tell(key), name=f"webhook-{key}")
        return len(self._under_way)

    async def settle(self) -> None:
        """Wait until nothing is being told any more."""
        if self._under_way:
            await asyncio.wait(self._under_way.values())

    async def _tell(self, webhook_id: UUID) -> None:
        lease = Lease(webhook_id, webhook_id, self._owner, self._pace.lease)
        try:
            try:
                await self._store.commit(take=lease)
            except LeaseHeldError:
                return
            try:
                await self._tell_leased(webhook_id, lease)
            finally:
                await self._store.commit(release=lease)
        except EntryMissingError:
            return  # it was removed meanwhile
        except DragomanError as error:
            say_waiting("webhooks.waiting", error.code)
        except Exception as error:  # noqa: BLE001 - one webhook holds up no other
            _log.error("webhook.broken", webhook_id=str(webhook_id), exc_info=error)
            self._rests_until[webhook_id] = self._clock.now() + self._pace.rest

    async def _tell_leased(self, webhook_id: UUID, lease: Lease) -> None:
        for _ in range(_MOST_IN_A_ROUND):
            # Read under the lease: another process may have told more since we looked.
            webhook = await self._catalog.webhooks.find(webhook_id)
            if webhook is None or not webhook.is_enabled:
                return
            if not is_due(webhook, self._clock.now()):
                return
            following = await self._next(webhook)
            if following is None or not await self._store.renew([lease]):
                return
            if not await self._post(webhook, following):
                return

    async def _next(self, webhook: Webhook) -> _Next | None:
        """The next change that the webhook is told of."""
        scan = self._scans.get(webhook.webhook_id)
        if scan is None or scan.version != webhook.version or scan.position < webhook.position:
            scan = _Scan(webhook.version, webhook.position, self._clock.now())
            self._scans[webhook.webhook_id] = scan
        for _ in range(_MOST_PAGES):
            page = await self._changes.behind(scan.position)
            for position, change in page.changes:
                if is_asked_for(webhook, change):
                    return _Next(position, change)
                scan.position = position
            scan.position = page.end
            if page.is_last:
                break
        await self._store_scan(webhook, scan)
        return None

    async def _store_scan(self, webhook: Webhook, scan: _Scan) -> None:
        now, ahead = self._clock.now(), scan.position - webhook.position
        is_time = bool(ahead) and now - scan.stored_at >= self._pace.stored_after
        if is_time or ahead >= self._pace.stored_after_events:
            standing = webhook.standing.model_copy(update={"position": scan.position})
            await self._catalog.webhooks.note(webhook, standing, now)
            scan.stored_at = now

    async def _post(self, webhook: Webhook, following: _Next) -> bool:
        """Post a change and store how that ended; whether the server took it."""
        change = following.change
        answer = await self._answer(webhook, change)
        now = self._clock.now()
        share = secrets.randbelow(_SPREAD) / _SPREAD
        standing = standing_after(webhook.standing, following.position, answer, now, share)
        delivery = Delivery(
            delivery_id=new_id(),
            webhook_id=webhook.webhook_id,
            message_id=str(change.event_id),
            type=change.type,
            job_id=change.job_id,
            attempted_at=now,
            outcome=answer.outcome,
            status_code=answer.status_code,
            duration_ms=answer.duration_ms,
            error=answer.error,
        )
        is_noted = await self._catalog.webhooks.note(
            webhook, standing, now, delivery, whatever_was_edited=answer.is_delivered
        )
        WEBHOOK_ATTEMPTS_TOTAL.labels(answer.outcome.value).inc()
        if not answer.is_delivered:
            _log.warning(
                "webhook.failed",
                webhook_id=str(webhook.webhook_id),
                event_id=str(change.event_id),
                job_id=str(change.job_id),
                outcome=answer.outcome.value,
                status_code=answer.status_code,
                attempt=standing.attempt_count,
            )
        if is_noted and standing.off_reason is not None:
            _log.warning(
                "webhook.switched_off",
                webhook_id=str(webhook.webhook_id),
                reason=standing.off_reason.value,
            )
        return answer.is_delivered

    async def _answer(self, webhook: Webhook, change: Change) -> Answer:
        try:
            sealed = await self._catalog.webhooks.secrets(webhook, self._clock.now())
        except (SecretUnreadableError, EncryptionKeyMissingError) as error:
            return Answer(DeliveryOutcome.SECRET_UNREADABLE, error=error.message[:500])
        body = await self._body(change)
        keys = [each.get_secret_value() for each in sealed]
        headers = headers_of(str(change.event_id), self._clock.now(), body, keys)
        return await self._sender.post(webhook.url, headers, body)

    async def _body(self, change: Change) -> bytes:
        intake = None
        if change.intake is not None:
            intake = await self._records.find(change.project_id, change.intake, IntakeRecord)
        codes = {each.project_id: each.code for each in await self._catalog.projects.all()}
        code = codes.get(change.project_id) or (intake.project_code if intake else "")
        return body_of(change, code, intake.file_name if intake else "", self._public_url)
