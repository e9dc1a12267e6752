"""The words of the console: what statuses, stages, events and troubles are called,
and what to do about them.
"""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.steps import STEPS
from dragoman_contracts.vocabulary import JobStatus, PhaseKind
from dragoman_gateway.jobs.view.rows import VerificationState


@dataclass(frozen=True, slots=True)
class Label:
    """A word with the tone and icon it is shown in; the word alone says all."""

    text: str
    tone: str
    icon: str


STATUSES: dict[JobStatus, Label] = {
    JobStatus.QUEUED: Label("Queued", "quiet", "clock"),
    JobStatus.IN_PROGRESS: Label("In progress", "active", "dots"),
    JobStatus.REASSEMBLY_PENDING: Label("Reassembling", "active", "dots"),
    JobStatus.NEEDS_REVIEW: Label("Needs review", "attention", "eye"),
    JobStatus.COMPLETED: Label("Completed", "good", "check"),
    JobStatus.BLOCKED: Label("Blocked", "bad", "stop"),
    JobStatus.FAILED: Label("Failed", "bad", "cross"),
    JobStatus.CANCELLING: Label("Cancelling", "quiet", "dots"),
    JobStatus.CANCELLED: Label("Cancelled", "quiet", "minus"),
}

VERIFICATION_STATES: dict[VerificationState, Label] = {
    VerificationState.PENDING: Label("Not checked yet", "quiet", "clock"),
    VerificationState.PASSED: Label("Passed", "good", "check"),
    VerificationState.NEEDS_REVIEW: Label("Needs review", "attention", "eye"),
    VerificationState.BLOCKED: Label("Blocked", "bad", "stop"),
    VerificationState.HUMAN_VERIFIED: Label("Verified by a person", "good", "person"),
    VerificationState.LEFT_AS_IS: Label("Left as it is", "quiet", "minus"),
}

RESULT_SOURCES: dict[str, str] = {
    "engine": "Engine",
    "memory": "Translation memory",
    "review": "Review",
    "source_copy": "Copied from the source",
    "previous_version": "Previous version",
}

STAGES: dict[str, str] = {
    "intake": "Intake",
    **{kind.value: STEPS[kind].label for kind in PhaseKind},
}

ARTIFACTS: dict[ArtifactKind, str] = {
    ArtifactKind.FINAL_DOCX: "Translated document",
    ArtifactKind.FILE: "File",
    ArtifactKind.SOURCE_DOCX: "Source document",
    ArtifactKind.SOURCE_FILE: "Source document",
    ArtifactKind.QA_REPORT: "Quality report",
    ArtifactKind.PREFLIGHT_REPORT: "Preflight report",
    ArtifactKind.EXTRACTION_MANIFEST: "Extraction manifest",
    ArtifactKind.REASSEMBLY_MANIFEST: "Reassembly manifest",
    ArtifactKind.REVIEW_TMX: "Translations for review (TMX)",
    ArtifactKind.REVIEW_IMPORT_TMX: "Reviewed translations (TMX)",
    ArtifactKind.REVIEW_XLIFF: "Translations for review (XLIFF)",
    ArtifactKind.REVIEW_BILINGUAL: "Translations for review (table)",
    ArtifactKind.REVIEW_REPORT: "Report of the review",
    ArtifactKind.REVIEW_IMPORT: "Reviewed translations",
    ArtifactKind.COMMAND_LOG: "Log",
    ArtifactKind.REPLAY_PACKAGE: "Replay package",
}

