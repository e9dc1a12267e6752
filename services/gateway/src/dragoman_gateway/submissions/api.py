"""Documents come in over HTTP, new ones with requirement E's form, known ones to be run anew."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Form, Header, Request, Response
from pydantic import JsonValue, ValidationError

from dragoman_catalog import PolicyOverrides
from dragoman_gateway.jobs.api import JobDeskDep, answer_accepted
from dragoman_gateway.jobs.rules import OnUnfinished
from dragoman_gateway.jobs.schemas import LOCATION, JobDetail
from dragoman_gateway.submissions.desk import Submissions, received
from dragoman_gateway.submissions.rules import RerunRequest, SubmissionRequest
from dragoman_gateway.submissions.schemas import JobForm
from dragoman_gateway.web.dependencies import Operator
from dragoman_gateway.web.desks import asked
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented, field_problems, invalid_request
from dragoman_runtime.telemetry import current_traceparent, span

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
    {"file", "document_password", "metadata", "engine", "model", "extraction", "auto_start", "on_unfinished"}
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
        **documented(400, 401, 403, 409, 413, 422, 503),
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

    The same idempotency key with the same request gives the same job; with another request it is a 422. While a job
    for the same document version, target language and pipeline runs, a second one is a 409 that links to it; so is
    one beside a job that was interrupted, until `on_unfinished` says what becomes of that.
    """
    try:
        asked = _request(form, idempotency_key)
    except ValidationError as error:
        return invalid_request(request, field_problems(error))
    with span("POST /jobs") as root:
        upload = await received(form.file.filename or "", await form.file.read(), form.document_password)
        submitted = await desk.submit(
            asked,
            upload,
            principal,
            on_unfinished=OnUnfinished(form.on_unfinished or OnUnfinished.REFUSE),
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
    return await answer_accepted(jobs, submitted.job, response)


@router.post(
    "/jobs/{job_id}/rerun",
    status_code=202,
    summary="Run a job anew",
    responses={
        202: {"description": "A new job was opened, or the idempotency key had opened it before.", "headers": LOCATION},
        **documented(400, 401, 403, 404, 409, 410, 422, 503),
    },
)
async def rerun_job(
    job_id: UUID,
    response: Response,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    principal: Operator,
    asked: Annotated[RerunRequest | None, Body()] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> JobDetail:
    """Open a new job on the same document under the project's policy of now, preflight included.

    Choices that the first submission named itself (its engine, say) stay. Recorded model calls are used again where
    they fit; with `refresh` every one is made anew, and paid.
    """
    with span("POST /jobs/{job_id}/rerun") as root:
        opened = await desk.rerun(
            job_id,
            asked or RerunRequest(),
            principal,
            idempotency_key=idempotency_key,
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
    return await answer_accepted(jobs, opened.job, response)


def _request(form: JobForm, header_key: str | None) -> SubmissionRequest:
    """The form as a submission: what is empty was not said.

    Raises:
        FieldRefusedError: header and field name different keys, or the metadata is no JSON object.
        ValidationError: a field's value cannot be taken.
    """
    said = {name: value for name, value in form.model_dump(exclude=set(_NOT_FIELDS)).items() if value not in ("", None)}
    key = said.get("idempotency_key")
    if key is not None and header_key is not None and key != header_key:
        raise FieldRefusedError(
            "idempotency_key",
            "The form field and the header Idempotency-Key differ; send one of them.",
            code="request.key_mismatch",
        )
    return SubmissionRequest.model_validate(
        {
            **said,
            "idempotency_key": key or header_key,
            "metadata": _object("metadata", form.metadata),
            "overrides": _overrides(form),
            "is_auto_start": form.auto_start,
        }
    )


def _overrides(form: JobForm) -> PolicyOverrides:
    switches = _object("extraction", form.extraction) or None
    return PolicyOverrides(engine=form.engine or None, model=form.model or None, extraction=switches)


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
