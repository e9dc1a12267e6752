"""The page of a job in words and numbers, made from the job's state and its events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dragoman_contracts.job import Job, current_phase
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import progress_pct
from dragoman_contracts.references import Artifact, ArtifactKind
from dragoman_contracts.under_way import WorkUnderWay, remaining_s, translated_count
from dragoman_contracts.vocabulary import LIVE, JobStatus
from dragoman_gateway.jobs.detail.cards import Card, card_of
from dragoman_gateway.jobs.detail.words import ARTIFACTS
from dragoman_gateway.jobs.detail.work_words import lines_of, time_text
from dragoman_gateway.jobs.rules import JobAction, allowed_actions

_STOPPED = frozenset({JobStatus.FAILED, JobStatus.BLOCKED, JobStatus.CANCELLED})
_ORDER = {kind: place for place, kind in enumerate(ARTIFACTS)}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage in the stepper. `state` is done, running, waiting, stopped, pending or skipped."""

    name: str
    text: str
    state: str
    duration: str
    detail: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """One artifact with its name and size."""

    artifact: Artifact
    text: str
    size: str


def steps_of(job: Job, now: datetime, under_way: Sequence[WorkUnderWay] = ()) -> list[Step]:
    """The stages in order, without those that show nothing."""
    current = current_phase(job)
    cards = [(phase, card_of(job, phase, under_way)) for phase in job.pipeline.phases]
    return [
        _step(job, phase, card, is_current=phase is current, now=now)
        for phase, card in cards
        if card is not None
    ]


def _step(job: Job, phase: Phase, card: Card, *, is_current: bool, now: datetime) -> Step:
    run = job.runs[phase.name]
    state = _state(job, phase, is_current=is_current)
    duration = ""
    if run.started_at and run.finished_at:
        duration = duration_text(run.finished_at - run.started_at)
    elif run.started_at and state == "running":
        duration = duration_text(now - run.started_at)
    return Step(phase.name, card.title, state, duration, card.detail, card.link)


def _state(job: Job, phase: Phase, *, is_current: bool) -> str:
    if job.is_finished(phase):
        return "done"
    if not is_current:
        return "pending"
    if job.status is JobStatus.CANCELLED:
        return "cancelled"
    if job.status in _STOPPED:
        return "stopped"
    if job.status is JobStatus.NEEDS_REVIEW or job.failures or not job.is_started:
        return "waiting"
    return "running" if job.runs[phase.name].started_at else "pending"


