"""The work a job owes, in words: what somebody performs, what waits for its next attempt, what waits its turn. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dragoman_contracts.identity import work_id
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem, due_at, owed
from dragoman_contracts.vocabulary import JobStatus, WorkKind
from dragoman_gateway.work_words import work_text
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
    """The work this state owes, held work first; batches that merely wait stand together in one line.

    `leases` are those of the present by work id; None for a state of the past, when nothing is known of them.
    """
    held, retries, waiting = list[Pending](), list[Pending](), list[WorkItem]()
    for item in owed(job):
        if leases is not None and item.work_id in leases:
            held.append(Pending(work_text(item.kind, item.index), "held", 1, leases[item.work_id].expires_at))
        elif (at := due_at(job, item.key)) is not None:
            retries.append(Pending(work_text(item.kind, item.index), "retry", 1, at, job.failures[item.key].code))
        else:
            waiting.append(item)
    return [*held, *retries, *_together(waiting), *_late(job, leases or {})]


def _late(job: Job, leases: Mapping[UUID, LiveLease]) -> list[Pending]:
    """Batches that workers still have while the job is being cancelled: it waits for them."""
    if job.status is not JobStatus.CANCELLING or job.plan is None:
        return []
    kind = WorkKind.TRANSLATION_BATCH
    ids = {index: work_id(job.job_id, kind, index) for index in job.plan.pending}
    held = ((index, leases[each]) for index, each in ids.items() if each in leases)
    return [Pending(work_text(kind, index), "late", 1, lease.expires_at) for index, lease in held]


def _together(items: Sequence[WorkItem]) -> list[Pending]:
    if not items:
        return []
    if len(items) == 1:
        return [Pending(work_text(items[0].kind, items[0].index), "waiting", 1)]
    return [Pending(f"Translation batches {_ranges([item.index + 1 for item in items])}", "waiting", len(items))]


def _ranges(numbers: Sequence[int]) -> str:
    """`1–3, 5, 7–9`; only batches are owed several at a time."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
