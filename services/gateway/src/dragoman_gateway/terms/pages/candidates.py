"""Candidates for terms as a page: found in a document, edited, saved as a glossary."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.responses import Response

from dragoman_catalog import Role
from dragoman_contracts.errors import DragomanError, PermanentError
from dragoman_contracts.locale import Locale
from dragoman_exchange import TermLocales
from dragoman_gateway.terms.desk import CandidateDesk
from dragoman_gateway.terms.pages.forms import PATH, faults_of, values_of
from dragoman_gateway.terms.pages.glossaries import Desk
from dragoman_gateway.terms.schemas import GlossaryBody
from dragoman_gateway.web.addresses import address
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.forms import file_sent
from dragoman_gateway.web.guard import ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.uploads import Upload

_MOST_ROWS = 150
_PATH = "/console/term-candidates"
Candidates = Annotated[CandidateDesk, Depends(asked(CandidateDesk))]
router = APIRouter(route_class=ConsoleRoute, prefix=_PATH)


@router.get("")
async def candidates_page(visit: SignedIn) -> Response:
    """The form for a document."""
    return _page(visit, {}, {})


@router.post("")
async def find(visit: Writing, desk: Candidates) -> Response:
    """The candidates of a document, to be edited."""
    values = await values_of(visit, ("source_language", "target_language"))
    file = await file_sent(visit)
    try:
        if not file.size_bytes:
            raise FieldRefusedError("file", "Choose a file.")
        locale = Locale(values["source_language"])
        Locale(values["target_language"])
        found = await desk.candidates(visit.principal, file, locale, limit=_MOST_ROWS)
    except DragomanError as error:
        fault = faults_of(error) if isinstance(error, FieldRefusedError) else {"": error.message}
        return _page(visit, values, fault, status_code=422)
    rows = [(each.text, "", each.kind.value, each.count, each.example) for each in found]
    stem = file.file_name.rpartition(".")[0] or file.file_name or "Document"
    return _page(visit, values | {"name": f"Terms of {stem}"[:200]}, {}, rows=rows)


@router.post("/save")
async def save(visit: Writing, desk: Desk) -> Response:
    """Make a glossary of the rows that have a target, or are to stay as they are."""
    visit.principal.require(Role.ADMIN)
    values = await values_of(visit, ("name", "source_language", "target_language"))
    form = await visit.request.form()
    rows = [
        (str(form.get(f"source_{n}", "")).strip(), str(form.get(f"target_{n}", "")).strip(),
         bool(form.get(f"stays_{n}")))
        for n in range(_MOST_ROWS)
        if form.get(f"source_{n}")
    ]  # fmt: skip
    chosen = [row for row in rows if row[1] or row[2]]
    shown_rows = [(source, target, "", 0, "") for source, target, _ in rows]
    try:
        if not chosen:
            raise FieldRefusedError("", "Write at least one target, or let a phrase stay as it is.")
        body = GlossaryBody.model_validate(
            {
                "name": values["name"],
                "source_locale": values["source_language"],
                "target_locale": values["target_language"],
            }
        )
        made = await desk.enter(visit.principal, body)
        await desk.import_file(
            visit.principal, made.glossary_id, Upload("", _table(chosen)), TermLocales()
        )
    except (ValidationError, PermanentError) as error:
        return _page(visit, values, faults_of(error), rows=shown_rows, status_code=422)
    return see_other(address(f"{PATH}/{made.glossary_id}", notice="saved"))


def _table(rows: list[tuple[str, str, bool]]) -> bytes:
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["source", "target", "do_not_translate"])
    writer.writerows((source, target, "yes" if stays else "") for source, target, stays in rows)
    return buffer.getvalue().encode()


def _page(
    visit: Visit,
    values: dict[str, str],
    errors: dict[str, str],
    rows: list[tuple[str, str, str, int, str]] | None = None,
    status_code: int = 200,
) -> Response:
    return visit.page(
        "terms/candidates.html",
        status_code=status_code,
        section="terms",
        values=defaultdict(str, values),
        errors=defaultdict(str, errors),
        rows=rows,
        can_save=visit.principal.role is Role.ADMIN,
    )
