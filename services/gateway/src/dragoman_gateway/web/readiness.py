"""Whether the process can serve: it asks what it leans on whether that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from uuid import UUID

from pydantic import BaseModel

from dragoman_catalog import Catalog
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.web.position import ViewsPosition
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore

_TIMEOUT_S = 5.0
_NOBODY = UUID(int=0)
_NOTHING = "0" * 64


class Check(BaseModel):
    """One thing the gateway leans on. `code` says what is wrong with it."""

    is_ready: bool
    code: str | None = None
    lag: int | None = None


class Readiness:
    """Asks what the gateway leans on whether it answers.
    `max_views_lag` is how far the views may be behind.
    """

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


async def _check(asked: Awaitable[object]) -> Check:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await asked
    except DragomanError as error:
        return Check(is_ready=False, code=error.code)
    except TimeoutError:
        return Check(is_ready=False, code="timeout")
    return Check(is_ready=True)
