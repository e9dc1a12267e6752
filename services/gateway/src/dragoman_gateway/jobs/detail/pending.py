"""The work a job owes, in words: what somebody performs, what waits for its next attempt,
what waits its turn. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dragoman_contracts.job import Job, WorkKey, current_phase
from dragoman_contracts.pipeline import WorkItem, due_at, owed
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.jobs.detail.work_words import batches_text, work_text
from dragoman_runtime.eventstore import LiveLease


@dataclass(frozen=True, slots=True)
class Pending:
    """One line of owed work, or of late work that a cancellation waits for.

    `state` is held, retry, waiting or late; `at` is when its lease ends or its attempt is due.
    """

    text: str
    state: str
    count: int
    at: datetime | None = None
    code: str = ""


def pending_of(job: Job, leases: Mapping[UUID, LiveLease] | None) -> list[Pending]:
    """The work this state owes, held work first; batches that merely wait stand together in one
    line.

    `leases` are those of the present by work id; None for a state of the past, when nothing is
    known of them.
    """
    held, retries, waiting = list[Pending](), list[Pending](), list[WorkItem]()
    for item in owed(job):
        if leases is not None and item.work_id in leases:
            held.append(Pending(work_text(item.key), "held", 1, leases[item.work_id].expires_at))
        elif (at := due_at(job, item.key)) is not None:
            retries.append(
                Pending(work_text(item.key), "retry", 1, at, job.failures[item.key].code)
            )
        else:
            waiting.append(item)
    return [*held, *retries, *_together(waiting), *_late(job, leases or {})]


def _late(job: Job, leases: Mapping[UUID, LiveLease]) -> list[Pending]:
    """Batches that workers still have while the job is being cancelled: it waits for them."""
    phase = current_phase(job)
    if job.status is not JobStatus.CANCELLING or phase is None or phase.step is None:
        return []
    kind = phase.step.batch_work
    if kind is None:
        return []
    keys = [WorkKey(kind, index, phase.key) for index in job.runs[phase.name].batches.pending]
    held = [(key, key.work_id(job.job_id)) for key in keys]
    return [
        Pending(work_text(key), "late", 1, leases[each].expires_at)
        for key, each in held
        if each in leases
    ]


def _together(items: Sequence[WorkItem]) -> list[Pending]:
    if not items:
        return []
    if len(items) == 1:
        return [Pending(work_text(items[0].key), "waiting", 1)]
    return [
        Pending(
            f"{batches_text(items[0].key)} {_ranges([item.index + 1 for item in items])}",
            "waiting",
            len(items),
        )
    ]


def _ranges(numbers: Sequence[int]) -> str:
    """`1–3, 5, 7–9`; only batches are owed several at a time."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
