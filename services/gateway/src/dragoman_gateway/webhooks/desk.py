"""Use cases of webhooks: enter, edit, try and remove them, and look at what became of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog import (
    Catalog,
    Delivery,
    EntryMissingError,
    NewWebhookSecret,
    Project,
    TrialType,
    Webhook,
    WebhookEntry,
)
from dragoman_catalog.webhook_values import MOST_URL_LENGTH
from dragoman_contracts.identity import new_id
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_gateway.webhooks.rules import (
    KEEPS_PREVIOUS_SECRET_FOR,
    headers_of,
    trial_body,
)
from dragoman_gateway.webhooks.schemas import NewWebhook, WebhookChange
from dragoman_gateway.webhooks.sending import Sender
from dragoman_models.addresses import AddressRefusedError, check_url
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore


@dataclass(frozen=True, slots=True)
class Titled:
    """A webhook with the code of its project; None where it is told of all."""

    webhook: Webhook
    project_code: str | None


class WebhookDesk:
    """Enters and edits webhooks. `private_hosts` are those that may have private addresses."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        store: EventStore,
        private_hosts: frozenset[str],
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._private_hosts = private_hosts
        self._sender = Sender(private_hosts)

    async def all(self) -> list[Titled]:
        """Every webhook, by title."""
        codes = await self._codes()
        return [_titled(each, codes) for each in await self._catalog.webhooks.all()]

    async def webhook(self, webhook_id: UUID) -> Titled:
        """The webhook.

        Raises:
            EntryMissingError: there is none with this id.
        """
        return _titled(await self._required(webhook_id), await self._codes())

    async def project_codes(self) -> list[str]:
        """The codes of all projects, sorted."""
        return sorted((await self._codes()).values())

    async def enter(self, principal: Principal, entry: NewWebhook) -> NewWebhookSecret:
        """Enter a webhook, which is told of what happens from now on; its secret is told this once.

        Raises:
            FieldRefusedError: the address may not be asked, or the project is unknown.
            TooManyWebhooksError: there are as many as may be.
            EncryptionKeyMissingError: there is nothing to seal its secret with.
        """
        stored = WebhookEntry(
            title=entry.title,
            url=self._checked(entry.url),
            project_id=await self._project_id(entry.project_code),
            types=entry.types,
            is_enabled=entry.is_enabled,
        )
        head = await self._store.head_position()
        return await self._catalog.webhooks.create(
            editor_of(principal), self._clock.now(), stored, head
        )

    async def edit(
        self, principal: Principal, webhook_id: UUID, version: int, change: WebhookChange
    ) -> Titled:
        """Change a webhook as it was at this version. Its server is asked again at once; it is told of
        what happened meanwhile, unless the change skips that.

        Raises:
            EntryMissingError: there is none with this id.
            StaleEditError: somebody edited it since.
            FieldRefusedError: the address may not be asked, or the project is unknown.
        """
        before = await self._required(webhook_id)
        plain = {"title", "types", "is_enabled"}
        values: dict[str, object] = change.model_dump(include=plain, exclude_none=True)
        if change.url is not None:
            values["url"] = self._checked(change.url)
        if "project_code" in change.model_fields_set:
            values["project_id"] = await self._project_id(change.project_code)
        entry = WebhookEntry.model_validate({**before.entry.model_dump(), **values})
        after = await self._catalog.webhooks.edit(
            editor_of(principal),
            self._clock.now(),
            webhook_id,
            version=version,
            entry=entry,
            position=await self._store.head_position() if change.skips_missed else None,
        )
        return _titled(after, await self._codes())

    async def remove(self, principal: Principal, webhook_id: UUID, version: int) -> None:
        """Remove a webhook as it was at this version.

        Raises:
            EntryMissingError: there is none with this id.
            StaleEditError: somebody edited it since.
        """
        await self._catalog.webhooks.remove(
            editor_of(principal), self._clock.now(), webhook_id, version=version
        )

    async def rotate(self, principal: Principal, webhook_id: UUID) -> NewWebhookSecret:
        """Give a webhook a new secret, which is told this once; the one before signs as well for a day.

        Raises:
            EntryMissingError: there is none with this id.
            EncryptionKeyMissingError: there is nothing to seal the secret with.
        """
        return await self._catalog.webhooks.rotate(
            editor_of(principal), self._clock.now(), webhook_id, KEEPS_PREVIOUS_SECRET_FOR
        )

    async def test(self, webhook_id: UUID) -> Delivery:
        """Post a message of type `webhook.test` now, also to a webhook that is switched off.

        Raises:
            EntryMissingError: there is none with this id.
            SecretUnreadableError, EncryptionKeyMissingError: it cannot be signed.
        """
        webhook, now = await self._required(webhook_id), self._clock.now()
        secrets = await self._catalog.webhooks.secrets(webhook, now)
        message_id, body = f"test_{new_id()}", trial_body(webhook, now)
        keys = [each.get_secret_value() for each in secrets]
        headers = headers_of(message_id, now, body, keys)
        answer = await self._sender.post(webhook.url, headers, body)
        delivery = Delivery(
            delivery_id=new_id(),
            webhook_id=webhook_id,
            message_id=message_id,
            type=TrialType.TEST,
            attempted_at=now,
            outcome=answer.outcome,
            status_code=answer.status_code,
            duration_ms=answer.duration_ms,
            error=answer.error,
        )
        await self._catalog.webhooks.keep(delivery)
        return delivery

    async def deliveries(self, webhook_id: UUID) -> list[Delivery]:
        """The last attempts, the newest first.

        Raises:
            EntryMissingError: there is none with this id.
        """
        await self._required(webhook_id)
        return await self._catalog.webhooks.deliveries(webhook_id)

    async def titled(self, webhook: Webhook) -> Titled:
        """The webhook with the code of its project."""
        return _titled(webhook, await self._codes())

    async def _required(self, webhook_id: UUID) -> Webhook:
        found = await self._catalog.webhooks.find(webhook_id)
        if found is None:
            raise EntryMissingError(f"There is no webhook {webhook_id}.")
        return found

    async def _codes(self) -> dict[UUID, str]:
        return {each.project_id: each.code for each in await self._catalog.projects.all()}

    async def _project_id(self, code: str | None) -> UUID | None:
        if code is None:
            return None
        project: Project | None = await self._catalog.projects.find(code)
        if project is None:
            raise FieldRefusedError(
                "project_code", f"There is no project {code!r}.", code="project.unknown"
            )
        return project.project_id

    def _checked(self, url: str) -> str:
        try:
            checked = check_url(url, self._private_hosts, of="webhook")
        except AddressRefusedError as error:
            raise FieldRefusedError("url", error.message, code=error.code) from error
        if len(checked) > MOST_URL_LENGTH:  # letters of other scripts are escaped
            raise FieldRefusedError("url", "The webhook's address is too long; shorten it.")
        return checked


def _titled(webhook: Webhook, codes: Mapping[UUID, str]) -> Titled:
    project_id = webhook.project_id
    return Titled(webhook, None if project_id is None else codes.get(project_id, str(project_id)))
