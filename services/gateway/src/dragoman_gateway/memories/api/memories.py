"""Memories as a whole, their imports and exports, and the search by score."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Header, Query, Request, Response, UploadFile
from starlette.responses import StreamingResponse

from dragoman_contracts.locale import Locale
from dragoman_contracts.memory_steps import TMX_MEDIA_TYPE
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.schemas import LOCATION, JobDetail
from dragoman_gateway.memories.desk import MemoryDesk, Shelved
from dragoman_gateway.memories.schemas import (
    ImportList,
    ImportOrder,
    MatchView,
    MemoryChange,
    MemoryList,
    MemoryView,
    NewMemory,
    import_view,
    match_view,
    pair_view,
)
from dragoman_gateway.web.dependencies import EditedVersion, Operator, etag
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_gateway.web.problems import documented
from dragoman_gateway.web.tracing import ACCEPTED, request_span
from dragoman_gateway.web.uploads import Upload
from dragoman_memory import MemoryState
from dragoman_runtime.telemetry import current_traceparent

router = APIRouter()
Desk = Annotated[MemoryDesk, Depends(asked(MemoryDesk))]
_ETAG = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
_READ = documented(401, 403, 404, 422, 503)
_WRITE = documented(400, 401, 403, 404, 409, 413, 422, 503)
_EDIT = documented(400, 401, 403, 404, 409, 412, 413, 422, 428, 503)


class ImportForm(ImportOrder):
    """The form of an import."""

    file: Annotated[UploadFile, File(description="A TMX file, of any version and program.")]


@router.get("/memories", summary="List memories", responses=documented(401, 403, 422, 503))
async def list_memories(
    desk: Desk,
    principal: Operator,
    project_code: Annotated[
        str | None, Query(max_length=60, description="Those that this project may read.")
    ] = None,
) -> MemoryList:
    """The memories of one's projects and of the installation, by name."""
    found = await desk.shelf.all(principal, project_code)
    return MemoryList(items=[memory_view(each) for each in found])


@router.post(
    "/memories",
    status_code=201,
    summary="Enter a memory",
    responses={201: {"headers": _ETAG}, **_WRITE},
)
async def create_memory(
    response: Response, desk: Desk, principal: Operator, entry: NewMemory
) -> MemoryView:
    """Enter a memory of a project; one of the installation only as an admin."""
    made = await desk.shelf.enter(principal, entry)
    response.headers["Location"] = f"/api/v1/memories/{made.memory.memory_id}"
    return _shown(made, response)


@router.get(
    "/memories/{memory_id}", summary="Show a memory", responses={200: {"headers": _ETAG}, **_READ}
)
async def show_memory(
    memory_id: UUID, response: Response, desk: Desk, principal: Operator
) -> MemoryView:
    """A memory, and how many units it has in each pair of locales."""
    return _shown(await desk.shelf.find(memory_id, principal), response)


@router.patch(
    "/memories/{memory_id}", summary="Edit a memory", responses={200: {"headers": _ETAG}, **_EDIT}
)
async def edit_memory(
    memory_id: UUID,
    response: Response,
    desk: Desk,
    principal: Operator,
    version: EditedVersion,
    change: MemoryChange,
) -> MemoryView:
    """Give a memory another name or description."""
    return _shown(await desk.shelf.edit(principal, memory_id, version, change), response)


@router.delete(
    "/memories/{memory_id}",
    status_code=204,
    summary="Remove a memory",
    responses=documented(400, 401, 403, 404, 409, 412, 422, 428, 503),
)
async def remove_memory(
    memory_id: UUID, desk: Desk, principal: Operator, version: EditedVersion
) -> None:
    """Remove a memory with all its units, as an admin. Jobs keep what they pinned of it."""
    await desk.shelf.remove(principal, memory_id, version)


