"""Submitting a document: the one way in, for API, console and command line.

Objects are stored first, events last and in one commit: a crash in between leaves no job without
its file.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from dragoman_catalog import Catalog
from dragoman_catalog.policies import policy_for
from dragoman_catalog.values import DomainPack, LanguagePair, PolicyOverrides, Project
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import JobSubmitted
from dragoman_contracts.identity import document_id, job_id_for_key, new_id, project_id
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ObjectRef
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.subject_state import Subject
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import record_of
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening, Submitted
from dragoman_gateway.jobs.rules import OnUnfinished, is_running, require_fit
from dragoman_gateway.jobs.running import PipelineRun, PipelineRuns
from dragoman_gateway.submissions.opening import (
    EarlierJobs,
    engine_texts,
    require_engines,
    require_word_file,
    taken_over,
    taken_over_again,
)
from dragoman_gateway.submissions.pins import Pins, pinned_objects
from dragoman_gateway.submissions.rules import (
    DocumentRun,
    RerunRequest,
    SubmissionRequest,
    SubmissionRules,
    decide_opening,
    field_of_refusal,
    intake_record,
    is_on_document,
    job_inputs,
    job_rules,
    on_document,
    overrides_again,
    remembered_dismissals,
    request_digest,
    require_document,
    require_open_pair,
    require_registered_locales,
    rerun_digest,
)
from dragoman_gateway.web.errors import (
    FieldRefusedError,
    JobStateError,
    RunningJobError,
    SourceErasedError,
    UnfinishedJobError,
)
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.receiving import stored
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore, Jobs, read_subject
from dragoman_runtime.objects import ObjectStore, get_value, put_value

_DEFAULT_PACK = "general"


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of the form for new jobs, and whether the engine's languages are checked at once."""

    projects: list[Project]
    packs: list[DomainPack]
    engines: list[str]
    project_engines: dict[str, str]
    max_upload_bytes: int
    is_pair_checked: bool


class _Terms(NamedTuple):
    """The entries of the catalogue that a request names."""

    project: Project
    pair: LanguagePair | None
    pack: DomainPack


