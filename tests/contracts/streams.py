"""Streams for tests: given these events, this is the recorded stream and the job it folds to.

    stream = given(*UP_TO_PLAN)                     # each event one append, the job submitted first
    stream.append(batch(1), completed_translation())  # two events, one append
    assert stream.owed == [(WorkKind.QA, 0)]

Every builder gives an event with the plain values of a job that goes well; name what a test is
about.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

from dragoman_contracts import events as e
from dragoman_contracts.envelope import Origin, RecordedEvent, digest, encode, record
from dragoman_contracts.identity import document_id, job_id_for_key, project_id, work_id
from dragoman_contracts.job import Job, WorkKey, fold
from dragoman_contracts.locale import Locale
from dragoman_contracts.phases import TRANSLATE_DOCX, Pipeline
from dragoman_contracts.pipeline import first_kind, follow, owed, routes
from dragoman_contracts.references import DOCX_MEDIA_TYPE, JSON_MEDIA_TYPE, NamedObject, ObjectRef
from dragoman_contracts.steps import step_of_work
from dragoman_contracts.subject import LocalePair, SubjectKind, SubjectRef, document_scope
from dragoman_contracts.vocabulary import PhaseKind, WorkKind

PROJECT = project_id("atlas")
JOB = job_id_for_key(PROJECT, "first")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When the first event of every stream occurs; each later one is a second younger."""


def ref(text: str, media_type: str = JSON_MEDIA_TYPE) -> ObjectRef:
    """A reference to an object that holds `text`."""
    content = text.encode()
    return ObjectRef(
        digest=sha256(content).hexdigest(), size_bytes=len(content), media_type=media_type
    )


def origin(actor: str = "service:test", attempt: int = 1) -> Origin:
    """Who appended, in one trace of work."""
    return Origin(
        actor=actor, correlation_id=uuid5(PROJECT, "correlation"), attempt=attempt, producer="test"
    )


class JobStream:
    """One job's stream, growing by appends."""

    def __init__(self, job_id: UUID = JOB) -> None:
        self.job_id = job_id
        self.recorded: list[RecordedEvent] = []
        self._last_digest = ""

    def append(self, *events: e.Event, actor: str = "service:test") -> tuple[RecordedEvent, ...]:
        """Add events in one append; what was recorded."""
        return tuple(self._record(event, actor) for event in events)

    def _record(self, event: e.Event, actor: str) -> RecordedEvent:
        recorded = record(
            event,
            project_id=PROJECT,
            stream_id=self.job_id,
            version=len(self.recorded) + 1,
            occurred_at=NOON + timedelta(seconds=len(self.recorded)),
            origin=origin(actor),
            previous_digest=self._last_digest,
        )
        self._last_digest = digest(encode(recorded))
        self.recorded.append(recorded)
        return recorded

    @property
    def job(self) -> Job:
        """The state after all that was appended."""
        job = fold(self.recorded)
        if job is None:
            raise LookupError("nothing was appended yet")
        return job

    @property
    def owed(self) -> list[WorkKey]:
        """What the job owes now."""
        return [item.key for item in owed(self.job)]


Recorded = tuple[RecordedEvent, ...]


def next_recorded(job: Job, event: e.Event) -> RecordedEvent:
    """The event as the next of a job's stream, for whoever asks what would follow from it."""
    return record(
        event,
        project_id=job.project_id,
        stream_id=job.job_id,
        version=job.version + 1,
        occurred_at=job.head_at,
        origin=origin("service:test"),
        previous_digest="",
    )


def next_kind(job: Job, finished: PhaseKind) -> str | None:
    """The work that is owed once a translation's phase of this kind has ended well."""
    return follow(job, job.phase_of_kind(finished)).next_kind


def routed(recorded: tuple[RecordedEvent, ...]) -> list[WorkKey]:
    """The work that one append makes owed, as the relay sends it."""
    return [item.key for each in recorded for item in routes(each)]


def given(*events: e.Event, first: e.JobSubmitted | None = None) -> JobStream:
    """The stream of a submitted job to which these events were appended one by one."""
    stream = JobStream()
    stream.append(first or submitted(), actor="user:1")
    for event in events:
        stream.append(event)
    return stream


