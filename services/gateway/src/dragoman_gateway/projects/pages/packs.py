"""Domain packs as pages: the list, and one with its instructions, checks and versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import JsonValue, ValidationError
from starlette.responses import Response

from dragoman_catalog import DomainPack, PackEntry
from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_gateway.projects.desk import ProjectDesk
from dragoman_gateway.projects.schemas import NewPack
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.forms import is_whole_admin, require_whole_admin, version_of
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.problems import field_problems
from dragoman_linguistics import JUDGE, PROFILES

_PATH = "/console/domain-packs"
_TEXTS = ("name", "description", "prompt", "style_guide", "qa_profile", "engine", "model")
_Desk = Annotated[ProjectDesk, Depends(asked(ProjectDesk))]
_Short = Annotated[str, Query(max_length=100)]
_NOTICES = {"saved": "Saved. Jobs that are submitted from now on use this version."}
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def packs_page(visit: SignedIn, desk: _Desk) -> Response:
    """The domain packs by code."""
    return visit.page("projects/packs.html", section="terms", packs=await desk.domain_packs())


@router.get("/new")
async def new_pack_page(visit: SignedIn, desk: _Desk) -> Response:
    """The empty form."""
    require_whole_admin(visit, "Domain packs")
    return await _form(visit, desk, None, {}, {})


@router.post("")
async def enter(visit: Writing, desk: _Desk) -> Response:
    """Enter a domain pack; say in the same form why it cannot be."""
    require_whole_admin(visit, "Domain packs")
    values = await _values(visit)
    try:
        chosen = {"code": values["code"], "qa": _qa(values, {})}
        entry = NewPack.model_validate(_entry(values) | chosen)
        made = await desk.enter_pack(visit.principal, entry.code, entry)
    except (ValidationError, PermanentError) as error:
        return await _form(visit, desk, None, values, _faults(error), status_code=422)
    return see_other(address(f"{_PATH}/{made.code}", notice="saved"))


@router.get("/{code}")
async def pack_page(visit: SignedIn, desk: _Desk, code: str, notice: _Short = "") -> Response:
    """A domain pack, to look at or to edit."""
    pack = await desk.domain_pack(code)
    values = {name: str(getattr(pack, name)) for name in _TEXTS}
    values["glossaries"] = ",".join(map(str, pack.glossaries))
    values["judge"] = str(pack.qa.get(JUDGE, ""))
    return await _form(visit, desk, pack, values, {}, notice=_NOTICES.get(notice, ""))


@router.post("/{code}")
async def edit(visit: Writing, desk: _Desk, code: str) -> Response:
    """Save the next version. Severities of single checks stay as they are."""
    require_whole_admin(visit, "Domain packs")
    pack = await desk.domain_pack(code)
    values = await _values(visit)
    version = version_of(values)
    try:
        entry = PackEntry.model_validate(_entry(values) | {"qa": _qa(values, pack.qa)})
        await desk.edit_pack(visit.principal, code, version, entry)
    except (ValidationError, PermanentError, ConflictError) as error:
        return await _form(visit, desk, pack, values, _faults(error), status_code=422)
    return see_other(address(f"{_PATH}/{code}", notice="saved"))


async def _values(visit: Visit) -> dict[str, str]:
    form = await visit.request.form()
    values = {
        name: str(form.get(name, "")).strip() for name in (*_TEXTS, "code", "version", "judge")
    }
    values["glossaries"] = ",".join(str(each) for each in form.getlist("glossaries"))
    return values


def _entry(values: Mapping[str, str]) -> dict[str, object]:
    chosen = [each for each in values["glossaries"].split(",") if each]
    return {**{name: values[name] for name in _TEXTS}, "glossaries": chosen}


def _qa(values: Mapping[str, str], before: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The choices of QA with the judge of the form; others stay as they are."""
    others = {name: value for name, value in before.items() if name != JUDGE}
    return {**others, JUDGE: values["judge"]} if values["judge"] else others


def _faults(error: ValidationError | PermanentError | ConflictError) -> dict[str, str]:
    if isinstance(error, FieldRefusedError):
        return {error.field: error.message}
    if isinstance(error, ValidationError):
        return {each.field.split(".")[0]: each.message for each in reversed(field_problems(error))}
    return {"": error.message}


async def _form(
    visit: Visit,
    desk: ProjectDesk,
    pack: DomainPack | None,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    notice: str = "",
    status_code: int = 200,
) -> Response:
    return visit.page(
        "projects/pack.html",
        status_code=status_code,
        section="terms",
        notice=notice,
        pack=pack,
        values=defaultdict(str, values),
        errors=defaultdict(str, errors),
        profiles=sorted(PROFILES),
        judges=await desk.judges(),
        glossaries=await desk.glossaries(),
        versions=await desk.pack_versions(pack.code) if pack else [],
        can_edit=is_whole_admin(visit),
    )
