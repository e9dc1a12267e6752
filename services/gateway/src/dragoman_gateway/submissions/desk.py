"""Submitting a document: the one way in, for API, console and command line alike.

Objects are stored first and events last, in one commit over the document's stream and the job's: a crash in between
leaves objects that nothing points to, never a job without its file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from dragoman_catalog import Catalog
from dragoman_catalog.policies import policy_for
from dragoman_catalog.values import DomainPack, LanguagePair, PolicyOverrides, Project
from dragoman_contracts.events import INTAKE_INPUT, SOURCE_INPUT, JobRules, JobSubmitted
from dragoman_contracts.identity import document_id, job_id_for_key, new_id, project_id
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import DOCX_MEDIA_TYPE, NamedObject, ObjectRef
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.subject_state import Subject
from dragoman_documents import DocumentError, WrongPasswordError, decrypted, is_encrypted
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import record_of
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening, Submitted
from dragoman_gateway.jobs.rules import OnUnfinished, is_running
from dragoman_gateway.submissions.rules import (
    RerunRequest,
    SubmissionRequest,
    SubmissionRules,
    Upload,
    decide_opening,
    intake_record,
    on_document,
    overrides_again,
    request_digest,
    require_document,
    require_fit,
    require_open_pair,
    rerun_digest,
)
from dragoman_gateway.web.errors import (
    FieldRefusedError,
    JobStateError,
    RunningJobError,
    SourceErasedError,
    UnfinishedJobError,
    UploadTooLargeError,
)
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import ObjectStore, put_value


@dataclass(frozen=True, slots=True)
class Choices:
    """The values that the form for new jobs offers a person."""

    projects: list[Project]
    packs: list[DomainPack]
    engines: list[str]
    max_upload_bytes: int


@dataclass(frozen=True, slots=True)
class _Terms:
    """The entries of the catalogue that a request names."""

    project: Project
    pair: LanguagePair | None
    pack: DomainPack


class Submissions:
    """Takes files and opens jobs on them."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        objects: ObjectStore,
        catalog: Catalog,
        clock: Clock,
        control: JobControl,
        opener: JobOpener,
        rules: SubmissionRules,
    ) -> None:
        self._control = control
        self._opener = opener
        self._jobs = jobs
        self._objects = objects
        self._catalog = catalog
        self._clock = clock
        self._rules = rules

    async def submit(
        self,
        request: SubmissionRequest,
        upload: Upload,
        principal: Principal,
        *,
        on_unfinished: OnUnfinished = OnUnfinished.REFUSE,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a job on the file, or give the one that the idempotency key already made.

        With `on_unfinished` resume, the job that holds the version, target locale and pipeline goes on, and is given.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: project, domain pack, engine or language pair cannot be taken, or the file is empty.
            UploadTooLargeError: the file is larger than `max_upload_bytes`.
            KeyReusedError: the key stands for another request.
            RunningJobError: a job for the same version, target locale and pipeline is running.
            UnfinishedJobError: such a job was interrupted, and `on_unfinished` does not say what to do about it.
            VersionRefusedError: the revision strategy does not allow this content.
            RetryableError: a store cannot be reached; with an idempotency key it is safe to ask again.
        """
        principal.require_project(request.project_code)
        self._require_content(upload)
        terms = await self._terms(
            request.project_code, request.domain_pack_code, request.source_language, request.target_language
        )
        project_id = terms.project.project_id
        digest = await asyncio.to_thread(request_digest, request, upload)
        key = request.idempotency_key
        job_id = job_id_for_key(project_id, key) if key else new_id()
        if key and (existing := await self._opener.existing(job_id, digest)):
            return existing
        order = await self._order(request, upload, terms, job_id, digest, on_unfinished)
        try:
            return await self._opener.open(order, principal, traceparent=traceparent)
        except (RunningJobError, UnfinishedJobError) as error:
            if on_unfinished is not OnUnfinished.RESUME:
                raise
            return Submitted(await self._going_on(error.job_id, principal), is_new=False)

    async def rerun(
        self,
        parent_id: UUID,
        request: RerunRequest,
        principal: Principal,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a new job on the source of another, under the policy the project has now.

        Choices that the first request named itself stay, except where this request names others.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            JobStateError: it is not about a document.
            SourceErasedError: its document was erased.
            RunningJobError: it runs, or another job for its version, target locale and pipeline does.
            FieldRefusedError, KeyReusedError, RetryableError: as `submit`.
        """
        parent = await self._control.find(parent_id, principal)
        digest = rerun_digest(parent_id, request)
        job_id = job_id_for_key(parent.project_id, idempotency_key) if idempotency_key else new_id()
        if idempotency_key and (existing := await self._opener.existing(job_id, digest)):
            return existing
        order = await self._order_again(parent, request, job_id, digest, idempotency_key)
        return await self._opener.open(order, principal, traceparent=traceparent)

    async def choices(self, principal: Principal) -> Choices:
        """The values that the form for new jobs offers this person."""
        return Choices(
            projects=principal.visible(await self._catalog.projects.all()),
            packs=await self._catalog.domain_packs.all(),
            engines=sorted(self._rules.engines),
            max_upload_bytes=self._rules.max_upload_bytes,
        )

    def now(self) -> datetime:
        """The time by this installation's clock."""
        return self._clock.now()

    async def find(self, project_code: str, idempotency_key: str) -> Job | None:
        """The job that this key made in the project; None where it made none."""
        found = await self._jobs.find(job_id_for_key(project_id(project_code), idempotency_key))
        return None if found is None else found[0]

    def _require_content(self, upload: Upload) -> None:
        if not upload.content:
            raise FieldRefusedError("file", "The file is empty.", code="upload.empty")
        limit = self._rules.max_upload_bytes
        if len(upload.content) > limit:
            raise UploadTooLargeError(f"The file is larger than the {limit} bytes this installation takes.")

    async def _terms(self, project_code: str, domain_pack_code: str, source: Locale, target: Locale) -> _Terms:
        found = await self._catalog.submission_terms(project_code, domain_pack_code, source, target)
        if found.project is None:
            raise FieldRefusedError("project_code", "No project has this code.", code="project.unknown")
        if found.pack is None:
            raise FieldRefusedError("domain_pack_code", "No domain pack has this code.", code="domain_pack.unknown")
        require_open_pair(found.pair, accepts_unlisted=found.project.settings.accepts_unlisted_pairs)
        return _Terms(found.project, found.pair, found.pack)

    async def _order(
        self,
        request: SubmissionRequest,
        upload: Upload,
        terms: _Terms,
        job_id: UUID,
        digest: str,
        on_unfinished: OnUnfinished,
    ) -> JobOrder:
        project_id = terms.project.project_id
        policy = self._policy(terms, request.overrides)
        pipeline = await self._pipeline(request.pipeline)
        intake = intake_record(request, upload, self._clock.now())
        source = await self._objects.put(project_id, upload.content, DOCX_MEDIA_TYPE)
        record = await put_value(self._objects, project_id, intake)
        submitted = JobSubmitted(
            inputs=_inputs(source, record),
            locales=LocalePair(source=request.source_language, target=request.target_language),
            policy=await put_value(self._objects, project_id, policy),
            pipeline=pipeline,
            rules=_job_rules(terms.project, request.is_auto_start),
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
            request_digest=digest,
            was_encrypted=upload.was_encrypted,
            submission_id=request.submission_id,
        )
        document = document_id(project_id, intake.external_reference)

        def opening(known: Subject | None) -> Opening:
            version, events = decide_opening(known, source=source, record=record, request=request)
            return Opening(on_document(submitted, document, version), events)

        has_key = request.idempotency_key is not None
        return JobOrder(job_id, project_id, document, opening, digest, has_key, on_unfinished)

    async def _order_again(
        self, parent: Job, request: RerunRequest, job_id: UUID, digest: str, idempotency_key: str | None
    ) -> JobOrder:
        document, version = require_document(parent)
        project_id, source, locales = parent.project_id, parent.source, parent.locales
        intake = await record_of(self._objects, parent)
        if intake is None or not await self._objects.exists(project_id, source):
            raise SourceErasedError(parent.job_id)
        terms = await self._terms(intake.project_code, intake.domain_pack_code, locales.source, locales.target)
        overrides = overrides_again(PolicyOverrides.model_validate(intake.choices, extra="ignore"), request)
        policy = self._policy(terms, overrides)
        if request.refresh:
            policy = policy.model_copy(update={"nonce": new_id().hex})
        choices = overrides.model_dump(mode="json", exclude_none=True)
        again = intake.model_copy(update={"idempotency_key": idempotency_key or "", "choices": choices})
        pipeline = await self._pipeline(parent.pipeline.name)
        submitted = JobSubmitted(
            inputs=_inputs(source, await put_value(self._objects, project_id, again)),
            locales=locales,
            policy=await put_value(self._objects, project_id, policy),
            pipeline=pipeline,
            rules=_job_rules(terms.project),
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
            request_digest=digest,
            was_encrypted=parent.submitted.was_encrypted,
            parent_job_id=parent.job_id,
        )
        opening = Opening(on_document(submitted, document, version))
        has_key = idempotency_key is not None
        return JobOrder(job_id, project_id, document, lambda _: opening, digest, has_key, OnUnfinished.KEEP)

    async def _pipeline(self, name: str | None) -> Pipeline:
        """The newest version of this pipeline, or the installation's.

        Raises:
            FieldRefusedError: there is none, or it takes no jobs on documents.
        """
        if name is None or name == self._rules.pipeline.name:
            return self._rules.pipeline
        saved = await self._catalog.pipelines.find(name)
        if saved is None:
            raise FieldRefusedError("pipeline", f"There is no pipeline {name!r}.", code="pipeline.unknown")
        return require_fit(saved)

    def _policy(self, terms: _Terms, overrides: PolicyOverrides) -> Policy:
        default_engine = self._rules.default_engine
        try:
            policy = policy_for(terms.project, terms.pair, terms.pack, overrides, installation_engine=default_engine)
        except ValueError as error:
            raise FieldRefusedError("qa_profile", f"Project or language pair: {error}.") from error
        if self._rules.engines and policy.engine not in self._rules.engines:
            offered = ", ".join(sorted(self._rules.engines))
            raise FieldRefusedError(
                "engine", f"Engine {policy.engine!r} is not one of {offered}.", code="engine.unknown"
            )
        return policy

    async def _going_on(self, job_id: UUID, principal: Principal) -> Job:
        """The unfinished job, resumed by us or by somebody who was first."""
        try:
            return (await self._control.resume(job_id, principal)).job
        except JobStateError:
            job = await self._control.find(job_id, principal)
            if not is_running(job):
                raise
            return job


def _inputs(source: ObjectRef, record: ObjectRef) -> tuple[NamedObject, NamedObject]:
    return NamedObject(name=SOURCE_INPUT, object=source), NamedObject(name=INTAKE_INPUT, object=record)


def _job_rules(project: Project, is_auto_start: bool | None = None) -> JobRules:
    """The rules of a new job in the project; `is_auto_start` is the request's wish, where it has one."""
    settings = project.settings
    return JobRules(
        max_attempts=settings.max_attempts,
        retention_days=settings.retention_days,
        is_auto_start=settings.is_auto_start if is_auto_start is None else is_auto_start,
    )


async def received(file_name: str, content: bytes, password: SecretStr | None) -> Upload:
    """The upload, with what the password opens in place of an encrypted file: neither password nor ciphertext goes on.

    Without a password an encrypted file stays as it is, and preflight refuses it. A password for a file that needs none
    is not used: one may be given for a whole folder.

    Raises:
        FieldRefusedError: the password is wrong, or the encrypted file cannot be opened with any.
    """
    secret = password.get_secret_value() if password is not None else ""
    if not secret or not is_encrypted(content):
        return Upload(file_name, content)
    try:
        package = await asyncio.to_thread(decrypted, content, secret)
    except DocumentError as error:
        field = "document_password" if isinstance(error, WrongPasswordError) else "file"
        raise FieldRefusedError(field, error.message, code=error.code) from error
    return Upload(file_name, package, was_encrypted=True)
