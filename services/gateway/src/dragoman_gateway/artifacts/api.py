"""The artifacts of a job, and their download through signed addresses."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.references import ArtifactKind
from dragoman_gateway.artifacts.desk import ArtifactDesk
from dragoman_gateway.artifacts.schemas import ArtifactList
from dragoman_gateway.jobs.schemas import ArtifactView
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.downloads import content_disposition
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["artifacts"])

ArtifactDeskDep = Annotated[ArtifactDesk, Depends(asked(ArtifactDesk))]


@router.get("/jobs/{job_id}/artifacts", summary="List a job's artifacts", responses=documented(401, 403, 404, 422, 503))
async def list_artifacts(job_id: UUID, desk: ArtifactDeskDep, principal: Operator) -> ArtifactList:
    """The artifacts, in the order they were made, each with an address that works without signing in for a while."""
    return ArtifactList(items=await desk.views(job_id, principal))


@router.post(
    "/jobs/{job_id}/replay",
    status_code=201,
    summary="Pack up a job to be replayed elsewhere",
    responses=documented(401, 403, 404, 409, 410, 422, 503),
)
async def package_job(job_id: UUID, desk: ArtifactDeskDep, principal: Operator) -> ArtifactView:
    """A ZIP of the job's events, its TMX and its objects, which any installation checks and replays.

    The job's translation must be verified. Asking again while nothing has changed gives the same artifact.
    """
    return await desk.package(job_id, principal)


@router.get(
    "/artifacts/{job_id}/{kind}/{digest}/download",
    summary="Download an artifact",
    response_class=Response,
    responses={
        200: {
            "description": "The artifact.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            "headers": {"Content-Disposition": {"description": "Its name.", "schema": {"type": "string"}}},
        },
        **documented(403, 404, 410, 422, 503),
    },
)
async def download_artifact(
    job_id: UUID,
    kind: ArtifactKind,
    digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    desk: ArtifactDeskDep,
    expires: Annotated[int, Query(ge=0, le=2**53)],
    signature: Annotated[str, Query(min_length=1, max_length=128)],
) -> Response:
    """Public, as the signature says that somebody who may see the artifact gave the address away."""
    found = await desk.download(job_id, kind, digest, expires=expires, signature=signature)
    headers = {
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Length": str(found.size_bytes),
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(found.chunks, media_type=found.media_type, headers=headers)
