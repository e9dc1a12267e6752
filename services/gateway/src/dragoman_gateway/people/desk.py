"""Use cases of people: users, the links they sign in with once,
and the tokens that act for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dragoman_catalog import ApiToken, Catalog, EntryMissingError, NewToken, User
from dragoman_gateway.people.schemas import EditedUser, Membership, NewUser, TokenEntry
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """An address that signs its user in, once, until it expires."""

    url: str
    expires_at: datetime


class PeopleDesk:
    """Enters and edits users, and makes what they sign in with.
    `public_url` is how people reach this server.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        link_ttl: timedelta,
        public_url: str,
        token_ttl: timedelta,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._token_ttl = token_ttl
        self._link_ttl = link_ttl
        self._public_url = public_url

    @property
    def token_days(self) -> int:
        """The days for which a token opens something where nobody says how long."""
        return self._token_ttl.days

    def now(self) -> datetime:
        """The time of the installation."""
        return self._clock.now()

    async def projects(self) -> list[str]:
        """The codes of all projects, sorted."""
        return sorted(each.code for each in await self._catalog.projects.all())

    async def users(self) -> list[User]:
        """Everybody who can, or could, sign in, by name."""
        return await self._catalog.users.all()

    async def user(self, user_id: UUID) -> User:
        """The user.

        Raises:
            EntryMissingError: there is none with this id.
        """
        user = await self._catalog.users.find(user_id)
        if user is None:
            raise EntryMissingError(f"There is no user {user_id}.")
        return user

    async def enter(self, principal: Principal, entry: NewUser) -> User:
        """Enter a user.

        Raises:
            ConflictError: the name is taken.
            WeakPasswordError: the password is easily guessed.
            FieldRefusedError: a project is unknown.
        """
        await self.require_projects(entry.project_codes or ())
        return await self._catalog.users.create(
            editor_of(principal),
            self._clock.now(),
            name=entry.name,
            display_name=entry.display_name,
            role=entry.role,
            password=entry.password,
            project_codes=_tuple(entry.project_codes),
        )

    async def set_projects(
        self, principal: Principal, user_id: UUID, version: int, entry: Membership
    ) -> User:
        """Let a user see these projects, as the user was at this version.

        Raises:
            EntryMissingError: there is none with this id.
            ConflictError: somebody edited the user since.
            FieldRefusedError: a project is unknown.
        """
        await self.require_projects(entry.project_codes or ())
        return await self._catalog.users.set_projects(
            editor_of(principal),
            self._clock.now(),
            user_id,
            version=version,
            project_codes=_tuple(entry.project_codes),
        )

    async def edit(
        self, principal: Principal, user_id: UUID, version: int, entry: EditedUser
    ) -> User:
        """Replace what is said of a user, as they were at this version.

        Raises:
            EntryMissingError: there is none with this id.
            ConflictError: somebody edited the user since, or no admin would be left.
            WeakPasswordError: the password is easily guessed.
        """
        return await self._catalog.users.edit(
            editor_of(principal),
            self._clock.now(),
            user_id,
            version=version,
            display_name=entry.display_name,
            role=entry.role,
            is_active=entry.is_active,
            password=entry.password,
            revokes_tokens=entry.revokes_tokens,
        )

    async def require_projects(self, codes: Iterable[str]) -> None:
        """Return where all of these projects are there.

        Raises:
            FieldRefusedError: one is unknown.
        """
        for code in codes:
            if await self._catalog.projects.find(code) is None:
                raise FieldRefusedError(
                    "project_codes", f"There is no project {code!r}.", code="project.unknown"
                )

    async def link(self, principal: Principal, user_id: UUID) -> OpenedLink:
        """A link that signs the user in, once.

        Raises:
            EntryMissingError: there is no such user.
        """
        now = self._clock.now()
        secret = await self._catalog.sign_in_links.create(
            editor_of(principal), now, user_id, ttl=self._link_ttl
        )
        url = f"{self._public_url.rstrip('/')}/console/sign-in?link={secret}"
        return OpenedLink(url, now + self._link_ttl)

    async def tokens(self) -> list[ApiToken]:
        """Every token, the newest first; revoked and expired ones too."""
        return await self._catalog.tokens.all()

    async def make_token(self, principal: Principal, entry: TokenEntry) -> NewToken:
        """Make a token, with the secret that is told this once.

        Raises:
            FieldRefusedError: nobody is named for it to act for, a project is unknown, or its time
                is over.
            EntryMissingError: there is no such user.
        """
        now, user_id = self._clock.now(), entry.user_id or principal.actor_id
        if user_id is None:
            raise FieldRefusedError("user_id", "Name the user this token acts for.")
        if entry.expires_at is not None and entry.expires_at <= now:
            raise FieldRefusedError("expires_at", "This time is over.")
        if entry.expires_at is not None and entry.never_expires:
            raise FieldRefusedError("expires_at", "Send an end, or never_expires; not both.")
        await self.require_projects(entry.project_codes)
        ends = None if entry.never_expires else entry.expires_at or now + self._token_ttl
        return await self._catalog.tokens.create(
            editor_of(principal),
            now,
            user_id=user_id,
            name=entry.name,
            role=entry.role,
            project_codes=tuple(entry.project_codes),
            expires_at=ends,
        )

    async def revoke_token(self, principal: Principal, token_id: UUID) -> ApiToken:
        """Make the token open nothing any more.

        Raises:
            EntryMissingError: there is none with this id.
        """
        return await self._catalog.tokens.revoke(editor_of(principal), self._clock.now(), token_id)


def _tuple(codes: list[str] | None) -> tuple[str, ...] | None:
    return None if codes is None else tuple(dict.fromkeys(codes))
