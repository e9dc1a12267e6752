"""The console: pages for people, over the same submission, control and views as the API."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dragoman_gateway.audit import pages as audit_pages
from dragoman_gateway.jobs.pages import actions as job_actions
from dragoman_gateway.jobs.pages import interrupted
from dragoman_gateway.jobs.pages import job as job_pages
from dragoman_gateway.jobs.pages import lists as job_list
from dragoman_gateway.jobs.pages import units as job_parts
from dragoman_gateway.parked import dead_letter_pages
from dragoman_gateway.parked import pages as parked_pages
from dragoman_gateway.people import pages as signing_in
from dragoman_gateway.submissions import pages as submitting
from dragoman_gateway.web.guard import ConsoleRoute, error_page
from dragoman_gateway.web.rendering import STATIC_PATH, asset_response

__all__ = ["console_router"]


def console_router() -> APIRouter:
    """All pages, under `/console`; the application needs its gateway in `app.state.gateway` (`gateway_of`)."""
    router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
    for each in (
        signing_in,
        submitting,
        job_list,
        interrupted,
        parked_pages,
        dead_letter_pages,
        audit_pages,
        job_pages,
        job_parts,
        job_actions,
    ):
        router.include_router(each.router)
    router.add_api_route(STATIC_PATH + "/{name:path}", _asset, methods=["GET"])
    router.add_api_route("/console/{rest:path}", _nothing, methods=["GET", "POST"])
    return router


async def _asset(name: str) -> Response:
    return asset_response(name)


async def _nothing(rest: str) -> Response:
    return error_page(404)
