"""The events: everything that can become true of a job or a document, with the one service that says so.

An event is a fact in the past tense. Its `name` is stable and never an import path; a change that is not additive gets
a new `schema_version` and an upcaster (`upcasting.py`). Events hold ids, counts and references, never document text,
file names or people's names: those live in objects that can be erased.
"""

from __future__ import annotations

from dragoman_contracts.events.base import Count, ErrorCode, Event, KeyPhase, PhaseResult, StreamType, Usage
from dragoman_contracts.events.documents import DocumentRegistered, DocumentVersionAdded, JobOpened, RevisionStrategy
from dragoman_contracts.events.jobs import (
    ArtifactErased,
    CancelRequested,
    CheckpointDiscarded,
    JobCancelled,
    JobCompleted,
    JobMarkedFailed,
    JobRules,
    JobSubmitted,
    ReplayPackaged,
    ResumeRequested,
    StartRequested,
    WorkDiscarded,
    WorkFailed,
    WorkParked,
    WorkRedriven,
)
from dragoman_contracts.events.phases import PhaseBatchDone, PhaseFinished, PhasePlanned, PhaseRefused, PhaseStarted
from dragoman_contracts.events.translation import (
    BatchTranslated,
    DocumentExtracted,
    DocumentReassembled,
    PreflightBlocked,
    PreflightPassed,
    PreflightVerdict,
    QaVerdict,
    ReviewExported,
    ReviewImported,
    TranslationCompleted,
    TranslationPlanned,
    TranslationVerified,
)

__all__ = [
    "EVENT_TYPES",
    "ArtifactErased",
    "BatchTranslated",
    "CancelRequested",
    "CheckpointDiscarded",
    "Count",
    "DocumentExtracted",
    "DocumentReassembled",
    "DocumentRegistered",
    "DocumentVersionAdded",
    "ErrorCode",
    "Event",
    "JobCancelled",
    "JobCompleted",
    "JobMarkedFailed",
    "JobOpened",
    "JobRules",
    "JobSubmitted",
    "KeyPhase",
    "PhaseBatchDone",
    "PhaseFinished",
    "PhasePlanned",
    "PhaseRefused",
    "PhaseResult",
    "PhaseStarted",
    "PreflightBlocked",
    "PreflightPassed",
    "PreflightVerdict",
    "QaVerdict",
    "ReplayPackaged",
    "ResumeRequested",
    "ReviewExported",
    "ReviewImported",
    "RevisionStrategy",
    "StartRequested",
    "StreamType",
    "TranslationCompleted",
    "TranslationPlanned",
    "TranslationVerified",
    "Usage",
    "WorkDiscarded",
    "WorkFailed",
    "WorkParked",
    "WorkRedriven",
]

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