class Submissions:
    """Takes files and opens jobs on them."""

    def __init__(
        self,
        *,
        store: EventStore,
        jobs: Jobs,
        objects: ObjectStore,
        catalog: Catalog,
        clock: Clock,
        control: JobControl,
        opener: JobOpener,
        runs: PipelineRuns,
        rules: SubmissionRules,
        earlier: EarlierJobs,
    ) -> None:
        self._control = control
        self._earlier = earlier
        self._store = store
        self.runs = runs
        self._opener = opener
        self._jobs = jobs
        self._objects = objects
        self._pins = Pins(catalog, objects)
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

        With `on_unfinished` resume, the job that holds version, locale and pipeline goes on.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: project, domain pack, engine or language pair cannot be taken, or the
                file is empty or of a format that the pipeline does not read.
            UploadTooLargeError: the file is larger than `max_upload_bytes`.
            KeyReusedError: the key stands for another request.
            RunningJobError: a job for the same version, target locale and pipeline is running.
            UnfinishedJobError: such a job was interrupted, and `on_unfinished` says nothing of it.
            VersionRefusedError: the revision strategy does not allow this content.
            RetryableError: a store cannot be reached; with an idempotency key, ask again.
        """
        principal.require_project(request.project_code)
        require_content(upload, self._rules.max_upload_bytes)
        terms = await self._terms(
            request.project_code,
            request.domain_pack_code,
            request.source_language,
            request.target_language,
        )
        digest = await asyncio.to_thread(request_digest, request, upload)
        key = request.idempotency_key
        job_id = job_id_for_key(terms.project.project_id, key) if key else new_id()
        if key and (existing := await self._opener.existing(job_id, digest)):
            return existing
        order = await self._order(request, upload, terms, job_id, digest, on_unfinished, principal)
        try:
            return await self._opener.open(order, principal, traceparent=traceparent)
        except (RunningJobError, UnfinishedJobError) as error:
            if on_unfinished is not OnUnfinished.RESUME:
                raise
            return Submitted(await self._going_on(error.job_id, principal), is_new=False)

    async def submit_document(
        self,
        asked: DocumentRun,
        principal: Principal,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a job on a document that is here already: a translation where languages are said.

        Raises:
            DocumentMissingError: there is no such document, or none that the principal sees.
            SourceErasedError: its file was erased.
            FieldRefusedError: one language is said without the other, or cannot be taken.
            KeyReusedError, RunningJobError, UnfinishedJobError, RetryableError: as `submit`.
        """
        languages = {
            name: value
            for name in ("source_language", "target_language")
            if (value := getattr(asked, name))
        }
        if not languages:
            run = PipelineRun(
                pipeline_id=asked.pipeline_id,
                force_reparse=asked.force_reparse,
                idempotency_key=idempotency_key,
                on_unfinished=OnUnfinished.REFUSE,
            )
            return await self.runs.run_on(
                asked.document_id, run, principal, traceparent=traceparent
            )
        record, upload = await self.runs.upload_of(asked.document_id, principal)
        try:
            request = SubmissionRequest.model_validate(
                {
                    "project_code": record.project_code,
                    "domain_pack_code": record.domain_pack_code or _DEFAULT_PACK,
                    "external_reference": record.external_reference,
                    "pipeline": asked.pipeline_id or None,
                    "idempotency_key": idempotency_key,
                    "new_version_of": asked.new_version_of or None,
                    "overrides": {"nonce": new_id().hex} if asked.force_reparse else {},
                    **languages,
                }
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise FieldRefusedError(".".join(map(str, first["loc"])), first["msg"]) from error
        return await self.submit(request, upload, principal, traceparent=traceparent)

    async def require_acceptable(self, request: SubmissionRequest, principal: Principal) -> None:
        """Return where a job would be opened on a good file under these terms; nothing is kept.

        Raises: ForbiddenError, FieldRefusedError: as `submit`, but for the file's own faults.
        """
        locales = LocalePair(source=request.source_language, target=request.target_language)
        await self.policy_of(
            request.project_code,
            request.domain_pack_code,
            locales,
            request.overrides,
            principal,
            pipeline=request.pipeline,
        )

    async def policy_of(
        self,
        project_code: str,
        domain_pack_code: str,
        locales: LocalePair,
        overrides: PolicyOverrides,
        principal: Principal,
        *,
        pipeline: str | None = None,
    ) -> tuple[Project, Policy]:
        """The project, and the policy of a job that is submitted to it under these terms: with the
        memories; terms and domain pack are named and not stored.

        Raises:
            ForbiddenError, FieldRefusedError: as `submit`.
        """
        principal.require_project(project_code)
        terms = await self._terms(project_code, domain_pack_code, locales.source, locales.target)
        policy, _ = await self._decided(terms, overrides, pipeline, locales)
        return terms.project, await self._pins.pinned(
            policy, *terms, overrides, locales, is_kept=False
        )

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
            JobStateError, SourceErasedError: it is not about a document, or that was erased.
            RunningJobError: it runs, or another for its version, target locale and pipeline does.
            FieldRefusedError, KeyReusedError, RetryableError: as `submit`.
        """
        parent = await self._control.find(parent_id, principal)
        if parent.submitted.locales is None and is_on_document(parent):
            return await self.runs.run_again(
                parent,
                principal,
                is_fresh=request.refresh,
                idempotency_key=idempotency_key,
                traceparent=traceparent,
            )
        digest = rerun_digest(parent_id, request)
        job_id = job_id_for_key(parent.project_id, idempotency_key) if idempotency_key else new_id()
        if idempotency_key and (existing := await self._opener.existing(job_id, digest)):
            return existing
        order = await self._order_again(parent, request, job_id, digest, idempotency_key)
        return await self._opener.open(order, principal, traceparent=traceparent)

    async def choices(self, principal: Principal) -> Choices:
        """The values that the form for new jobs offers this person."""
        projects = principal.visible(await self._catalog.projects.all())
        return Choices(
            projects=projects,
            packs=await self._catalog.domain_packs.all(),
            engines=sorted(self._rules.engines),
            project_engines=await engine_texts(self._catalog, projects, self._rules),
            max_upload_bytes=self._rules.max_upload_bytes,
            is_pair_checked=bool(self._rules.engines),
        )

    def now(self) -> datetime:
        """The time by this installation's clock."""
        return self._clock.now()

    async def find(self, project_code: str, idempotency_key: str) -> Job | None:
        """The job that this key made in the project; None where it made none."""
        found = await self._jobs.find(job_id_for_key(project_id(project_code), idempotency_key))
        return None if found is None else found[0]

    async def _terms(
        self, project_code: str, domain_pack_code: str, source: Locale, target: Locale
    ) -> _Terms:
        found = await self._catalog.submission_terms(project_code, domain_pack_code, source, target)
        if found.project is None:
            raise FieldRefusedError(
                "project_code", "No project has this code.", code="project.unknown"
            )
        if found.pack is None:
            raise FieldRefusedError(
                "domain_pack_code", "No domain pack has this code.", code="domain_pack.unknown"
            )
        require_open_pair(
            found.pair, accepts_unlisted=found.project.settings.accepts_unlisted_pairs
        )
        return _Terms(found.project, found.pair, found.pack)

    async def _order(
        self,
        request: SubmissionRequest,
        upload: Upload,
        terms: _Terms,
        job_id: UUID,
        digest: str,
        on_unfinished: OnUnfinished,
        principal: Principal,
    ) -> JobOrder:
        project_id = terms.project.project_id
        locales = LocalePair(source=request.source_language, target=request.target_language)
        policy, pipeline = await self._decided(terms, request.overrides, request.pipeline, locales)
        await require_word_file(upload, pipeline)
        dismissals = await self._dismissals(project_id)
        policy = await self._pins.pinned(policy, *terms, request.overrides, locales)
        policy = policy.model_copy(update={"dismissals": dismissals})
        intake = intake_record(request, upload, self._clock.now())
        source = await stored(upload, self._objects, project_id, DOCX_MEDIA_TYPE)
        record = await put_value(self._objects, project_id, intake)
        document = document_id(project_id, intake.external_reference)
        known, _ = await read_subject(self._store, document)
        version, _ = decide_opening(known, source=source, record=record, request=request)
        place = (known, version)
        policy = await taken_over(self._earlier, request, policy, principal, project_id, place)
        submitted = JobSubmitted(
            inputs=job_inputs(source, record, dismissals) + pinned_objects(policy),
            locales=locales,
            policy=await put_value(self._objects, project_id, policy),
            pipeline=pipeline,
            rules=job_rules(terms.project, request.is_auto_start),
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
            request_digest=digest,
            was_encrypted=upload.was_encrypted,
            submission_id=request.submission_id,
        )

        def opening(known: Subject | None) -> Opening:
            version, events = decide_opening(known, source=source, record=record, request=request)
            return Opening(on_document(submitted, document, version), events)

        has_key = request.idempotency_key is not None
        return JobOrder(job_id, project_id, document, opening, digest, has_key, on_unfinished)

    async def _order_again(
        self,
        parent: Job,
        request: RerunRequest,
        job_id: UUID,
        digest: str,
        idempotency_key: str | None,
    ) -> JobOrder:
        document, version = require_document(parent)
        project_id, source, locales = parent.project_id, parent.source, parent.locales
        intake = await record_of(self._objects, parent)
        if intake is None or not await self._objects.exists(project_id, source):
            raise SourceErasedError(parent.job_id)
        terms = await self._terms(
            intake.project_code, intake.domain_pack_code, locales.source, locales.target
        )
        overrides = overrides_again(
            PolicyOverrides.model_validate(intake.choices, extra="ignore"), request
        )
        policy, pipeline = await self._decided(terms, overrides, parent.pipeline.name, locales)
        if request.refresh:
            policy = policy.model_copy(update={"nonce": new_id().hex})
        dismissals = await self._dismissals(project_id)
        policy = policy.model_copy(update={"dismissals": dismissals})
        policy = await self._pins.pinned(policy, *terms, overrides, locales)
        before = await get_value(self._objects, project_id, parent.policy, Policy)
        policy = await taken_over_again(self._earlier, self._jobs, before, policy)
        choices = overrides.model_dump(mode="json", exclude_none=True)
        again = intake.model_copy(
            update={"idempotency_key": idempotency_key or "", "choices": choices}
        )
        kept = await put_value(self._objects, project_id, again)
        submitted = JobSubmitted(
            inputs=job_inputs(source, kept, dismissals) + pinned_objects(policy),
            locales=locales,
            policy=await put_value(self._objects, project_id, policy),
            pipeline=pipeline,
            rules=job_rules(terms.project),
            first_kind=first_kind(pipeline),
            first_phase=pipeline.phases[0].key,
            request_digest=digest,
            was_encrypted=parent.submitted.was_encrypted,
            parent_job_id=parent.job_id,
        )
        opening = Opening(on_document(submitted, document, version))
        has_key = idempotency_key is not None
        return JobOrder(
            job_id, project_id, document, lambda _: opening, digest, has_key, OnUnfinished.KEEP
        )

    async def _dismissals(self, project_id: UUID) -> ObjectRef | None:
        """The findings dismissed for the project, as a job keeps them; None where none are."""
        found = await self._catalog.dismissals.of_project(project_id)
        if not found:
            return None
        remembered = remembered_dismissals(found)
        return await put_value(self._objects, project_id, remembered)

    async def _decided(
        self,
        terms: _Terms,
        overrides: PolicyOverrides,
        pipeline_name: str | None,
        locales: LocalePair,
    ) -> tuple[Policy, Pipeline]:
        """The policy and the pipeline of a job on these terms, which its engine can perform.

        Raises:
            FieldRefusedError: a locale is unregistered, there is no such engine or pipeline, or the
                engine cannot translate the pair.
        """
        require_registered_locales(locales)
        policy, pipeline = self._policy(terms, overrides), await self._pipeline(pipeline_name)
        await require_engines(self._catalog, self._rules.engines, policy)
        check = self._rules.check_pair
        translates = any(phase.kind == PhaseKind.TRANSLATION for phase in pipeline.phases)
        if check is not None and translates:
            try:
                await check(policy.engine, policy.model, locales)
            except PermanentError as error:
                raise FieldRefusedError(
                    field_of_refusal(error.code), error.message, code=error.code
                ) from error
        return policy, pipeline

    async def _pipeline(self, name: str | None) -> Pipeline:
        """The newest version of this pipeline, or the installation's.

        Raises:
            FieldRefusedError: there is none, or it takes no jobs on documents.
        """
        if name is None or name == self._rules.pipeline.name:
            return self._rules.pipeline
        saved = await self._catalog.pipelines.find(name)
        if saved is None:
            raise FieldRefusedError(
                "pipeline", f"There is no pipeline {name!r}.", code="pipeline.unknown"
            )
        return require_fit(saved)

    def _policy(self, terms: _Terms, overrides: PolicyOverrides) -> Policy:
        default_engine = self._rules.default_engine
        try:
            return policy_for(
                terms.project, terms.pair, terms.pack, overrides, installation_engine=default_engine
            )
        except ValueError as error:
            raise FieldRefusedError("qa_profile", f"Project or language pair: {error}.") from error

    async def _going_on(self, job_id: UUID, principal: Principal) -> Job:
        """The unfinished job, resumed by us or by somebody who was first."""
        try:
            return (await self._control.resume(job_id, principal)).job
        except JobStateError:
            job = await self._control.find(job_id, principal)
            if not is_running(job):
                raise
            return job
