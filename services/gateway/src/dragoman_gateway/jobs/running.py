"""Running a pipeline on a document that is not translated: its file comes in with the order, or is
here already.

A pipeline that needs languages is a translation, which `submissions` opens.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import Field

from dragoman_catalog import Catalog, Project
from dragoman_contracts.commands import LinkedModel
from dragoman_contracts.events import (
    INTAKE_INPUT,
    SOURCE_INPUT,
    JobRules,
    JobSubmitted,
    RevisionStrategy,
)
from dragoman_contracts.identity import document_id, job_id_for_key, new_id
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value, canonical_json
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import WORD_MEDIA_TYPES, NamedObject, ObjectRef
from dragoman_contracts.subject import SubjectKind, SubjectRef, run_scope
from dragoman_contracts.subject_state import Subject, decide_version
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening, Submitted
from dragoman_gateway.jobs.rules import (
    OnUnfinished,
    linked_models,
    needs_languages,
    require_fit,
    require_no_languages,
    with_run_values,
)
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import (
    DocumentMissingError,
    FieldRefusedError,
    SourceErasedError,
)
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.receiving import stored
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, append_decided, read_subject
from dragoman_runtime.objects import ObjectStore, get_value, put_value, spooled
from dragoman_runtime.telemetry import current_traceparent

DEFAULT_PIPELINE = "document-parse"
"""The pipeline of documents whose project names none; it is built in."""

_TOO_FAST = "Too many submissions for this document at the same time; submit it again."


class LinkedModels(Protocol):
    """The models of the registry that pipelines link to."""

    async def linked(self, model_id: UUID) -> LinkedModel | None:
        """The model as it is now; None where there is none, or it is disabled."""
        ...


class PipelineRun(Value):
    """A wish to run a pipeline on a document.

    `pipeline_id` is the pipeline's name; empty for the one that the project's documents get. With
    `force_reparse` nothing that an equal run made before is used. `external_reference` is empty for
    the file's own name, which says which document a file is a version of.
    """

    pipeline_id: Annotated[str, Field(max_length=80)] = ""
    force_reparse: bool = False
    external_reference: Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    idempotency_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    is_auto_start: bool | None = None
    on_unfinished: OnUnfinished = OnUnfinished.KEEP


@dataclass(frozen=True, slots=True)
class Registered:
    """A document whose file was taken in; `is_new` is False where this version was known."""

    document_id: UUID
    project: Project
    version: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was stored, with its intake record, and the document it is a version of."""

    document_id: UUID
    source: ObjectRef
    record: ObjectRef


