"""Means of access: API tokens, browser sessions and one-time sign-in links.
Only their digests are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.credentials import new_secret, secret_digest
from dragoman_catalog.database import one, reading, rows, values, write_audit, writing
from dragoman_catalog.errors import EntryMissingError
from dragoman_catalog.people import select_users
from dragoman_catalog.values import ApiToken, Editor, OpenSession, Role, User
from dragoman_contracts.identity import new_id

TOKEN_PREFIX = "drg"  # noqa: S105 - what every token begins with, so that leak scanners know it
SESSION_PREFIX = "drs"
LINK_PREFIX = "drl"

_TOKENS = tables.api_tokens
_SESSIONS = tables.sessions
_LINKS = tables.sign_in_links
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token with its secret, which is shown once."""

    token: ApiToken
    secret: str


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A valid token and the active user it acts for."""

    token: ApiToken
    user: User


class Tokens:
    """API tokens of users."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[ApiToken]:
        """Every token, the newest first; revoked and expired ones too."""
        async with reading(self._engine) as connection:
            return await values(
                connection, _select_tokens().order_by(_TOKENS.c.token_id.desc()), ApiToken
            )

    async def create(
        self,
        editor: Editor,
        now: datetime,
        *,
        user_id: UUID,
        name: str,
        role: Role,
        project_codes: tuple[str, ...] = (),
        expires_at: datetime | None = None,
    ) -> NewToken:
        """Make a token; its secret is not to be had a second time.

        Raises:
            EntryMissingError: there is no such user.
        """
        token = ApiToken(
            token_id=new_id(),
            user_id=user_id,
            name=name,
            role=role,
            project_codes=project_codes,
            created_at=now,
            expires_at=expires_at,
            last_used_at=None,
            is_revoked=False,
        )
        secret = new_secret(TOKEN_PREFIX)
        row = token.model_dump() | {"role": str(role), "project_codes": list(project_codes)}
        async with writing(self._engine) as connection:
            await _require_user(connection, user_id)
            await connection.execute(
                insert(_TOKENS).values(row | {"secret_digest": secret_digest(secret)})
            )
            await _audit(connection, editor, now, "token.created", None, token)
        return NewToken(token, secret)

    async def revoke(self, editor: Editor, now: datetime, token_id: UUID) -> ApiToken:
        """Make the token open nothing any more; revoking it twice is no error.

        Raises:
            EntryMissingError: there is no such token.
        """
        async with writing(self._engine) as connection:
            before = await one(
                connection, _select_tokens().where(_TOKENS.c.token_id == token_id), ApiToken
            )
            if before is None:
                raise EntryMissingError(f"There is no token {token_id}.")
            if before.is_revoked:
                return before
            after = before.model_copy(update={"is_revoked": True})
            await connection.execute(
                update(_TOKENS).where(_TOKENS.c.token_id == token_id).values(is_revoked=True)
            )
            await _audit(connection, editor, now, "token.revoked", before, after)
        return after

    async def remove(self, editor: Editor, now: datetime, token_id: UUID) -> None:
        """Take the token out of the list, so that it opens nothing any more: for tokens that come
        and go with a process.

        Raises:
            EntryMissingError: there is no such token.
        """
        async with writing(self._engine) as connection:
            wanted = _TOKENS.c.token_id == token_id
            before = await one(connection, _select_tokens().where(wanted), ApiToken)
            if before is None:
                raise EntryMissingError(f"There is no token {token_id}.")
            await connection.execute(delete(_TOKENS).where(wanted))
            await _audit(connection, editor, now, "token.removed", before, before)

    async def use(self, secret: str, now: datetime) -> TokenUse | None:
        """The valid token with this secret and its active user; None otherwise.
        Notes the use, once a minute.
        """
        statement = _select_tokens().where(_TOKENS.c.secret_digest == secret_digest(secret))
        async with reading(self._engine) as connection:
            token = await one(connection, statement, ApiToken)
            if token is None or not token.is_valid_at(now):
                return None
            user = await one(
                connection, select_users().where(tables.users.c.user_id == token.user_id), User
            )
        if user is None or not user.is_active:
            return None
        if token.last_used_at is None or now - token.last_used_at >= _USE_NOTED_EVERY:
            async with writing(self._engine) as connection:
                await connection.execute(
                    update(_TOKENS)
                    .where(_TOKENS.c.token_id == token.token_id)
                    .values(last_used_at=now)
                )
        return TokenUse(token, user)


