"""Notes on work while it is under way: how far a batch has come, and what it waits for.

No note is an event. A note lives on the lease of the work, is written by the worker that holds the
lease, and is gone with the lease: a replay of the job misses nothing. A note names no document and
no file, and its only text is what a command that runs said last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Annotated

from pydantic import Field

from dragoman_contracts.events import Count
from dragoman_contracts.job_state import Job, PhaseRun, WorkKey
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase
from dragoman_contracts.steps import Shape
from dragoman_contracts.vocabulary import LIVE, PhaseKind, WorkName

LOG_TAIL_CHARACTERS = 8_000
"""The most of a running command's log that a note holds."""

_Pace = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Doing(StrEnum):
    """The state of a piece of work: waiting for the engine or for an answer's first
    token, or getting on.
    """

    WORKING = "working"
    WAITING_FOR_SLOT = "waiting_for_slot"
    WAITING_FOR_FIRST_TOKEN = "waiting_for_first_token"  # noqa: S105 - a token of text
    WRITING = "writing"


class WorkNote(Value):
    """How far a piece of work has come, as who performs it says.

    `done_count` of `item_count` units are there (units of the batch that read alike each count, as
    in the plan). `token_count` is what was written for this piece of work so far, all its calls
    together; `tokens_per_s` is the pace of the call under way or the latest one, None while nothing
    is measured. `model` may be empty. `log_tail` is the end of the log of a command that runs.
    """

    doing: Doing = Doing.WORKING
    done_count: Count = 0
    item_count: Count = 0
    token_count: Count = 0
    tokens_per_s: _Pace | None = None
    model: Annotated[str, Field(max_length=200)] = ""
    log_tail: Annotated[str, Field(max_length=LOG_TAIL_CHARACTERS, exclude_if=not_)] = ""


class WorkUnderWay(Value):
    """A piece of work that somebody performs now, and what is known of it.

    `since` is when this attempt began, `doing_since` when the note's `doing` did, `said_at` when
    the note was said; all are None while nothing is known. `units_per_s` is the measured pace of
    the engine's answers, of this piece of work or, until it has one of its own, of the job's work
    that the same worker did last; None before that.
    """

    kind: WorkName
    index: Count = 0
    phase: str = ""
    attempt: Annotated[int, Field(ge=1)] = 1
    since: datetime | None = None
    doing_since: datetime | None = None
    said_at: datetime | None = None
    units_per_s: _Pace | None = None
    note: WorkNote = WorkNote()

    @property
    def key(self) -> WorkKey:
        """The piece of work in its job."""
        return WorkKey(self.kind, self.index, self.phase)

    @property
    def remaining_s(self) -> float | None:
        """About how long this piece of work will last, at its pace; None where nothing is measured,
        or where all is done but what is looked at once more.
        """
        left = self.note.item_count - self.note.done_count
        return left / self.units_per_s if self.units_per_s and left > 0 else None


def done_under_way(phase: Phase, run: PhaseRun, under_way: Iterable[WorkUnderWay]) -> int:
    """How many of the phase's items are there in batches that are under way, but not yet in the
    events.

    A batch whose result is recorded counts no more, and never do more items count than the phase
    still lacks.
    """
    notes = {each.index: each.note for each in under_way if _is_batch_of(phase, each)}
    pending = (note for index, note in notes.items() if run.batches.is_pending(index))
    done = sum(min(note.done_count, note.item_count) for note in pending)
    return max(min(done, run.item_count - run.done_count), 0)


def share_under_way(phase: Phase, under_way: Iterable[WorkUnderWay]) -> float:
    """How much of a phase that is one piece of work is done, 0 to 1, as its note says."""
    if phase.step is None or phase.step.shape is not Shape.WHOLE:
        return 0.0
    notes = (
        each.note
        for each in under_way
        if each.kind == phase.step.first_work and each.phase == phase.key
    )
    return max((min(n.done_count / n.item_count, 1.0) for n in notes if n.item_count), default=0.0)


def translated_count(job: Job, under_way: Iterable[WorkUnderWay] = ()) -> int:
    """How many units are translated, with those that the batches under way have brought so
    far; 0 before the plan.
    """
    phase = job.phase_of_kind(PhaseKind.TRANSLATION)
    if phase is None or job.plan is None:
        return 0
    return job.plan.done_count + done_under_way(phase, job.plan, under_way)


def remaining_s(job: Job, under_way: Sequence[WorkUnderWay]) -> float | None:
    """About how long the job's translation will last, at the pace of the batches under way; None if
    none is measured, or while units that are there are asked for once more.

    A batch that has no pace yet is taken to go like the others, unless it waits for its first turn
    at the engine, which does not hasten anything. Later waits for a turn are part of a batch's
    pace.
    """
    phase = job.phase_of_kind(PhaseKind.TRANSLATION)
    if phase is None or job.plan is None or job.status not in LIVE:
        return None
    at_it = [each for each in under_way if _is_batch_of(phase, each) and each.note.item_count]
    at_it = [
        each for each in at_it if each.units_per_s or each.note.doing is not Doing.WAITING_FOR_SLOT
    ]
    paces = [each.units_per_s for each in at_it if each.units_per_s]
    if not paces:
        return None
    left = job.plan.item_count - translated_count(job, under_way)
    return left / (sum(paces) / len(paces) * len(at_it)) if left > 0 else None


def _is_batch_of(phase: Phase, work: WorkUnderWay) -> bool:
    return phase.step is not None and work.kind == phase.step.batch_work and work.phase == phase.key
