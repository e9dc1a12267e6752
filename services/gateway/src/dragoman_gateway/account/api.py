"""The own account: another password, and the open sessions."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from dragoman_gateway.account.desk import AccountDesk
from dragoman_gateway.account.schemas import PasswordChange, SessionList
from dragoman_gateway.web.dependencies import IdentityDep
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["session"])

_Account = Annotated[AccountDesk, Depends(asked(AccountDesk))]


@router.put(
    "/session/password",
    status_code=204,
    summary="Change the own password",
    responses=documented(400, 401, 403, 413, 422, 429, 503),
)
async def change_password(desk: _Account, identity: IdentityDep, change: PasswordChange) -> None:
    """Change the password of who is signed in with a browser. Their other sessions end, and links
    that would sign them in are void.
    """
    await desk.change_password(identity, change)


@router.get("/sessions", summary="List the own sessions", responses=documented(401, 403, 503))
async def list_sessions(response: Response, desk: _Account, identity: IdentityDep) -> SessionList:
    """The open browser sessions of the user who asks."""
    response.headers["Cache-Control"] = "no-store"
    return SessionList(items=await desk.sessions(identity))


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End an own session",
    responses=documented(401, 403, 404, 422, 503),
)
async def end_session(session_id: UUID, desk: _Account, identity: IdentityDep) -> None:
    """Sign the user who asks out in one of their browsers."""
    await desk.end_session(identity, session_id)
