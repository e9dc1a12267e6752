"""Objects as pages: the classes with their objects, and one object with its fields, phases, tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import JsonValue
from starlette.responses import Response

from dragoman_catalog import SavedClass
from dragoman_contracts.ai_results import AiTaskStatus
from dragoman_contracts.errors import DragomanError
from dragoman_gateway.jobs.detail.page import size_text
from dragoman_gateway.jobs.detail.words import Label
from dragoman_gateway.jobs.pages.chips import Chip
from dragoman_gateway.objects.api.objects import ObjectDeskDep
from dragoman_gateway.objects.desk import ObjectDesk, ObjectEntry, ShownObject
from dragoman_gateway.objects.pages.forms import object_form, value_text
from dragoman_gateway.objects.rules.standing import ObjectStatus, shown_fields
from dragoman_gateway.objects.view import ObjectFilter
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.cursors import InvalidCursorError
from dragoman_gateway.web.errors import FaultsError
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PATH = "/console/objects"
_PAGE = 50
_SHOWN = 3  # fields beside an object in a list
_TITLE_LENGTH = 60
_NOTICES = {
    "created": "Created.",
    "saved": "Saved. Nothing was started by it.",
    "started": "The phase begins.",
    "retried": "The task is done again.",
    "removed": "The object is out of the lists.",
}
LABELS = {
    ObjectStatus.NEW: Label("New", "quiet", "file"),
    ObjectStatus.RUNNING: Label("Running", "active", "dots"),
    ObjectStatus.READY: Label("Ready", "good", "check"),
    ObjectStatus.ERROR: Label("Error", "bad", "cross"),
}
_TASKS = {
    AiTaskStatus.PENDING: Label("Pending", "quiet", "clock"),
    AiTaskStatus.RUNNING: Label("Running", "active", "dots"),
    AiTaskStatus.DONE: Label("Done", "good", "check"),
    AiTaskStatus.ERROR: Label("Error", "bad", "cross"),
}
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def classes_page(visit: SignedIn, desk: ObjectDeskDep, notice: _Short = "") -> Response:
    """The classes that the person sees, with how many objects each has."""
    counts = await desk.queries.count_by_class(visit.principal.project_ids)
    return visit.page(
        "objects/classes.html",
        section="objects",
        notice=_NOTICES.get(notice, ""),
        rows=await desk.classes.all(visit.principal),
        counts=counts,
        codes=await desk.classes.project_codes(),
    )


@router.get("/{class_name}")
async def objects_page(
    visit: SignedIn,
    desk: ObjectDeskDep,
    class_name: str,
    status: _Short = "",
    q: _Short = "",
    cursor: Annotated[str, Query(max_length=500)] = "",
    notice: _Short = "",
) -> Response:
    """The objects of a class, the newest first."""
    saved = await desk.classes.find(class_name, visit.principal)
    path, query = f"{_PATH}/{class_name}", {"status": status, "q": q}
    known = ObjectStatus(status) if status in set(ObjectStatus) else None
    which = ObjectFilter(class_name, visit.principal.project_ids, known, text=q)
    try:
        found = await desk.queries.list_objects(which, cursor=cursor or None, limit=_PAGE)
    except InvalidCursorError:
        return see_other(address(path, **query))
    counts = await desk.queries.count_by_status(which)
    lag = await desk.views_lag()
    next_url = address(path, **query, cursor=found.next_cursor) if found.next_cursor else ""
    return visit.page(
        "objects/objects.html",
        section="objects",
        notice=_NOTICES.get(notice, ""),
        saved=saved,
        rows=[(each, _summary(saved, each.values)) for each in found.rows],
        chips=_chips(path, counts, query),
        labels=LABELS,
        query=query,
        lag=lag,
        is_empty=not found.rows and not counts and not any(query.values()) and not lag,
        is_first=not cursor,
        first_url=address(path, **query),
        next_url=next_url,
        poll_s=1 if lag and not found.rows else 4 if counts.get(ObjectStatus.RUNNING) else 20,
    )


@router.get("/{class_name}/new")
async def new_object_page(visit: SignedIn, desk: ObjectDeskDep, class_name: str) -> Response:
    """The empty form."""
    saved = await desk.classes.find(class_name, visit.principal)
    return await _new(visit, desk, saved)


@router.post("/{class_name}/new")
async def create(visit: Writing, desk: ObjectDeskDep, class_name: str) -> Response:
    """Create an object of the form's values; its pipeline begins."""
    saved = await desk.classes.find(class_name, visit.principal)
    form = await visit.request.form()
    try:
        entry = await object_form(form, saved)
        shown = await desk.create(class_name, entry, visit.principal)
    except DragomanError as error:
        sent = {name: str(value) for name, value in form.items() if isinstance(value, str)}
        return await _new(visit, desk, saved, sent=sent, error=error)
    return see_other(address(f"{_PATH}/{class_name}/{shown.history.object_id}", notice="created"))


