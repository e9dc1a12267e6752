"""The changes that the events of a review make to a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from dragoman_contracts import events as e
from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.job_common import (
    add_artifact,
    change_run,
    clear_failures,
    finish_phase,
    wait_for_next,
)
from dragoman_contracts.job_state import JobState, Retranslation, Review, ReviewStatus, WorkKey
from dragoman_contracts.references import ArtifactKind
from dragoman_contracts.review import Save
from dragoman_contracts.vocabulary import JobStatus, PhaseKind, WorkKind

_EXPORTS = {
    "tmx": ArtifactKind.REVIEW_TMX,
    "xliff-2.1": ArtifactKind.REVIEW_XLIFF,
    "xliff-1.2": ArtifactKind.REVIEW_XLIFF,
    "html": ArtifactKind.REVIEW_REPORT,
}
_IMPORTS = {"tmx": ArtifactKind.REVIEW_IMPORT_TMX}
_BEHIND = (PhaseKind.REVIEW, PhaseKind.REASSEMBLY, PhaseKind.DELIVERY)
"""The phases that a review opened on a completed job owes again."""


def on_review_opened(draft: JobState, event: e.ReviewOpened, recorded: RecordedEvent) -> None:
    """People want to look at translations that QA let pass, or at a job that is completed."""
    if draft.is_stopped or draft.verification is None:
        return
    _begin(draft, event.session_id, recorded)
    draft.runs = {
        name: replace(run, finished_at=None)
        if (phase := draft.phase_named(name)) and phase.kind in _BEHIND
        else run
        for name, run in draft.runs.items()
    }
    draft.is_review_owed = True
    draft.status = JobStatus.NEEDS_REVIEW
    wait_for_next(draft)


def on_review_assigned(draft: JobState, event: e.ReviewAssigned, recorded: RecordedEvent) -> None:
    """The review has other reviewers, or another day it is due."""
    review = _begin(draft, event.session_id, recorded)
    draft.review = replace(review, due_at=event.due_at, reviewer_ids=event.reviewer_ids)


def on_units_reviewed(draft: JobState, event: e.UnitsReviewed, recorded: RecordedEvent) -> None:
    """A person worked on units."""
    review = _begin(draft, event.session_id, recorded)
    if event.state is None:
        save = Save(
            recorded.version,
            recorded.origin.actor,
            recorded.origin.actor_record,
            recorded.occurred_at,
            event.edits,
        )
        review = replace(review, saves=(*review.saves, save))
    else:
        review = replace(review, state=event.state, saves=())
    draft.review = replace(
        review,
        saved_count=review.saved_count + 1,
        reviewed_count=event.reviewed_count,
        approved_count=event.approved_count,
    )
    draft.review_pending_count = event.pending_count
    if draft.is_review_owed and not draft.is_stopped:
        wait_for_next(draft)


def on_retranslation_requested(
    draft: JobState, event: e.RetranslationRequested, recorded: RecordedEvent
) -> None:
    """Units are to be translated again. A second request of this number changes nothing."""
    review = _begin(draft, event.session_id, recorded)
    if event.index != len(review.retranslations):
        return
    asked = Retranslation(event.request, recorded.origin.actor, recorded.origin.actor_record)
    draft.review = replace(review, retranslations=(*review.retranslations, asked))


def on_units_retranslated(
    draft: JobState, event: e.UnitsRetranslated, recorded: RecordedEvent
) -> None:
    """Units have new drafts, as if who asked for them had typed them."""
    review = _begin(draft, event.session_id, recorded)
    clear_failures(draft, {WorkKey(WorkKind.RETRANSLATION, event.index)})
    phase = draft.phase_of_kind(PhaseKind.TRANSLATION)
    if phase is not None:
        change_run(draft, phase.name, usage=draft.runs[phase.name].usage + event.usage)
    if event.index >= len(review.retranslations) or review.retranslations[event.index].is_done:
        return
    asked = review.retranslations[event.index]
    save = Save(
        recorded.version, asked.actor, asked.actor_record, recorded.occurred_at, event.edits
    )
    done = tuple(
        replace(each, is_done=True) if index == event.index else each
        for index, each in enumerate(review.retranslations)
    )
    draft.review = replace(
        review,
        saves=(*review.saves, save),
        saved_count=review.saved_count + 1,
        retranslations=done,
        reviewed_count=event.reviewed_count,
        approved_count=event.approved_count,
    )
    draft.review_pending_count = event.pending_count
    if draft.is_review_owed and not draft.is_stopped:
        wait_for_next(draft)


def on_review_exported(draft: JobState, event: e.ReviewExported, recorded: RecordedEvent) -> None:
    """The review began, at the latest now."""
    review = _begin(draft, event.session_id, recorded)
    if draft.is_review_owed:
        draft.review = replace(review, status=ReviewStatus.EXPORTED)
    kind = _EXPORTS.get(event.format, ArtifactKind.REVIEW_BILINGUAL)
    add_artifact(draft, recorded, kind, event.artifact)


def on_review_imported(draft: JobState, event: e.ReviewImported, recorded: RecordedEvent) -> None:
    """People's targets came back; the review ends where none is left to look at."""
    draft.review = replace(_begin(draft, event.session_id, recorded), status=ReviewStatus.IMPORTED)
    draft.reviewed_targets = (*draft.reviewed_targets, event.targets)
    draft.review_pending_count = event.pending_count
    kind = _IMPORTS.get(event.format, ArtifactKind.REVIEW_IMPORT)
    add_artifact(draft, recorded, kind, event.artifact)
    draft.is_review_owed = event.pending_count > 0
    if not draft.is_review_owed:
        _close(draft, recorded)
    elif not draft.is_stopped:
        wait_for_next(draft)


