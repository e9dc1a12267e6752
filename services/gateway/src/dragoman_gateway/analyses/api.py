"""POST /analyses: what a job would count and cost, before there is one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import JsonValue, SecretStr, TypeAdapter, ValidationError

from dragoman_catalog import PolicyOverrides
from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.events import RevisionStrategy
from dragoman_contracts.locale import Locale
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.analyses.desk import Analysed, AnalysisDesk, AnalysisOrder
from dragoman_gateway.analyses.rules import analysis_csv
from dragoman_gateway.analyses.schemas import AnalysisAnswer, AnalysisForm, AnalysisFormat
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented, field_problems, invalid_request
from dragoman_gateway.web.receiving import received

AnalysisDep = Annotated[AnalysisDesk, Depends(asked(AnalysisDesk))]
NEW_VERSION = RevisionStrategy.NEW_VERSION.value
_CSV = "text/csv"
router = APIRouter(tags=["analyses"])


@router.post(
    "/analyses",
    response_model=AnalysisAnswer,
    summary="Analyse documents before a job",
    responses={
        200: {"content": {_CSV: {"schema": {"type": "string"}}}},
        **documented(400, 401, 403, 413, 422, 503),
    },
)
async def analyse_documents(
    request: Request,
    desk: AnalysisDep,
    principal: Operator,
    form: Annotated[AnalysisForm, Form(media_type="multipart/form-data")],
    format: Annotated[AnalysisFormat, Query(description="Else as `Accept` says.")] = None,
) -> AnalysisAnswer | Response:
    """Count documents as a job would translate them: words by band of match, repetitions within and
    across files, units that are there already from earlier jobs on the document, about, tokens and
    ranges of prices of the others.

    Nothing is kept, no provider is asked and no job opened. With `Accept: text/csv` or
    `format=csv` the answer is the table that agencies know.
    """
    try:
        order = order_of(
            form.project_code,
            form.domain_pack_code,
            (form.source_language, form.target_language),
            {
                "engine": form.engine,
                "model": form.model,
                "extraction": form.extraction,
                "memories": form.memories,
                "glossaries": form.glossaries,
            },
        )
        order = replace(
            order,
            references=tuple(form.external_reference),
            new_version_of=form.new_version_of,
            is_new_version=form.revision_strategy == NEW_VERSION,
        )
    except ValidationError as error:
        return invalid_request(request, field_problems(error))
    uploads = [
        await received(each.filename or "", each.file, form.document_password) for each in form.file
    ]
    analysed = await desk.analyse(order, uploads, principal)
    if format == "csv" or (format is None and _wants_csv(request)):
        return csv_response(analysed)
    return answer_of(analysed)


def csv_response(analysed: Analysed) -> Response:
    """The table as a file."""
    return Response(
        analysis_csv(analysed.analysis, analysed.costs, analysed.spared),
        media_type=_CSV,
        headers={"Content-Disposition": 'attachment; filename="analysis.csv"'},
    )


def answer_of(analysed: Analysed) -> AnalysisAnswer:
    """The analysis as the API tells it."""
    analysis = analysed.analysis
    return AnalysisAnswer(
        project_code=analysed.order.project_code,
        source_language=analysis.source_locale,
        target_language=analysis.target_locale,
        engine=analysed.policy.engine,
        model=analysed.policy.model,
        files=analysis.files,
        total=analysis.total,
        costs=analysed.costs,
        reused_tokens=analysed.spared,
    )


def order_of(
    project_code: str, domain_pack_code: str, languages: tuple[str, str], chosen: dict[str, str]
) -> AnalysisOrder:
    """The terms that a form names.

    Raises:
        FieldRefusedError: a language is missing, or none.
        ValidationError: an engine, a model or a switch of extraction cannot be one.
    """
    source, target = (
        _locale(name, tag)
        for name, tag in zip(("source_language", "target_language"), languages, strict=True)
    )
    if source == target:
        raise FieldRefusedError("target_language", "It is the same as the source language.")
    return AnalysisOrder(
        project_code=project_code,
        domain_pack_code=domain_pack_code,
        locales=LocalePair(source=source, target=target),
        overrides=PolicyOverrides.model_validate(
            {
                "engine": chosen.get("engine") or None,
                "model": chosen.get("model") or None,
                "extraction": _switches(chosen.get("extraction", "")),
                "memories": _names(chosen.get("memories", "")),
                "glossaries": _ids(chosen.get("glossaries", "")),
            }
        ),
    )


def password_of(text: str) -> SecretStr:
    """The password of a form."""
    return SecretStr(text)


def _locale(field: str, tag: str) -> Locale:
    if not tag.strip():
        raise FieldRefusedError(field, "Say it as a BCP-47 tag, such as en or de-CH.")
    try:
        return Locale(tag.strip())
    except InvalidLocaleError as error:
        raise FieldRefusedError(field, error.message, code=error.code) from error


def _names(text: str) -> list[str] | None:
    if not text.strip():
        return None
    try:
        return TypeAdapter(list[str]).validate_json(text)
    except ValidationError as error:
        raise FieldRefusedError("memories", "This is no JSON list of names.") from error


def _ids(text: str) -> tuple[UUID, ...] | None:
    try:
        return tuple(UUID(each.strip()) for each in text.split(",") if each.strip()) or None
    except ValueError as error:
        raise FieldRefusedError("glossaries", "Write ids with commas between them.") from error


def _switches(text: str) -> dict[str, JsonValue] | None:
    if not text.strip():
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldRefusedError("extraction", "This is not JSON.") from error
    if not isinstance(value, dict):
        raise FieldRefusedError("extraction", "This is JSON, but not an object.")
    return cast("dict[str, JsonValue]", value) or None


def _wants_csv(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    types = [each.partition(";")[0].strip().lower() for each in accepted.split(",")]
    return _CSV in types and "application/json" not in types
