"""Signing in and out with a browser, and asking who one is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from dragoman_catalog import Role
from dragoman_gateway.web.dependencies import GatewayDep, IdentityDep
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["session"])


class Credentials(BaseModel):
    """A name and a password, or the secret of a one-time sign-in link."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")] = ""
    password: Annotated[str, Field(max_length=1000)] = ""
    link: Annotated[str, Field(max_length=200)] = ""


class SessionView(BaseModel):
    """Who is signed in. `csrf_token` is None for API tokens, which need none."""

    user_id: UUID | None
    display_name: str
    role: Role
    project_codes: list[str] | None = Field(description="None: every project.")
    csrf_token: str | None


@router.post(
    "/session",
    summary="Sign in",
    responses={
        200: {"headers": {"Set-Cookie": {"description": "The session.", "schema": {"type": "string"}}}},
        **documented(400, 401, 413, 422, 429, 503),
    },
)
async def sign_in(request: Request, response: Response, gateway: GatewayDep, credentials: Credentials) -> SessionView:
    """Open a browser session. Its cookie cannot be read by scripts; keep the CSRF token for requests that change."""
    if credentials.link:
        opened = await gateway.sign_in.with_link(request, credentials.link)
    else:
        opened = await gateway.sign_in.with_password(request, credentials.name, credentials.password)
    gateway.sign_in.set_cookie(request, response, opened)
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        user_id=opened.user.user_id,
        display_name=opened.user.display_name,
        role=opened.user.role,
        project_codes=None,
        csrf_token=opened.csrf_token,
    )


@router.get("/session", summary="Say who is signed in", responses=documented(401, 503))
async def show_session(response: Response, gateway: GatewayDep, identity: IdentityDep) -> SessionView:
    """Who the credential is for, and the CSRF token of a browser session."""
    response.headers["Cache-Control"] = "no-store"
    principal = identity.principal
    return SessionView(
        user_id=principal.actor_id,
        display_name=principal.display_name,
        role=principal.role,
        project_codes=None if principal.project_codes is None else sorted(principal.project_codes),
        csrf_token=gateway.sign_in.csrf_token(identity.session) if identity.session else None,
    )


@router.delete("/session", status_code=204, summary="Sign out", responses=documented(401, 403, 503))
async def sign_out(response: Response, gateway: GatewayDep, identity: IdentityDep) -> None:
    """Close the browser session."""
    await gateway.sign_in.sign_out(identity)
    gateway.sign_in.clear_cookie(response)
