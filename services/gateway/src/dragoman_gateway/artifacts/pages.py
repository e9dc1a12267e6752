"""The way from a job's page to the bytes of its files."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from dragoman_contracts.references import ArtifactKind
from dragoman_gateway.artifacts.api import ArtifactDeskDep
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
