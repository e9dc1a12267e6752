"""Projects as pages: the list, and one with its settings and its language pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import JsonValue
from starlette.responses import Response

from dragoman_catalog import Project, ProjectSettings, Role
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_gateway.projects.desk import ProjectDesk
from dragoman_gateway.projects.schemas import NewPair, NewProject, PairEntry, ProjectEntry
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.forms import (
    Form,
    FormRefusedError,
    file_sent,
    is_whole_admin,
    refused,
    require_whole_admin,
    valid,
    values_of,
    version_of,
)
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_linguistics import PROFILES

_PATH = "/console/projects"
_NOTICES = {
    "entered": "Entered.",
    "saved": "Saved. Jobs that are submitted from now on follow it.",
    "pair": "Saved.",
    "rules": "Documents that are submitted from now on are cut by them.",
    "removed": "The pair is removed. Its jobs go on.",
}
_TEXTS = ("default_engine", "model", "qa_profile", "pipeline_id")
_NUMBERS = ("batch_size", "max_attempts", "retention_days")
_SWITCHES = ("is_auto_start", "accepts_unlisted_pairs", "auto_process")
_IN_FIELDS = frozenset({*_TEXTS, *_NUMBERS, *_SWITCHES})
_PATTERNS = {
    "code": "Write small letters, digits, - and _; begin with a letter or a digit.",
    **dict.fromkeys(("default_engine", "model", "engine"), "Leave out spaces."),
}
_NESTED = frozenset({"settings"})
_Desk = Annotated[ProjectDesk, Depends(asked(ProjectDesk))]
_Short = Annotated[str, Query(max_length=40)]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def projects_page(visit: SignedIn, desk: _Desk) -> Response:
    """The projects that the admin sees."""
    visit.principal.require(Role.ADMIN)
    return visit.page(
        "projects/projects.html",
        section="projects",
        projects=await desk.visible(visit.principal),
        can_enter=is_whole_admin(visit),
    )


@router.get("/new")
async def new_project_page(visit: SignedIn, desk: _Desk) -> Response:
    """The form of a new project."""
    require_whole_admin(visit, "New projects")
    return await _page(visit, desk, None, Form(_values(None)))


@router.post("")
async def enter_project(visit: Writing, desk: _Desk) -> Response:
    """Enter a project; say on the same page why it cannot be."""
    require_whole_admin(visit, "New projects")
    values = await values_of(visit)
    try:
        body = {"code": values.get("code", "").strip(), **_body(values)}
        made = await desk.enter(visit.principal, _valid_project(body))
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error, nested=_NESTED)
        return await _page(visit, desk, None, form, status=status)
    return see_other(address(f"{_PATH}/{made.code}", notice="entered"))


@router.get("/{code}")
async def project_page(visit: SignedIn, desk: _Desk, code: str, notice: _Short = "") -> Response:
    """A project, with the form of its settings and its language pairs."""
    visit.principal.require(Role.ADMIN)
    project = await desk.find(visit.principal, code)
    said = _NOTICES.get(notice, "")
    return await _page(visit, desk, project, Form(_values(project)), notice=said)


@router.post("/{code}")
async def edit_project(visit: Writing, desk: _Desk, code: str) -> Response:
    """Save name and settings; say on the same page why they cannot be."""
    visit.principal.require(Role.ADMIN)
    project, values = await desk.find(visit.principal, code), await values_of(visit)
    try:
        entry = valid(ProjectEntry, _body(values), patterns=_PATTERNS, nested=_NESTED)
        await desk.edit(visit.principal, code, version_of(values), entry)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        form, status = refused(values, error, nested=_NESTED)
        return await _page(visit, desk, project, form, status=status)
    return see_other(address(f"{_PATH}/{code}", notice="saved"))


@router.post("/{code}/segmentation-rules")
async def choose_segmentation(visit: Writing, desk: _Desk, code: str) -> Response:
    """Take an SRX file, or go back to the built-in rules; say on the same page why it cannot be."""
    visit.principal.require(Role.ADMIN)
    project, values = await desk.find(visit.principal, code), await values_of(visit)
    wanted = None if values.get("is_builtin") else await file_sent(visit)
    try:
        await desk.set_segmentation(visit.principal, code, version_of(values), wanted)
    except (PermanentError, ConflictError) as error:
        srx_form, status = refused(values, error)
        form = Form(_values(project))
        return await _page(visit, desk, project, form, srx_form=srx_form, status=status)
    return see_other(address(f"{_PATH}/{code}", notice="rules"))


@router.post("/{code}/language-pairs")
async def enter_pair(visit: Writing, desk: _Desk, code: str) -> Response:
    """Enter a language pair; say on the same page why it cannot be."""
    visit.principal.require(Role.ADMIN)
    project, values = await desk.find(visit.principal, code), await values_of(visit)
    names = ("source_language", "target_language")
    body: dict[str, object] = {name: values.get(name, "").strip() for name in names}
    chosen = {name: values.get(name, "").strip() or None for name in ("engine", "model")}
    try:
        entry = valid(
            NewPair,
            {**body, "overrides": chosen},
            patterns=_PATTERNS,
            nested=frozenset({"overrides"}),
        )
        await desk.enter_pair(visit.principal, code, entry)
    except (FormRefusedError, PermanentError, ConflictError) as error:
        pair_form, status = refused(values, error, nested=_NESTED)
        form = Form(_values(project))
        return await _page(visit, desk, project, form, pair_form=pair_form, status=status)
    return see_other(address(f"{_PATH}/{code}", notice="pair"))


@router.post("/{code}/language-pairs/{pair_id}")
async def edit_pair(visit: Writing, desk: _Desk, code: str, pair_id: UUID) -> Response:
    """Open or close a language pair; its other choices stay."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit)
    pair = await desk.pair(visit.principal, code, pair_id)
    entry = PairEntry(is_active=bool(values.get("is_active")), overrides=pair.overrides)
    await desk.edit_pair(visit.principal, code, pair_id, version_of(values), entry)
    return see_other(address(f"{_PATH}/{code}", notice="pair"))


