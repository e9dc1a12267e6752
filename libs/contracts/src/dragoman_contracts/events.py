"""The events: everything that can become true of a job or a document, with the one service that says so.

An event is a fact in the past tense. Its `name` is stable and never an import path; a change that is not additive gets
a new `schema_version` and an upcaster (`upcasting.py`). Events hold ids, counts and references, never document text,
file names or people's names: those live in objects that can be erased.
"""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.references import ArtifactKind, NamedObject, ObjectRef, Sha256
from dragoman_contracts.vocabulary import PhaseName, Service, WorkKind, WorkName

Count = Annotated[int, Field(ge=0)]
KeyPhase = Annotated[PhaseName, Field(exclude_if=not_)]
"""A phase's name in a key of work; left out of what is stored where the kind of the work says it, as it always was."""

ErrorCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$", max_length=80)]


class StreamType(StrEnum):
    """The aggregate a stream tells of."""

    JOB = "job"
    DOCUMENT = "document"


class Event(Value):
    """The payload of one event. `producer` is None for the few that any service may append.

    `work` is the kind of work whose outcome it is; None where no service computed it, or where the event itself says.
    """

    name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    stream_type: ClassVar[StreamType] = StreamType.JOB
    producer: ClassVar[Service | None]
    work: ClassVar[WorkKind | None] = None


class PhaseResult(Event):
    """The completion of a phase. `next_kind` is the work now owed, of the phase `next_phase`; None where nothing is."""

    next_kind: WorkName | None = None
    next_phase: KeyPhase = ""


class Usage(Value):
    """What model calls used, in the same terms for every provider: the number of calls, and their tokens.

    `prompt_tokens` are all tokens sent; of these, `cached_tokens` were read from the provider's cache and
    `cache_write_tokens` written to it. `response_tokens` are all tokens written, `reasoning_tokens` those of them that
    no one is shown. So all input is `prompt_tokens`, all output `response_tokens`, and the other three are parts that
    may have another price: never add them. A count the provider does not give is 0; those of an answer that broke off
    before its counts came are estimates.
    """

    call_count: Count = 0
    prompt_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    response_tokens: Count = 0
    cache_write_tokens: Count = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            call_count=self.call_count + other.call_count,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            response_tokens=self.response_tokens + other.response_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )


class JobRules(Value):
    """The few settings of a job that its fold and its worker need; the rest is in the policy object."""

    max_attempts: Annotated[int, Field(ge=1)] = 5
    retention_days: Annotated[int, Field(ge=1)] | None = None
    is_auto_start: bool = True


class JobSubmitted(Event):
    """A job was opened on one version of a document, for one target locale, under a policy that will not change.

    `request_digest` is the sha256 of what was asked; the same idempotency key with another digest is refused. A source
    that `was_encrypted` is kept as what its password opened.
    """

    name: ClassVar[str] = "job.submitted"
    producer: ClassVar[Service | None] = Service.GATEWAY

    document_id: UUID
    document_version: Annotated[int, Field(ge=1)]
    source: ObjectRef
    intake_record: ObjectRef
    policy: ObjectRef
    pipeline: Pipeline
    rules: JobRules
    source_locale: Locale
    target_locale: Locale
    request_digest: Sha256
    first_kind: WorkName
    first_phase: KeyPhase = ""
    parent_job_id: UUID | None = None
    submission_id: UUID | None = None
    was_encrypted: bool = False


class StartRequested(PhaseResult):
    """A job that was submitted with auto-start off was told to go on."""

    name: ClassVar[str] = "job.start_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY


class PhaseStarted(Event):
    """A worker took the lease of the first work of a phase."""

    name: ClassVar[str] = "phase.started"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName


class PhasePlanned(Event):
    """A phase was cut into batches of work of this kind, each of which is now owed."""

    name: ClassVar[str] = "phase.planned"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName
    plan: ObjectRef
    batch_count: Count
    item_count: Count


class PhaseBatchDone(Event):
    """The outcome of one batch was stored: a checkpoint. Where it `has_next`, the batch behind it is now owed.

    `cursor` is an object that says where the next batch begins. `calls` are the recorded model calls, in order.
    """

    name: ClassVar[str] = "phase.batch_done"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    kind: WorkName
    index: Count
    output: ObjectRef
    item_count: Count
    failed_count: Count = 0
    cursor: ObjectRef | None = None
    has_next: bool = False
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()


class PhaseFinished(PhaseResult):
    """A phase whose result has no event of its own came to its end."""

    name: ClassVar[str] = "phase.finished"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    output: ObjectRef | None = None
    artifacts: tuple[NamedObject, ...] = ()


class PhaseRefused(Event):
    """A phase found that the job cannot be done as it is; `report` names the cure. Only a rerun can follow."""

    name: ClassVar[str] = "phase.refused"
    producer: ClassVar[Service | None] = None

    phase: PhaseName
    report: ObjectRef
    codes: tuple[ErrorCode, ...]


