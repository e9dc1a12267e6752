"""POST /jobs: the form of requirement E."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Header, Request, Response, UploadFile
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    WithJsonSchema,
)

from dragoman_catalog import PolicyOverrides
from dragoman_contracts.events import RevisionStrategy
from dragoman_gateway.jobs.schemas import JobDetail
from dragoman_gateway.jobs.showing import job_now
from dragoman_gateway.submissions.rules import OnUnfinished, SubmissionRequest
from dragoman_gateway.submissions.uploads import received
from dragoman_gateway.web.dependencies import GatewayDep, Operator
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.problems import documented, field_problems, invalid_request
from dragoman_runtime.telemetry import current_traceparent, span

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


def _or_auto(value: object) -> object:
    return RevisionStrategy.AUTO if value == "" else value


def _or_none(value: object) -> object:
    return None if value == "" else value


class JobForm(BaseModel):
    """The form's fields. Optional ones may be missing or empty."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[UploadFile, File(description="The document: a DOCX.")]
    project_code: Annotated[str, Field(min_length=1, max_length=60)]
    domain_pack_code: Annotated[str, Field(min_length=1, max_length=60)]
    source_language: Annotated[str, Field(min_length=1, max_length=64, description="BCP-47 tag.", examples=["en"])]
    target_language: Annotated[str, Field(min_length=1, max_length=64, description="BCP-47 tag.", examples=["de-CH"])]
    document_password: SecretStr = Field(
        SecretStr(""), max_length=255, description="Opens an encrypted file. It is used once and not stored."
    )
    external_reference: str = Field("", max_length=500, description="The file name's stem where empty.")
    document_title: str = Field("", max_length=500)
    version_label: str = Field("", max_length=200, description="The time of submission where empty.")
    family_key: str = Field("", max_length=500)
    revision_strategy: Annotated[RevisionStrategy, BeforeValidator(_or_auto)] = RevisionStrategy.AUTO
    submitted_by: str = Field("", max_length=500, description="A note. The actor is who is signed in.")
    idempotency_key: str = Field("", max_length=255, description="The same as the header Idempotency-Key.")
    metadata: str = Field("", max_length=65536, description="A JSON object.", examples=['{"order": 7}'])
    engine: str = Field("", max_length=80, description="Another engine than the project's.")
    model: str = Field("", max_length=80, description="Another model than the project's.")
    extraction: str = Field(
        "",
        max_length=8192,
        description="A JSON object of switches of what is translated, as a project's `extraction`.",
        examples=['{"comments": false, "untranslated_styles": ["Code"]}'],
    )
    auto_start: Annotated[bool | None, BeforeValidator(_or_none), WithJsonSchema({"type": "boolean"})] = Field(
        None, description="False: after preflight the job waits for POST …/process."
    )
    on_unfinished: Literal["", "resume", "fresh"] = Field(
        "",
        description="What becomes of an interrupted job of the same document version, target language and pipeline: "
        "it goes on and is the answer, or it is given up and a new one is opened. Empty: a 409 that links to it.",
    )


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
    gateway: GatewayDep,
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
        submitted = await gateway.submissions.submit(
            asked,
            upload,
            principal,
            on_unfinished=OnUnfinished(form.on_unfinished or OnUnfinished.REFUSE),
            traceparent=current_traceparent(),
        )
        root.set(job_id=str(submitted.job.job_id), is_new=submitted.is_new)
    job = submitted.job
    response.headers["Location"] = f"/api/v1/jobs/{job.job_id}"
    return await job_now(gateway, job, response)


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
