"""Signing in: API tokens, browser sessions,
and what protects a session's cookie from other sites.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from dragoman_catalog import Catalog, Editor, Role, TokenUse, User
from dragoman_gateway.web.brake import (
    Devices,
    FailureBrake,
    link_places,
    own_places,
    password_places,
)
from dragoman_gateway.web.errors import FieldRefusedError, ForbiddenError, NotSignedInError
from dragoman_gateway.web.principals import Principal, principal_of
from dragoman_runtime.clock import Clock

SESSION_COOKIE = "dragoman_session"
DEVICE_COOKIE = "dragoman_device"
CSRF_HEADER = "X-CSRF-Token"
_DEVICE_TTL = timedelta(days=180)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is from. `session` is the cookie's secret; None where an API token was sent."""

    principal: Principal
    session: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session just opened: its secret goes into the cookie, the CSRF token to the page."""

    user: User
    secret: str
    csrf_token: str


class SignIn:
    """Says who asks, and opens and closes sessions. Used by API and console alike."""

    def __init__(
        self, catalog: Catalog, clock: Clock, *, signing_key: bytes, session_ttl: timedelta
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._key = signing_key
        self._ttl = session_ttl
        self._brake = FailureBrake()
        self._devices = Devices(signing_key)

    async def identify(self, request: Request) -> Identity:
        """Who the request is from: by its Authorization header if it has one, else by the session
        cookie.

        Raises:
            NotSignedInError: there is no credential, or it is not valid any more.
        """
        address = source_address(request)
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return Identity(await self._token_principal(authorization, address))
        secret = request.cookies.get(SESSION_COOKIE)
        user = await self._catalog.sessions.user(secret, self._clock.now()) if secret else None
        if user is None:
            raise NotSignedInError("Sign in, or send an API token as `Authorization: Bearer …`.")
        return Identity(principal_of(user, address), secret)

    async def identify_writer(self, request: Request) -> Identity:
        """As `identify`, and where a cookie signs the request in, it must carry the session's CSRF
        token.

        Raises:
            NotSignedInError: as `identify`.
            ForbiddenError: `auth.csrf`, the header X-CSRF-Token is not that of this session.
        """
        identity = await self.identify(request)
        if identity.session is not None and request.method not in _SAFE_METHODS:
            self.require_csrf(identity, request.headers.get(CSRF_HEADER, ""))
        return identity

    def require_csrf(self, identity: Identity, token: str) -> None:
        """Refuse a write that another site may have made the browser send.

        Raises:
            ForbiddenError: `auth.csrf`, the token is not that of the session.
        """
        wanted = self.csrf_token(identity.session or "")
        if not hmac.compare_digest(wanted.encode(), token.encode(errors="replace")):
            message = (
                f"Requests signed in by cookie that change something need the header {CSRF_HEADER}."
            )
            raise ForbiddenError(message, code="auth.csrf")

    def csrf_token(self, session: str) -> str:
        """The CSRF token of a session: for a page's forms, and for GET /session."""
        # Derived, not stored: it is the same on every page, and gone with the session.
        return hmac.new(
            self._key, b"csrf:" + session.encode(errors="replace"), hashlib.sha256
        ).hexdigest()

    async def with_password(self, request: Request, name: str, password: str) -> OpenedSession:
        """Open a session for the user with this name and password.

        Raises:
            NotSignedInError: name or password is wrong, or the user inactive; which one is not
                said.
            TooManyFailuresError: too many tries failed from this address or for this name.
            HashingBusyError: too many passwords are being looked at; try again in a moment.
        """
        now, address = self._clock.now(), source_address(request)
        device = self._devices.known(request.cookies.get(DEVICE_COOKIE, ""), name)
        counted = self._brake.begin(now, password_places(name, address, device))
        try:
            user = await self._catalog.users.authenticated(name, password)
        except BaseException:
            self._brake.take_back(counted)
            raise
        if user is None:
            raise NotSignedInError("The name or the password is wrong.", code="auth.refused")
        self._brake.take_back(counted)
        return await self._open(user, address)

    async def require_password(self, identity: Identity, password: str) -> User:
        """The signed-in user, where this is their password.

        Raises:
            ForbiddenError: no session is open, or not for a user.
            FieldRefusedError: the password is wrong.
            TooManyFailuresError: too many tries failed.
            HashingBusyError: too many passwords are being looked at.
        """
        user_id = identity.principal.actor_id
        user = await self._catalog.users.find(user_id) if user_id and identity.session else None
        if user is None:
            raise ForbiddenError("Only who signed in with a browser has a password to change.")
        if not user.has_password:  # they came by a link, and have nothing to prove
            return user
        counted = self._brake.begin(self._clock.now(), own_places(user.user_id))
        try:
            found = await self._catalog.users.authenticated(user.name, password)
        except BaseException:
            self._brake.take_back(counted)
            raise
        if found is None:
            raise FieldRefusedError("current_password", "The present password is wrong.")
        self._brake.take_back(counted)
        return user

    async def with_link(self, request: Request, secret: str) -> OpenedSession:
        """Open a session for the user of a one-time link, which is used up by it.

        Raises:
            NotSignedInError: the link was used, has expired, or never was one.
            TooManyFailuresError: too many tries failed from this address.
        """
        now, address = self._clock.now(), source_address(request)
        counted = self._brake.begin(now, link_places(address))
        user = await self._catalog.sign_in_links.redeem(secret, now)
        if user is None:
            message = "This sign-in link was used or has expired; ask for a new one."
            raise NotSignedInError(message, code="auth.refused")
        self._brake.take_back(counted)
        return await self._open(user, address)

    async def sign_out(self, identity: Identity) -> None:
        """Close the session; nothing to do for a token."""
        if identity.session is not None:
            await self._catalog.sessions.close(
                editor_of(identity.principal), self._clock.now(), identity.session
            )

    def set_cookie(self, request: Request, response: Response, opened: OpenedSession) -> None:
        """Give the browser the session's cookie, and one by which it is known again: not readable
        by scripts, not sent by other sites' forms.
        """
        name = opened.user.name
        if self._devices.known(request.cookies.get(DEVICE_COOKIE, ""), name) is None:
            response.set_cookie(
                DEVICE_COOKIE,
                self._devices.cookie(name),
                max_age=int(_DEVICE_TTL.total_seconds()),
                path="/",
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        # Lax, not Strict: a link in a mail must open the page signed in. It is sent with no form of
        # another site (RFC 6265bis §5.6.7).
        response.set_cookie(
            SESSION_COOKIE,
            opened.secret,
            max_age=int(self._ttl.total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def clear_cookie(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")

    async def _open(self, user: User, address: str) -> OpenedSession:
        editor = editor_of(principal_of(user, address))
        secret = await self._catalog.sessions.open(editor, self._clock.now(), user, ttl=self._ttl)
        return OpenedSession(user, secret, self.csrf_token(secret))

    async def _token_principal(self, authorization: str, address: str) -> Principal:
        scheme, _, secret = authorization.partition(" ")
        used = None
        if scheme.lower() == "bearer" and secret.strip():
            used = await self._catalog.tokens.use(secret.strip(), self._clock.now())
        if used is None:
            raise NotSignedInError(
                "The API token is unknown, expired or revoked.", code="auth.invalid_token"
            )
        return token_principal(used, address)


def token_principal(used: TokenUse, address: str) -> Principal:
    """The user of the token, with no more than the token's role and scope."""
    is_admin = used.user.role is Role.ADMIN and used.token.role is Role.ADMIN
    named = frozenset(used.token.project_codes) if used.token.project_codes else None
    own = used.user.scope
    return Principal(
        actor=f"user:{used.user.user_id}",
        actor_id=used.user.user_id,
        display_name=used.user.display_name,
        role=Role.ADMIN if is_admin else Role.OPERATOR,
        source_address=address,
        project_codes=own if named is None else named if own is None else named & own,
    )


def editor_of(principal: Principal) -> Editor:
    """The principal as the catalogue's audit names it."""
    return Editor(
        actor=principal.actor,
        actor_name=principal.display_name,
        source_address=principal.source_address,
    )


def remember(request: Request, identity: Identity) -> None:
    """Keep the identity of a request whose credential was looked at before its body was read."""
    request.state.identity = identity


def remembered(request: Request) -> Identity | None:
    """The identity that `remember` kept; None where the request had no body."""
    found: object = getattr(request.state, "identity", None)
    return found if isinstance(found, Identity) else None


def source_address(request: Request) -> str:
    """Where the request came from, as the server saw it (behind a proxy:
    as the trusted proxy said).
    """
    return request.client.host if request.client else ""
