"""Pipelines as pages: the list, and one with its form, its versions and the variables a command may
have.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import EntryExistsError, PipelineRefusedError, Role, SavedPipeline
from dragoman_contracts.commands import TEMPLATE_VARIABLES, command_line
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.phases import BUILT_IN_PIPELINES
from dragoman_gateway.pipelines.desk import PipelineDesk
from dragoman_gateway.pipelines.schemas import EditedPipeline, NewPipeline, command_of
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import version_sent
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PATH = "/console/pipelines"
_FIELDS = ("name", "command", "model_id", "timeout_s")
_NOTICES = {
    "saved": "Saved.",
    "retired": "The pipeline takes no new jobs.",
    "active": "The pipeline takes jobs.",
}
_Desk = Annotated[PipelineDesk, Depends(asked(PipelineDesk))]
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def pipelines_page(visit: SignedIn, desk: _Desk, notice: _Short = "") -> Response:
    """Every pipeline at its newest version, the built-in ones first."""
    return visit.page(
        "pipelines/pipelines.html",
        section="pipelines",
        notice=_NOTICES.get(notice, ""),
        rows=[(each, command_of(each)) for each in await desk.all()],
        built_in=BUILT_IN_PIPELINES,
        line_of=command_line,
    )


@router.get("/new")
async def new_pipeline_page(visit: SignedIn, desk: _Desk) -> Response:
    """The empty form."""
    visit.principal.require(Role.ADMIN)
    return await _form(visit, desk, None, {"timeout_s": "1800"}, {})


@router.post("")
async def create(visit: Writing, desk: _Desk) -> Response:
    """Save a new pipeline of one command."""
    visit.principal.require(Role.ADMIN)
    values = await _values(visit)
    try:
        saved = await desk.save(
            visit.principal, NewPipeline.model_validate(_entry(values) | {"name": values["name"]})
        )
    except (ValueError, PipelineRefusedError, EntryExistsError) as error:
        return await _form(visit, desk, None, values, _problems(error), status_code=422)
    return see_other(address(f"{_PATH}/{saved.name}", notice="saved"))


@router.get("/{pipeline_id}")
async def pipeline_page(
    visit: SignedIn, desk: _Desk, pipeline_id: str, notice: _Short = ""
) -> Response:
    """One pipeline, to look at or to edit."""
    saved = await desk.find(pipeline_id)
    return await _form(visit, desk, saved, _values_of(saved), {}, notice=_NOTICES.get(notice, ""))


@router.post("/{pipeline_id}")
async def edit(visit: Writing, desk: _Desk, pipeline_id: str) -> Response:
    """Save the next version of a pipeline of one command."""
    visit.principal.require(Role.ADMIN)
    values = await _values(visit)
    try:
        entry = EditedPipeline.model_validate(_entry(values) | {"name": values["name"]})
        await desk.edit(visit.principal, pipeline_id, await version_sent(visit), entry)
    except (ValueError, DragomanError) as error:
        saved = await desk.find(pipeline_id)
        return await _form(visit, desk, saved, values, _problems(error), status_code=422)
    return see_other(address(f"{_PATH}/{pipeline_id}", notice="saved"))


@router.post("/{pipeline_id}/{action}")
async def switch(visit: Writing, desk: _Desk, pipeline_id: str, action: str) -> Response:
    """Let the pipeline take new jobs, or none."""
    visit.principal.require(Role.ADMIN)
    version = await version_sent(visit)
    if action == "retire":
        await desk.retire(visit.principal, pipeline_id, version)
        return see_other(address(f"{_PATH}/{pipeline_id}", notice="retired"))
    await desk.activate(visit.principal, pipeline_id, version)
    return see_other(address(f"{_PATH}/{pipeline_id}", notice="active"))


async def _form(
    visit: Visit,
    desk: PipelineDesk,
    saved: SavedPipeline | None,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    notice: str = "",
    status_code: int = 200,
) -> Response:
    is_ours = saved is not None and saved.name in BUILT_IN_PIPELINES
    has_command = saved is None or command_of(saved) is not None
    versions = await desk.versions(saved.name) if saved else []
    return visit.page(
        "pipelines/pipeline.html",
        status_code=status_code,
        section="pipelines",
        notice=notice,
        saved=saved,
        is_built_in=is_ours,
        has_command=has_command,
        can_edit=visit.principal.role is Role.ADMIN and has_command and not is_ours,
        values=defaultdict(str, values),
        errors=defaultdict(str, errors),
        models=await desk.models(),
        variables=TEMPLATE_VARIABLES,
        versions=versions,
        names=await desk.names(each.saved_by for each in versions),
    )


async def _values(visit: Visit) -> dict[str, str]:
    form = await visit.request.form()
    return {name: str(form.get(name, "")).strip() for name in _FIELDS}


def _values_of(saved: SavedPipeline) -> dict[str, str]:
    command = command_of(saved)
    values = {"name": saved.title or saved.name, "command": "", "model_id": "", "timeout_s": "1800"}
    if command is not None:
        values["command"] = command_line(command.command)
        values["model_id"] = str(command.model_id or "")
        values["timeout_s"] = str(command.timeout_s)
    return values


def _entry(values: dict[str, str]) -> dict[str, object]:
    """The form as the API takes it. The command is split as a shell splits it, and run without one.

    Raises:
        ValueError: the command has a quotation that does not end, or the model's id is none.
    """
    try:
        words = shlex.split(values["command"])
    except ValueError as error:
        raise ValueError(f"command: {error}") from error
    entry: dict[str, object] = {"command": words, "timeout_s": values["timeout_s"] or 1800}
    if values["model_id"]:
        entry["model_id"] = UUID(values["model_id"])
    return entry


def _problems(error: Exception) -> dict[str, str]:
    """The faults by field of the form; under an empty name those of no field."""
    match error:
        case ValidationError():
            found = [
                (str(each["loc"][0]) if each["loc"] else "", each["msg"]) for each in error.errors()
            ]
        case PipelineRefusedError():
            found = [(str(fault.place[0]), fault.message) for fault in error.faults]
        case DragomanError():
            found = [("name" if isinstance(error, EntryExistsError) else "", error.message)]
        case _:
            found = [("command", str(error).removeprefix("command: "))]
    return {
        name if name in _FIELDS else "command": text.removeprefix("Value error, ")
        for name, text in reversed(found)
    }
