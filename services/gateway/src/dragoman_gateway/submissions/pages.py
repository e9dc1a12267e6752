"""The form for new jobs, several files at once under one submission;
and jobs that run a document again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from pydantic import JsonValue, SecretStr, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dragoman_catalog.values import PolicyOverrides
from dragoman_contracts.errors import ConflictError, DragomanError
from dragoman_contracts.identity import new_id
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.references import WORD_MEDIA_TYPES
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.api import JobDeskDep
from dragoman_gateway.jobs.desk import JobDesk
from dragoman_gateway.jobs.detail.page import ago_text
from dragoman_gateway.jobs.detail.words import stage_text
from dragoman_gateway.jobs.pages.job import Look, show_job
from dragoman_gateway.submissions.api import SubmissionsDep
from dragoman_gateway.submissions.desk import Submissions
from dragoman_gateway.submissions.rules import RerunRequest, SubmissionRequest
from dragoman_gateway.web.addresses import address, job_address
from dragoman_gateway.web.errors import FieldRefusedError, RunningJobError, UnfinishedJobError
from dragoman_gateway.web.guard import HOME, ConsoleRoute, SignedIn, Visit, Writing, see_other
from dragoman_gateway.web.languages import LANGUAGES
from dragoman_gateway.web.receiving import received
from dragoman_gateway.web.tracing import request_span
from dragoman_runtime.telemetry import current_traceparent

_FIELDS = (
    "source_language",
    "target_language",
    "project_code",
    "domain_pack_code",
    "engine",
    "document_title",
    "external_reference",
    "version_label",
    "family_key",
    "revision_strategy",
    "metadata",
    "new_version_of",
    "auto_start",
)
_ONE_FILE_ONLY = ("document_title", "external_reference", "new_version_of")
_PLACES = {name: place for place, name in enumerate(("file", "document_password", *_FIELDS))}
_ADVANCED = frozenset(_FIELDS[5:])
_AT_FIRST = {
    "source_language": "en",
    "project_code": "default",
    "domain_pack_code": "general",
}
"""The fields of an empty form, as the API has them where they are left out."""

_STRATEGIES = (
    ("auto", "New version if content differs"),
    ("new_version", "Always a new version"),
    ("same_version", "Refuse other content"),
)
_metadata = TypeAdapter(dict[str, JsonValue])
router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A fault of a field of the form, or of one of the files."""

    text: str
    field: str = ""
    file: str = ""
    job_id: UUID | None = None
    unfinished: UnfinishedJob | None = None


@dataclass(frozen=True, slots=True)
class UnfinishedJob:
    """An interrupted job that stands in the way of a new one, with how far it got."""

    job_id: UUID
    is_failed: bool
    progress_pct: float
    ago: str
    phases: tuple[str, ...]
    translated: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that became a job."""

    file: str
    job_id: UUID


@router.get("/console/new")
async def new_job_page(
    visit: SignedIn,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    corrects: UUID | None = None,
    new_version_of: UUID | None = None,
) -> Response:
    """The form: empty, or filled in for another version of a job's document: a corrected one, or a
    new one that takes the job's translations over.
    """
    values: dict[str, str] = {}
    earlier = new_version_of or corrects
    if earlier is not None:
        values = await _values_of(jobs, await jobs.control.find(earlier, visit.principal))
    if new_version_of is not None:
        values["new_version_of"] = str(new_version_of)
    return await _form(desk, visit, values, [], [])


@router.post("/console/jobs")
async def submit(visit: Writing, desk: SubmissionsDep) -> Response:
    """Open a job for every file; what cannot be taken is said beside what was."""
    form = await visit.request.form()
    values = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    files = [
        each for each in form.getlist("file") if isinstance(each, UploadFile) and each.filename
    ]
    request, problems = _parsed(values, len(files))
    if request is None or problems:
        return await _form(desk, visit, values, problems, [], status=422)
    accepted, problems = await _submit_all(
        desk, visit, request, files, SecretStr(str(form.get("document_password", "")))
    )
    if problems:
        return await _form(desk, visit, values, problems, accepted, status=422)
    if len(accepted) == 1:
        return see_other(job_address(accepted[0].job_id, notice="submitted"))
    return see_other(address(HOME, submission=str(request.submission_id), notice="submitted"))


@router.post("/console/jobs/{job_id}/rerun")
async def rerun(
    visit: Writing,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    job_id: UUID,
    refresh: Annotated[str, Form()] = "",
    engine: Annotated[str, Form()] = "",
) -> Response:
    """Open a new job on the same document, under the project's policy of now."""
    try:
        opened = await _run_again(
            desk, visit, job_id, RerunRequest(refresh=bool(refresh), engine=engine or None)
        )
    except (ConflictError, FieldRefusedError) as error:
        return await show_job(visit, jobs, job_id, Look(), alert=error.message, status=409)
    return see_other(job_address(opened, notice="rerun"))