class PreflightVerdict(StrEnum):
    """Requirement E's preflight statuses."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    BLOCKED = "blocked"


class PreflightPassed(PhaseResult):
    """The document can be translated; `report` says what was found and what to do about it."""

    name: ClassVar[str] = "preflight.passed"
    producer: ClassVar[Service | None] = Service.INTAKE
    work: ClassVar[WorkKind | None] = WorkKind.PREFLIGHT

    verdict: PreflightVerdict
    report: ObjectRef
    finding_codes: tuple[ErrorCode, ...] = ()
    detected_locale: Locale | None = None


class PreflightBlocked(Event):
    """The document cannot be translated as it is; `report` names the cure. Only a rerun can follow."""

    name: ClassVar[str] = "preflight.blocked"
    producer: ClassVar[Service | None] = Service.INTAKE
    work: ClassVar[WorkKind | None] = WorkKind.PREFLIGHT

    report: ObjectRef
    finding_codes: tuple[ErrorCode, ...]


class DocumentExtracted(PhaseResult):
    """The document's units were stored, with a manifest of where they stand."""

    name: ClassVar[str] = "document.extracted"
    producer: ClassVar[Service | None] = Service.EXTRACT
    work: ClassVar[WorkKind | None] = WorkKind.EXTRACTION

    units: ObjectRef
    manifest: ObjectRef
    unit_count: Count
    translatable_count: Count
    segment_count: Count
    word_count: Count


class TranslationPlanned(Event):
    """The units were cut into batches, each of which is now owed."""

    name: ClassVar[str] = "translation.planned"
    producer: ClassVar[Service | None] = Service.TRANSLATE

    plan: ObjectRef
    batch_count: Count
    unit_count: Count


class BatchTranslated(Event):
    """The targets of one batch were stored; `calls` are the recorded model calls that gave them, in order."""

    name: ClassVar[str] = "translation.batch_translated"
    producer: ClassVar[Service | None] = Service.TRANSLATE
    work: ClassVar[WorkKind | None] = WorkKind.TRANSLATION_BATCH

    index: Count
    targets: ObjectRef
    unit_count: Count
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()


class TranslationCompleted(PhaseResult):
    """Every batch of the plan is translated; said by whoever's append completed it."""

    name: ClassVar[str] = "translation.completed"
    producer: ClassVar[Service | None] = Service.TRANSLATE


class QaVerdict(StrEnum):
    """What QA decides of a job (requirement E)."""

    BLOCKED = "blocked"
    NEEDS_REVIEW = "needs_review"
    REASSEMBLY_PENDING = "reassembly_pending"


class TranslationVerified(PhaseResult):
    """Each unit has a verdict and the job has one."""

    name: ClassVar[str] = "translation.verified"
    producer: ClassVar[Service | None] = Service.QA
    work: ClassVar[WorkKind | None] = WorkKind.QA

    verdict: QaVerdict
    results: ObjectRef
    qa_report: ObjectRef
    passed_count: Count
    review_count: Count
    blocked_count: Count


class ReviewExported(Event):
    """The translations went out for review in an exchange format."""

    name: ClassVar[str] = "review.exported"
    producer: ClassVar[Service | None] = Service.QA

    session_id: UUID
    artifact: ObjectRef
    unit_count: Count


class ReviewImported(PhaseResult):
    """A review came back. `pending_count` units still need a person; at 0 reassembly is owed."""

    name: ClassVar[str] = "review.imported"
    producer: ClassVar[Service | None] = Service.QA

    session_id: UUID
    artifact: ObjectRef
    targets: ObjectRef
    changed_count: Count
    pending_count: Count


class DocumentReassembled(PhaseResult):
    """The targets were put back into the source document."""

    name: ClassVar[str] = "document.reassembled"
    producer: ClassVar[Service | None] = Service.REASSEMBLE
    work: ClassVar[WorkKind | None] = WorkKind.REASSEMBLY

    next_kind: Annotated[WorkName | None, Field(exclude_if=not_)] = None
    final_docx: ObjectRef
    manifest: ObjectRef


class JobCompleted(Event):
    """The end of a job that went well, said by the worker whose phase was the last."""

    name: ClassVar[str] = "job.completed"
    producer: ClassVar[Service | None] = None


class CancelRequested(Event):
    """A person asked to stop; workers stop at the next unit and keep what they have."""

    name: ClassVar[str] = "job.cancel_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY


class JobCancelled(Event):
    """No lease of the job lives any more."""

    name: ClassVar[str] = "job.cancelled"
    producer: ClassVar[Service | None] = Service.INTAKE


