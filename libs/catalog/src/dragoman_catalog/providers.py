"""The providers of models, as stored. Their keys lie sealed beside them, and are in no value but
the one that a call needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Select, delete, insert, select, update
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
    AddressMovedError,
    EncryptionKeyMissingError,
    EntryInUseError,
    EntryMissingError,
)
from dragoman_catalog.model_values import Provider, ProviderEntry
from dragoman_catalog.models import remove_models, titles_of_models
from dragoman_catalog.sealing import KeySeal, Sealed
from dragoman_catalog.values import Editor
from dragoman_contracts.identity import new_id

_PROVIDERS = tables.providers
_PORTS = {"http": 80, "https": 443}


class Providers:
    """The providers. Without a seal they take no keys, and give none."""

    def __init__(self, engine: AsyncEngine, seal: KeySeal | None = None) -> None:
        self._engine = engine
        self._seal = seal

    async def all(self) -> list[Provider]:
        """Every provider, by name."""
        async with reading(self._engine) as connection:
            statement = select_providers().order_by(_PROVIDERS.c.name)
            return await values(connection, statement, Provider)

    async def find(self, provider_id: UUID) -> Provider | None:
        """The provider; None where there is none."""
        async with reading(self._engine) as connection:
            return await _provider(connection, provider_id)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        entry: ProviderEntry,
        api_key: SecretStr | None = None,
        *,
        provider_id: UUID | None = None,
    ) -> Provider:
        """Enter a provider; an empty key is none.

        Raises:
            EntryExistsError: the name is taken.
            EncryptionKeyMissingError: there is a key, and nothing to seal it with.
        """
        async with writing(self._engine) as connection:
            key = api_key or SecretStr("")
            return await self.insert(connection, editor, now, entry, key, provider_id)

    async def insert(
        self,
        connection: AsyncConnection,
        editor: Editor,
        now: datetime,
        entry: ProviderEntry,
        api_key: SecretStr,
        provider_id: UUID | None = None,
    ) -> Provider:
        """As `create`, within the transaction of `connection`."""
        provider = Provider(
            **entry.model_dump(include=set(ProviderEntry.model_fields)),
            provider_id=provider_id or new_id(),
            has_key=bool(api_key.get_secret_value()),
            created_at=now,
            updated_at=now,
            version=1,
        )
        row = provider.model_dump() | self._sealed(provider.provider_id, api_key)
        await connection.execute(insert(_PROVIDERS).values(row))
        await _audit(connection, editor, now, "provider.created", None, provider)
        return provider

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        provider_id: UUID,
        *,
        version: int,
        entry: ProviderEntry,
        api_key: SecretStr | None = None,
    ) -> Provider:
        """Replace the provider as it was at `version`. Its key stays where `api_key` is None, and
        goes where it is empty.

        Raises:
            EntryMissingError: there is no such provider.
            StaleEditError: it was edited since `version`.
            EntryExistsError: the name is taken.
            EncryptionKeyMissingError: there is a key, and nothing to seal it with.
            AddressMovedError: the stored key would go to another server; name the key.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, provider_id, version)
            has_key = before.has_key if api_key is None else bool(api_key.get_secret_value())
            if api_key is None and before.has_key and _has_moved(before, entry):
                raise AddressMovedError
            change: dict[str, object] = {
                **entry.model_dump(include=set(ProviderEntry.model_fields)),
                "has_key": has_key,
                "updated_at": now,
                "version": version + 1,
            }
            sealed = {} if api_key is None else self._sealed(provider_id, api_key)
            done = await connection.execute(
                update(_PROVIDERS)
                .where(_PROVIDERS.c.provider_id == provider_id, _PROVIDERS.c.version == version)
                .values(change | sealed)
            )
            require_one(done.rowcount)
            after = before.model_copy(update=change)
            await _audit(connection, editor, now, "provider.edited", before, after)
        return after

    async def remove(
        self,
        editor: Editor,
        now: datetime,
        provider_id: UUID,
        *,
        version: int,
        with_models: bool = False,
    ) -> None:
        """Remove the provider as it was at `version`, with its models where that is said.

        Raises:
            EntryMissingError: there is no such provider.
            StaleEditError: it was edited since `version`.
            EntryInUseError: it has models and `with_models` is off, or a pipeline links to one.
        """
        async with writing(self._engine) as connection:
            before = await _required(connection, provider_id, version)
            titles = await titles_of_models(connection, provider_id)
            if titles and not with_models:
                raise EntryInUseError(
                    f"Provider {before.name} has models: {', '.join(titles.values())}. "
                    "Delete them first, or delete the provider with them."
                )
            await remove_models(connection, editor, now, list(titles))
            done = await connection.execute(
                delete(_PROVIDERS).where(
                    _PROVIDERS.c.provider_id == provider_id, _PROVIDERS.c.version == version
                )
            )
            require_one(done.rowcount)
            await _audit(connection, editor, now, "provider.removed", before, None)

    async def key(self, provider: Provider) -> SecretStr:
        """The provider's key; empty where it has none.

        Raises:
            EncryptionKeyMissingError: there is nothing to open it with.
            KeyUnreadableError: it was stored under another encryption key.
        """
        if not provider.has_key:
            return SecretStr("")
        statement = select(_PROVIDERS.c.key_ciphertext, _PROVIDERS.c.key_nonce).where(
            _PROVIDERS.c.provider_id == provider.provider_id
        )
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        if self._seal is None:
            raise EncryptionKeyMissingError
        return self._opened(self._seal, provider, found[0] if found else {})

    def _opened(self, seal: KeySeal, provider: Provider, row: Mapping[str, object]) -> SecretStr:
        ciphertext, nonce = row.get("key_ciphertext"), row.get("key_nonce")
        if not isinstance(ciphertext, bytes) or not isinstance(nonce, bytes):
            return SecretStr("")
        return seal.open(provider.provider_id, provider.name, Sealed(ciphertext, nonce))

    def _sealed(self, provider_id: UUID, api_key: SecretStr) -> dict[str, object]:
        if not api_key.get_secret_value():
            return {"key_ciphertext": None, "key_nonce": None}
        if self._seal is None:
            raise EncryptionKeyMissingError
        sealed = self._seal.close(provider_id, api_key)
        return {"key_ciphertext": sealed.ciphertext, "key_nonce": sealed.nonce}


def select_providers() -> Select[tuple[object, ...]]:
    """The columns of a provider, without its key."""
    return select(*(_PROVIDERS.c[name] for name in Provider.model_fields))


async def _provider(connection: AsyncConnection, provider_id: UUID) -> Provider | None:
    statement = select_providers().where(_PROVIDERS.c.provider_id == provider_id)
    return await one(connection, statement, Provider)


async def _required(connection: AsyncConnection, provider_id: UUID, version: int) -> Provider:
    before = await _provider(connection, provider_id)
    if before is None:
        raise EntryMissingError(f"There is no provider {provider_id}.")
    require_version(before.version, version)
    return before


def _has_moved(before: Provider, entry: ProviderEntry) -> bool:
    return _server(before.base_url) != _server(entry.base_url)


def _server(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port or _PORTS.get(parts.scheme)


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: Provider | None,
    after: Provider | None,
) -> None:
    entry = after or before
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(entry.provider_id) if entry else "",
        before=before,
        after=after,
    )