@router.get("/{class_name}/{object_id}")
async def object_page(
    visit: SignedIn, desk: ObjectDeskDep, class_name: str, object_id: UUID, notice: _Short = ""
) -> Response:
    """One object: its fields, how far its pipeline is, its tasks."""
    return await _show(visit, desk, class_name, object_id, notice=_NOTICES.get(notice, ""))


@router.post("/{class_name}/{object_id}")
async def edit(visit: Writing, desk: ObjectDeskDep, class_name: str, object_id: UUID) -> Response:
    """Save the fields that were changed, and go on from a phase where one was chosen."""
    form = await visit.request.form()
    shown = await desk.find(class_name, object_id, visit.principal)
    phase = str(form.get("phase", ""))
    try:
        entry = await object_form(form, shown.saved, shown.fields)
        if phase:
            values = {**entry.values, shown.saved.declaration.phase_field: phase}
            entry = ObjectEntry(values, entry.uploads)
        await desk.patch(class_name, object_id, entry, visit.principal)
    except DragomanError as error:
        return await _show(visit, desk, class_name, object_id, error=error)
    done = "started" if phase else "saved"
    return see_other(address(f"{_PATH}/{class_name}/{object_id}", notice=done))


@router.post("/{class_name}/{object_id}/remove")
async def remove(visit: Writing, desk: ObjectDeskDep, class_name: str, object_id: UUID) -> Response:
    """Take the object out of the lists."""
    try:
        await desk.remove(class_name, object_id, visit.principal)
    except DragomanError as error:
        return await _show(visit, desk, class_name, object_id, error=error)
    return see_other(address(f"{_PATH}/{class_name}", notice="removed"))


@router.get("/{class_name}/{object_id}/tasks/{task_name}/prompt")
async def prompt(
    visit: SignedIn, desk: ObjectDeskDep, class_name: str, object_id: UUID, task_name: str
) -> Response:
    """A task's prompt as it would be asked now, by its sections."""
    shown = await desk.find(class_name, object_id, visit.principal)
    found = await desk.explained_task(class_name, object_id, task_name, visit.principal)
    return visit.page(
        "objects/prompt.html",
        section="objects",
        shown=shown,
        object_id=object_id,
        title=_title(shown),
        found=found,
        pretty=_pretty,
    )


@router.post("/{class_name}/{object_id}/tasks/{task_name}/retry")
async def retry(
    visit: Writing, desk: ObjectDeskDep, class_name: str, object_id: UUID, task_name: str
) -> Response:
    """Do one failed task again."""
    try:
        await desk.retry_task(class_name, object_id, task_name, visit.principal)
    except DragomanError as error:
        return await _show(visit, desk, class_name, object_id, error=error)
    return see_other(address(f"{_PATH}/{class_name}/{object_id}", notice="retried"))


async def _new(
    visit: Visit,
    desk: ObjectDesk,
    saved: SavedClass,
    *,
    sent: Mapping[str, str] | None = None,
    error: DragomanError | None = None,
) -> Response:
    projects = [
        code
        for each, code in (await desk.classes.project_codes()).items()
        if visit.principal.sees(each)
    ]
    return visit.page(
        "objects/new.html",
        status_code=200 if error is None else 422,
        section="objects",
        saved=saved,
        values=sent or {},
        problems=_problems(error),
        projects=sorted(projects) if saved.is_of_installation else [],
    )