EVENTS: dict[str, str] = {
    "job.submitted": "Job submitted",
    "job.start_requested": "Start requested",
    "phase.started": "Phase started",
    "phase.planned": "Phase planned",
    "phase.batch_done": "Batch done",
    "phase.finished": "Phase finished",
    "phase.refused": "Phase refused",
    "preflight.passed": "Preflight passed",
    "preflight.blocked": "Preflight blocked the document",
    "document.extracted": "Text extracted",
    "translation.planned": "Translation planned",
    "translation.batch_translated": "Batch translated",
    "translation.completed": "Translation completed",
    "translation.verified": "Translation checked",
    "review.opened": "Review opened",
    "review.assigned": "Review planned",
    "units.reviewed": "Units reviewed",
    "retranslation.requested": "Retranslation asked for",
    "units.retranslated": "Units translated again",
    "review.closed": "Review finished",
    "review.exported": "Sent to review",
    "review.imported": "Review came back",
    "document.reassembled": "Document reassembled",
    "job.completed": "Job completed",
    "job.cancel_requested": "Cancel requested",
    "job.cancelled": "Job cancelled",
    "job.resume_requested": "Resume requested",
    "job.marked_failed": "Marked as failed",
    "job.checkpoint_discarded": "Checkpoint discarded",
    "job.removed": "Removed from the lists",
    "work.failed": "Attempt failed",
    "work.parked": "Work parked",
    "work.redriven": "Parked work redriven",
    "work.discarded": "Parked work discarded",
    "artifact.erased": "Artifact erased",
    "job.replay_packaged": "Replay package made",
}

PROBLEM_EVENTS = frozenset(
    {"preflight.blocked", "work.failed", "work.parked", "job.cancelled", "job.marked_failed"}
)
"""Events that the timeline marks, and shows alone when asked for problems."""

_CURES: dict[str, str] = {
    "engine.unauthorised": "The translation engine refused the key. Correct it in the settings, then resume the job.",
    "engine.not_installed": "The engine is not installed on this machine. Install it, or submit with another engine.",
    "engine.pair_unsupported": "The engine does not translate between these languages. Submit with another engine.",
    "engine.rate_limited": "The engine's limit is used up. The job goes on by itself when the engine allows it.",
    "engine.malformed_reply": "The engine's replies could not be used. Resume to ask again, or choose another engine.",
    "engine": "Look whether the translation engine can be reached, then resume the job.",
    "document.encrypted": "Remove the password in Word (File, Info, Protect Document), then submit the document again.",
    "document.legacy_word": "Save the document as .docx in Word or LibreOffice, then submit it again.",
    "command.not_found": "Install the program where the worker finds it, or name it in the pipeline by its path.",
    "command.timed_out": "Raise the pipeline's time limit, then run the document again.",
    "script": "Read the log below. Correct the script of the class, then run the object again.",
    "template": "Correct the prompt of the class, then run the object again.",
    "schema": "Correct the schema of the class, then run the object again.",
    "task": "Add what the task names, or correct it, then resume the job or run the object again.",
    "answer": "Make prompt or schema plainer, or choose another model, then resume the job.",
    "command": "Read the log below. Correct the pipeline or the document, then run it again.",
    "document": "Open the document in Word or LibreOffice, save it as .docx, and submit it again.",
    "storage": "Look whether the object store can be reached and has room, then resume the job.",
    "object": "A stored object is missing or damaged. Restore it from a backup, then resume the job.",
    "work.deadline": "The work took longer than its limit. Resume the job; if it happens again, raise the limit.",
    "language.differs": "Look whether the source language is right.",
}
_ANY_CURE = "Look at the events below, put right what they name, then resume the job."


def cure_of(code: str, *, is_explained: bool = False) -> str:
    """The cure that a person has for a trouble; where its message explains it,
    only what is known of this very code.
    """
    if is_explained:
        return _CURES.get(code, "")
    return _CURES.get(code) or _CURES.get(code.partition(".")[0]) or _ANY_CURE


def stage_text(stage: str) -> str:
    """The name of a stage: the label of the step that it is named after, or else its own name."""
    if stage in STEPS:
        return STEPS[stage].label
    return STAGES.get(stage) or stage.replace("_", " ").capitalize()


def event_text(name: str) -> str:
    """The name of an event for people."""
    return EVENTS.get(name) or name.replace(".", ": ").replace("_", " ").capitalize()
