"""The job: its state as a fold of its stream. Pure: nothing but an event gives the next state.

`fold` copies the state once into a mutable draft, lets each event's handler in `job_changes` change
it, and seals it as a `Job`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.job_changes import CHANGES
from dragoman_contracts.job_common import add_artifact
from dragoman_contracts.job_state import (
    Extraction,
    Job,
    JobLacksError,
    JobState,
    PhaseRun,
    Review,
    ReviewStatus,
    Trouble,
    Verification,
    WorkKey,
    current_phase,
)
from dragoman_contracts.references import WORD_MEDIA_TYPES, ArtifactKind
from dragoman_contracts.subject import SubjectKind
from dragoman_contracts.vocabulary import RESUMABLE, JobStatus, Stage

__all__ = [
    "Extraction",
    "Job",
    "JobLacksError",
    "JobState",
    "PhaseRun",
    "Review",
    "ReviewStatus",
    "Trouble",
    "Verification",
    "WorkKey",
    "begin",
    "current_phase",
    "evolve",
    "fold",
]


@overload
def fold(recorded: Iterable[RecordedEvent], job: Job) -> Job: ...


@overload
def fold(recorded: Iterable[RecordedEvent], job: Job | None = None) -> Job | None: ...


def fold(recorded: Iterable[RecordedEvent], job: Job | None = None) -> Job | None:
    """The state after `recorded`, going on from `job`; None when there is no event yet.

    Raises:
        ValueError: the stream does not begin with JobSubmitted, or a version is missing.
    """
    draft = None if job is None else _draft_of(job)
    for each in recorded:
        if draft is None:
            draft = _begun(each)
        else:
            _advance(draft, each)
    return None if draft is None else _sealed(draft)


def begin(recorded: RecordedEvent) -> Job:
    """The state after a stream's first event, which is JobSubmitted."""
    return _sealed(_begun(recorded))


def evolve(job: Job, recorded: RecordedEvent) -> Job:
    """The state after one more event.

    Raises:
        ValueError: the event is not the next of this stream.
    """
    return fold([recorded], job)


def _begun(recorded: RecordedEvent) -> JobState:
    event = recorded.data
    if not isinstance(event, e.JobSubmitted) or recorded.version != 1:
        raise ValueError(f"Stream {recorded.stream_id} does not begin with job.submitted.")
    draft = JobState(
        job_id=recorded.stream_id,
        project_id=recorded.project_id,
        version=1,
        status=JobStatus.QUEUED,
        stage=Stage.INTAKE,
        submitted=event,
        submitted_at=recorded.occurred_at,
        submitted_by=recorded.origin.actor,
        correlation_id=recorded.origin.correlation_id,
        traceparent=recorded.origin.traceparent,
        head_at=recorded.occurred_at,
        runs={phase.name: PhaseRun() for phase in event.pipeline.phases},
        is_started=event.rules.is_auto_start,
    )
    source = draft.input(e.SOURCE_INPUT)
    if (
        source is not None
        and event.subject is not None
        and event.subject.kind is SubjectKind.DOCUMENT
    ):
        is_word = source.media_type in WORD_MEDIA_TYPES.values()
        kind = ArtifactKind.SOURCE_DOCX if is_word else ArtifactKind.SOURCE_FILE
        add_artifact(draft, recorded, kind, source)
    return draft


def _draft_of(job: Job) -> JobState:
    """A state with the fields of this one, to be changed by events.
    `dataclasses.replace` takes ten times as long.
    """
    draft = object.__new__(JobState)
    draft.__dict__.update(job.__dict__)
    return draft


def _sealed(draft: JobState) -> Job:
    """The draft's fields as a job that nobody changes; the draft is given up."""
    job = object.__new__(Job)
    job.__dict__.update(draft.__dict__)
    return job


def _advance(draft: JobState, recorded: RecordedEvent) -> None:
    """Take one more event into the draft."""
    if recorded.stream_id != draft.job_id or recorded.version != draft.version + 1:
        raise ValueError(
            f"Event {recorded.version} of {recorded.stream_id} does not follow version {draft.version}."
        )
    change = CHANGES.get(type(recorded.data))
    if change is not None:
        change(draft, recorded.data, recorded)
    draft.version = recorded.version
    draft.head_at = recorded.occurred_at
    draft.stopped_at = (
        (draft.stopped_at or recorded.occurred_at) if draft.status in RESUMABLE else None
    )
