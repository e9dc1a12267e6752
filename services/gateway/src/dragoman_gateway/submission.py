"""Submitting a document: the one way in, for API, console and command line alike.

Objects are stored first and events last, in one commit over the document's stream and the job's: a crash in between
leaves objects that nothing points to, never a job without its file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog.policies import policy_for
from dragoman_catalog.values import DomainPack, LanguagePair, Project
from dragoman_contracts.errors import ConflictError
from dragoman_contracts.events import JobRules, JobSubmitted
from dragoman_contracts.identity import document_id, job_id_for_key, new_id, project_id
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ObjectRef
from dragoman_gateway.actors import Actors
from dragoman_gateway.domain import (
    SubmissionRequest,
    Upload,
    decide_opening,
    intake_record,
    is_running,
    request_digest,
    require_open_pair,
    require_same_request,
)
from dragoman_gateway.errors import FieldRefusedError, RunningJobError, UploadTooLargeError
from dragoman_gateway.ports import SubmissionCatalog
from dragoman_gateway.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs, read_document
from dragoman_runtime.objects import ObjectStore, put_value

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class SubmissionRules:
    """What this installation takes. `engines` are the names a request may choose from; empty means any."""

    pipeline: Pipeline
    default_engine: str
    engines: frozenset[str] = frozenset()
    max_upload_bytes: int = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job of a submission; `is_new` is False where the idempotency key had made it before."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the catalogue says about a request."""

    project: Project
    pair: LanguagePair | None
    pack: DomainPack


@dataclass(frozen=True, slots=True)
class _Order:
    """A request that was looked through, with its objects stored."""

    request: SubmissionRequest
    terms: _Terms
    job_id: UUID
    document_id: UUID
    digest: str
    source: ObjectRef
    record: ObjectRef
    policy: ObjectRef
    was_encrypted: bool


