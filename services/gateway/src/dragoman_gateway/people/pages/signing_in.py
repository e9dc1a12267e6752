"""Signing in and out: by name and password, or by a link that works once."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from dragoman_catalog import HashingBusyError
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.brake import TooManyFailuresError
from dragoman_gateway.web.dependencies import SignInDep
from dragoman_gateway.web.errors import NotSignedInError
from dragoman_gateway.web.guard import HOME, SIGN_IN, ConsoleRoute, Writing, safe_next, see_other
from dragoman_gateway.web.problems import status_of
from dragoman_gateway.web.rendering import page

_FORM_COOKIE = "dragoman_sign_in"
_Text = Annotated[str, Form(max_length=500)]
router = APIRouter(route_class=ConsoleRoute)


@router.get(SIGN_IN)
async def sign_in_page(
    request: Request,
    link: Annotated[str, Query(max_length=200)] = "",
    next_: Annotated[str, Query(alias="next", max_length=2000)] = HOME,
) -> Response:
    """The form. A link is used only when its button is pressed:
    mail scanners and previews follow links.
    """
    return _form(request, link=link, next_=safe_next(next_))


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    desk: SignInDep,
    csrf_token: _Text = "",
    name: _Text = "",
    password: _Text = "",
    link: _Text = "",
    next_: Annotated[str, Form(alias="next", max_length=2000)] = HOME,
) -> Response:
    """Open a session and go on to the page that was asked for."""
    given = request.cookies.get(_FORM_COOKIE, "")
    if not given or not hmac.compare_digest(given.encode(), csrf_token.encode(errors="replace")):
        return _form(
            request,
            link=link,
            next_=safe_next(next_),
            error="The form was too old. Try again.",
            status=403,
        )
    try:
        if link:
            opened = await desk.with_link(request, link)
        else:
            opened = await desk.with_password(request, name, password)
    except (NotSignedInError, TooManyFailuresError, HashingBusyError) as error:
        return _refused(request, error, name=name, next_=safe_next(next_))
    response = see_other(safe_next(next_))
    response.delete_cookie(_FORM_COOKIE, path=SIGN_IN)
    desk.set_cookie(request, response, opened)
    return response


@router.post("/console/sign-out")
async def sign_out(visit: Writing) -> Response:
    """Close the session."""
    await visit.sign_in.sign_out(visit.identity)
    response = see_other(SIGN_IN)
    visit.sign_in.clear_cookie(response)
    return response


def _refused(request: Request, error: DragomanError, *, name: str, next_: str) -> Response:
    return _form(request, next_=next_, name=name, error=error.message, status=status_of(error))


def _form(
    request: Request,
    *,
    next_: str,
    link: str = "",
    name: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    """The page, with a token that its form and a cookie carry:
    another site can send the one, not the other.
    """
    token = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)
    response = page(
        "people/sign_in.html",
        status_code=status,
        csrf_token=token,
        link=link,
        next=next_,
        name=name,
        error=error,
    )
    response.set_cookie(
        _FORM_COOKIE,
        token,
        max_age=3600,
        path=SIGN_IN,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
