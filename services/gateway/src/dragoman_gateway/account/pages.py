"""The page of a person's own account."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from dragoman_catalog import EntryMissingError, HashingBusyError, WeakPasswordError
from dragoman_catalog.passwords import LEAST_CHARACTERS
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.account.desk import AccountDesk
from dragoman_gateway.account.schemas import PasswordChange
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.brake import TooManyFailuresError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.problems import status_of

_PATH = "/console/account"
_NOTICES = {"password": "Password changed.", "session": "Signed out there."}
_REFUSALS = (FieldRefusedError, WeakPasswordError, TooManyFailuresError, HashingBusyError)
_Desk = Annotated[AccountDesk, Depends(asked(AccountDesk))]
_Text = Annotated[str, Form(max_length=1000)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(_PATH)
async def account_page(visit: SignedIn, desk: _Desk, notice: str = "") -> Response:
    """Who is signed in, where, and the form for another password."""
    return await _page(visit, desk, notice=_NOTICES.get(notice, ""))


@router.post(_PATH + "/password")
async def change_password(
    visit: Writing,
    desk: _Desk,
    password: _Text = "",
    current_password: _Text = "",
    revokes_tokens: _Text = "",
) -> Response:
    """Change the password; say on the same page why it cannot be."""
    change = PasswordChange(
        current_password=current_password, password=password, revokes_tokens=bool(revokes_tokens)
    )
    try:
        await desk.change_password(visit.identity, change)
    except _REFUSALS as error:
        return await _page(visit, desk, problem=error)
    return see_other(address(_PATH, notice="password"))


@router.post(_PATH + "/sessions/{session_id}/end")
async def end_session(visit: Writing, desk: _Desk, session_id: UUID) -> Response:
    """Sign the person out in another browser; one that is gone already is no trouble."""
    try:
        await desk.end_session(visit.identity, session_id)
    except EntryMissingError:
        return see_other(_PATH)
    return see_other(address(_PATH, notice="session"))


async def _page(
    visit: Visit, desk: AccountDesk, *, notice: str = "", problem: DragomanError | None = None
) -> Response:
    return visit.page(
        "account/account.html",
        status_code=status_of(problem) if problem else 200,
        section="account",
        notice=notice,
        problem=problem.message if problem else "",
        user=await desk.user(visit.identity),
        sessions=await desk.sessions(visit.identity),
        least=LEAST_CHARACTERS,
    )
