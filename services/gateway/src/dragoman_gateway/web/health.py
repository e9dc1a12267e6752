"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from dragoman_catalog import Catalog
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.position import ViewsPosition
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore

router = APIRouter(prefix="/health", tags=["health"])

_TIMEOUT_S = 5.0
_NOBODY = UUID(int=0)
_NOTHING = "0" * 64


class Check(BaseModel):
    """One thing the gateway leans on. `code` says what is wrong with it."""

    is_ready: bool
    code: str | None = None
    lag: int | None = None


class Health(BaseModel):
    """Whether the process can serve, and what keeps it from that."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Check]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness:
    """Asks what the gateway leans on whether it answers. `max_views_lag` is how far the views may be behind."""

    def __init__(
        self,
        store: EventStore,
        objects: ObjectStore,
        catalog: Catalog,
        views: ViewsPosition,
        *,
        max_views_lag: int,
    ) -> None:
        self._store = store
        self._objects = objects
        self._catalog = catalog
        self._views = views
        self._max_lag = max_views_lag

    async def checks(self) -> dict[str, Check]:
        """The answer to each question, all asked at once."""
        store, objects, catalog, views = await asyncio.gather(
            _check(self._store.head_position()),
            _check(self._objects.exists(_NOBODY, _NOTHING)),
            _check(self._catalog.domain_packs.all()),
            self._views_check(),
        )
        return {"store": store, "objects": objects, "catalog": catalog, "views": views}

    async def _views_check(self) -> Check:
        lag = 0

        async def measured() -> None:
            nonlocal lag
            lag = await self._views.lag()

        check = await _check(measured())
        if not check.is_ready:
            return check
        if lag > self._max_lag:
            return Check(is_ready=False, code="views.behind", lag=lag)
        return Check(is_ready=True, lag=lag)


@router.get("/live", summary="Is the process alive?")
async def live() -> Alive:
    """Answers as long as the process does; restart it when not."""
    return Alive()


@router.get(
    "/ready",
    summary="Can the process serve?",
    responses={503: {"model": Health, "description": "Not now; `checks` says why."}},
)
async def ready(response: Response, readiness: Annotated[Readiness, Depends(asked(Readiness))]) -> Health:
    """Whether event store, objects and catalogue answer, and the views are not too far behind the log."""
    checks = await readiness.checks()
    is_ready = all(check.is_ready for check in checks.values())
    response.status_code = 200 if is_ready else 503
    return Health(status="ready" if is_ready else "not_ready", checks=checks)


async def _check(asked: Awaitable[object]) -> Check:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await asked
    except DragomanError as error:
        return Check(is_ready=False, code=error.code)
    except TimeoutError:
        return Check(is_ready=False, code="timeout")
    return Check(is_ready=True)
