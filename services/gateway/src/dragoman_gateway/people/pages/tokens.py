"""The form of a new token, whose secret is shown once, and the end of a token."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from dragoman_catalog import NewToken, Role
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_gateway.people.desk import PeopleDesk
from dragoman_gateway.people.pages.users import PATH, THINGS, Desk, chosen_codes
from dragoman_gateway.people.schemas import TokenEntry
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    refused,
    require_whole_admin,
    valid,
    values_of,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_TOKENS = PATH + "/tokens"
_MOST_DAYS = 36_500
router = APIRouter(route_class=ConsoleRoute)


@router.get(_TOKENS + "/new")
async def new_token_page(visit: SignedIn, desk: Desk) -> Response:
    """The form of a new token."""
    require_whole_admin(visit, THINGS)
    values = {
        "user_id": str(visit.principal.actor_id or ""),
        "role": Role.OPERATOR,
        "sees_all": "yes",
    }
    return await _page(visit, desk, Form(values))


@router.post(_TOKENS)
async def make_token(visit: Writing, desk: Desk) -> Response:
    """Make a token and show its secret; say on the same page why it cannot be made."""
    require_whole_admin(visit, THINGS)
    values, codes = await values_of(visit), await chosen_codes(visit)
    try:
        entry = valid(TokenEntry, _body(values, codes, desk.now()))
        made = await desk.make_token(visit.principal, entry)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, form, codes=codes, status=status)
    return await _page(visit, desk, Form(values), made=made)


@router.post(_TOKENS + "/{token_id}/revoke")
async def revoke_token(visit: Writing, desk: Desk, token_id: UUID) -> Response:
    """Let a token open nothing any more."""
    require_whole_admin(visit, THINGS)
    await desk.revoke_token(visit.principal, token_id)
    return see_other(address(PATH, notice="revoked"))


def _body(values: dict[str, str], codes: list[str] | None, now: datetime) -> dict[str, object]:
    if codes == []:
        raise FormRefusedError({"project_codes": "Choose a project, or every project."})
    days, is_endless = values.get("days", "").strip(), bool(values.get("never_expires"))
    if days and is_endless:
        raise FormRefusedError({"days": "Write days, or that it never ends; not both."})
    return {
        "name": values.get("name", "").strip(),
        "user_id": values.get("user_id") or None,
        "role": values.get("role", ""),
        "project_codes": codes or [],
        "expires_at": (now + timedelta(days=_days(days))).isoformat() if days else None,
        "never_expires": is_endless,
    }


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST_DAYS):
        raise FormRefusedError({"days": "Write a number of days, such as 90."})
    return int(text)


async def _page(
    visit: Visit,
    desk: PeopleDesk,
    form: Form,
    *,
    codes: list[str] | None = None,
    made: NewToken | None = None,
    status: int = 200,
) -> Response:
    answer = visit.page(
        "people/token.html",
        status_code=status,
        section="people",
        form=form,
        codes=codes or [],
        users=[user for user in await desk.users() if user.is_active],
        projects=await desk.projects(),
        roles=list(Role),
        usual_days=desk.token_days,
        made=made,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
