"""The words of the lifecycle: statuses, stages, phase kinds, work kinds,
queues and services (DESIGN §2 and §3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field


class JobStatus(StrEnum):
    """Where a job stands. The only state machine;
    other vocabularies are projections of it (`views_of_status`).
    """

    QUEUED = "queued"
    BLOCKED = "blocked"
    IN_PROGRESS = "in_progress"
    NEEDS_REVIEW = "needs_review"
    REASSEMBLY_PENDING = "reassembly_pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CANCELLING = "cancelling"


RESTING = frozenset(
    {
        JobStatus.BLOCKED,
        JobStatus.NEEDS_REVIEW,
        JobStatus.COMPLETED,
        JobStatus.FAILED,
        JobStatus.CANCELLED,
    }
)
"""Statuses in which nothing moves until a person acts."""

RESUMABLE = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})
"""Statuses from which `resume` goes on from the checkpoint."""

LIVE = frozenset({JobStatus.QUEUED, JobStatus.IN_PROGRESS, JobStatus.REASSEMBLY_PENDING})
"""Statuses in which the pipeline moves on by itself."""


class Stage(StrEnum):
    """Requirement E's name for where in its way a document is;
    for other pipelines the stage is the phase's name.
    """

    INTAKE = "intake"
    PREFLIGHT = "preflight"
    EXTRACTION = "extraction"
    TRANSLATION = "translation"
    QA = "qa"
    REVIEW = "review"
    REASSEMBLY = "reassembly"
    DELIVERY = "delivery"


StepKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""The kind of a step, and of its phases. `steps` has the table;
a log may name kinds that this installation lacks.
"""

WorkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
"""The kind of a piece of work, as `steps` derives it from the step's."""

PhaseName = Annotated[str, Field(max_length=80)]
"""The name of a phase in its pipeline;
empty in work and events whose kind says which phase it is.
"""


class PhaseKind(StrEnum):
    """The steps of a translation. Steps of other kinds are known by their row in `steps` alone."""

    PREFLIGHT = "preflight"
    EXTRACTION = "extraction"
    TRANSLATION = "translation"
    QA = "qa"
    REVIEW = "review"
    REASSEMBLY = "reassembly"
    DELIVERY = "delivery"


class WorkKind(StrEnum):
    """The work of a translation, the cancellation of any job, and the translation of some units
    once more, which people ask for during a review.
    """

    PREFLIGHT = "preflight"
    EXTRACTION = "extraction"
    TRANSLATION_PLAN = "translation_plan"
    TRANSLATION_BATCH = "translation_batch"
    QA = "qa"
    REASSEMBLY = "reassembly"
    CANCELLATION = "cancellation"
    RETRANSLATION = "retranslation"


class Service(StrEnum):
    """Who produces an event and who serves a queue."""

    GATEWAY = "gateway"
    INTAKE = "intake"
    EXTRACT = "extract"
    TRANSLATE = "translate"
    QA = "qa"
    REASSEMBLE = "reassemble"
    INDEX = "index"


class Queue(StrEnum):
    """The quorum queues, with requirement E's names where it has them. Those that work is sent to are declared:
    `steps.work_queues`.
    """

    JOB_CONTROL = "job_control"
    DOCX_EXTRACT = "docx_extract"
    TRANSLATE_BATCH = "translate_batch"
    QA_VERIFY = "qa_verify"
    REVIEW_IO = "review_io"
    DOCX_REASSEMBLE = "docx_reassemble"
    COMMAND_RUN = "command_run"
    SCRIPT_RUN = "script_run"
    AI_TASK = "ai_task"
    INDEX = "index"


class StatusViews(StrEnum):
    """Other systems' words for a job, as DESIGN §3 maps them."""

    DOCUMENT = "document"
    COMBINED_JOB = "combined_job"
    FEATURE_ROW = "feature_row"


_VIEWS: dict[JobStatus, tuple[str, str, str | None]] = {
    JobStatus.QUEUED: ("pending", "queued", "pending"),
    JobStatus.IN_PROGRESS: ("running", "running", "pending"),
    JobStatus.REASSEMBLY_PENDING: ("running", "running", "pending"),
    JobStatus.NEEDS_REVIEW: ("running", "waiting", None),
    JobStatus.COMPLETED: ("completed", "success", "ready"),
    JobStatus.FAILED: ("failed", "failed", "failed"),
    JobStatus.BLOCKED: ("failed", "failed", None),
    JobStatus.CANCELLING: ("uploaded", "cancelled", None),
    JobStatus.CANCELLED: ("uploaded", "cancelled", None),
}


def views_of_status(status: JobStatus, *, has_checkpoint: bool) -> dict[StatusViews, str | None]:
    """The same status in the words of requirements A, B and D.

    With a checkpoint that can be resumed, a failed or cancelled combined job reads `interrupted`.
    """
    document, combined, feature = _VIEWS[status]
    if has_checkpoint and status in RESUMABLE | {JobStatus.CANCELLING}:
        combined = "interrupted"
    return {
        StatusViews.DOCUMENT: document,
        StatusViews.COMBINED_JOB: combined,
        StatusViews.FEATURE_ROW: feature,
    }
