"""API tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from dragoman_catalog import ApiToken, Role
from dragoman_catalog.values import Code, DisplayName
from dragoman_gateway.web.dependencies import GatewayDep, UtcTime, WholeAdmin
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.signin import editor_of

router = APIRouter(tags=["configuration"])


class TokenEntry(BaseModel):
    """A token to make. It acts for its user (the one signed in where none is named) and does no more than both may.

    An empty list of projects means every project.
    """

    model_config = ConfigDict(extra="forbid")

    name: DisplayName
    user_id: UUID | None = None
    role: Role = Role.OPERATOR
    project_codes: Annotated[list[Code], Field(max_length=100)] = Field(default_factory=list[str])
    expires_at: UtcTime | None = None


class CreatedToken(BaseModel):
    """A new token. `secret` is shown this once; send it as `Authorization: Bearer …`."""

    token: ApiToken
    secret: str


class TokenList(BaseModel):
    """Tokens, the newest first, without their secrets."""

    items: list[ApiToken]


@router.get("/tokens", summary="List API tokens", responses=documented(401, 403, 503))
async def list_tokens(gateway: GatewayDep, principal: WholeAdmin) -> TokenList:
    """Every token, with when it was last used; revoked and expired ones too."""
    return TokenList(items=await gateway.catalog.tokens.all())


@router.post(
    "/tokens",
    status_code=201,
    summary="Make an API token",
    responses=documented(400, 401, 403, 404, 413, 422, 503),
)
async def create_token(
    response: Response, gateway: GatewayDep, principal: WholeAdmin, entry: TokenEntry
) -> CreatedToken:
    """Make a token for a script or another system."""
    now, user_id = gateway.clock.now(), entry.user_id or principal.actor_id
    if user_id is None:
        raise FieldRefusedError("user_id", "Name the user this token acts for.")
    if entry.expires_at is not None and entry.expires_at <= now:
        raise FieldRefusedError("expires_at", "This time is over.")
    for code in entry.project_codes:
        if await gateway.catalog.projects.find(code) is None:
            raise FieldRefusedError("project_codes", f"There is no project {code!r}.", code="project.unknown")
    made = await gateway.catalog.tokens.create(
        editor_of(principal),
        now,
        user_id=user_id,
        name=entry.name,
        role=entry.role,
        project_codes=tuple(entry.project_codes),
        expires_at=entry.expires_at,
    )
    response.headers["Cache-Control"] = "no-store"
    return CreatedToken(token=made.token, secret=made.secret)


@router.delete("/tokens/{token_id}", summary="Revoke an API token", responses=documented(401, 403, 404, 422, 503))
async def revoke_token(token_id: UUID, gateway: GatewayDep, principal: WholeAdmin) -> ApiToken:
    """Make the token open nothing any more. It stays in the list."""
    return await gateway.catalog.tokens.revoke(editor_of(principal), gateway.clock.now(), token_id)
