"""The ways from pages to the bytes of files: of one job, and the results of several."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from dragoman_contracts.references import ArtifactKind
from dragoman_gateway.artifacts.api import ArtifactDeskDep, results_response
from dragoman_gateway.jobs.pages.choosing import ChosenJobs
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, see_other

router = APIRouter(route_class=ConsoleRoute)


@router.get("/console/jobs/{job_id}/artifacts/{kind}/{digest}")
async def download(
    visit: SignedIn,
    desk: ArtifactDeskDep,
    job_id: UUID,
    kind: ArtifactKind,
    digest: str,
    name: str = "",
) -> Response:
    """Send the browser to a signed address of the artifact, which expires."""
    return see_other(await desk.address(job_id, kind, digest, visit.principal, name))


@router.get("/console/results")
async def results(desk: ArtifactDeskDep, chosen: ChosenJobs) -> Response:
    """The results of the jobs that the list shows, in one ZIP."""
    return results_response(await desk.results(chosen.filter))
