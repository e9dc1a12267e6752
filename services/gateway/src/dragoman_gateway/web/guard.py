"""The guard of every page: who asks, the token that forms carry, and errors as pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from typing_extensions import override

from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.dependencies import SignInDep
from dragoman_gateway.web.errors import NotSignedInError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.problems import status_of
from dragoman_gateway.web.rendering import page
from dragoman_gateway.web.signin import SESSION_COOKIE, Identity, SignIn, remembered
from dragoman_runtime.eventstore import DamagedEventError

HOME = "/console/"
SIGN_IN = "/console/sign-in"
_HEADINGS = {
    403: ("You may not do this", "Your account does not reach it. Ask an admin."),
    404: (
        "There is no such page",
        "It may have been mistyped, or lie in a project that you do not see.",
    ),
    408: ("Too slow", "The form did not come in time. Try again."),
    410: ("It is gone", "It was erased, by retention or on request."),
    413: ("Too large", "The upload is larger than this installation takes."),
    429: ("Too many tries", "Wait a few minutes, then try again."),
    503: (
        "Not available now",
        "A part of the installation cannot be reached. Try again in a moment.",
    ),
}
_BUG = (
    "Something went wrong",
    "Nothing that was stored is lost. The server's log has the details.",
)
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in person."""

    request: Request
    sign_in: SignIn
    identity: Identity

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.identity.principal

    @property
    def csrf_token(self) -> str:
        """The token that the page's forms carry."""
        return self.sign_in.csrf_token(self.identity.session or "")

    def page(self, template: str, *, status_code: int = 200, **context: object) -> Response:
        """A page with the person's name and the forms' token."""
        return page(
            template,
            status_code=status_code,
            principal=self.principal,
            csrf_token=self.csrf_token,
            **context,
        )


async def visit_of(request: Request, sign_in: SignInDep) -> Visit:
    """The visit of whoever has a session.

    Raises:
        NotSignedInError: nobody has; `ConsoleRoute` answers with the way to the sign-in page.
    """
    if SESSION_COOKIE not in request.cookies:
        raise NotSignedInError("Sign in first.")
    return Visit(request, sign_in, remembered(request) or await sign_in.identify(request))


SignedIn = Annotated[Visit, Depends(visit_of)]


async def writing_visit_of(visit: SignedIn) -> AsyncGenerator[Visit]:
    """As `visit_of`, for a form that changes something; the form's files are closed afterwards.

    Raises:
        ForbiddenError: `auth.csrf`, the form is none of this session.
    """
    async with visit.request.form(max_files=200, max_fields=100) as form:
        visit.sign_in.require_csrf(visit.identity, str(form.get("csrf_token", "")))
        yield visit


Writing = Annotated[Visit, Depends(writing_visit_of)]


class ConsoleRoute(APIRoute):
    """A route whose errors are pages, and whose way in is the sign-in page."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors answered."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except NotSignedInError:
                return way_in(request)
            except DamagedEventError as error:
                return error_page(500, error.message, is_told=True)
            except DragomanError as error:
                return error_page(status_of(error), error.message)
            except HTTPException as error:
                return error_page(error.status_code)
            except RequestValidationError:
                return error_page(404)
            except Exception as error:  # noqa: BLE001 - the edge: a bug becomes a page and a log line
                _log.error("console.failed", error_code="internal", exc_info=error)
                return error_page(500)

        return guarded


def error_page(status: int, text: str = "", *, is_told: bool = False) -> Response:
    """The page of an error; a bug's own words are not shown, but where they are to be told."""
    heading, usual = _HEADINGS.get(status, _BUG if status >= 500 else ("This cannot be done", ""))
    return page(
        "web/error.html",
        status_code=status,
        status=status,
        heading=heading,
        text=usual if status >= 500 and not is_told else text or usual,
    )


def see_other(path: str) -> Response:
    """Send the browser to another page after a form."""
    return RedirectResponse(path, 303)


def safe_next(path: str) -> str:
    """Where to go after signing in: a page of the console, whatever the address said."""
    is_ours = path.startswith(HOME) and not any(char in path for char in "\\\r\n")
    return path if is_ours and not path.startswith(SIGN_IN) else HOME


def way_in(request: Request) -> Response:
    """Send a browser without a session to the sign-in page, and from there back."""
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = request.url.path + query if request.method == "GET" else HOME
    address = SIGN_IN if safe_next(wanted) == HOME else f"{SIGN_IN}?next={quote(wanted, safe='/')}"
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": SIGN_IN})
    return see_other(address)
