"""The answer to the button Analyse of the form for new jobs: a table of words, bands and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dragoman_contracts.analysis import Band, FileAnalysis
from dragoman_contracts.errors import PermanentError
from dragoman_gateway.analyses.api import (
    NEW_VERSION,
    AnalysisDep,
    csv_response,
    order_of,
    password_of,
)
from dragoman_gateway.analyses.desk import Analysed, AnalysisDesk
from dragoman_gateway.analyses.rules import BAND_WORDS, count_text, reused_rows
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.guard import ConsoleRoute, Visit, Writing
from dragoman_gateway.web.prices import FREE_ENGINES
from dragoman_gateway.web.problems import status_of
from dragoman_gateway.web.receiving import received
from dragoman_gateway.web.spreadsheets import money

_FIELDS = (
    "project_code",
    "domain_pack_code",
    "source_language",
    "target_language",
    "engine",
    "document_password",
    "external_reference",
    "revision_strategy",
    "new_version_of",
)
router = APIRouter(route_class=ConsoleRoute)


@router.post("/console/analyses")
async def analyse(visit: Writing, desk: AnalysisDep, format: str = "") -> Response:
    """Count the chosen files; what cannot be counted is said in words."""
    form = await visit.request.form()
    values = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    files = [
        each for each in form.getlist("file") if isinstance(each, UploadFile) and each.filename
    ]
    try:
        analysed = await _analysed(visit, desk, values, files)
    except PermanentError as error:
        return _page(visit, None, error.message, status_of(error))
    except ValidationError:
        return _page(visit, None, "There is no such engine.", 422)
    if format == "csv":
        return csv_response(analysed)
    return _page(visit, analysed)


async def _analysed(
    visit: Visit, desk: AnalysisDesk, values: Mapping[str, str], files: list[UploadFile]
) -> Analysed:
    if not files:
        raise FieldRefusedError("file", "Choose at least one Word document.")
    order = order_of(
        values["project_code"],
        values["domain_pack_code"],
        (values["source_language"], values["target_language"]),
        {"engine": values["engine"]},
    )
    if len(files) == 1:  # the form refuses these for several
        order = replace(
            order,
            references=(values["external_reference"],),
            new_version_of=values["new_version_of"],
        )
    order = replace(order, is_new_version=values["revision_strategy"] == NEW_VERSION)
    password = password_of(values["document_password"])
    uploads = [await received(each.filename or "", each.file, password) for each in files]
    return await desk.analyse(order, uploads, visit.principal)


def _page(visit: Visit, analysed: Analysed | None, fault: str = "", status: int = 200) -> Response:
    return visit.page(
        "analyses/analysis.html",
        status_code=status,
        section="new",
        fault=fault,
        analysed=analysed,
        bands=_bands_in(analysed) if analysed else [],
        words=_words,
        band_words=BAND_WORDS,
        is_free=bool(analysed) and analysed.policy.engine in FREE_ENGINES,
        count_text=count_text,
        reused=reused_rows(analysed.analysis.total.reused) if analysed else [],
        money=money,
    )


def _bands_in(analysed: Analysed) -> list[Band]:
    """The bands that hold anything, in their order."""
    return [each.band for each in analysed.analysis.total.bands if each.unit_count]


def _words(file: FileAnalysis, band: Band) -> int:
    return next(each.word_count for each in file.bands if each.band is band)
