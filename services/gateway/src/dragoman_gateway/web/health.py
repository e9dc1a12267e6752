"""Routes that tell whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.readiness import Check, Readiness

router = APIRouter(prefix="/health", tags=["health"])


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
async def ready(
    response: Response, readiness: Annotated[Readiness, Depends(asked(Readiness))]
) -> Health:
    """Whether event store, objects and catalogue answer,
    and the views are not too far behind the log.
    """
    checks = await readiness.checks()
    is_ready = all(check.is_ready for check in checks.values())
    response.status_code = 200 if is_ready else 503
    return Health(status="ready" if is_ready else "not_ready", checks=checks)
