"""The HTTP API, version 1: thin routes over the gateway's use cases."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.api import (
    artifacts,
    asyncapi,
    audit,
    control,
    dead_letters,
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
    work = (submit, jobs, control, parked, dead_letters, events, history, artifacts)
    for each in (*work, session, projects, people, tokens, audit, asyncapi):
        router.include_router(each.router)
    return router