class Submissions:
    """Takes files and opens jobs on them."""

    def __init__(
        self,
        *,
        store: EventStore,
        jobs: Jobs,
        objects: ObjectStore,
        catalog: SubmissionCatalog,
        clock: Clock,
        actors: Actors,
        rules: SubmissionRules,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._objects = objects
        self._catalog = catalog
        self._clock = clock
        self._actors = actors
        self._rules = rules

    async def submit(
        self, request: SubmissionRequest, upload: Upload, principal: Principal, *, traceparent: str | None = None
    ) -> Submitted:
        """Open a job on the file, or give the one that the idempotency key already made.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: project, domain pack, engine or language pair cannot be taken, or the file is empty.
            UploadTooLargeError: the file is larger than `max_upload_bytes`.
            KeyReusedError: the key stands for another request.
            RunningJobError: a job for the same version, target locale and pipeline is running.
            VersionRefusedError: the revision strategy does not allow this content.
            RetryableError: a store cannot be reached; with an idempotency key it is safe to ask again.
        """
        principal.require_project(request.project_code)
        self._require_content(upload)
        terms = await self._terms(request)
        project_id = terms.project.project_id
        digest = await asyncio.to_thread(request_digest, request, upload)
        key = request.idempotency_key
        job_id = job_id_for_key(project_id, key) if key else new_id()
        if key and (existing := await self._existing(job_id, digest)):
            return existing
        order = await self._stored(request, upload, terms, job_id, digest)
        return await self._open(order, principal, traceparent)

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

    async def _terms(self, request: SubmissionRequest) -> _Terms:
        found = await self._catalog.submission_terms(
            request.project_code, request.domain_pack_code, request.source_language, request.target_language
        )
        if found.project is None:
            raise FieldRefusedError("project_code", "No project has this code.", code="project.unknown")
        if found.pack is None:
            raise FieldRefusedError("domain_pack_code", "No domain pack has this code.", code="domain_pack.unknown")
        require_open_pair(found.pair, accepts_unlisted=found.project.settings.accepts_unlisted_pairs)
        return _Terms(found.project, found.pair, found.pack)

    async def _stored(
        self, request: SubmissionRequest, upload: Upload, terms: _Terms, job_id: UUID, digest: str
    ) -> _Order:
        project_id = terms.project.project_id
        policy = policy_for(
            terms.project,
            terms.pair,
            terms.pack,
            request.overrides,
            installation_engine=self._rules.default_engine,
        )
        if self._rules.engines and policy.engine not in self._rules.engines:
            offered = ", ".join(sorted(self._rules.engines))
            raise FieldRefusedError(
                "engine", f"Engine {policy.engine!r} is not one of {offered}.", code="engine.unknown"
            )
        record = intake_record(request, upload, self._clock.now())
        return _Order(
            request=request,
            terms=terms,
            job_id=job_id,
            document_id=document_id(project_id, record.external_reference),
            digest=digest,
            source=await self._objects.put(project_id, upload.content, DOCX_MEDIA_TYPE),
            record=await put_value(self._objects, project_id, record),
            policy=await put_value(self._objects, project_id, policy),
            was_encrypted=upload.was_encrypted,
        )

    async def _open(self, order: _Order, principal: Principal, traceparent: str | None) -> Submitted:
        """Append to document and job in one commit; again from what is true then, when somebody was first."""
        for _ in range(_ATTEMPTS):
            try:
                await self._store.commit(await self._appends(order, principal, traceparent))
            except RunningJobError as error:
                if error.job_id != order.job_id:
                    raise  # else: the same key, submitted at the same moment, was first
            except ConflictError:
                pass
            else:
                job, _ = await self._jobs.load(order.job_id)
                return Submitted(job, is_new=True)
            if order.request.idempotency_key and (existing := await self._existing(order.job_id, order.digest)):
                return existing
        raise ConflictError("Too many submissions for this document at the same time; submit it again.")

    async def _appends(self, order: _Order, principal: Principal, traceparent: str | None) -> tuple[Append, Append]:
        pipeline, project_id = self._rules.pipeline, order.terms.project.project_id
        document, head = await read_document(self._store, order.document_id)
        opening = decide_opening(
            document,
            source=order.source,
            record=order.record,
            request=order.request,
            pipeline=pipeline,
            job_id=order.job_id,
        )
        if document and (holder := document.last_job(opening.key)):
            await self._require_not_running(holder)
        origin = await self._actors.origin(
            principal,
            project_id,
            correlation_id=order.request.submission_id or order.job_id,
            traceparent=traceparent,
        )
        now = self._clock.now()
        submitted = self._submitted(order, opening.version)
        return (
            Append(order.document_id, project_id, head, opening.events, origin, now),
            Append(order.job_id, project_id, Head(), (submitted,), origin, now),
        )

    def _submitted(self, order: _Order, version: int) -> JobSubmitted:
        request, settings = order.request, order.terms.project.settings
        is_auto_start = settings.is_auto_start if request.is_auto_start is None else request.is_auto_start
        return JobSubmitted(
            document_id=order.document_id,
            document_version=version,
            source=order.source,
            intake_record=order.record,
            policy=order.policy,
            pipeline=self._rules.pipeline,
            rules=JobRules(
                max_attempts=settings.max_attempts,
                retention_days=settings.retention_days,
                is_auto_start=is_auto_start,
            ),
            source_locale=request.source_language,
            target_locale=request.target_language,
            request_digest=order.digest,
            first_kind=first_kind(self._rules.pipeline),
            submission_id=request.submission_id,
            was_encrypted=order.was_encrypted,
        )

    async def _existing(self, job_id: UUID, digest: str) -> Submitted | None:
        found = await self._jobs.find(job_id)
        if found is None:
            return None
        require_same_request(found[0], digest)
        return Submitted(found[0], is_new=False)

    async def _require_not_running(self, job_id: UUID) -> None:
        found = await self._jobs.find(job_id)
        if found and is_running(found[0]):
            raise RunningJobError(job_id)
