"""How a route gets the desk of its area: the use cases that the composition made once for all
requests.

Desk = Annotated[AuditDesk, Depends(asked(AuditDesk))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from fastapi import FastAPI, Request

_Desk = TypeVar("_Desk")


def furnish(app: FastAPI, desks: Iterable[object]) -> None:
    """Give the application its desks, one of a type."""
    app.state.desks = {type(desk): desk for desk in desks}


def desk_in(app: FastAPI, type_: type[_Desk]) -> _Desk:
    """The application's desk of this type.

    Raises:
        TypeError: the application was not made by `create_app`.
    """
    desk = getattr(app.state, "desks", {}).get(type_)
    if not isinstance(desk, type_):
        raise TypeError(f"the application has no {type_.__name__}; make it with create_app")
    return desk


def asked(type_: type[_Desk]) -> Callable[[Request], _Desk]:
    """A dependency that gives the desk of this type."""

    def desk(request: Request) -> _Desk:
        return desk_in(request.app, type_)

    return desk