def on_review_closed(draft: JobState, event: e.ReviewClosed, recorded: RecordedEvent) -> None:
    """People are done; what they left as it was is taken as it is."""
    _begin(draft, event.session_id, recorded)
    draft.reviewed_targets = (*draft.reviewed_targets, event.targets)
    draft.review_pending_count, draft.is_review_owed = event.taken_count, False
    _close(draft, recorded)


def _begin(draft: JobState, session_id: UUID, recorded: RecordedEvent) -> Review:
    """The review, which begins with its first event; a new session goes on from what people made
    of the units before.
    """
    phase = draft.phase_of_kind(PhaseKind.REVIEW)
    if phase is not None and draft.runs[phase.name].started_at is None:
        change_run(draft, phase.name, started_at=recorded.occurred_at)
    before = draft.review
    if before is None:
        draft.review = Review(session_id, recorded.occurred_at)
    elif before.session_id != session_id:
        draft.review = replace(
            before,
            session_id=session_id,
            opened_at=recorded.occurred_at,
            status=ReviewStatus.OPENED,
        )
    return draft.review or Review(session_id, recorded.occurred_at)


def _close(draft: JobState, recorded: RecordedEvent) -> None:
    if draft.review is not None:
        draft.review = replace(draft.review, status=ReviewStatus.CLOSED)
    finish_phase(draft, draft.phase_of_kind(PhaseKind.REVIEW), recorded)


Change = Callable[[JobState, Any, RecordedEvent], None]

REVIEW_CHANGES: Mapping[type[e.Event], Change] = {
    e.ReviewOpened: on_review_opened,
    e.ReviewAssigned: on_review_assigned,
    e.UnitsReviewed: on_units_reviewed,
    e.RetranslationRequested: on_retranslation_requested,
    e.UnitsRetranslated: on_units_retranslated,
    e.ReviewExported: on_review_exported,
    e.ReviewImported: on_review_imported,
    e.ReviewClosed: on_review_closed,
}
"""The handler of each type of event of a review."""