class Sessions:
    """Browser sessions of users who signed in."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(self, editor: Editor, now: datetime, user: User, *, ttl: timedelta) -> str:
        """Sign the user in and give the session's secret;
        sessions that ended are swept on the way.
        """
        secret = new_secret(SESSION_PREFIX)
        async with writing(self._engine) as connection:
            await connection.execute(delete(_SESSIONS).where(_SESSIONS.c.expires_at <= now))
            row = {
                "secret_digest": secret_digest(secret),
                "user_id": user.user_id,
                "expires_at": now + ttl,
                "session_id": new_id(),
                "opened_at": now,
                "source_address": editor.source_address[:80],
            }
            await connection.execute(insert(_SESSIONS).values(row))
            await write_audit(
                connection, editor, now, action="session.opened", entity_id=str(user.user_id)
            )
        return secret

    async def user(self, secret: str, now: datetime) -> User | None:
        """The active user of a session that has not ended; None otherwise."""
        statement = (
            select_users()
            .join(_SESSIONS, _SESSIONS.c.user_id == tables.users.c.user_id)
            .where(
                _SESSIONS.c.secret_digest == secret_digest(secret),
                _SESSIONS.c.expires_at > now,
                tables.users.c.is_active,
            )
        )
        async with reading(self._engine) as connection:
            return await one(connection, statement, User)

    async def close(self, editor: Editor, now: datetime, secret: str) -> None:
        """Sign out; a session that has ended already is no error."""
        async with writing(self._engine) as connection:
            statement = (
                delete(_SESSIONS)
                .where(_SESSIONS.c.secret_digest == secret_digest(secret))
                .returning(_SESSIONS.c.user_id)
            )
            for row in await rows(connection, statement):
                await write_audit(
                    connection, editor, now, action="session.closed", entity_id=str(row["user_id"])
                )

    async def of_user(self, user_id: UUID, now: datetime) -> list[OpenSession]:
        """The user's sessions that have not ended, the newest first."""
        statement = (
            select(*(_SESSIONS.c[name] for name in OpenSession.model_fields))
            .where(_SESSIONS.c.user_id == user_id, _SESSIONS.c.expires_at > now)
            .order_by(_SESSIONS.c.opened_at.desc())
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, OpenSession)

    async def id_of(self, secret: str) -> UUID | None:
        """The id of the session with this secret; None where there is none."""
        statement = select(_SESSIONS.c.session_id).where(
            _SESSIONS.c.secret_digest == secret_digest(secret)
        )
        async with reading(self._engine) as connection:
            return (await connection.execute(statement)).scalar_one_or_none()

    async def end(self, editor: Editor, now: datetime, user_id: UUID, session_id: UUID) -> None:
        """End one of the user's sessions.

        Raises:
            EntryMissingError: the user has no such session.
        """
        mine = (_SESSIONS.c.user_id == user_id) & (_SESSIONS.c.session_id == session_id)
        async with writing(self._engine) as connection:
            done = await connection.execute(delete(_SESSIONS).where(mine))
            if not done.rowcount:
                raise EntryMissingError(f"There is no session {session_id}.")
            await write_audit(
                connection, editor, now, action="session.ended", entity_id=str(user_id)
            )


class SignInLinks:
    """Links that sign a user in once: for the first sign-in, and for who has no password."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, editor: Editor, now: datetime, user_id: UUID, *, ttl: timedelta) -> str:
        """The secret of a new link.

        Raises:
            EntryMissingError: there is no such user.
        """
        secret = new_secret(LINK_PREFIX)
        async with writing(self._engine) as connection:
            await _require_user(connection, user_id)
            row = {
                "secret_digest": secret_digest(secret),
                "user_id": user_id,
                "expires_at": now + ttl,
                "used_at": None,
            }
            await connection.execute(insert(_LINKS).values(row))
            await write_audit(
                connection, editor, now, action="sign_in_link.created", entity_id=str(user_id)
            )
        return secret

    async def redeem(self, secret: str, now: datetime) -> User | None:
        """The user of a link that was not used and has not expired,
        which is used now; None otherwise.
        """
        statement = (
            update(_LINKS)
            .where(
                _LINKS.c.secret_digest == secret_digest(secret),
                _LINKS.c.used_at.is_(None),
                _LINKS.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(_LINKS.c.user_id)
        )
        async with writing(self._engine) as connection:
            used: list[Mapping[str, object]] = list(await rows(connection, statement))
            if not used:
                return None
            users = select_users().where(
                tables.users.c.user_id == used[0]["user_id"], tables.users.c.is_active
            )
            return await one(connection, users, User)


def _select_tokens() -> Select[tuple[object, ...]]:
    return select(*(column for column in _TOKENS.c if column.name != "secret_digest"))


async def _require_user(connection: AsyncConnection, user_id: UUID) -> None:
    found = await rows(
        connection, select(tables.users.c.user_id).where(tables.users.c.user_id == user_id)
    )
    if not found:
        raise EntryMissingError(f"There is no user {user_id}.")


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: ApiToken | None,
    after: ApiToken,
) -> None:
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=str(after.token_id),
        before=before,
        after=after,
    )
