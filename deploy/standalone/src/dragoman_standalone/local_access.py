"""The command line's own way in: a token that lives as long as the process that made it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from dragoman_catalog import Catalog, Editor, EntryMissingError, NewToken, Role
from dragoman_contracts.errors import RetryableError
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.telemetry import get_logger
from dragoman_standalone.server_record import ServerRecord, record_path

LOCAL = Editor(actor="local", actor_name="", source_address="")
_NAME = "command line"
_TTL = timedelta(hours=24)
_OLD_TTL = timedelta(days=30)  # of versions that left their tokens behind
_LOOK_S = 60.0
_log = get_logger()


@asynccontextmanager
async def passing_token(catalog: Catalog) -> AsyncGenerator[str]:
    """The secret of an admin's token that is gone after the block."""
    access = LocalAccess(catalog, SystemClock())
    made = await access.make()
    try:
        yield made.secret
    finally:
        await access.end()


@asynccontextmanager
async def announced(
    catalog: Catalog, state_dir: Path, url: str, clock: Clock | None = None
) -> AsyncGenerator[None]:
    """Let the command line on this machine find the server at `url` during the block, with a token
    that is made anew before it ends.
    """
    record = record_path(state_dir)
    access = LocalAccess(catalog, clock or SystemClock())
    await access.end_left()
    _write(record, url, await access.make())
    renewing = asyncio.ensure_future(_renew(access, record, url))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        record.unlink(missing_ok=True)
        await access.end()


class LocalAccess:
    """Makes tokens for the command line, and ends them."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._made: list[NewToken] = []

    async def make(self) -> NewToken:
        """A new token. The one before still holds, for a command that is under way."""
        now = self._clock.now()
        admin = await self._catalog.users.ensure_first_admin(now)
        made = await self._catalog.tokens.create(
            LOCAL, now, user_id=admin.user_id, name=_NAME, role=Role.ADMIN, expires_at=now + _TTL
        )
        self._made.append(made)
        for older in self._made[:-2]:
            await self._remove(older)
        self._made = self._made[-2:]
        return made

    def is_due(self) -> bool:
        """Whether half of the newest token's time is over."""
        return self._clock.now() >= self._made[-1].token.created_at + _TTL / 2

    async def end(self) -> None:
        """Remove every token that was made here."""
        for each in self._made:
            await self._remove(each)
        self._made = []

    async def end_left(self) -> None:
        """Remove the tokens that a killed server, or an older version, left behind."""
        for token in await self._catalog.tokens.all():
            is_ours = token.name == _NAME and token.role is Role.ADMIN and not token.project_codes
            life = token.expires_at and token.expires_at - token.created_at
            if is_ours and life in (_TTL, _OLD_TTL):
                await self._catalog.tokens.remove(LOCAL, self._clock.now(), token.token_id)

    async def _remove(self, made: NewToken) -> None:
        with suppress(EntryMissingError):
            await self._catalog.tokens.remove(LOCAL, self._clock.now(), made.token.token_id)


async def _renew(access: LocalAccess, record: Path, url: str) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            if access.is_due():
                _write(record, url, await access.make())
        except RetryableError as error:
            _log.warning("local_access.waiting", error_code=error.code)


def _write(record: Path, url: str, made: NewToken) -> None:
    text = ServerRecord(url=url, token=made.secret).model_dump_json()
    part = record.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(record)
