"""Work in words: what a piece of it is called, and how far it has come while somebody performs it.
Pure.

`Batch 3: 12 of 25 units, 14 tokens/s, about 40 s left`
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dragoman_contracts.job import WorkKey
from dragoman_contracts.steps import step_of_work
from dragoman_contracts.under_way import Doing, WorkUnderWay
from dragoman_contracts.vocabulary import WorkKind

_MOST_LINES = 6
_WAITS = {
    Doing.WAITING_FOR_SLOT: "waiting for a turn at the engine",
    Doing.WAITING_FOR_FIRST_TOKEN: "waiting for the model's first token",
}


def work_text(key: WorkKey) -> str:
    """The name of a piece of work: `Translation batch 3`.
    Batches are counted from 1, as people do.
    """
    step = step_of_work(key.kind)
    if step is None:
        return _beside(key)
    if key.kind == step.batch_work:
        return f"{step.label} batch {key.index + 1}{_of(key)}"
    if key.kind != step.kind:
        return f"Plan of the {step.label.lower()}{_of(key)}"
    return f"{step.work_label or step.label}{_of(key)}"


def _beside(key: WorkKey) -> str:
    if key.kind == WorkKind.RETRANSLATION:
        return f"Retranslation {key.index + 1}"
    return "Cancellation" if key.kind == WorkKind.CANCELLATION else key.kind


def batches_text(key: WorkKey) -> str:
    """The name of several batches of one phase: `Translation batches`."""
    step = step_of_work(key.kind)
    return f"{step.label if step else key.kind} batches{_of(key)}"


def under_way_text(work: WorkUnderWay, now: datetime) -> str:
    """How far a piece of work has come, in a line."""
    step = step_of_work(work.key.kind)
    is_batch = step is not None and work.key.kind == step.batch_work
    name = f"Batch {work.key.index + 1}{_of(work.key)}" if is_batch else work_text(work.key)
    attempt = f", attempt {work.attempt}" if work.attempt > 1 else ""
    return f"{name}{attempt}: {', '.join(_said(work, now))}"


def remaining_text(seconds: float) -> str:
    """How long something will last, roughly: `about 40 s left`."""
    return f"about {time_text(seconds)} left"


def lines_of(under_way: Sequence[WorkUnderWay], now: datetime) -> list[str]:
    """A line for each piece of work, the first ones where there are many."""
    lines = [under_way_text(each, now) for each in under_way[:_MOST_LINES]]
    more = len(under_way) - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines


def time_text(seconds: float) -> str:
    """A time without more precision than it has: `12 s`, `3 min`, `1 h 20 min`."""
    whole = max(round(seconds), 1)
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


def _figure(pace: float) -> str:
    """Two figures, or as many as stand before the point: `0.042`, `0.42`, `4.2`, `42`, `420`."""
    return f"{pace:.2g}" if pace < 10 else f"{pace:,.0f}"


def _said(work: WorkUnderWay, now: datetime) -> list[str]:
    note = work.note
    found: list[str] = []
    if note.item_count:
        step = step_of_work(work.kind)
        of_text = step is not None and step.has_own_result
        units = " unit" if note.item_count == 1 else " units"
        found.append(f"{note.done_count:,} of {note.item_count:,}{units if of_text else ''}")
    if note.doing in _WAITS:
        began = work.doing_since
        found.append(
            _WAITS[note.doing]
            + (f" for {time_text((now - began).total_seconds())}" if began else "")
        )
    elif note.doing is Doing.WRITING:
        found.append(
            f"{_figure(note.tokens_per_s)} tokens/s" if note.tokens_per_s else "being written"
        )
    if note.doing is not Doing.WAITING_FOR_SLOT and work.remaining_s:
        found.append(remaining_text(work.remaining_s))
    if not found:
        found.append(
            f"for {time_text((now - work.since).total_seconds())}" if work.since else "under way"
        )
    return found


def _of(key: WorkKey) -> str:
    return f" of {key.phase}" if key.phase else ""
