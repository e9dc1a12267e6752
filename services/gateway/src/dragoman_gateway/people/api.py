"""Sessions, users, their one-time sign-in links, and API tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from dragoman_catalog import ApiToken, User
from dragoman_gateway.people.desk import PeopleDesk
from dragoman_gateway.people.schemas import (
    CreatedToken,
    Credentials,
    EditedUser,
    Membership,
    NewUser,
    SessionView,
    SignInLink,
    TokenEntry,
    TokenList,
    UserList,
)
from dragoman_gateway.web.dependencies import (
    EditedVersion,
    IdentityDep,
    SignInDep,
    WholeAdmin,
    etag,
)
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

session = APIRouter(tags=["session"])
router = APIRouter(tags=["configuration"])

_Desk = Annotated[PeopleDesk, Depends(asked(PeopleDesk))]
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)


@session.post(
    "/session",
    summary="Sign in",
    responses={
        200: {
            "headers": {"Set-Cookie": {"description": "The session.", "schema": {"type": "string"}}}
        },
        **documented(400, 401, 413, 422, 429, 503),
    },
)
async def sign_in(
    request: Request, response: Response, desk: SignInDep, credentials: Credentials
) -> SessionView:
    """Open a browser session. Its cookie cannot be read by scripts;
    keep the CSRF token for requests that change.
    """
    if credentials.link:
        opened = await desk.with_link(request, credentials.link)
    else:
        opened = await desk.with_password(request, credentials.name, credentials.password)
    desk.set_cookie(request, response, opened)
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        user_id=opened.user.user_id,
        display_name=opened.user.display_name,
        role=opened.user.role,
        project_codes=None if opened.user.scope is None else sorted(opened.user.scope),
        csrf_token=opened.csrf_token,
    )


@session.get("/session", summary="Say who is signed in", responses=documented(401, 503))
async def show_session(response: Response, desk: SignInDep, identity: IdentityDep) -> SessionView:
    """Who the credential is for, and the CSRF token of a browser session."""
    response.headers["Cache-Control"] = "no-store"
    principal = identity.principal
    return SessionView(
        user_id=principal.actor_id,
        display_name=principal.display_name,
        role=principal.role,
        project_codes=None if principal.project_codes is None else sorted(principal.project_codes),
        csrf_token=desk.csrf_token(identity.session) if identity.session else None,
    )


@session.delete(
    "/session", status_code=204, summary="Sign out", responses=documented(401, 403, 503)
)
async def sign_out(response: Response, desk: SignInDep, identity: IdentityDep) -> None:
    """Close the browser session."""
    await desk.sign_out(identity)
    desk.clear_cookie(response)


@router.get("/users", summary="List users", responses=documented(401, 403, 503))
async def list_users(desk: _Desk, principal: WholeAdmin) -> UserList:
    """Everybody who can, or could, sign in."""
    return UserList(items=await desk.users())


@router.post(
    "/users",
    status_code=201,
    summary="Enter a user",
    responses={201: {"headers": _ETAG}, **documented(400, 401, 403, 409, 413, 422, 503)},
)
async def create_user(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: NewUser
) -> User:
    """Enter a user."""
    user = await desk.enter(principal, entry)
    response.headers["Location"] = f"/api/v1/users/{user.user_id}"
    response.headers["ETag"] = etag(user.version)
    return user


@router.get("/users/{user_id}", summary="Show a user", responses={200: {"headers": _ETAG}, **_READ})
async def show_user(user_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin) -> User:
    """A user."""
    user = await desk.user(user_id)
    response.headers["ETag"] = etag(user.version)
    return user


@router.put(
    "/users/{user_id}",
    summary="Edit a user",
    responses={
        200: {"headers": _ETAG},
        **documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503),
    },
)
async def edit_user(
    user_id: UUID,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: EditedUser,
) -> User:
    """Replace what is said of the user. A user is never deleted, because events name them."""
    user = await desk.edit(principal, user_id, version, entry)
    response.headers["ETag"] = etag(user.version)
    return user


@router.get(
    "/users/{user_id}/projects",
    summary="Show a user's projects",
    responses={200: {"headers": _ETAG}, **_READ},
)
async def show_projects(
    user_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin
) -> Membership:
    """The projects that the user sees as an operator; null: every project."""
    return _membership(await desk.user(user_id), response)


@router.patch(
    "/users/{user_id}/projects",
    summary="Set a user's projects",
    responses={
        200: {"headers": _ETAG},
        **documented(400, 401, 403, 404, 412, 413, 422, 428, 503),
    },
)
async def set_projects(
    user_id: UUID,
    response: Response,
    desk: _Desk,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: Membership,
) -> Membership:
    """Let the user see these projects and no others. Their sessions and tokens follow at once."""
    return _membership(await desk.set_projects(principal, user_id, version, entry), response)


@router.post(
    "/users/{user_id}/sign-in-links",
    status_code=201,
    summary="Make a sign-in link",
    responses={201: {}, **_READ},
)
async def create_link(
    user_id: UUID, response: Response, desk: _Desk, principal: WholeAdmin
) -> SignInLink:
    """A one-time link for who has no password, or lost it."""
    link = await desk.link(principal, user_id)
    response.headers["Cache-Control"] = "no-store"
    return SignInLink(url=link.url, expires_at=link.expires_at)


@router.get("/tokens", summary="List API tokens", responses=documented(401, 403, 503))
async def list_tokens(desk: _Desk, principal: WholeAdmin) -> TokenList:
    """Every token, with when it was last used; revoked and expired ones too."""
    return TokenList(items=await desk.tokens())


@router.post(
    "/tokens",
    status_code=201,
    summary="Make an API token",
    responses=documented(400, 401, 403, 404, 413, 422, 503),
)
async def create_token(
    response: Response, desk: _Desk, principal: WholeAdmin, entry: TokenEntry
) -> CreatedToken:
    """Make a token for a script or another system."""
    made = await desk.make_token(principal, entry)
    response.headers["Cache-Control"] = "no-store"
    return CreatedToken(token=made.token, secret=made.secret)


@router.delete(
    "/tokens/{token_id}",
    summary="Revoke an API token",
    responses=documented(401, 403, 404, 422, 503),
)
async def revoke_token(token_id: UUID, desk: _Desk, principal: WholeAdmin) -> ApiToken:
    """Make the token open nothing any more. It stays in the list."""
    return await desk.revoke_token(principal, token_id)


def _membership(user: User, response: Response) -> Membership:
    response.headers["ETag"] = etag(user.version)
    codes = user.project_codes
    return Membership(project_codes=None if codes is None else list(codes))
