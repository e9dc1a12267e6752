"""The HTTP API, version 1: thin routes over the gateway's use cases."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.api import (
    artifacts,
    audit,
    control,
    events,
    health,
    history,
    jobs,
    parked,
    people,
    projects,
    session,
    submit,
    tokens,
)

__all__ = ["api_router", "health"]


def api_router() -> APIRouter:
    """Every route of `/api/v1`."""
    router = APIRouter(prefix="/api/v1")
    for each in (submit, jobs, control, parked, events, history, artifacts, session, projects, people, tokens, audit):
        router.include_router(each.router)
    return router
