"""The artifacts of a job, and their download through signed addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact, ArtifactKind
from dragoman_gateway.jobs.detail.answers import artifact_views
from dragoman_gateway.jobs.detail.facts import job_records
from dragoman_gateway.jobs.schemas import ArtifactList, ArtifactView
from dragoman_gateway.web.dependencies import GatewayDep, Operator
from dragoman_gateway.web.downloads import (
    ArtifactErasedError,
    artifact_file_name,
    content_disposition,
    served_media_type,
)
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["artifacts"])


@router.get("/jobs/{job_id}/artifacts", summary="List a job's artifacts", responses=documented(401, 403, 404, 422, 503))
async def list_artifacts(job_id: UUID, gateway: GatewayDep, principal: Operator) -> ArtifactList:
    """The artifacts, in the order they were made, each with an address that works without signing in for a while."""
    job = await gateway.control.find(job_id, principal)
    records = await job_records(gateway.objects, job)
    return ArtifactList(items=artifact_views(job, records, gateway.downloads, gateway.clock.now()))


@router.post(
    "/jobs/{job_id}/replay",
    status_code=201,
    summary="Pack up a job to be replayed elsewhere",
    responses=documented(401, 403, 404, 409, 410, 422, 503),
)
async def package_job(job_id: UUID, gateway: GatewayDep, principal: Operator) -> ArtifactView:
    """A ZIP of the job's events, its TMX and its objects, which any installation checks and replays.

    The job's translation must be verified. Asking again while nothing has changed gives the same artifact.
    """
    job, package = await gateway.packaging.package(job_id, principal)
    records = await job_records(gateway.objects, job)
    views = artifact_views(job, records, gateway.downloads, gateway.clock.now())
    return next(each for each in views if each.sha256 == package.object.digest)


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
    gateway: GatewayDep,
    expires: Annotated[int, Query(ge=0, le=2**53)],
    signature: Annotated[str, Query(min_length=1, max_length=128)],
) -> Response:
    """Public, as the signature says that somebody who may see the artifact gave the address away."""
    gateway.downloads.require_valid(job_id, kind, digest, expires=expires, signature=signature, now=gateway.clock.now())
    job, _ = await gateway.jobs.load(job_id)
    artifact = _artifact(job, kind, digest)
    chunks = gateway.objects.open_stream(job.project_id, artifact.object)
    first = await anext(chunks, b"")  # before the answer begins, so that a missing object is a problem and no torso
    records = await job_records(gateway.objects, job)
    name = artifact_file_name(job, artifact, records.intake)
    headers = {
        "Content-Disposition": content_disposition(name),
        "Content-Length": str(artifact.object.size_bytes),
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(_all(first, chunks), media_type=served_media_type(artifact, name), headers=headers)


def _artifact(job: Job, kind: ArtifactKind, digest: str) -> Artifact:
    for artifact in job.artifacts:
        if artifact.kind is kind and artifact.object.digest == digest:
            return artifact
    raise ArtifactErasedError("This artifact was erased; the job's events say when.")


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
