"""The cards of phases on a job's page: one by the phase's kind, and a plain one for kinds that have
none. Pure.

A kind that has more to say than how many of its items are done gets a function here, entered in
`CARDS`:

    CARDS["extraction"](job, phase, ())     →  Card("Extraction", "1,204 units")
    card_of(job, <a phase of kind "crawl">) →  Card("Crawl", "312 of 900, 4 failed")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase
from dragoman_contracts.under_way import WorkUnderWay, done_under_way, translated_count
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_gateway.jobs.detail.words import stage_text


@dataclass(frozen=True, slots=True)
class Card:
    """A phase in words: what it is called, how far it is,
    and the page that shows what it does, where there is one.
    """

    title: str
    detail: str = ""
    link: str = ""


CardOf = Callable[[Job, Phase, Sequence[WorkUnderWay]], Card | None]
"""Makes the card of a phase; None where the phase is not to be shown."""


def card_of(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay] = ()) -> Card | None:
    """The card of a phase; None where the phase is not to be shown."""
    return CARDS.get(phase.kind, _plain)(job, phase, under_way)


def _plain(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    """The card of any phase, with its items."""
    run, title = job.runs[phase.name], stage_text(phase.name)
    if not run.item_count:  # nobody knows how many items a chain will have
        return Card(title, f"{run.done_count:,} done" if run.done_count else "")
    done = run.done_count + done_under_way(phase, run, under_way)
    failed = f", {run.failed_count:,} failed" if run.failed_count else ""
    return Card(title, f"{done:,} of {run.item_count:,}{failed}")


def _named(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    return Card(stage_text(phase.name))


def _extraction(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    count = job.extraction.unit_count if job.extraction else None
    units = "" if count is None else f"{count:,} unit{'' if count == 1 else 's'}"
    return Card(stage_text(phase.name), units)


def _translation(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    plan = job.plan
    detail = f"{translated_count(job, under_way):,} of {plan.item_count:,}" if plan else ""
    return Card(stage_text(phase.name), detail)


def _qa(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    verification = job.verification
    if verification is None:
        return Card(stage_text(phase.name))
    doubtful = verification.review_count + verification.blocked_count
    return Card(stage_text(phase.name), f"{doubtful:,} to look at" if doubtful else "all passed")


def _review(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card | None:
    """Only where a review is, or was, asked for."""
    if job.is_review_owed:
        return Card(stage_text(phase.name), f"{job.review_pending_count:,} left")
    was_asked = job.review is not None or bool(job.reviewed_targets)
    return Card(stage_text(phase.name)) if was_asked else None


def _command(job: Job, phase: Phase, under_way: Sequence[WorkUnderWay]) -> Card:
    """How far the command says it is while it runs, then how many files it wrote."""
    run = job.runs[phase.name]
    if run.finished_at is not None:
        count = run.item_count or 0
        return Card(stage_text(phase.name), f"{count:,} file{'' if count == 1 else 's'}")
    notes = [each.note for each in under_way if each.phase == phase.name and each.note.item_count]
    said = f"{notes[0].done_count:,} of {notes[0].item_count:,}" if notes else ""
    return Card(stage_text(phase.name), said)


CARDS: dict[str, CardOf] = {
    "command": _command,
    PhaseKind.PREFLIGHT.value: _named,
    PhaseKind.EXTRACTION.value: _extraction,
    PhaseKind.TRANSLATION.value: _translation,
    PhaseKind.QA.value: _qa,
    PhaseKind.REVIEW.value: _review,
    PhaseKind.REASSEMBLY.value: _named,
    PhaseKind.DELIVERY.value: _named,
}
"""The cards of the kinds that have one of their own, by kind."""