class PipelineRuns:
    """Takes documents in, and opens jobs on them that translate nothing."""

    def __init__(
        self,
        *,
        store: EventStore,
        objects: ObjectStore,
        catalog: Catalog,
        models: LinkedModels,
        clock: Clock,
        actors: Actors,
        opener: JobOpener,
        max_upload_bytes: int,
    ) -> None:
        self._store = store
        self._objects = objects
        self._catalog = catalog
        self._models = models
        self._clock = clock
        self._actors = actors
        self._opener = opener
        self._max_upload_bytes = max_upload_bytes

    async def is_for(self, pipeline_id: str) -> bool:
        """Whether a pipeline needs no languages.

        Raises:
            FieldRefusedError: there is none of this name.
        """
        saved = await self._catalog.pipelines.find(pipeline_id)
        if saved is None:
            raise FieldRefusedError(
                "pipeline", f"There is no pipeline {pipeline_id!r}.", code="pipeline.unknown"
            )
        return not needs_languages(saved.pipeline)

    async def run(
        self,
        project_code: str,
        request: PipelineRun,
        upload: Upload,
        principal: Principal,
        *,
        traceparent: str | None = None,
    ) -> Submitted:
        """Take the file in and open a job on it, or give the one that the idempotency key made.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: the project or the pipeline cannot be taken, or the file is empty.
            UploadTooLargeError: the file is larger than this installation takes.
            KeyReusedError: the key stands for another request.
            RunningJobError: a job of this pipeline runs on the version.
            RetryableError: a store cannot be reached; with an idempotency key it is safe to ask
                again.
        """
        project = await self._project(project_code, principal)
        require_content(upload, self._max_upload_bytes)
        digest = _digest(project.code, request, await asyncio.to_thread(upload.sha256))
        job_id = _job_id(project, request)
        if request.idempotency_key and (found := await self._opener.existing(job_id, digest)):
            return found
        pipeline = await self._pipeline(project, request)
        file = await self._stored(project, upload, request.external_reference)

        def opening(known: Subject | None) -> Opening:
            version, events = decide_version(known, file.source, file.record, RevisionStrategy.AUTO)
            return Opening(
                _submitted(project, request, pipeline, file, version, digest), tuple(events)
            )

        order = JobOrder(
            job_id,
            project.project_id,
            file.document_id,
            opening,
            digest,
            request.idempotency_key is not None,
            request.on_unfinished,
        )
        return await self._opener.open(order, principal, traceparent=traceparent)

    async def run_on(
        self,
        document: UUID,
        request: PipelineRun,
        principal: Principal,
        *,
        version: int | None = None,
        parent_job_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a job on a version of a document that is here, or on its newest.

        Raises:
            DocumentMissingError: there is no such document, or none that the principal sees.
            SourceErasedError: its file was erased.
            FieldRefusedError, KeyReusedError, RunningJobError, RetryableError: as `run`.
        """
        subject = await self.document(document, principal)
        number = version or len(subject.sources)
        source, record = subject.sources[number - 1], subject.records[number - 1]
        project = await self._project_of(subject.project_id)
        asked = f"{document}/{number}/{parent_job_id or ''}"
        digest = _digest(project.code, request, asked)
        job_id = _job_id(project, request)
        if request.idempotency_key and (found := await self._opener.existing(job_id, digest)):
            return found
        pipeline = await self._pipeline(project, request)
        if not await self._objects.exists(project.project_id, source):
            raise SourceErasedError(parent_job_id)
        file = _File(document, source, record)
        submitted = _submitted(project, request, pipeline, file, number, digest)
        submitted = submitted.model_copy(update={"parent_job_id": parent_job_id})
        order = JobOrder(
            job_id,
            project.project_id,
            document,
            lambda _: Opening(submitted),
            digest,
            request.idempotency_key is not None,
            request.on_unfinished,
        )
        return await self._opener.open(order, principal, traceparent=traceparent)

    async def run_again(
        self,
        parent: Job,
        principal: Principal,
        *,
        is_fresh: bool,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a new job with the pipeline of now on the document version of another job.

        Raises:
            DocumentMissingError: the job is about no document.
            SourceErasedError, RunningJobError, RetryableError: as `run_on`.
        """
        subject = parent.submitted.subject
        if subject is None or subject.kind is not SubjectKind.DOCUMENT:
            raise DocumentMissingError(parent.job_id)
        request = PipelineRun(
            pipeline_id=parent.pipeline.name,
            force_reparse=is_fresh,
            idempotency_key=idempotency_key,
        )
        return await self.run_on(
            subject.id,
            request,
            principal,
            version=subject.version,
            parent_job_id=parent.job_id,
            traceparent=traceparent,
        )

    async def register(
        self,
        project_code: str,
        upload: Upload,
        principal: Principal,
        *,
        external_reference: str = "",
    ) -> Registered:
        """Take a file in, as a document or as a version of one, and open no job.

        Raises:
            ForbiddenError, FieldRefusedError, UploadTooLargeError, RetryableError: as `run`.
        """
        project = await self._project(project_code, principal)
        require_content(upload, self._max_upload_bytes)
        file = await self._stored(project, upload, external_reference)
        version, is_new = 0, False

        async def appends() -> tuple[Append, ...]:
            nonlocal version, is_new
            known, head = await read_subject(self._store, file.document_id)
            version, events = decide_version(known, file.source, file.record, RevisionStrategy.AUTO)
            is_new = bool(events)
            if not events:
                return ()
            origin = await self._actors.origin(
                principal,
                project.project_id,
                correlation_id=file.document_id,
                traceparent=current_traceparent(),
            )
            now = self._clock.now()
            return (Append(file.document_id, project.project_id, head, tuple(events), origin, now),)

        await append_decided(self._store, appends, too_fast=_TOO_FAST)
        return Registered(file.document_id, project, version, is_new)

    async def document(self, document: UUID, principal: Principal) -> Subject:
        """The document as its stream tells of it.

        Raises:
            DocumentMissingError: there is no such document, it was removed, or the principal does
                not see it.
        """
        subject, _ = await read_subject(self._store, document)
        is_there = subject is not None and bool(subject.sources) and not subject.is_removed
        if subject is None or not is_there or not principal.sees(subject.project_id):
            raise DocumentMissingError(document)
        return subject

    async def upload_of(self, document: UUID, principal: Principal) -> tuple[IntakeRecord, Upload]:
        """The intake record and the file of a document's newest version, as if it came in again.

        Raises:
            DocumentMissingError: as `document`.
            SourceErasedError: record or file was erased.
        """
        subject = await self.document(document, principal)
        source, record = subject.sources[-1], subject.records[-1]
        project_id = subject.project_id
        for each in (source, record):
            if not await self._objects.exists(project_id, each):
                raise SourceErasedError
        told = await get_value(self._objects, project_id, record, IntakeRecord)
        file = await spooled(self._objects.open_stream(project_id, source))
        return told, Upload(told.file_name, file)

    async def _project(self, code: str, principal: Principal) -> Project:
        principal.require_project(code)
        found = await self._catalog.projects.find(code)
        if found is None:
            raise FieldRefusedError(
                "project_code", "No project has this code.", code="project.unknown"
            )
        return found

    async def _project_of(self, project_id: UUID) -> Project:
        for project in await self._catalog.projects.all():
            if project.project_id == project_id:
                return project
        raise FieldRefusedError("project_code", "Its project is gone.", code="project.unknown")

    async def _pipeline(self, project: Project, request: PipelineRun) -> Pipeline:
        """The pipeline's newest version, with all that a run of it needs filled in.

        Raises:
            FieldRefusedError: there is none, it takes no jobs, it needs languages, or a model that
                it links to is gone.
        """
        name = request.pipeline_id or project.settings.pipeline_id or DEFAULT_PIPELINE
        saved = await self._catalog.pipelines.find(name)
        if saved is None:
            raise FieldRefusedError(
                "pipeline_id", f"There is no pipeline {name!r}.", code="pipeline.unknown"
            )
        pipeline = require_no_languages(require_fit(saved))
        models: Mapping[UUID, LinkedModel | None] = {
            each: await self._models.linked(each) for each in linked_models(pipeline)
        }
        return with_run_values(
            pipeline, models, nonce=new_id().hex if request.force_reparse else ""
        )

    async def _stored(self, project: Project, upload: Upload, external_reference: str) -> _File:
        name = upload.base_name
        stem, suffix = PurePath(name).stem.strip(), PurePath(name).suffix.lower()
        word = WORD_MEDIA_TYPES.get(suffix)
        # A translation's document is called by its stem; another file of that stem is no version.
        reference = external_reference.strip() or (stem if word else "") or name
        record = IntakeRecord(
            project_code=project.code,
            domain_pack_code="",
            file_name=name,
            external_reference=reference,
            version_label=self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        media_type = word or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return _File(
            document_id(project.project_id, reference),
            await stored(upload, self._objects, project.project_id, media_type),
            await put_value(self._objects, project.project_id, record),
        )


def _submitted(
    project: Project,
    request: PipelineRun,
    pipeline: Pipeline,
    file: _File,
    version: int,
    digest: str,
) -> JobSubmitted:
    settings = project.settings
    is_auto_start = request.is_auto_start
    return JobSubmitted(
        subject=SubjectRef(kind=SubjectKind.DOCUMENT, id=file.document_id, version=version),
        scope=run_scope(version, pipeline.name),
        inputs=(
            NamedObject(name=SOURCE_INPUT, object=file.source),
            NamedObject(name=INTAKE_INPUT, object=file.record),
        ),
        pipeline=pipeline,
        rules=JobRules(
            max_attempts=settings.max_attempts,
            retention_days=settings.retention_days,
            is_auto_start=settings.is_auto_start if is_auto_start is None else is_auto_start,
        ),
        request_digest=digest,
        first_kind=first_kind(pipeline),
        first_phase=pipeline.phases[0].key,
    )


def _job_id(project: Project, request: PipelineRun) -> UUID:
    key = request.idempotency_key
    return job_id_for_key(project.project_id, key) if key else new_id()


def _digest(project_code: str, request: PipelineRun, of: str) -> str:
    """The sha256 of the wish and of what it is about; equal requests, equal digests."""
    # What becomes of an earlier job is no part of the wish for this one.
    same = {"idempotency_key": None, "on_unfinished": OnUnfinished.KEEP}
    asked = request.model_copy(update=same)
    return hashlib.sha256(f"{project_code}/{of}/".encode() + canonical_json(asked)).hexdigest()
