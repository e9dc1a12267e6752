"""The HTTP API, version 1: thin routes over the gateway's use cases."""

from __future__ import annotations

from fastapi import APIRouter

from dragoman_gateway.artifacts import api as artifacts
from dragoman_gateway.audit import api as audit
from dragoman_gateway.jobs import api as jobs
from dragoman_gateway.jobs import control, events, history
from dragoman_gateway.parked import api as parked
from dragoman_gateway.parked import dead_letter_api as dead_letters
from dragoman_gateway.people import api as people
from dragoman_gateway.people import session, tokens
from dragoman_gateway.projects import api as projects
from dragoman_gateway.submissions import api as submit
from dragoman_gateway.web import health

__all__ = ["api_router", "health"]


def api_router() -> APIRouter:
    """Every route of `/api/v1`."""
    router = APIRouter(prefix="/api/v1")
    work = (submit, jobs, control, parked, dead_letters, events, history, artifacts)
    for each in (*work, session, projects, people, tokens, audit):
        router.include_router(each.router)
    return router
