"""Dependencies of routes: the signed-in principal, a page of a list,
the version an edit was made on.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from dragoman_catalog import Role
from dragoman_contracts.errors import PermanentError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import ForbiddenError
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import SESSION_COOKIE, Identity, SignIn, remembered

_bearer = HTTPBearer(scheme_name="token", description="An API token.", auto_error=False)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="A browser session from POST /session; what changes something also needs the header X-CSRF-Token.",
    auto_error=False,
)
_ETAG = re.compile(r'"(\d{1,18})"')

SignInDep = Annotated[SignIn, Depends(asked(SignIn))]

Cursor = Annotated[
    str | None,
    Query(
        max_length=500, description="`next_cursor` of the page before; without it, the first page."
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows a page has at most.")]
SearchText = Annotated[str, Query(max_length=200, pattern=NUL_FREE)]


class IfMatchMissingError(PermanentError):
    """An edit must say which version it was made on."""

    default_code = "request.if_match_required"


class IfMatchMalformedError(PermanentError):
    """If-Match is none of the ETags this server gives."""

    default_code = "request.if_match_malformed"


async def _identity(
    request: Request,
    sign_in: SignInDep,
    _token: Annotated[
        HTTPAuthorizationCredentials | None, Depends(_bearer)
    ],  # named for OpenAPI only
    _session: Annotated[str | None, Depends(_cookie)],
) -> Identity:
    return remembered(request) or await sign_in.identify_writer(request)


IdentityDep = Annotated[Identity, Depends(_identity)]


async def _operator(identity: IdentityDep) -> Principal:
    identity.principal.require(Role.OPERATOR)
    return identity.principal


async def _admin(identity: IdentityDep) -> Principal:
    identity.principal.require(Role.ADMIN)
    return identity.principal


Operator = Annotated[Principal, Depends(_operator)]
Admin = Annotated[Principal, Depends(_admin)]


async def _whole_admin(principal: Admin) -> Principal:
    if principal.project_codes is not None:
        raise ForbiddenError(
            "This concerns every project; use a credential that is not limited to some."
        )
    return principal


WholeAdmin = Annotated[Principal, Depends(_whole_admin)]
"""An admin whose credential is not limited to some projects."""


def _edited_version(
    if_match: Annotated[str | None, Header(description="The ETag that was edited.")] = None,
) -> int:
    if if_match is None:
        raise IfMatchMissingError("Send the ETag of what you edited as If-Match.")
    # A proxy that compresses answers marks their ETags weak (RFC 9110 §8.8.1): ours still tells
    # the version exactly.
    found = _ETAG.fullmatch(if_match.strip().removeprefix("W/"))
    if found is None:
        raise IfMatchMalformedError(
            "If-Match is no ETag of ours; send the one you were given, quotes included."
        )
    return int(found.group(1))


EditedVersion = Annotated[int, Depends(_edited_version)]


def etag(version: int) -> str:
    """The ETag of this version."""
    return f'"{version}"'


def is_known(if_none_match: str | None, version: int) -> bool:
    """Whether If-None-Match names the ETag of this version, weakly compared (RFC 9110 §13.1.2)."""
    named = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return etag(version) in named