@router.post("/{code}/language-pairs/{pair_id}/remove")
async def remove_pair(visit: Writing, desk: _Desk, code: str, pair_id: UUID) -> Response:
    """Remove a language pair."""
    visit.principal.require(Role.ADMIN)
    version = version_of(await values_of(visit))
    await desk.remove_pair(visit.principal, code, pair_id, version)
    return see_other(address(f"{_PATH}/{code}", notice="removed"))


def _valid_project(body: Mapping[str, object]) -> NewProject:
    return valid(NewProject, body, patterns=_PATTERNS, nested=_NESTED)


def _values(project: Project | None) -> dict[str, str]:
    """The fields of the form; settings that have no field of their own are one of JSON."""
    settings = project.settings if project else ProjectSettings()
    said: dict[str, JsonValue] = settings.model_dump(mode="json")
    further = {name: each for name, each in said.items() if name not in _IN_FIELDS}
    values = {name: "" if said[name] is None else str(said[name]) for name in (*_TEXTS, *_NUMBERS)}
    values |= {name: "yes" if said[name] else "" for name in _SWITCHES}
    values["further"] = json.dumps(further, ensure_ascii=False, indent=2)
    if project is not None:
        values |= {"name": project.name, "version": str(project.version)}
    return values


def _body(values: Mapping[str, str]) -> dict[str, object]:
    """The project that the form says.

    Raises:
        FormRefusedError: the settings without a field are no JSON object.
    """
    try:
        further: object = json.loads(values.get("further", "").strip() or "{}")
    except ValueError as error:
        raise FormRefusedError({"further": f"This is no JSON: {error}."}) from error
    if not isinstance(further, dict):
        raise FormRefusedError({"further": "Write an object: names with their values in braces."})
    settings: dict[str, object] = {str(name): each for name, each in further.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON has no types
    settings |= {name: values.get(name, "").strip() for name in _TEXTS}
    settings |= {name: _number(values.get(name, "")) for name in _NUMBERS}
    settings |= {name: bool(values.get(name)) for name in _SWITCHES}
    return {"name": values.get("name", "").strip(), "settings": settings}


def _number(text: str) -> int | str | None:
    said = text.strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else said or None


async def _page(
    visit: Visit,
    desk: ProjectDesk,
    project: Project | None,
    form: Form,
    *,
    pair_form: Form | None = None,
    srx_form: Form | None = None,
    notice: str = "",
    status: int = 200,
) -> Response:
    form.values = dict.fromkeys(_values(None), "") | form.values
    unknown = {name: text for name, text in form.errors.items() if name and name not in form.values}
    if unknown:  # of a setting that is written in the JSON
        said = "; ".join(f"{name}: {text}" for name, text in unknown.items())
        form.errors["further"] = form.errors.get("further", said)
    return visit.page(
        "projects/project.html",
        status_code=status,
        section="projects",
        notice=notice,
        project=project,
        form=form,
        pair_form=pair_form or Form(),
        srx_form=srx_form or Form(),
        pairs=await desk.pairs(visit.principal, project.code) if project else [],
        pipelines=await desk.document_pipelines(),
        profiles=sorted(PROFILES),
    )