def inputs(source: ObjectRef, intake_record: ObjectRef) -> tuple[NamedObject, ...]:
    """The inputs of a job on a document."""
    named = {e.SOURCE_INPUT: source, e.INTAKE_INPUT: intake_record}
    return tuple(NamedObject(name=name, object=each) for name, each in named.items())


def submitted(
    pipeline: Pipeline = TRANSLATE_DOCX, *, is_auto_start: bool = True, max_attempts: int = 5
) -> e.JobSubmitted:
    """A job from English into Spanish on the first version of a document."""
    return e.JobSubmitted(
        subject=SubjectRef(
            kind=SubjectKind.DOCUMENT, id=document_id(PROJECT, "handbook"), version=1
        ),
        scope=document_scope(1, Locale("es"), pipeline.name),
        inputs=inputs(ref("the source document", DOCX_MEDIA_TYPE), ref("the intake record")),
        locales=LocalePair(source=Locale("en"), target=Locale("es")),
        policy=ref("the policy"),
        pipeline=pipeline,
        rules=e.JobRules(max_attempts=max_attempts, is_auto_start=is_auto_start),
        request_digest=ref("the request").digest,
        first_kind=first_kind(pipeline),
    )


def started(kind: str, pipeline: Pipeline = TRANSLATE_DOCX) -> e.PhaseStarted:
    """A worker took the first lease of the phase that this work belongs to."""
    phase = next(each for each in pipeline.phases if each.step == step_of_work(kind))
    return e.PhaseStarted(phase=phase.name, kind=kind)


def preflight_passed(next_kind: str | None = WorkKind.EXTRACTION) -> e.PreflightPassed:
    """The document can be translated."""
    return e.PreflightPassed(
        verdict=e.PreflightVerdict.ACCEPTED, report=ref("preflight"), next_kind=next_kind
    )


def preflight_blocked() -> e.PreflightBlocked:
    """The document cannot be translated."""
    return e.PreflightBlocked(report=ref("preflight"), finding_codes=("docx.encrypted",))


def extracted(next_kind: str | None = WorkKind.TRANSLATION_PLAN) -> e.DocumentExtracted:
    """Forty units were taken out, all of them to be translated."""
    return e.DocumentExtracted(
        units=ref("units"),
        manifest=ref("extraction manifest"),
        unit_count=40,
        translatable_count=40,
        segment_count=80,
        word_count=900,
        next_kind=next_kind,
    )


def planned(batch_count: int = 2) -> e.TranslationPlanned:
    """The units were cut into batches of twenty."""
    return e.TranslationPlanned(
        plan=ref("plan"), batch_count=batch_count, unit_count=20 * batch_count
    )


def batch(index: int, unit_count: int = 20) -> e.BatchTranslated:
    """One batch came back from the engine, in one call."""
    usage = e.Usage(call_count=1, prompt_tokens=500, response_tokens=400)
    targets, calls = ref(f"targets {index}"), (ref(f"call {index}"),)
    return e.BatchTranslated(
        index=index, targets=targets, unit_count=unit_count, calls=calls, usage=usage
    )


def completed_translation(next_kind: str | None = WorkKind.QA) -> e.TranslationCompleted:
    """Every batch is there."""
    return e.TranslationCompleted(next_kind=next_kind)


def verified(
    verdict: e.QaVerdict = e.QaVerdict.REASSEMBLY_PENDING,
    next_kind: str | None = WorkKind.REASSEMBLY,
) -> e.TranslationVerified:
    """QA's word; with another verdict than `reassembly_pending` three units are to be reviewed
    and nothing is owed.
    """
    review = 3 if verdict is e.QaVerdict.NEEDS_REVIEW else 0
    blocked = 3 if verdict is e.QaVerdict.BLOCKED else 0
    return e.TranslationVerified(
        verdict=verdict,
        results=ref("results"),
        qa_report=ref("qa report"),
        passed_count=40 - review - blocked,
        review_count=review,
        blocked_count=blocked,
        next_kind=None if review or blocked else next_kind,
    )


