"""Use cases of a person's own account: their password and their open sessions."""

from __future__ import annotations

from uuid import UUID

from dragoman_catalog import Catalog, User
from dragoman_gateway.account.schemas import PasswordChange, SessionEntry
from dragoman_gateway.web.errors import ForbiddenError
from dragoman_gateway.web.signin import Identity, SignIn, editor_of
from dragoman_runtime.clock import Clock


class AccountDesk:
    """Lets people look after their own account."""

    def __init__(self, catalog: Catalog, clock: Clock, sign_in: SignIn) -> None:
        self._catalog = catalog
        self._clock = clock
        self._sign_in = sign_in

    async def user(self, identity: Identity) -> User:
        """The signed-in user.

        Raises:
            ForbiddenError: nobody with an account asks.
        """
        user_id = identity.principal.actor_id
        found = None if user_id is None else await self._catalog.users.find(user_id)
        if found is None:
            raise ForbiddenError("Sign in as a user first.")
        return found

    async def sessions(self, identity: Identity) -> list[SessionEntry]:
        """The open sessions of the user who asks, the newest first.

        Raises:
            ForbiddenError: as `user`.
        """
        user, now = await self.user(identity), self._clock.now()
        own = await self._catalog.sessions.id_of(identity.session) if identity.session else None
        return [
            SessionEntry(**each.model_dump(), is_current=each.session_id == own)
            for each in await self._catalog.sessions.of_user(user.user_id, now)
        ]

    async def end_session(self, identity: Identity, session_id: UUID) -> None:
        """End an open session of the user who asks.

        Raises:
            ForbiddenError: as `user`.
            EntryMissingError: they have no such session.
        """
        user = await self.user(identity)
        await self._catalog.sessions.end(
            editor_of(identity.principal), self._clock.now(), user.user_id, session_id
        )

    async def change_password(self, identity: Identity, change: PasswordChange) -> None:
        """Give the user who asks another password. Their other sessions end.

        Raises:
            ForbiddenError: a token asks, or nobody with an account.
            FieldRefusedError: the present password is wrong.
            WeakPasswordError: the new one is easily guessed.
            TooManyFailuresError, HashingBusyError: try again later.
        """
        user = await self._sign_in.require_password(identity, change.current_password)
        await self._catalog.users.change_password(
            editor_of(identity.principal),
            self._clock.now(),
            user.user_id,
            change.password,
            kept_session=identity.session or "",
            revokes_tokens=change.revokes_tokens,
        )