class ResumeRequested(PhaseResult):
    """A failed or cancelled job goes on from its checkpoint.

    `batch_indexes` are the batches still to do, of the work `next_kind`; of a translation where that is None.
    """

    name: ClassVar[str] = "job.resume_requested"
    producer: ClassVar[Service | None] = Service.GATEWAY

    batch_indexes: tuple[Count, ...] = ()


class JobMarkedFailed(Event):
    """A person declared a job failed that moves no more; what a worker still brings is recorded and moves nothing."""

    name: ClassVar[str] = "job.marked_failed"
    producer: ClassVar[Service | None] = Service.GATEWAY


class CheckpointDiscarded(Event):
    """A person gave up what a failed or cancelled job has done: it cannot be resumed any more, only run anew."""

    name: ClassVar[str] = "job.checkpoint_discarded"
    producer: ClassVar[Service | None] = Service.GATEWAY


class WorkFailed(Event):
    """An attempt failed and will be made again, not before `retry_at`."""

    name: ClassVar[str] = "work.failed"
    producer: ClassVar[Service | None] = None

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    attempt: Annotated[int, Field(ge=1)]
    code: ErrorCode
    retry_at: AwareDatetime


class WorkParked(Event):
    """Work was set aside until a person acts; `reason` is an object with the message and the stack's short form."""

    name: ClassVar[str] = "work.parked"
    producer: ClassVar[Service | None] = None

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    attempt: Annotated[int, Field(ge=1)]
    code: ErrorCode
    reason: ObjectRef | None = None


class WorkRedriven(PhaseResult):
    """A person wants parked work done. Where nothing else holds the job it goes on, with what a resume would owe."""

    name: ClassVar[str] = "work.redriven"
    producer: ClassVar[Service | None] = Service.GATEWAY

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""
    batch_indexes: tuple[Count, ...] = ()


class WorkDiscarded(Event):
    """A person said that parked work will not be done; the job stays failed until it is resumed as a whole."""

    name: ClassVar[str] = "work.discarded"
    producer: ClassVar[Service | None] = Service.GATEWAY

    work_id: UUID
    kind: WorkName
    index: Count
    phase: KeyPhase = ""


class ArtifactErased(Event):
    """An artifact was deleted, by retention or on request; replay and verify treat it as erased."""

    name: ClassVar[str] = "artifact.erased"
    producer: ClassVar[Service | None] = Service.INTAKE

    kind: ArtifactKind
    digest: Sha256


class ReplayPackaged(Event):
    """The job was packed up to be replayed elsewhere."""

    name: ClassVar[str] = "job.replay_packaged"
    producer: ClassVar[Service | None] = Service.GATEWAY

    artifact: ObjectRef


class RevisionStrategy(StrEnum):
    """What a submission under a known external reference becomes (row 90).

    `auto`: identical content is the same version, other content a new one. `new_version`: always a new version.
    `same_version`: identical content only; anything else is refused.
    """

    AUTO = "auto"
    NEW_VERSION = "new_version"
    SAME_VERSION = "same_version"


class DocumentRegistered(Event):
    """A project met an external reference for the first time. `record` names it and can be erased."""

    name: ClassVar[str] = "document.registered"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    record: ObjectRef
    family_key_digest: Sha256 | None = None


class DocumentVersionAdded(Event):
    """A document has a new version: other content, or the same under a new label."""

    name: ClassVar[str] = "document.version_added"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    number: Annotated[int, Field(ge=1)]
    source: ObjectRef
    record: ObjectRef


class JobOpened(Event):
    """A job was opened on a version. Appended together with its JobSubmitted, so that one key has one running job."""

    name: ClassVar[str] = "document.job_opened"
    stream_type: ClassVar[StreamType] = StreamType.DOCUMENT
    producer: ClassVar[Service | None] = Service.GATEWAY

    job_id: UUID
    document_version: Annotated[int, Field(ge=1)]
    target_locale: Locale
    pipeline_name: Annotated[str, Field(max_length=80)]


EVENT_TYPES: dict[str, type[Event]] = {
    each.name: each
    for each in (
        JobSubmitted,
        StartRequested,
        PhaseStarted,
        PhasePlanned,
        PhaseBatchDone,
        PhaseFinished,
        PhaseRefused,
        PreflightPassed,
        PreflightBlocked,
        DocumentExtracted,
        TranslationPlanned,
        BatchTranslated,
        TranslationCompleted,
        TranslationVerified,
        ReviewExported,
        ReviewImported,
        DocumentReassembled,
        JobCompleted,
        CancelRequested,
        JobCancelled,
        ResumeRequested,
        JobMarkedFailed,
        CheckpointDiscarded,
        WorkFailed,
        WorkParked,
        WorkRedriven,
        WorkDiscarded,
        ArtifactErased,
        ReplayPackaged,
        DocumentRegistered,
        DocumentVersionAdded,
        JobOpened,
    )
}
"""The closed registry: a stored event of any other name is refused."""