@router.post("/console/jobs/{job_id}/fresh")
async def fresh(
    visit: Writing,
    desk: SubmissionsDep,
    jobs: JobDeskDep,
    job_id: UUID,
    engine: Annotated[str, Form()] = "",
) -> Response:
    """Open a new job in place of an interrupted one,
    whose checkpoint is given up once the new job is there.
    """
    try:
        opened = await _run_again(desk, visit, job_id, RerunRequest(engine=engine or None))
        await jobs.control.discard_checkpoint(job_id, visit.principal)
    except (ConflictError, FieldRefusedError) as error:
        return await show_job(visit, jobs, job_id, Look(), alert=error.message, status=409)
    return see_other(job_address(opened, notice="rerun"))


async def _values_of(jobs: JobDesk, job: Job) -> dict[str, str]:
    """The fields with which the job's document was submitted, as far as they were not erased."""
    intake, locales = (await jobs.records(job)).intake, job.submitted.locales
    values: dict[str, str] = {}
    if locales is not None:
        values |= {"source_language": locales.source, "target_language": locales.target}
    if intake is not None:
        same = ("project_code", "domain_pack_code", "document_title", "external_reference")
        values |= {name: str(getattr(intake, name)) for name in (*same, "family_key")}
    return values


def _parsed(
    values: Mapping[str, str], file_count: int
) -> tuple[SubmissionRequest | None, list[FormProblem]]:
    problems: list[FormProblem] = []
    if file_count == 0:
        problems.append(FormProblem("Choose at least one Word document.", "file"))
    if file_count > 1:
        problems += [
            FormProblem(f"{_label(name)} can be given for one file only.", name)
            for name in _ONE_FILE_ONLY
            if values[name]
        ]
    metadata: dict[str, JsonValue] = {}
    try:
        metadata = _metadata.validate_json(values["metadata"] or "{}")
    except ValidationError:
        problems.append(FormProblem("Metadata must be a JSON object.", "metadata"))
    try:
        return _request(values, metadata, file_count), problems
    except ValidationError as error:
        for each in error.errors():
            field = str(each["loc"][-1]) if each["loc"] else "target_language"
            problems.append(FormProblem(_reason(field, each["type"], str(each["msg"])), field))
        return None, problems


def _request(
    values: Mapping[str, str], metadata: dict[str, JsonValue], file_count: int
) -> SubmissionRequest:
    optional = ("external_reference", "version_label", "new_version_of")
    fields: dict[str, object] = {
        name: value
        for name, value in values.items()
        if name not in {"engine", "metadata", "auto_start"}
    }
    fields |= {name: values[name] or None for name in optional}
    fields["revision_strategy"] = values["revision_strategy"] or "auto"
    fields["is_auto_start"] = {"true": True, "false": False}.get(values["auto_start"])
    return SubmissionRequest.model_validate(
        {
            **fields,
            "metadata": metadata,
            "overrides": PolicyOverrides.model_validate({"engine": values["engine"] or None}),
            "submission_id": new_id() if file_count > 1 else None,
        }
    )


def _reason(field: str, kind: str, message: str) -> str:
    if kind in {"missing", "string_too_short"} or (
        field.endswith("_language") and message.startswith("Value error, ''")
    ):
        return f"{_label(field)} is needed."
    return f"{_label(field)}: {message.removeprefix('Value error, ')}"


