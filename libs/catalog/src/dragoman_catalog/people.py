"""The users: who they are, their roles and their passwords."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.credentials import hash_password, is_password, secret_digest
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
from dragoman_catalog.errors import EntryMissingError, HashingBusyError, LastAdminError
from dragoman_catalog.passwords import require_good_password
from dragoman_catalog.values import Editor, Role, User
from dragoman_contracts.identity import new_id

_USERS = tables.users
FIRST_ADMIN_NAME = "admin"
_AT_ONCE = 2  # a password costs 32 MB and a tenth of a second
_WAITING = 16
_BUSY_S = 3.0
_SYSTEM = Editor(actor="system", actor_name="Dragoman")


class Users:
    """The people who can sign in. A user is never deleted, because events name them;
    one is made inactive.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._asked = 0

    async def all(self) -> list[User]:
        """Every user, by name."""
        async with reading(self._engine) as connection:
            return await values(connection, select_users().order_by(_USERS.c.name), User)

    async def find(self, user_id: UUID) -> User | None:
        """The user with this id; None when there is none."""
        async with reading(self._engine) as connection:
            return await _user(connection, user_id)

    async def named(self, name: str) -> User | None:
        """The user who signs in with this name; None when there is none."""
        async with reading(self._engine) as connection:
            return await one(connection, select_users().where(_USERS.c.name == name), User)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        *,
        name: str,
        display_name: str,
        role: Role,
        password: str | None = None,
        project_codes: tuple[str, ...] | None = None,
    ) -> User:
        """Enter a user; without a password they sign in through a link.

        Raises:
            EntryExistsError: the name is taken.
            WeakPasswordError: the password is easily guessed.
        """
        if password is not None:
            require_good_password(password, name, display_name)
        user = User(
            user_id=new_id(),
            name=name,
            display_name=display_name,
            role=role,
            is_active=True,
            has_password=password is not None,
            version=1,
            project_codes=project_codes,
        )
        hashed = None if password is None else await self._hashed(password)
        row = user.model_dump(exclude={"has_password"}) | {
            "role": str(role),
            "password_hash": hashed,
            "project_codes": None if project_codes is None else list(project_codes),
        }
        async with writing(self._engine) as connection:
            await connection.execute(insert(_USERS).values(row))
            await _audit(connection, editor, now, "user.created", None, user)
        return user

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        user_id: UUID,
        *,
        version: int,
        display_name: str,
        role: Role,
        is_active: bool,
        password: str | None = None,
        revokes_tokens: bool = False,
    ) -> User:
        """Replace what is said of the user as of `version`, and the password where one is given.

        A user made inactive, and one with a new password, is signed out everywhere, and links that
        would sign them in are void. With `revokes_tokens` their API tokens are revoked.

        Raises:
            EntryMissingError: there is no such user.
            WeakPasswordError: the password is easily guessed.
            StaleEditError: the user was edited since `version`.
            LastAdminError: nobody could edit the configuration any more.
        """
        hashed = None
        if password is not None:
            named = await self.find(user_id)
            require_good_password(password, named.name if named else "", display_name)
            hashed = await self._hashed(password)
        async with writing(self._engine) as connection:
            before = await _needed(connection, user_id)
            require_version(before.version, version)
            after = before.model_copy(
                update={
                    "display_name": display_name,
                    "role": role,
                    "is_active": is_active,
                    "has_password": before.has_password or hashed is not None,
                    "version": version + 1,
                }
            )
            change: dict[str, object] = {
                "display_name": display_name,
                "role": str(role),
                "is_active": is_active,
                "version": version + 1,
            }
            if hashed is not None:
                change["password_hash"] = hashed
            await self._store(connection, user_id, version, change)
            await _require_admin(connection)
            if hashed is not None or not is_active:
                await _shut_out(connection, user_id, now)
            if revokes_tokens:
                await _revoke_tokens(connection, user_id)
            await _audit(connection, editor, now, "user.edited", before, after)
        return after

    async def set_projects(
        self,
        editor: Editor,
        now: datetime,
        user_id: UUID,
        *,
        version: int,
        project_codes: tuple[str, ...] | None,
    ) -> User:
        """Let the user see these projects, as of `version`; None means every project.

        Raises:
            EntryMissingError: there is no such user.
            StaleEditError: the user was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await _needed(connection, user_id)
            require_version(before.version, version)
            after = before.model_copy(
                update={"project_codes": project_codes, "version": version + 1}
            )
            change: dict[str, object] = {
                "project_codes": None if project_codes is None else list(project_codes),
                "version": version + 1,
            }
            await self._store(connection, user_id, version, change)
            await _audit(connection, editor, now, "user.projects_set", before, after)
        return after

    async def change_password(
        self,
        editor: Editor,
        now: datetime,
        user_id: UUID,
        password: str,
        *,
        kept_session: str,
        revokes_tokens: bool = False,
    ) -> User:
        """Give the user a password of their own choice, and sign them out everywhere but in the
        session with the secret `kept_session`.

        Raises:
            EntryMissingError: there is no such user.
            WeakPasswordError: the password is easily guessed.
        """
        named = await self.find(user_id)
        if named is not None:
            require_good_password(password, named.name, named.display_name)
        hashed = await self._hashed(password)
        async with writing(self._engine) as connection:
            before = await _needed(connection, user_id)
            version = before.version + 1
            after = before.model_copy(update={"has_password": True, "version": version})
            change: dict[str, object] = {"password_hash": hashed, "version": version}
            await self._store(connection, user_id, before.version, change)
            await _shut_out(connection, user_id, now, kept=secret_digest(kept_session))
            if revokes_tokens:
                await _revoke_tokens(connection, user_id)
            await _audit(connection, editor, now, "user.password_changed", before, after)
        return after

    async def ensure_first_admin(self, now: datetime) -> User:
        """The user `admin`, entered without a password where nobody is entered yet;
        else the first active admin.
        """
        admins = [user for user in await self.all() if user.role is Role.ADMIN and user.is_active]
        if admins:
            return admins[0]
        return await self.create(
            _SYSTEM, now, name=FIRST_ADMIN_NAME, display_name="Administrator", role=Role.ADMIN
        )

    async def authenticated(self, name: str, password: str) -> User | None:
        """The active user with this name and password; None otherwise, after the same time.

        Raises:
            HashingBusyError: too many passwords are being looked at.
        """
        statement = select(_USERS.c.user_id, _USERS.c.password_hash).where(
            _USERS.c.name == name, _USERS.c.is_active
        )
        async with self._lane():
            async with reading(self._engine) as connection:
                found = await rows(connection, statement)
            stored = found[0]["password_hash"] if found else None
            is_right = await asyncio.to_thread(
                is_password, password, None if stored is None else str(stored)
            )
        return await self.named(name) if is_right else None

    async def _hashed(self, password: str) -> str:
        async with self._lane():
            return await asyncio.to_thread(hash_password, password)

    @asynccontextmanager
    async def _lane(self) -> AsyncGenerator[None]:
        if self._asked >= _AT_ONCE + _WAITING:
            raise HashingBusyError(
                "Too many people sign in at this moment; try again in a few seconds.",
                retry_after_s=_BUSY_S,
            )
        self._asked += 1
        try:
            async with self._hashing:
                yield
        finally:
            self._asked -= 1

    async def _store(
        self, connection: AsyncConnection, user_id: UUID, version: int, change: dict[str, object]
    ) -> None:
        done = await connection.execute(
            update(_USERS)
            .where(_USERS.c.user_id == user_id, _USERS.c.version == version)
            .values(change)
        )
        require_one(done.rowcount)


def select_users() -> Select[Any, Any, Any, Any, Any, bool, Any, Any]:
    """The columns a `User` is made of."""
    return select(
        _USERS.c.user_id,
        _USERS.c.name,
        _USERS.c.display_name,
        _USERS.c.role,
        _USERS.c.is_active,
        _USERS.c.password_hash.is_not(None).label("has_password"),
        _USERS.c.version,
        _USERS.c.project_codes,
    )


async def _needed(connection: AsyncConnection, user_id: UUID) -> User:
    found = await _user(connection, user_id)
    if found is None:
        raise EntryMissingError(f"There is no user {user_id}.")
    return found


async def _shut_out(
    connection: AsyncConnection, user_id: UUID, now: datetime, *, kept: str = ""
) -> None:
    """End the user's sessions, and links that would open others."""
    sessions, links = tables.sessions, tables.sign_in_links
    ended = (sessions.c.user_id == user_id) & (sessions.c.secret_digest != kept)
    await connection.execute(delete(sessions).where(ended))
    unused = (links.c.user_id == user_id) & links.c.used_at.is_(None)
    await connection.execute(update(links).where(unused).values(used_at=now))


async def _revoke_tokens(connection: AsyncConnection, user_id: UUID) -> None:
    mine = tables.api_tokens.c.user_id == user_id
    await connection.execute(update(tables.api_tokens).where(mine).values(is_revoked=True))


async def _user(connection: AsyncConnection, user_id: UUID) -> User | None:
    return await one(connection, select_users().where(_USERS.c.user_id == user_id), User)


async def _require_admin(connection: AsyncConnection) -> None:
    admins = (
        select(func.count())
        .select_from(_USERS)
        .where(_USERS.c.role == str(Role.ADMIN), _USERS.c.is_active)
    )
    if (await connection.execute(admins)).scalar_one() == 0:
        raise LastAdminError("This is the last active admin; make somebody else admin first.")


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: User | None,
    after: User,
) -> None:
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(after.user_id),
        before=before,
        after=after,
    )
