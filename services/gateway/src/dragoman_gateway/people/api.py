"""Users and their one-time sign-in links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog import EntryMissingError, Role, User
from dragoman_catalog.values import DisplayName
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.web.dependencies import EditedVersion, GatewayDep, WholeAdmin, etag
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.signin import editor_of

router = APIRouter(tags=["configuration"])

_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_Password = Annotated[str, Field(min_length=10, max_length=1000)]


class UserEntry(BaseModel):
    """What an admin says of a user. Without a password the one that is there stays."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName
    role: Role = Role.OPERATOR
    password: _Password | None = None


class NewUser(UserEntry):
    """A user to enter; without a password they sign in through a link."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$", max_length=120)]


class EditedUser(UserEntry):
    """A user as they shall be. Who is inactive is signed out, and their tokens open nothing."""

    is_active: StrictBool = True


class UserList(BaseModel):
    """Users by name."""

    items: list[User]


class SignInLink(BaseModel):
    """A link that signs its user in, once, until it expires. It is not to be had a second time."""

    url: str
    expires_at: datetime


@router.get("/users", summary="List users", responses=documented(401, 403, 503))
async def list_users(gateway: GatewayDep, principal: WholeAdmin) -> UserList:
    """Everybody who can, or could, sign in."""
    return UserList(items=await gateway.catalog.users.all())


@router.post(
    "/users",
    status_code=201,
    summary="Enter a user",
    responses={201: {"headers": _ETAG}, **documented(400, 401, 403, 409, 413, 422, 503)},
)
async def create_user(response: Response, gateway: GatewayDep, principal: WholeAdmin, entry: NewUser) -> User:
    """Enter a user."""
    user = await gateway.catalog.users.create(
        editor_of(principal),
        gateway.clock.now(),
        name=entry.name,
        display_name=entry.display_name,
        role=entry.role,
        password=entry.password,
    )
    response.headers["Location"] = f"/api/v1/users/{user.user_id}"
    response.headers["ETag"] = etag(user.version)
    return user


@router.get("/users/{user_id}", summary="Show a user", responses={200: {"headers": _ETAG}, **_READ})
async def show_user(user_id: UUID, response: Response, gateway: GatewayDep, principal: WholeAdmin) -> User:
    """A user."""
    user = await _user(gateway, user_id)
    response.headers["ETag"] = etag(user.version)
    return user


@router.put(
    "/users/{user_id}",
    summary="Edit a user",
    responses={200: {"headers": _ETAG}, **documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503)},
)
async def edit_user(
    user_id: UUID,
    response: Response,
    gateway: GatewayDep,
    principal: WholeAdmin,
    version: EditedVersion,
    entry: EditedUser,
) -> User:
    """Replace what is said of the user. A user is never deleted, because events name them."""
    user = await gateway.catalog.users.edit(
        editor_of(principal),
        gateway.clock.now(),
        user_id,
        version=version,
        display_name=entry.display_name,
        role=entry.role,
        is_active=entry.is_active,
        password=entry.password,
    )
    response.headers["ETag"] = etag(user.version)
    return user


@router.post(
    "/users/{user_id}/sign-in-links", status_code=201, summary="Make a sign-in link", responses={201: {}, **_READ}
)
async def create_link(user_id: UUID, response: Response, gateway: GatewayDep, principal: WholeAdmin) -> SignInLink:
    """A one-time link for who has no password, or lost it."""
    now, ttl = gateway.clock.now(), gateway.options.link_ttl
    secret = await gateway.catalog.sign_in_links.create(editor_of(principal), now, user_id, ttl=ttl)
    response.headers["Cache-Control"] = "no-store"
    return SignInLink(url=sign_in_url(gateway, secret), expires_at=now + ttl)


def sign_in_url(gateway: Gateway, secret: str) -> str:
    """The console's address that redeems a sign-in link."""
    return f"{gateway.options.public_url.rstrip('/')}/console/sign-in?link={secret}"


async def _user(gateway: Gateway, user_id: UUID) -> User:
    user = await gateway.catalog.users.find(user_id)
    if user is None:
        raise EntryMissingError(f"There is no user {user_id}.")
    return user
