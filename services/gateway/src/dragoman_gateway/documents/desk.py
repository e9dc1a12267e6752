"""Use cases of documents: take files in, show them, run their pipeline, set their status back,
remove them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from dragoman_catalog import Catalog, Project, SavedPipeline
from dragoman_contracts.events import Event
from dragoman_contracts.job import Job
from dragoman_contracts.policy import IntakeRecord
from dragoman_gateway.documents.rules import (
    Document,
    ShownDocument,
    Version,
    decide_remove,
    decide_reset,
    fold,
    newest,
)
from dragoman_gateway.documents.view import DocumentQueries
from dragoman_gateway.jobs.opening import Submitted
from dragoman_gateway.jobs.rules import needs_languages
from dragoman_gateway.jobs.running import DEFAULT_PIPELINE, PipelineRun, PipelineRuns
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import DocumentMissingError
from dragoman_gateway.web.position import ViewsPosition
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.records import Records
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs, append_decided
from dragoman_runtime.telemetry import current_traceparent

_TOO_FAST = "Others change this document at the same time; ask again."
_Decide = Callable[[Document, Sequence[Job]], Event | None]


class DocumentDesk:
    """Takes documents in and shows them. One outside the principal's scope is as if it were not
    there.
    """

    def __init__(
        self,
        *,
        queries: DocumentQueries,
        runs: PipelineRuns,
        store: EventStore,
        jobs: Jobs,
        records: Records,
        catalog: Catalog,
        clock: Clock,
        actors: Actors,
        position: ViewsPosition,
    ) -> None:
        self.queries = queries
        self._runs = runs
        self._store = store
        self._jobs = jobs
        self._records = records
        self._catalog = catalog
        self._clock = clock
        self._actors = actors
        self._position = position

    async def views_lag(self) -> int:
        """How many events the lists do not show yet."""
        return await self._position.lag()

    async def projects(self, principal: Principal) -> list[Project]:
        """The projects that the principal sees, by code."""
        return principal.visible(await self._catalog.projects.all())

    async def pipelines(self) -> list[SavedPipeline]:
        """The pipelines that a document can be processed by as it is."""
        return [
            each
            for each in await self._catalog.pipelines.all()
            if not each.is_retired and not needs_languages(each.pipeline)
        ]

    async def pipeline_of(self, shown: ShownDocument) -> str:
        """The name of the pipeline that the document's project has for its documents."""
        code = shown.record.project_code if shown.record else ""
        project = await self._catalog.projects.find(code) if code else None
        return (project.settings.pipeline_id if project else "") or DEFAULT_PIPELINE

    async def take_in(
        self,
        project_code: str,
        upload: Upload,
        principal: Principal,
        *,
        external_reference: str = "",
    ) -> ShownDocument:
        """Take a file in, and process it where its project's rule says so.

        Raises:
            ForbiddenError, FieldRefusedError, UploadTooLargeError, RetryableError: as
                `PipelineRuns.run`.
        """
        registered = await self._runs.register(
            project_code, upload, principal, external_reference=external_reference
        )
        if registered.is_new and registered.project.settings.auto_process:
            await self.process(registered.document_id, PipelineRun(), principal)
        return await self.find(registered.document_id, principal)

    async def find(self, document_id: UUID, principal: Principal) -> ShownDocument:
        """The document as of now.

        Raises:
            DocumentMissingError: there is no such document, or none that the principal sees.
        """
        document, _, jobs = await self._load(document_id, principal)
        project_id, subject = document.subject.project_id, document.subject
        versions = [
            Version(
                number,
                document.added_at[number - 1],
                source,
                await self._records.find(project_id, record, IntakeRecord),
            )
            for number, (source, record) in enumerate(
                zip(subject.sources, subject.records, strict=True), start=1
            )
        ]
        listed = sorted(
            (job for job in jobs if not job.is_removed),
            key=lambda job: (job.submitted_at, job.job_id),
            reverse=True,
        )
        return ShownDocument(document, tuple(versions), tuple(listed), newest(document, jobs))

    async def process(
        self, document_id: UUID, request: PipelineRun, principal: Principal
    ) -> Submitted:
        """Run a pipeline on the document's newest version: the one that is named, or its project's.

        Raises:
            DocumentMissingError: as `find`.
            FieldRefusedError, RunningJobError, SourceErasedError: as `PipelineRuns.run_on`.
        """
        await self._load(document_id, principal)
        return await self._runs.run_on(
            document_id, request, principal, traceparent=current_traceparent()
        )

    async def reset_status(self, document_id: UUID, principal: Principal) -> ShownDocument:
        """Set a pending or failed document back to uploaded.

        Raises:
            DocumentMissingError: as `find`.
            RunningJobError: a job runs on it.
            JobStateError: it is completed.
        """
        await self._act(document_id, principal, decide_reset)
        return await self.find(document_id, principal)

    async def remove(self, document_id: UUID, principal: Principal) -> None:
        """Take the document out of the lists. Its objects go by retention; a file that comes in for
        it again brings it back.

        Raises:
            DocumentMissingError: as `find`.
            RunningJobError: a job runs on it.
        """
        await self._act(document_id, principal, decide_remove)

    async def _act(self, document_id: UUID, principal: Principal, decide: _Decide) -> None:
        async def appends() -> tuple[Append, ...]:
            document, head, jobs = await self._load(document_id, principal)
            event = decide(document, jobs)
            if event is None:
                return ()
            project_id = document.subject.project_id
            origin = await self._actors.origin(
                principal,
                project_id,
                correlation_id=document_id,
                traceparent=current_traceparent(),
            )
            return (Append(document_id, project_id, head, (event,), origin, self._clock.now()),)

        await append_decided(self._store, appends, too_fast=_TOO_FAST)

    async def _load(
        self, document_id: UUID, principal: Principal
    ) -> tuple[Document, Head, tuple[Job, ...]]:
        """The document, the head of its stream, and the last job of each scope.

        Raises:
            DocumentMissingError: as `find`; so is one that was removed.
        """
        stored = await self._store.read(document_id)
        document = fold(each.recorded for each in stored)
        is_shown = (
            document is not None
            and bool(document.subject.sources)
            and not document.subject.is_removed
            and principal.sees(document.subject.project_id)
        )
        if document is None or not is_shown:
            raise DocumentMissingError(document_id)
        found = [await self._jobs.find(each) for each in document.subject.last_jobs.values()]
        head = Head(stored[-1].recorded.version, stored[-1].digest)
        return document, head, tuple(each[0] for each in found if each is not None)
