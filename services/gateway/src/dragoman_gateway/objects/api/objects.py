"""Objects over HTTP: created, listed, shown, edited, started from a phase, removed; their tasks."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from dragoman_catalog import SavedClass
from dragoman_contracts.classes import FieldType
from dragoman_gateway.objects.api.bodies import MULTIPART, object_sent
from dragoman_gateway.objects.api.classes import ClassName
from dragoman_gateway.objects.desk import ObjectDesk, ShownObject
from dragoman_gateway.objects.rules.standing import ObjectStatus, shown_fields
from dragoman_gateway.objects.schemas import (
    AiTaskList,
    ObjectDetail,
    ObjectPage,
    object_summary,
    task_view,
)
from dragoman_gateway.objects.view import ObjectFilter
from dragoman_gateway.web.dependencies import Cursor, Limit, Operator, SearchText
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.fields import NUL_FREE
from dragoman_gateway.web.problems import documented
from dragoman_scripting.explaining import ExplainedTask

router = APIRouter()

ObjectDeskDep = Annotated[ObjectDesk, Depends(asked(ObjectDesk))]
_TaskName = Annotated[str, Path(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=80)]
_WRITE = documented(400, 401, 403, 404, 409, 410, 413, 422, 503)
_READ = documented(401, 403, 404, 422, 503)
_FIELDS = {
    "type": "object",
    "description": "Values by field, or `fields` and `project_code`.",
    "properties": {
        "fields": {"type": "object", "additionalProperties": True},
        "project_code": {"type": "string", "maxLength": 60},
    },
    "additionalProperties": True,
}
_FORM = {
    "type": "object",
    "properties": {
        "fields": {"type": "string", "description": "The values, as one JSON object."},
        "project_code": {"type": "string", "maxLength": 60},
    },
    "additionalProperties": {
        "type": "string",
        "format": "binary",
        "description": "A file for the DOCUMENT field of this name.",
    },
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _FIELDS}, MULTIPART: {"schema": _FORM}},
    }
}


@router.post(
    "/objects/{class_name}",
    status_code=201,
    summary="Create an object",
    responses={
        201: {
            "headers": {"Location": {"description": "The object.", "schema": {"type": "string"}}}
        },
        **_WRITE,
    },
    openapi_extra=_BODY,
)
async def create_object(
    class_name: ClassName,
    request: Request,
    response: Response,
    desk: ObjectDeskDep,
    principal: Operator,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> ObjectDetail:
    """Create an object. The first phase of its class's pipeline begins at once; where the phase
    field names another, that one.
    """
    async with object_sent(request, idempotency_key) as entry:
        shown = await desk.create(class_name, entry, principal)
    response.headers["Location"] = f"/api/v1/objects/{class_name}/{shown.history.object_id}"
    return await _detail(desk, shown)


@router.get("/objects/{class_name}", summary="List objects", responses=_READ)
async def list_objects(
    class_name: ClassName,
    desk: ObjectDeskDep,
    principal: Operator,
    status: ObjectStatus | None = None,
    phase: Annotated[str, Query(max_length=80, pattern=NUL_FREE)] = "",
    project: Annotated[
        str | None, Query(max_length=60, pattern=r"^[a-z0-9_-]*$", description="Its code.")
    ] = None,
    where: Annotated[
        list[Annotated[str, Query(max_length=500, pattern=NUL_FREE)]] | None,
        Query(
            description="`field=value`: objects whose field has this value, of 200 characters at "
            "most; may be repeated.",
            max_length=10,
        ),
    ] = None,
    q: SearchText = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ObjectPage:
    """Objects of a class, the one that was created last first; `q` is looked for in its texts and
    file names.
    """
    saved = await desk.classes.find(class_name, principal)
    which = ObjectFilter(
        class_name,
        principal.scope_of(project),
        status,
        phase,
        q.strip(),
        dict(_condition(saved, each) for each in where or ()),
    )
    page = await desk.queries.list_objects(which, cursor=cursor, limit=limit)
    return ObjectPage(
        items=[
            object_summary(row, shown_fields(saved.declaration, row.values, row.phase))
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
    )


@router.get("/objects/{class_name}/{object_id}", summary="Show an object", responses=_READ)
async def show_object(
    class_name: ClassName, object_id: UUID, desk: ObjectDeskDep, principal: Operator
) -> ObjectDetail:
    """The object as its events and those of its jobs tell it."""
    return await _detail(desk, await desk.find(class_name, object_id, principal))


@router.patch(
    "/objects/{class_name}/{object_id}",
    summary="Edit an object",
    responses=_WRITE,
    openapi_extra=_BODY,
)
async def edit_object(
    class_name: ClassName,
    object_id: UUID,
    request: Request,
    desk: ObjectDeskDep,
    principal: Operator,
) -> ObjectDetail:
    """Set fields; those that are left out stay. With the phase field among them that phase begins,
    the first one where it is empty: of a run that failed there, and with no field edited since,
    only what failed is done again. A 409 names the job that runs.
    """
    async with object_sent(request) as entry:
        if entry.project_code:
            raise FieldRefusedError("project_code", "An object stays in its project; leave it out.")
        return await _detail(desk, await desk.patch(class_name, object_id, entry, principal))


@router.delete(
    "/objects/{class_name}/{object_id}",
    status_code=204,
    summary="Remove an object",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def remove_object(
    class_name: ClassName, object_id: UUID, desk: ObjectDeskDep, principal: Operator
) -> None:
    """Take an object out of the lists, and its jobs and tasks with it. Its events stay, and what it
    holds goes by retention.
    """
    await desk.remove(class_name, object_id, principal)


@router.get(
    "/objects/{class_name}/{object_id}/ai-tasks",
    summary="List an object's AI tasks",
    responses=_READ,
)
async def list_ai_tasks(
    class_name: ClassName, object_id: UUID, desk: ObjectDeskDep, principal: Operator
) -> AiTaskList:
    """The newest run of each task, with its answer, its tokens and its cost."""
    found = await desk.tasks(class_name, object_id, principal)
    return AiTaskList(items=[task_view(each) for each in found])


@router.get(
    "/objects/{class_name}/{object_id}/ai-tasks/{task_name}/prompt",
    summary="Explain a task's prompt",
    responses=_READ,
)
async def explain_prompt(
    class_name: ClassName,
    object_id: UUID,
    task_name: _TaskName,
    desk: ObjectDeskDep,
    principal: Operator,
) -> ExplainedTask:
    """The very prompt of a task as it would be asked now, by section, with where each came from, the
    schema of its answer and about how many tokens it has. Nothing is asked and nothing paid.
    """
    return await desk.explained_task(class_name, object_id, task_name, principal)


@router.post(
    "/objects/{class_name}/{object_id}/ai-tasks/{task_name}/retry",
    status_code=202,
    summary="Do a failed task again",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def retry_ai_task(
    class_name: ClassName,
    object_id: UUID,
    task_name: _TaskName,
    desk: ObjectDeskDep,
    principal: Operator,
) -> ObjectDetail:
    """Do one failed task again. The phase goes on once no other task of it has failed."""
    return await _detail(desk, await desk.retry_task(class_name, object_id, task_name, principal))


async def _detail(desk: ObjectDesk, shown: ShownObject) -> ObjectDetail:
    history, job, record = shown.history, shown.read.job, shown.read.record
    return ObjectDetail(
        id=history.object_id,
        class_name=shown.saved.name,
        class_version=shown.class_version,
        project_code=record.project_code if record else "",
        fields=shown.fields,
        status=shown.status,
        phase=shown.phase,
        job_id=history.job_id,
        job_status=job.status if job else None,
        created_at=history.created_at,
        changed_at=history.changed_at,
        created_by=history.created_by,
        phases=list(shown.saved.declaration.phase_names),
        job_ids=list(reversed(history.job_ids)),
        error_message=await desk.error_message(shown),
    )


def _condition(saved: SavedClass, where: str) -> tuple[str, str]:
    name, found, text = where.partition("=")
    field = saved.declaration.fields.get(name)
    if not found or field is None or "\n" in text:
        raise FieldRefusedError(
            "where", f"{where[:80]!r} is no field=value of class {saved.name!r}."
        )
    plain = text.removeprefix("-")
    match field.type:
        case FieldType.INTEGER if plain.isascii() and plain.isdigit():
            return name, text
        case FieldType.BOOLEAN if text in {"true", "false"}:
            return name, text
        case FieldType.TEXT | FieldType.DECIMAL | FieldType.DATE:
            return name, text
        case FieldType.LIST if field.values:
            return name, text
        case _:
            raise FieldRefusedError(
                "where",
                f"Field {name!r} is {field.type}: {text[:40]!r} cannot be looked for in it.",
            )
