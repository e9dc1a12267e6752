"""Problem details (RFC 9457): the one form of every answer that is not what was asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from dragoman_catalog import PipelineRefusedError, WeakPasswordError
from dragoman_contracts.errors import ConflictError, DragomanError, RetryableError
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.web.brake import TooManyFailuresError
from dragoman_gateway.web.errors import (
    FaultsError,
    FieldRefusedError,
    NotSignedInError,
    RunningJobError,
    UnfinishedJobError,
    UnitChangedError,
    UnitsPendingError,
    UnknownParametersError,
)
from dragoman_gateway.web.ranges import RangeRefusedError
from dragoman_gateway.web.unknown import MOST_NAMED, unknown_field

PROBLEM_MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:dragoman:problem:"
_INTERNAL = "Something went wrong here. The log has the details; nothing that was stored is lost."
_TOLD = 3
_log = structlog.stdlib.get_logger()

_STATUS_OF_CODE: dict[str, int] = {
    "artifact.erased": 410,
    "artifact.missing": 404,
    "auth.csrf": 403,
    "auth.forbidden": 403,
    "auth.invalid_token": 401,
    "auth.refused": 401,
    "auth.required": 401,
    "auth.too_many_failures": 429,
    "catalog.exists": 409,
    "catalog.in_use": 409,
    "catalog.missing": 404,
    "catalog.stale_edit": 412,
    "class.invalid": 422,
    "task.unknown": 404,
    "class.retired": 422,
    "class.yaml": 422,
    "memory.missing": 404,
    "memory.unknown": 422,
    "memory.unit_refused": 422,
    "memory.import_gone": 409,
    "document.missing": 404,
    "document.version_refused": 409,
    "domain_pack.unknown": 422,
    "download.bad_signature": 403,
    "download.expired": 410,
    "budget.price_unknown": 409,
    "budget.reached": 409,
    "engine.bad_request": 422,
    "engine.disabled": 422,
    "engine.context_exceeded": 422,
    "engine.quota_exhausted": 502,
    "engine.unauthorised": 502,
    "engine.unknown": 422,
    "event.damaged": 500,
    "exchange.entities": 422,
    "exchange.format_unknown": 422,
    "exchange.no_language": 422,
    "exchange.no_terms": 422,
    "exchange.no_units": 422,
    "exchange.other_job": 409,
    "exchange.other_locales": 409,
    "exchange.other_version": 409,
    "exchange.too_large": 413,
    "exchange.unmarked": 409,
    "exchange.unreadable": 422,
    "glossary.unknown": 422,
    "idempotency.key_reused": 422,
    "job.missing": 404,
    "job.incomplete": 409,
    "job.no_such_version": 404,
    "job.not_verified": 409,
    "preview.failed": 409,
    "preview.not_installed": 409,
    "preview.page_missing": 404,
    "retranslation.missing": 404,
    "job.source_erased": 410,
    "letter.missing": 404,
    "locale.invalid": 422,
    "locale.unregistered": 422,
    "model.address_refused": 422,
    "model.unsupported": 422,
    "object.invalid": 422,
    "object.missing": 410,
    "object.unknown": 404,
    "pair.inactive": 422,
    "pair.unknown": 422,
    "password.weak": 422,
    "pipeline.invalid": 422,
    "pipeline.model_missing": 422,
    "pipeline.retired": 422,
    "pipeline.unfit": 422,
    "pipeline.unknown": 422,
    "project.unknown": 422,
    "provider.address_moved": 422,
    "provider.key_unreadable": 409,
    "provider.no_encryption_key": 409,
    "request.if_match_malformed": 400,
    "request.if_match_required": 428,
    "request.invalid": 422,
    "request.invalid_cursor": 422,
    "request.key_mismatch": 422,
    "request.range_refused": 416,
    "request.unknown_parameter": 422,
    "review.changed": 412,
    "review.empty": 422,
    "review.tags": 422,
    "unit.missing": 404,
    "upload.empty": 422,
    "upload.too_large": 413,
    "upload.unreadable": 422,
    "user.last_admin": 409,
    "webhook.secret_unreadable": 409,
    "webhook.too_many": 409,
    "work.not_parked": 404,
}
"""The HTTP status of each code. A conflict of another code is a 409,
a failure that may pass a 503, all else a 500.
"""

_CODE_OF_STATUS = {
    400: "request.malformed",
    404: "request.not_found",
    405: "request.method_not_allowed",
    408: "request.too_slow",
    421: "request.unknown_host",
    413: "upload.too_large",
    422: "request.invalid",
}


class FieldProblem(BaseModel):
    """The problem with one field: where the field was sent, its name, why it was refused."""

    location: str = Field(examples=["body"], description="`body`, `query`, `path` or `header`.")
    field: str
    message: str
    code: str


class UnfinishedJob(BaseModel):
    """How far an interrupted job has come."""

    job_id: UUID
    status: JobStatus
    finished_phases: list[str]
    progress_pct: float
    translated_units: int
    planned_units: int | None
    stopped_at: datetime | None


class Problem(BaseModel):
    """Why a request was not done (RFC 9457). `type` is stable and ends with `code`."""

    type: str = Field(examples=[_TYPE_PREFIX + "job.already_running"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(examples=["job.already_running"])
    errors: list[FieldProblem] | None = Field(
        default=None, description="What is wrong with the fields, each one."
    )
    links: dict[str, str] | None = Field(default=None, description="Where to go from here.")
    unfinished_job: UnfinishedJob | None = Field(
        default=None, description="The job that could go on instead."
    )
    pending_units: int | None = Field(
        default=None, description="How many units still wait for a person."
    )
    current: dict[str, Any] | None = Field(
        default=None, description="The unit as somebody else left it."
    )


def problem_response(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldProblem] | None = None,
    links: dict[str, str] | None = None,
    unfinished_job: UnfinishedJob | None = None,
    pending_units: int | None = None,
    current: Mapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem as an answer."""
    problem = Problem(
        type=_TYPE_PREFIX + code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=_encodable(detail),
        instance=_encodable(request.url.path),
        code=code,
        errors=errors,
        links=links,
        unfinished_job=unfinished_job,
        pending_units=pending_units,
        current=dict(current) if current else None,
    )
    body = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(body, status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of problems with these statuses."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(DragomanError, _on_dragoman_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def status_of(error: DragomanError) -> int:
    """The HTTP status that says what this error means to the caller."""
    known = _STATUS_OF_CODE.get(error.code)
    if known is not None:
        return known
    match error:
        case ConflictError():
            return 409
        case RetryableError():
            return 503
        case FieldRefusedError():
            return 422
        case _:
            return 500


def problem_of(request: Request, error: DragomanError) -> Response:
    """An error as an answer; one that nobody foresaw is logged, and its words are not told."""
    status = status_of(error)
    if status == 500 and error.code not in _STATUS_OF_CODE:
        _log.error("gateway.failed", error_code=error.code, exc_info=error)
        return problem_response(request, 500, "internal", _INTERNAL)
    return problem_response(
        request,
        status,
        error.code,
        error.message,
        errors=_errors_of(error),
        links=_links_of(error),
        unfinished_job=_unfinished(error.job) if isinstance(error, UnfinishedJobError) else None,
        pending_units=error.pending_units if isinstance(error, UnitsPendingError) else None,
        current=error.current if isinstance(error, UnitChangedError) else None,
        headers=_headers_of(error, status),
    )


def field_problems(
    error: ValidationError | RequestValidationError, location: str = "body"
) -> list[FieldProblem]:
    """The faults that a validation found, without the values that were sent."""
    found: list[FieldProblem] = []
    for each in error.errors():
        where = [str(part) for part in each["loc"]]
        place, names = (
            (where[0], where[1:])
            if isinstance(error, RequestValidationError)
            else (location, where)
        )
        message = _encodable(str(each["msg"])).removeprefix("Value error, ")
        found.append(
            FieldProblem(
                location=place,
                field=_encodable(".".join(names)),
                message=message,
                code=each["type"],
            )
        )
    return found


def invalid_request(request: Request, errors: list[FieldProblem]) -> Response:
    """A 422 that names the fields, and says of the first ones why."""
    told = [f"{each.field or each.location}: {each.message}" for each in errors[:_TOLD]]
    more = f"; and {len(errors) - _TOLD} more" if len(errors) > _TOLD else ""
    detail = f"These fields cannot be taken: {'; '.join(told)}{more}."
    return problem_response(request, 422, "request.invalid", detail, errors=errors)


def bug_response(request: Request, error: Exception) -> Response:
    """The answer to an error that nobody foresaw; its own words go to the log alone."""
    _log.error("gateway.failed", error_code="internal", exc_info=error)
    return problem_response(request, 500, "internal", _INTERNAL)


def _errors_of(error: DragomanError) -> list[FieldProblem] | None:
    match error:
        case PipelineRefusedError() | FaultsError():
            return [
                FieldProblem(
                    location="body",
                    field=".".join(map(str, fault.place)),
                    message=fault.message,
                    code=error.code,
                )
                for fault in error.faults
            ]
        case FieldRefusedError():
            return [
                FieldProblem(
                    location="body", field=error.field, message=error.message, code=error.code
                )
            ]
        case WeakPasswordError():
            return [
                FieldProblem(
                    location="body", field="password", message=error.message, code=error.code
                )
            ]
        case UnknownParametersError():
            return [
                FieldProblem(
                    location="query",
                    field=_encodable(name),
                    message=_encodable(text),
                    code=error.code,
                )
                for name, text in error.parameters.items()
            ]
        case _:
            return None


def _links_of(error: DragomanError) -> dict[str, str] | None:
    match error:
        case RunningJobError():
            return {"running_job": f"/api/v1/jobs/{error.job_id}"}
        case UnfinishedJobError():
            base = f"/api/v1/jobs/{error.job.job_id}"
            return {"unfinished_job": base, "resume": f"{base}/resume", "fresh": f"{base}/rerun"}
        case _:
            return None


def _unfinished(job: Job) -> UnfinishedJob:
    return UnfinishedJob(
        job_id=job.job_id,
        status=job.status,
        finished_phases=list(job.checkpoint_phases),
        progress_pct=progress_pct(job),
        translated_units=job.plan.done_count if job.plan else 0,
        planned_units=job.plan.item_count if job.plan else None,
        stopped_at=job.stopped_at,
    )


def _headers_of(error: DragomanError, status: int) -> dict[str, str] | None:
    if isinstance(error, RangeRefusedError):
        return {"Content-Range": f"bytes */{error.size_bytes}"}
    if isinstance(error, NotSignedInError):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyFailuresError) or status == 503:
        seconds = error.retry_after_s if isinstance(error, RetryableError) else None
        return {"Retry-After": str(math.ceil(5 if seconds is None else seconds))}
    return None


