"""Classes as pages: one with its declaration and its files, looked through and saved on a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from dragoman_catalog import Role, SavedClass
from dragoman_contracts.errors import DragomanError
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_gateway.objects.desk import ClassDesk
from dragoman_gateway.objects.pages.forms import (
    MOST_FILES,
    NEW_CLASS,
    NEW_FILES,
    ClassForm,
    class_form,
    shown_class,
)
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FaultsError
from dragoman_gateway.web.forms import version_sent
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other

_PATH = "/console/classes"
_NOTICES = {
    "saved": "Saved.",
    "same": "Nothing was changed.",
    "retired": "The class takes no new objects.",
}
_Desk = Annotated[ClassDesk, Depends(asked(ClassDesk))]
_Short = Annotated[str, Query(max_length=200)]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("/new")
async def new_class_page(visit: SignedIn, desk: _Desk) -> Response:
    """The form, with a small class in it."""
    visit.principal.require(Role.ADMIN)
    return await _form(visit, desk, None, ClassForm(NEW_CLASS, NEW_FILES))


@router.post("")
async def save(visit: Writing, desk: _Desk) -> Response:
    """Save the class of the form, or only look it through."""
    visit.principal.require(Role.ADMIN)
    return await _save(visit, desk, None)


@router.get("/{name}")
async def class_page(
    visit: SignedIn, desk: _Desk, name: str, notice: _Short = "", version: _Short = ""
) -> Response:
    """A class, to look at or to edit; or an older version of it, to look at."""
    number = int(version) if version.isascii() and version.isdigit() else None
    saved = await desk.find(name, visit.principal, number)
    return await _form(visit, desk, saved, None, notice=_NOTICES.get(notice, ""))


@router.post("/{name}")
async def edit(visit: Writing, desk: _Desk, name: str) -> Response:
    """Save the next version, or only look it through."""
    visit.principal.require(Role.ADMIN)
    return await _save(visit, desk, await desk.find(name, visit.principal))


@router.post("/{name}/retire")
async def retire(visit: Writing, desk: _Desk, name: str) -> Response:
    """Let the class take no new objects."""
    visit.principal.require(Role.ADMIN)
    await desk.retire(visit.principal, name, await version_sent(visit))
    return see_other(address(f"{_PATH}/{name}", notice="retired"))


async def _save(visit: Visit, desk: ClassDesk, saved: SavedClass | None) -> Response:
    form = await visit.request.form()
    sent = class_form(form)
    try:
        entry = sent.entry()
        if form.get("act") == "check":
            found = await desk.check(entry)
            notice = "" if found.faults else "It can be saved as it is."
            return await _form(
                visit,
                desk,
                saved,
                sent,
                faults=found.faults,
                warnings=found.warnings,
                notice=notice,
            )
        if saved is None:
            answer = await desk.save(visit.principal, entry)
        else:
            version = await version_sent(visit)
            answer = await desk.edit(visit.principal, saved.name, version, entry)
    except FaultsError as error:
        return await _form(visit, desk, saved, sent, faults=error.faults, status_code=422)
    except DragomanError as error:
        fault = PipelineFault(place=("declaration",), message=error.message)
        return await _form(visit, desk, saved, sent, faults=(fault,), status_code=422)
    done = "saved" if answer.is_new else "same"
    return see_other(address(f"{_PATH}/{answer.saved.name}", notice=done))


async def _form(
    visit: Visit,
    desk: ClassDesk,
    saved: SavedClass | None,
    sent: ClassForm | None,
    *,
    faults: Sequence[PipelineFault] = (),
    warnings: Sequence[PipelineFault] = (),
    notice: str = "",
    status_code: int = 200,
) -> Response:
    versions = await desk.versions(saved.name, visit.principal) if saved else []
    if sent is None and saved is not None:
        code = (
            ""
            if saved.is_of_installation
            else (await desk.project_codes()).get(saved.project_id, "")
        )
        sent = shown_class(saved, await desk.files_of(saved), code)
        warnings = (await desk.check(sent.entry())).warnings
    is_newest = saved is None or saved.version == versions[0].version
    shown = sent or ClassForm("", {})
    return visit.page(
        "objects/class.html",
        status_code=status_code,
        section="objects",
        notice=notice,
        saved=saved,
        form=shown,
        files=list(shown.files.items()),
        faults=[(".".join(map(str, each.place)), each.message) for each in faults],
        warnings=[(".".join(map(str, each.place)), each.message) for each in warnings],
        versions=versions,
        names=await desk.names(each.saved_by for each in versions),
        can_edit=visit.principal.role is Role.ADMIN
        and is_newest
        and len(shown.files) <= MOST_FILES,
    )
