"""The users and their tokens in one page, and a user with what may be changed of them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_catalog import Role, User
from dragoman_catalog.passwords import LEAST_CHARACTERS
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_gateway.people.desk import OpenedLink, PeopleDesk
from dragoman_gateway.people.schemas import EditedUser, Membership, NewUser
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    refused,
    require_whole_admin,
    valid,
    values_of,
    version_of,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

PATH = "/console/people"
THINGS = "People and tokens"
_NOTICES = {
    "entered": "Entered. A sign-in link lets them in.",
    "saved": "Saved.",
    "revoked": "The token opens nothing any more.",
}
_PATTERNS = {"name": "Begin with a letter or a digit; letters, digits and . _ @ + - may follow."}
Desk = Annotated[PeopleDesk, Depends(asked(PeopleDesk))]
_Short = Annotated[str, Query(max_length=40)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(PATH)
async def people_page(visit: SignedIn, desk: Desk, notice: _Short = "") -> Response:
    """Everybody who can, or could, sign in, and every token."""
    require_whole_admin(visit, THINGS)
    users = await desk.users()
    return visit.page(
        "people/people.html",
        section="people",
        notice=_NOTICES.get(notice, ""),
        users=users,
        tokens=await desk.tokens(),
        names={user.user_id: user.display_name for user in users},
        now=desk.now(),
    )


@router.get(PATH + "/new")
async def new_user_page(visit: SignedIn, desk: Desk) -> Response:
    """The form of a new user."""
    require_whole_admin(visit, THINGS)
    return await _page(visit, desk, None, Form({"role": Role.OPERATOR, "sees_all": "yes"}))


@router.post(PATH)
async def enter_user(visit: Writing, desk: Desk) -> Response:
    """Enter a user; say on the same page why it cannot be."""
    require_whole_admin(visit, THINGS)
    values, codes = await values_of(visit), await chosen_codes(visit)
    try:
        body = _body(values) | {"name": values.get("name", "").strip(), "project_codes": codes}
        user = await desk.enter(visit.principal, valid(NewUser, body, patterns=_PATTERNS))
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, None, form, codes=codes, status=status)
    return see_other(address(f"{PATH}/{user.user_id}", notice="entered"))


@router.get(PATH + "/{user_id}")
async def user_page(visit: SignedIn, desk: Desk, user_id: UUID, notice: _Short = "") -> Response:
    """A user, with the form that edits them."""
    require_whole_admin(visit, THINGS)
    return await _page(visit, desk, await desk.user(user_id), notice=_NOTICES.get(notice, ""))


@router.post(PATH + "/{user_id}")
async def edit_user(visit: Writing, desk: Desk, user_id: UUID) -> Response:
    """Edit a user and their projects; say on the same page why it cannot be."""
    require_whole_admin(visit, THINGS)
    values, codes = await values_of(visit), await chosen_codes(visit)
    user, version = await desk.user(user_id), version_of(values)
    try:
        flags = {name: bool(values.get(name)) for name in ("is_active", "revokes_tokens")}
        entry = valid(EditedUser, _body(values) | flags)
        await desk.require_projects(codes or ())
        after = await desk.edit(visit.principal, user_id, version, entry)
        if codes != (None if user.project_codes is None else list(user.project_codes)):
            scope = Membership(project_codes=codes)
            await desk.set_projects(visit.principal, user_id, after.version, scope)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error)
        return await _page(visit, desk, user, form, codes=codes, status=status)
    return see_other(address(f"{PATH}/{user_id}", notice="saved"))


@router.post(PATH + "/{user_id}/sign-in-link")
async def make_link(visit: Writing, desk: Desk, user_id: UUID) -> Response:
    """Make a link that signs the user in once, and show it this once."""
    require_whole_admin(visit, THINGS)
    user = await desk.user(user_id)
    link = await desk.link(visit.principal, user_id)
    return await _page(visit, desk, user, link=link)


async def chosen_codes(visit: Visit) -> list[str] | None:
    """The projects that a form names; None where it says all of them."""
    form = await visit.request.form()
    if form.get("sees_all"):
        return None
    return [str(each) for each in form.getlist("project_codes")]


def _body(values: dict[str, str]) -> dict[str, object]:
    return {
        "display_name": values.get("display_name", "").strip(),
        "role": values.get("role", ""),
        "password": values.get("password") or None,
    }


async def _page(
    visit: Visit,
    desk: PeopleDesk,
    user: User | None,
    form: Form | None = None,
    *,
    codes: list[str] | None = None,
    link: OpenedLink | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    if form is None and user is not None:
        codes = None if user.project_codes is None else list(user.project_codes)
        form = Form(
            {
                "display_name": user.display_name,
                "role": user.role,
                "sees_all": "yes" if codes is None else "",
                "is_active": "yes" if user.is_active else "",
                "version": str(user.version),
            }
        )
    answer = visit.page(
        "people/user.html",
        status_code=status,
        section="people",
        notice=notice,
        user=user,
        form=form,
        codes=codes or [],
        projects=await desk.projects(),
        roles=list(Role),
        least=LEAST_CHARACTERS,
        link=link,
        server=str(visit.request.base_url).rstrip("/") if link and link.url[0] == "/" else "",
    )
    if link is not None:
        answer.headers["Cache-Control"] = "no-store"
    return answer