def _label(field: str) -> str:
    return field.removesuffix("_code").replace("_", " ").capitalize()


async def _submit_all(
    desk: Submissions,
    visit: Visit,
    request: SubmissionRequest,
    files: list[UploadFile],
    password: SecretStr,
) -> tuple[list[Accepted], list[FormProblem]]:
    accepted: list[Accepted] = []
    problems: list[FormProblem] = []
    for file in files:
        name = file.filename or ""
        try:
            accepted.append(await _submit_one(desk, visit, request, file, password))
        except UnfinishedJobError as error:
            problems.append(
                FormProblem(
                    "A job for it was interrupted.",
                    file=name,
                    unfinished=_unfinished(error.job, desk.now()),
                )
            )
        except RunningJobError as error:
            text = "A job for this version, language and pipeline is running already."
            problems.append(FormProblem(text, file=name, job_id=error.job_id))
        except FieldRefusedError as error:
            problems.append(
                FormProblem(error.message, "" if error.field == "file" else error.field, name)
            )
        except DragomanError as error:
            problems.append(FormProblem(error.message, file=name))
    return accepted, list(
        {(each.field or each.file, each.text): each for each in problems}.values()
    )


def _unfinished(job: Job, now: datetime) -> UnfinishedJob:
    plan = job.plan
    return UnfinishedJob(
        job_id=job.job_id,
        is_failed=job.status is JobStatus.FAILED,
        progress_pct=progress_pct(job),
        ago=ago_text(now - (job.stopped_at or job.head_at)),
        phases=tuple(stage_text(each) for each in job.checkpoint_phases),
        translated=f"{plan.done_count:,} of {plan.item_count:,} units translated" if plan else "",
    )


async def _submit_one(
    desk: Submissions,
    visit: Visit,
    request: SubmissionRequest,
    file: UploadFile,
    password: SecretStr,
) -> Accepted:
    with request_span("POST /console/jobs", visit.request) as root:
        upload = await received(file.filename or "", file.file, password)
        traceparent = current_traceparent()
        done = await desk.submit(request, upload, visit.principal, traceparent=traceparent)
        root.set(job_id=str(done.job.job_id), is_new=done.is_new)
    return Accepted(upload.base_name, done.job.job_id)


async def _form(
    desk: Submissions,
    visit: Visit,
    values: Mapping[str, str],
    problems: list[FormProblem],
    accepted: list[Accepted],
    *,
    status: int = 200,
) -> Response:
    offered = await desk.choices(visit.principal)
    errors = dict.fromkeys(_PLACES, "") | {each.field: each.text for each in problems if each.field}
    return visit.page(
        "submissions/new.html",
        status_code=status,
        section="new",
        values=dict.fromkeys(_FIELDS, "") | _AT_FIRST | dict(values),
        errors=errors,
        problems=sorted(problems, key=lambda each: _PLACES.get(each.field, len(_PLACES))),
        accepted=accepted,
        unfinished=[each for each in problems if each.unfinished],
        has_advanced_errors=any(errors[name] for name in _ADVANCED),
        projects=offered.projects,
        packs=offered.packs,
        engines=offered.engines,
        project_engines=offered.project_engines,
        is_pair_checked=offered.is_pair_checked,
        strategies=_STRATEGIES,
        languages=LANGUAGES,
        max_bytes=offered.max_upload_bytes,
        suffixes=tuple(WORD_MEDIA_TYPES),
        max_size=f"{offered.max_upload_bytes / 2**20:.0f} MiB",
    )


async def _run_again(desk: Submissions, visit: Visit, job_id: UUID, request: RerunRequest) -> UUID:
    """The id of a new job on the document of this one.

    Raises:
        RunningJobError: it runs, or another job for its version, target locale and pipeline does.
        FieldRefusedError, SourceErasedError: as `Submissions.rerun`.
    """
    with request_span("POST /console/jobs/{job_id}/rerun", visit.request) as root:
        opened = await desk.rerun(
            job_id, request, visit.principal, traceparent=current_traceparent()
        )
        root.set(job_id=str(opened.job.job_id), is_new=opened.is_new)
    return opened.job.job_id