@router.post(
    "/memories/{memory_id}/imports",
    status_code=202,
    summary="Import a TMX",
    responses={
        202: {"description": "A job takes the file in.", "headers": LOCATION},
        **_WRITE,
    },
)
async def import_memory(
    memory_id: UUID,
    request: Request,
    response: Response,
    desk: Desk,
    jobs: JobDeskDep,
    principal: Operator,
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
    dry_run: Annotated[bool, Query(description="Report all, and change nothing.")] = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Take a TMX file into a memory, wholly or not at all.

    The job's artifact `import-report.json` counts what is new, changed and unchanged, and says of
    each entry that was not taken why.
    """
    with request_span("POST /memories/{memory_id}/imports", request) as root:
        upload = Upload(form.file.filename or "", form.file.file)
        submitted = await desk.shelf.take_in(
            principal,
            memory_id,
            form,
            upload,
            dry_run=dry_run,
            idempotency_key=idempotency_key,
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
        root.set(**ACCEPTED)
    return await answer_accepted(jobs, submitted.job, response)


@router.get("/memories/{memory_id}/imports", summary="List imports", responses=_READ)
async def list_imports(memory_id: UUID, desk: Desk, principal: Operator) -> ImportList:
    """The last 50 imports into a memory, and the reviews whose targets came in, the newest first."""
    found = await desk.shelf.imports(memory_id, principal)
    return ImportList(items=[import_view(each) for each in found])


@router.get(
    "/memories/{memory_id}/export",
    summary="Export a TMX",
    response_class=Response,
    responses={
        200: {
            "description": "TMX 1.4b, level 2.",
            "content": {TMX_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        **_READ,
    },
)
async def export_memory(
    memory_id: UUID,
    desk: Desk,
    principal: Operator,
    source_language: Annotated[Locale, Query()],
    target_language: Annotated[Locale, Query()],
    state: Annotated[MemoryState | None, Query(description="Only units of this state.")] = None,
) -> Response:
    """The units of a pair of locales as TMX 1.4b, with their neighbours' digests and states."""
    pieces = await desk.shelf.export(memory_id, principal, source_language, target_language, state)
    name = (await desk.shelf.memory(memory_id, principal)).name
    file = quote(f"{name}.{source_language}-{target_language}.tmx".replace("/", "-"), safe="")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename=\"memory.tmx\"; filename*=UTF-8''{file}",
    }
    return StreamingResponse(pieces, media_type=TMX_MEDIA_TYPE, headers=headers)


@router.get("/memories/{memory_id}/search", summary="Look a text up", responses=_READ)
async def search_memory(
    memory_id: UUID,
    desk: Desk,
    principal: Operator,
    q: Annotated[str, Query(min_length=1, max_length=2000, pattern=NUL_FREE)],
    source_language: Annotated[Locale, Query()],
    target_language: Annotated[Locale, Query()],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    least: Annotated[int, Query(ge=50, le=102, description="The lowest score.")] = 50,
) -> list[MatchView]:
    """The units that match a text, the best first, scored as a job scores them."""
    found = await desk.looking.matches(
        memory_id, principal, q, source_language, target_language, most=limit, least=least
    )
    return [match_view(each) for each in found]


def memory_view(shelved: Shelved) -> MemoryView:
    """The memory as it goes out."""
    memory, pairs = shelved.memory, [pair_view(each) for each in shelved.pairs]
    return MemoryView(
        memory_id=memory.memory_id,
        name=memory.name,
        project_code=shelved.project_code,
        description=memory.description,
        unit_count=sum(each.unit_count for each in pairs),
        indexed_count=sum(each.indexed_count for each in pairs),
        pairs=pairs,
        index_job_id=memory.index_job_id,
        created_at=memory.created_at,
        created_by=memory.created_by,
        version=memory.version,
    )


def _shown(shelved: Shelved, response: Response) -> MemoryView:
    response.headers["ETag"] = etag(shelved.memory.version)
    return memory_view(shelved)
