"""Documents come in over HTTP, new ones with requirement E's form, known ones to be run anew."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Form, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import JsonValue, TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from dragoman_catalog import PolicyOverrides
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.rules import OnUnfinished
from dragoman_gateway.jobs.running import PipelineRun
from dragoman_gateway.jobs.schemas import LOCATION, JobDetail
from dragoman_gateway.submissions.desk import Submissions
from dragoman_gateway.submissions.rules import (
    DocumentRun,
    RerunRequest,
    SubmissionRequest,
    engine_choices,
)
from dragoman_gateway.submissions.schemas import JobForm
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented, field_problems, invalid_request
from dragoman_gateway.web.receiving import received
from dragoman_gateway.web.tracing import ACCEPTED, request_span
from dragoman_runtime.telemetry import current_traceparent

SubmissionsDep = Annotated[Submissions, Depends(asked(Submissions))]

router = APIRouter(tags=["jobs"])

_OF_THE_JOB = (
    "show_job",
    "read_events",
    "list_units",
    "list_artifacts",
    "process_job",
    "cancel_job",
    "resume_job",
    "retry_job",
    "rerun_job",
    "mark_job_failed",
    "discard_checkpoint",
)
_NOT_FIELDS = frozenset(
    {
        "pipeline_id",
        "force_reparse",
        "file",
        "document_password",
        "metadata",
        "engine",
        "model",
        "extraction",
        "memories",
        "glossaries",
        "auto_start",
        "on_unfinished",
    }
)


def _link(operation: str) -> dict[str, object]:
    return {"operationId": operation, "parameters": {"job_id": "$response.body#/job_id"}}


@router.post(
    "/jobs",
    status_code=202,
    response_model=JobDetail,
    summary="Submit a document",
    responses={
        202: {
            "description": "The job was opened, or the idempotency key had opened it before.",
            "headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}},
            "links": {name: _link(name) for name in _OF_THE_JOB},
        },
        **documented(400, 401, 403, 404, 409, 410, 413, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"schema": DocumentRun.model_json_schema()}}
        }
    },
)
async def submit_job(
    request: Request,
    response: Response,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    principal: Operator,
    form: Annotated[JobForm, Form(media_type="multipart/form-data")],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail | Response:
    """Open a job on an uploaded document.

    The same idempotency key with the same request gives the same job; with another request it is a
    422. A pair of languages that the engine cannot do is refused at once where the engine is in
    this process, or is a translation service of the registry that lists its languages; else it is
    known when the translation is planned, before anything is paid, and parks the job with
    `engine.pair_unsupported`.

    While a job for the same document version, target language and pipeline runs, a second one is a
    409 that links to it; so is one beside a job that was interrupted, until `on_unfinished` says
    what becomes of that.
    """
    if form.pipeline and form.pipeline_id and form.pipeline != form.pipeline_id:
        raise FieldRefusedError("pipeline_id", "It differs from `pipeline`; send one of them.")
    form.pipeline = form.pipeline or form.pipeline_id
    is_run = bool(form.pipeline) and await desk.runs.is_for(form.pipeline)
    try:
        asked = _run(form, idempotency_key) if is_run else _request(form, idempotency_key)
    except ValidationError as error:
        return invalid_request(request, field_problems(error))
    with request_span("POST /jobs", request) as root:
        upload = await received(form.file.filename or "", form.file.file, form.document_password)
        if isinstance(asked, PipelineRun):
            submitted = await desk.runs.run(
                form.project_code, asked, upload, principal, traceparent=current_traceparent()
            )
        else:
            submitted = await desk.submit(
                asked,
                upload,
                principal,
                on_unfinished=OnUnfinished(form.on_unfinished or OnUnfinished.REFUSE),
                traceparent=current_traceparent(),
            )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
        root.set(**ACCEPTED)
    return await answer_accepted(jobs, submitted.job, response)


class JsonRoute(APIRoute):
    """A route for bodies in JSON, beside one of the same address for forms."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        media_type = Headers(scope=scope).get("content-type", "") if scope["type"] == "http" else ""
        if media_type.partition(";")[0].strip().lower() != "application/json":
            return Match.NONE, {}
        return super().matches(scope)


of_documents = APIRouter(tags=["jobs"], route_class=JsonRoute)