async def _show(
    visit: Visit,
    desk: ObjectDesk,
    class_name: str,
    object_id: UUID,
    *,
    notice: str = "",
    error: DragomanError | None = None,
) -> Response:
    shown = await desk.find(class_name, object_id, visit.principal)
    tasks = await desk.tasks(class_name, object_id, visit.principal, shows_prompts=True)
    fields = shown.saved.declaration.fields
    creator = shown.history.created_by
    return visit.page(
        "objects/object.html",
        status_code=200 if error is None else 409,
        section="objects",
        notice=notice,
        problems=_problems(error),
        shown=shown,
        object_id=object_id,
        title=_title(shown),
        created_by=(await desk.classes.names([creator]))[creator],
        label=LABELS[shown.status],
        error_message=await desk.error_message(shown),
        steps=_steps(shown),
        tasks=tasks,
        task_labels=_TASKS,
        texts={name: value_text(each, shown.fields.get(name)) for name, each in fields.items()},
        is_moving=shown.status is ObjectStatus.RUNNING,
        pretty=_pretty,
        size_text=size_text,
    )


def _steps(shown: ShownObject) -> list[tuple[str, str, str]]:
    """The class's phases, each with its state and what it does."""
    names = shown.saved.declaration.phase_names
    pipeline = shown.saved.declaration.pipeline
    at = names.index(shown.phase) if shown.phase in names else -1
    found: list[tuple[str, str, str]] = []
    for number, phase in enumerate(pipeline.phases if pipeline else ()):
        is_done = number < at or shown.status is ObjectStatus.READY
        here = {ObjectStatus.RUNNING: "running", ObjectStatus.ERROR: "stopped"}
        state = "done" if is_done else here.get(shown.status, "") if number == at else ""
        count = len(phase.tasks)
        said = f"script {phase.script}" if phase.script else f"{count} task{'s' * (count != 1)}"
        found.append((phase.name, state or "owed", said))
    return found


def _problems(error: DragomanError | None) -> list[tuple[str, str]]:
    match error:
        case None:
            return []
        case FaultsError():
            return [(".".join(map(str, each.place)), each.message) for each in error.faults]
        case _:
            return [("", error.message)]


def _title(shown: ShownObject) -> str:
    """The name of its first document, else the beginning of its first text, else its id."""
    texts: list[str] = []
    for value in shown.fields.values():
        if isinstance(value, dict) and isinstance(name := value.get("file_name"), str):
            return name
        if isinstance(value, str) and value.strip() and value != shown.phase:
            texts.append(shorten(value, _TITLE_LENGTH, placeholder="…"))
    return texts[0] if texts else str(shown.history.object_id)


def _summary(saved: SavedClass, values: Mapping[str, JsonValue]) -> tuple[str, str]:
    """The title of an object in a list, and a few of its other fields."""
    shown = shown_fields(saved.declaration, values, "")
    title, told = "", list[str]()
    for name, value in shown.items():
        if isinstance(value, dict) and "file_name" in value:
            title = title or str(value["file_name"])
        elif isinstance(value, str | int) and not (isinstance(value, str) and len(value) > 80):
            told.append(f"{name}: {value}")
    return title or (told[0] if told else ""), " · ".join(told[:_SHOWN])


def _pretty(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _chips(
    path: str, counts: Mapping[ObjectStatus, int], query: Mapping[str, str]
) -> Sequence[Chip]:
    chosen = query.get("status", "")
    offered: list[tuple[str, str, int]] = [("", "All", sum(counts.values()))]
    offered += [
        (each.value, label.text, counts.get(each, 0))
        for each, label in LABELS.items()
        if counts.get(each) or each.value == chosen
    ]
    return [
        Chip(key, text, count, address(path, **{**query, "status": key}), key == chosen)
        for key, text, count in offered
    ]