def units_reviewed(pending_count: int = 2, name: str = "edits") -> e.UnitsReviewed:
    """A person worked on a unit."""
    return e.UnitsReviewed(
        session_id=uuid5(JOB, "session"),
        edits=ref(name),
        unit_count=1,
        pending_count=pending_count,
    )


def retranslation_requested(index: int = 0) -> e.RetranslationRequested:
    """A person wants two units translated again."""
    return e.RetranslationRequested(
        session_id=uuid5(JOB, "session"),
        index=index,
        request=ref(f"request {index}"),
        unit_count=2,
    )


def units_retranslated(index: int = 0, pending_count: int = 3) -> e.UnitsRetranslated:
    """They were translated again, one of them in vain."""
    return e.UnitsRetranslated(
        session_id=uuid5(JOB, "session"),
        index=index,
        edits=ref(f"drafts {index}"),
        unit_count=1,
        failed_count=1,
        pending_count=pending_count,
    )


def review_closed(taken_count: int = 0) -> e.ReviewClosed:
    """People are done; reassembly is owed."""
    return e.ReviewClosed(
        session_id=uuid5(JOB, "session"),
        targets=ref("what people made of it"),
        unit_count=3,
        taken_count=taken_count,
        next_kind=WorkKind.REASSEMBLY,
    )


def review_exported() -> e.ReviewExported:
    """The translations went to the reviewer."""
    return e.ReviewExported(
        session_id=uuid5(JOB, "session"), artifact=ref("review.tmx"), unit_count=40
    )


def review_imported(
    pending_count: int = 0, next_kind: str | None = WorkKind.REASSEMBLY
) -> e.ReviewImported:
    """The reviewer's file came back; reassembly is owed when nothing is left to review."""
    return e.ReviewImported(
        session_id=uuid5(JOB, "session"),
        artifact=ref(f"reviewed.tmx {pending_count}"),
        targets=ref(f"reviewed targets {pending_count}"),
        changed_count=3,
        pending_count=pending_count,
        next_kind=None if pending_count else next_kind,
    )


def reassembled() -> e.DocumentReassembled:
    """The translated document is there."""
    return e.DocumentReassembled(
        final_docx=ref("final", DOCX_MEDIA_TYPE), manifest=ref("reassembly manifest")
    )


def failed(
    kind: str,
    index: int = 0,
    phase: str = "",
    *,
    attempt: int = 1,
    retry_at: datetime | None = None,
) -> e.WorkFailed:
    """An attempt failed and is made again, a minute after noon where nothing else is said."""
    return e.WorkFailed(
        work_id=work_id(JOB, kind, index, phase),
        kind=kind,
        index=index,
        phase=phase,
        attempt=attempt,
        code="engine.timeout",
        retry_at=retry_at or NOON + timedelta(minutes=1),
    )


def parked(kind: str, index: int = 0, phase: str = "", *, attempt: int = 5) -> e.WorkParked:
    """The last attempt failed."""
    return e.WorkParked(
        work_id=work_id(JOB, kind, index, phase),
        kind=kind,
        index=index,
        phase=phase,
        attempt=attempt,
        code="engine.unauthorised",
        reason=ref("reason"),
    )


def discarded(kind: str, index: int = 0, phase: str = "") -> e.WorkDiscarded:
    """A person does not want this parked work."""
    return e.WorkDiscarded(
        work_id=work_id(JOB, kind, index, phase), kind=kind, index=index, phase=phase
    )


UP_TO_PREFLIGHT: tuple[e.Event, ...] = (started(WorkKind.PREFLIGHT), preflight_passed())
UP_TO_EXTRACTION: tuple[e.Event, ...] = (
    *UP_TO_PREFLIGHT,
    started(WorkKind.EXTRACTION),
    extracted(),
)
UP_TO_PLAN: tuple[e.Event, ...] = (
    *UP_TO_EXTRACTION,
    planned(),
    started(WorkKind.TRANSLATION_BATCH),
)
UP_TO_TRANSLATION: tuple[e.Event, ...] = (*UP_TO_PLAN, batch(0), batch(1), completed_translation())
UP_TO_QA: tuple[e.Event, ...] = (*UP_TO_TRANSLATION, started(WorkKind.QA), verified())