def duration_text(duration: timedelta) -> str:
    """A duration as people say it: `40 ms`, `1.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`."""
    seconds = max(duration.total_seconds(), 0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def ago_text(duration: timedelta) -> str:
    """How long ago, roughly, as people say it: `just now`, `12 min ago`,
    `2 h ago`, `3 days ago`.
    """
    minutes = int(max(duration.total_seconds(), 0) // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // 1440} days ago"


def size_text(size_bytes: int) -> str:
    """A size as people say it: `812 B`, `24 kB`, `3.2 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    exponent = min((len(str(size_bytes)) - 1) // 3, 3)
    size = size_bytes / 1000**exponent
    return f"{size:.{0 if size >= 10 else 1}f} {'kMG'[exponent - 1]}B"


def downloads_of(job: Job) -> list[Download]:
    """The artifacts, the translated document first."""
    ordered = sorted(job.artifacts, key=lambda artifact: _ORDER.get(artifact.kind, len(_ORDER)))
    return [
        Download(
            each,
            each.name or ARTIFACTS.get(each.kind, each.kind),
            size_text(each.object.size_bytes),
        )
        for each in ordered
    ]


def result_of(job: Job) -> Artifact | None:
    """The translated document, where it is there and not erased."""
    return next(
        (each for each in reversed(job.artifacts) if each.kind is ArtifactKind.FINAL_DOCX), None
    )


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An action that a dialog asks about first."""

    name: str
    button: str
    heading: str
    text: str
    is_bad: bool = False


CONFIRMED: dict[str, Confirmed] = {
    each.name: each
    for each in (
        Confirmed(
            "rerun",
            "Run again",
            "Run the document again?",
            "A new job begins with preflight, under the project's settings of now. What was paid for under the same "
            "terms is used again.",
        ),
        Confirmed(
            "mark-failed",
            "Mark as failed",
            "Mark the job as failed?",
            "For a job that moves no more. Workers stop; what one of them still brings is recorded. Resume goes on.",
            is_bad=True,
        ),
        Confirmed(
            "remove",
            "Remove",
            "Remove the job from the lists?",
            "Its events stay, and its files go by the project's retention. An address of it still opens it.",
            is_bad=True,
        ),
        Confirmed(
            "discard",
            "Discard",
            "Discard what the job has done?",
            "It can then not be resumed, only run again. Its events, files and paid answers stay.",
            is_bad=True,
        ),
    )
}
"""The actions on a job that a dialog asks about first, by name."""

_CONFIRMED_AS = {
    JobAction.RERUN: "rerun",
    JobAction.MARK_FAILED: "mark-failed",
    JobAction.CHECKPOINT: "discard",
    JobAction.REMOVE: "remove",
}


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions that the job's page offers now."""

    can_cancel: bool
    can_start: bool
    can_resume: bool
    can_retry: bool
    confirmed: tuple[Confirmed, ...]


def actions_of(job: Job) -> Actions:
    """The buttons a job's page offers; the gateway's rules decide again when one is pressed."""
    allowed = allowed_actions(job)
    return Actions(
        can_cancel=JobAction.CANCEL in allowed,
        can_start=JobAction.PROCESS in allowed,
        can_resume=JobAction.RESUME in allowed,
        can_retry=JobAction.RETRY in allowed,
        confirmed=tuple(
            CONFIRMED[name] for action, name in _CONFIRMED_AS.items() if action in allowed
        ),
    )


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """How many units stand where. `kept` are those with nothing to translate;
    the others' shares make a whole.
    """

    total: int
    kept: int
    passed: int
    translated: int
    review: int
    blocked: int

    @property
    def waiting(self) -> int:
        """Units that are not translated yet."""
        return max(
            self.to_translate - self.passed - self.translated - self.review - self.blocked, 0
        )

    @property
    def to_translate(self) -> int:
        """Units that have something to translate."""
        return self.total - self.kept


def unit_counts(job: Job, under_way: Sequence[WorkUnderWay] = ()) -> UnitCounts | None:
    """The counts that events and the work under way tell; None before extraction.
    Each unit is counted once.
    """
    if job.extraction is None:
        return None
    total = job.extraction.unit_count
    kept = total - job.extraction.translatable_count
    if job.verification:
        verified = job.verification
        return UnitCounts(
            total, kept, verified.passed_count, 0, verified.review_count, verified.blocked_count
        )
    return UnitCounts(total, kept, 0, translated_count(job, under_way), 0, 0)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How the work under way reads: a line for each piece of it,
    and about how long the translation will last.
    """

    progress_pct: float
    lines: tuple[str, ...]
    remaining: str


@dataclass(frozen=True, slots=True)
class SavingLine:
    """Units and words of a job that came to their translation in one way."""

    units: int
    words: int
    text: str


_SAVINGS = (
    ("previous_version", "from the previous version"),
    ("context_changed", "of these among other neighbours"),
    ("memory", "from memory"),
    ("on_record", "from calls that were paid for earlier"),
    ("repetitions", "repeated"),
    ("translated", "translated anew"),
)


def savings_of(job: Job) -> list[SavingLine]:
    """Where the translations came from; empty where nothing was saved, or nobody counted."""
    savings = job.plan.savings if job.plan else None
    if savings is None or savings.is_nothing:
        return []
    counted = [(getattr(savings, name), text) for name, text in _SAVINGS]
    return [
        SavingLine(each.unit_count, each.word_count, text)
        for each, text in counted
        if each.unit_count
    ]


def under_way_of(job: Job, under_way: Sequence[WorkUnderWay], now: datetime) -> UnderWay:
    """The lines of the page that tell a person who waits how far the work is."""
    seconds = remaining_s(job, under_way)
    remaining = f"The translation takes about {time_text(seconds)} more." if seconds else ""
    return UnderWay(progress_pct(job, under_way), tuple(lines_of(under_way, now)), remaining)


def is_live(job: Job) -> bool:
    """Whether the page should follow the job: something moves, or is about to."""
    return job.status in LIVE | {JobStatus.CANCELLING}