@of_documents.post("/jobs", status_code=202, response_model=JobDetail, include_in_schema=False)
async def submit_document_job(
    request: Request,
    response: Response,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    principal: Operator,
    asked: DocumentRun,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Open a job on a document that is here already: `submit_job` documents it."""
    with request_span("POST /jobs", request) as root:
        submitted = await desk.submit_document(
            asked, principal, idempotency_key=idempotency_key, traceparent=current_traceparent()
        )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
        root.set(**ACCEPTED)
    return await answer_accepted(jobs, submitted.job, response)


@router.post(
    "/jobs/{job_id}/rerun",
    status_code=202,
    summary="Run a job anew",
    responses={
        202: {
            "description": "A new job was opened, or the idempotency key had opened it before.",
            "headers": LOCATION,
        },
        **documented(400, 401, 403, 404, 409, 410, 422, 503),
    },
)
async def rerun_job(
    job_id: UUID,
    request: Request,
    response: Response,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    principal: Operator,
    asked: Annotated[RerunRequest | None, Body()] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Open a new job on the same document under the project's policy of now, preflight included.

    Choices that the first submission named itself (its engine, say) stay. Recorded model calls are
    used again where they fit; with `refresh` every one is made anew, and paid.
    """
    with request_span("POST /jobs/{job_id}/rerun", request) as root:
        opened = await desk.rerun(
            job_id,
            asked or RerunRequest(),
            principal,
            idempotency_key=idempotency_key,
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
        root.set(**ACCEPTED)
    return await answer_accepted(jobs, opened.job, response)


def _request(form: JobForm, header_key: str | None) -> SubmissionRequest:
    """The form as a submission: what is empty was not said.

    Raises:
        FieldRefusedError: header and field name different keys, or the metadata is no JSON object.
        ValidationError: a field's value cannot be taken.
    """
    said = {
        name: value
        for name, value in form.model_dump(exclude=set(_NOT_FIELDS)).items()
        if value not in ("", None)
    }
    key = _one_key(said.get("idempotency_key"), header_key)
    return SubmissionRequest.model_validate(
        {
            **said,
            "idempotency_key": key,
            "metadata": _object("metadata", form.metadata),
            "overrides": _overrides(form),
            "is_auto_start": form.auto_start,
        }
    )


def _run(form: JobForm, header_key: str | None) -> PipelineRun:
    """The form as a run of a pipeline that needs no languages.

    Raises:
        FieldRefusedError: header and field name different keys.
        ValidationError: a field's value cannot be taken.
    """
    return PipelineRun(
        pipeline_id=form.pipeline,
        force_reparse=form.force_reparse,
        external_reference=form.external_reference,
        idempotency_key=_one_key(form.idempotency_key or None, header_key),
        is_auto_start=form.auto_start,
        on_unfinished=OnUnfinished(form.on_unfinished or OnUnfinished.REFUSE),
    )


def _one_key(said: str | None, header_key: str | None) -> str | None:
    """The idempotency key, of the form field or of the header.

    Raises:
        FieldRefusedError: they differ.
    """
    if said is not None and header_key is not None and said != header_key:
        raise FieldRefusedError(
            "idempotency_key",
            "The form field and the header Idempotency-Key differ; send one of them.",
            code="request.key_mismatch",
        )
    return said or header_key


def _overrides(form: JobForm) -> PolicyOverrides:
    switches = _object("extraction", form.extraction) or None
    return PolicyOverrides.model_validate(
        {
            "engine": form.engine or None,
            "model": form.model or None,
            "extraction": switches,
            "memories": _names("memories", form.memories),
            "glossaries": _ids("glossaries", form.glossaries) or None,
            "fallbacks": engine_choices(form.fallbacks.split(",")) or None,
            "cost_cap": form.cost_cap.strip() or None,
        }
    )


def _names(field: str, text: str) -> tuple[str, ...] | None:
    """The names of a JSON list; None where nothing was said."""
    if not text.strip():
        return None
    try:
        return TypeAdapter(tuple[str, ...]).validate_json(text)
    except ValidationError as error:
        raise FieldRefusedError(field, "This is no JSON list of names.") from error


def _ids(field: str, text: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise FieldRefusedError(field, "Write ids with commas between them.") from error


def _object(field: str, text: str) -> dict[str, JsonValue]:
    if not text.strip():
        return {}
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FieldRefusedError(field, "This is not JSON.") from error
    if not isinstance(value, dict):
        raise FieldRefusedError(field, "This is JSON, but not an object.")
    return value


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(name)
