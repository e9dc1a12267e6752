"""The artifacts of a job, and their download through signed addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from dragoman_contracts.references import ArtifactKind
from dragoman_gateway.artifacts.desk import ArtifactDesk
from dragoman_gateway.artifacts.schemas import ArtifactList
from dragoman_gateway.jobs.api import JobFilterDep
from dragoman_gateway.jobs.schemas import ArtifactView
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.downloads import content_disposition
from dragoman_gateway.web.problems import documented

router = APIRouter(tags=["artifacts"])

ArtifactDeskDep = Annotated[ArtifactDesk, Depends(asked(ArtifactDesk))]


@router.get(
    "/jobs/{job_id}/artifacts",
    summary="List a job's artifacts",
    responses=documented(401, 403, 404, 422, 503),
)
async def list_artifacts(job_id: UUID, desk: ArtifactDeskDep, principal: Operator) -> ArtifactList:
    """The artifacts, in the order they were made,
    each with an address that works without signing in for a while.
    """
    return ArtifactList(items=await desk.views(job_id, principal))


@router.post(
    "/jobs/{job_id}/replay",
    status_code=201,
    summary="Pack up a job to be replayed elsewhere",
    responses=documented(401, 403, 404, 409, 410, 422, 503),
)
async def package_job(job_id: UUID, desk: ArtifactDeskDep, principal: Operator) -> ArtifactView:
    """A ZIP of the job's events, its TMX and its objects, which any installation checks and
    replays.

    The job's translation must be verified. Asking again while nothing has changed gives the same
    artifact.
    """
    return await desk.package(job_id, principal)


_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/results",
    summary="Download the results of several jobs",
    response_class=Response,
    responses={
        200: {"description": "A ZIP of the results.", "content": _ZIP},
        **documented(401, 403, 422, 503),
    },
)
async def download_results(desk: ArtifactDeskDep, which: JobFilterDep) -> Response:
    """The results of the jobs that the query asks for, as in their list: translated documents, and
    the files that commands wrote. `NOT-INCLUDED.txt` in it names the jobs that have none.

    At most 500 jobs.
    """
    return results_response(await desk.results(which))


def results_response(pieces: AsyncIterator[bytes]) -> Response:
    """A ZIP that is sent while it is written."""
    headers = {
        "Content-Disposition": content_disposition("results.zip"),
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


_PATH = "/artifacts/{job_id}/{kind}/{digest}/download"
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    _PATH,
    summary="Download an artifact",
    response_class=Response,
    responses={
        200: {
            "description": "The artifact.",
            "content": _BYTES,
            "headers": {
                "Content-Disposition": {"description": "Its name.", "schema": {"type": "string"}}
            },
        },
        206: {"description": "The part that `Range` asked for.", "content": _BYTES},
        **documented(403, 404, 410, 416, 422, 503),
    },
)
async def download_artifact(
    request: Request,
    job_id: UUID,
    kind: ArtifactKind,
    digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    desk: ArtifactDeskDep,
    expires: Annotated[int, Query(ge=0, le=2**53)],
    signature: Annotated[str, Query(min_length=1, max_length=128)],
    name: Annotated[str, Query(max_length=120, description="Which of several equal files.")] = "",
    range_: Annotated[str | None, Header(alias="range", description="One range of bytes.")] = None,
    if_range: Annotated[
        str | None, Header(description="The ETag that the range is of; else the whole is sent.")
    ] = None,
) -> Response:
    """Public, as the signature says that somebody who may see the artifact
    gave the address away.
    """
    tag = f'"{digest}"'
    wanted = range_ if if_range in (None, tag) else None
    found = await desk.download(
        job_id,
        kind,
        digest,
        expires=expires,
        signature=signature,
        name=name,
        range_=wanted,
        is_head=request.method == "HEAD",
    )
    length = found.size_bytes if found.part is None else found.part.length
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Length": str(length),
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox",
        "ETag": tag,
    }
    if found.part is not None:
        headers["Content-Range"] = found.part.content_range(found.size_bytes)
    status = 200 if found.part is None else 206
    return StreamingResponse(found.chunks, status, headers, media_type=found.media_type)


router.add_api_route(_PATH, download_artifact, methods=["HEAD"], include_in_schema=False)
