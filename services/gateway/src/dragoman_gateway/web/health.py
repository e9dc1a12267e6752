"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from dragoman_contracts.errors import DragomanError
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.web.dependencies import GatewayDep

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


@router.get("/live", summary="Is the process alive?")
async def live() -> Alive:
    """Answers as long as the process does; restart it when not."""
    return Alive()


@router.get(
    "/ready",
    summary="Can the process serve?",
    responses={503: {"model": Health, "description": "Not now; `checks` says why."}},
)
async def ready(response: Response, gateway: GatewayDep) -> Health:
    """Whether event store, objects and catalogue answer, and the views are not too far behind the log."""
    store, objects, catalog, views = await asyncio.gather(
        _check(gateway.store.head_position()),
        _check(gateway.objects.exists(_NOBODY, _NOTHING)),
        _check(gateway.catalog.domain_packs.all()),
        _views(gateway),
    )
    checks = {"store": store, "objects": objects, "catalog": catalog, "views": views}
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


async def _views(gateway: Gateway) -> Check:
    lag = 0

    async def measured() -> None:
        nonlocal lag
        position = await gateway.views.position()
        lag = max(await gateway.store.head_position() - position, 0)

    check = await _check(measured())
    if not check.is_ready:
        return check
    if lag > gateway.options.max_views_lag:
        return Check(is_ready=False, code="views.behind", lag=lag)
    return Check(is_ready=True, lag=lag)