async def _on_dragoman_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, DragomanError):
        raise error
    return problem_of(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return invalid_request(request, _named(request, error))


def _named(request: Request, error: RequestValidationError) -> list[FieldProblem]:
    """The faults, with the names that were perhaps meant beside the first of the
    fields that do not exist.
    """
    found = field_problems(error)
    pairs = zip(error.errors(), found, strict=True)
    unknown = (
        (each["loc"], problem) for each, problem in pairs if each["type"] == "extra_forbidden"
    )
    for where, problem in islice(unknown, MOST_NAMED):
        names = [part for part in where[1:] if isinstance(part, str)]
        problem.message = _encodable(unknown_field(request, names))
    return found


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _CODE_OF_STATUS.get(error.status_code, "request.refused")
    headers = dict(error.headers) if error.headers else {}
    if error.status_code == 405 and (allowed := _documented_methods(request)):
        headers["Allow"] = ", ".join(allowed)  # the router names the methods of one route only
    return problem_response(request, error.status_code, code, str(error.detail), headers=headers)


def _documented_methods(request: Request) -> list[str]:
    application: object = request.app
    paths: dict[str, dict[str, object]] = (
        application.openapi()["paths"] if isinstance(application, FastAPI) else {}
    )
    fitting = [
        template
        for template in paths
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), request.url.path)
    ]
    # `units/edit` is no unit: the template with the fewest names in it is the one that is meant.
    fewest = min((template.count("{") for template in fitting), default=0)
    found = {
        method.upper()
        for template in fitting
        if template.count("{") == fewest
        for method in paths[template]
    }
    return sorted(found)


def _encodable(text: str) -> str:
    """The text without the lone surrogates a request can carry, which no answer can."""
    # JSON may escape half a surrogate pair (RFC 8259 §8.2); UTF-8 cannot hold it (RFC 3629 §3).
    return text.encode("utf-8", "replace").decode()
