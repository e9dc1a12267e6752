"""What several routes answer with: headers, an action that was accepted, which projects a list shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Response

from dragoman_contracts.identity import project_id
from dragoman_contracts.job import Job
from dragoman_gateway.gateway import Gateway
from dragoman_gateway.jobs.schemas import JobDetail
from dragoman_gateway.jobs.showing import job_now
from dragoman_gateway.web.principals import Principal

LOCATION: dict[str, Any] = {"Location": {"description": "The job.", "schema": {"type": "string"}}}
ETAG: dict[str, Any] = {"ETag": {"description": "The job's version.", "schema": {"type": "string"}}}


async def answer_accepted(gateway: Gateway, job: Job, response: Response) -> JobDetail:
    """The job as of now, to an action that goes on behind the answer: with the address to look at."""
    response.headers["Location"] = f"/api/v1/jobs/{job.job_id}"
    return await job_now(gateway, job, response)


def projects_of(principal: Principal, code: str | None) -> frozenset[UUID] | None:
    """The projects a list shows: the named one, or all that the principal sees.

    Raises:
        ForbiddenError: the credential does not reach the named project.
    """
    if not code:
        return principal.project_ids
    principal.require_project(code)
    return frozenset({project_id(code)})
