"""How far people are with the translations of a job, or of many: draft, translated, reviewed, approved.
Pure.

    Coverage(units=1200, translated=1180, pending=40, reviewed=900, approved=300)

Each rung counts those above it: what is approved is reviewed, and what is reviewed is translated.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from dragoman_contracts.events import Count
from dragoman_contracts.job_state import JobState
from dragoman_contracts.model import Value


class Coverage(Value):
    """Counts of units that can be translated, and the words of the documents.

    `translated` have a target that needs nobody or that a person stands for, `pending` wait for a
    person. A job whose translation is not checked yet counts its units and no more.
    """

    jobs: Count = 0
    units: Count = 0
    words: Count = 0
    translated: Count = 0
    pending: Count = 0
    reviewed: Count = 0
    approved: Count = 0

    def __add__(self, other: Coverage) -> Coverage:
        names = Coverage.model_fields
        return Coverage(**{name: getattr(self, name) + getattr(other, name) for name in names})


class CoverageSnapshot(Value):
    """How far people were with the translations of a project on a day (UTC), into one locale."""

    project_id: UUID
    day: str
    target_locale: str
    coverage: Coverage
    taken_at: datetime


def coverage_of(job: JobState) -> Coverage:
    """How far people are with the translation of one job.

    Where saves of an older version did not say for how many units somebody stands, those that
    needed a person and do not any more are counted.
    """
    extraction, verification = job.extraction, job.verification
    if extraction is None:
        return Coverage(jobs=1)
    units, words = extraction.translatable_count, extraction.word_count
    if verification is None:
        return Coverage(jobs=1, units=units, words=words)
    pending = min(job.review_pending_count, units)
    review = job.review
    reviewed = review.reviewed_count if review else 0
    if reviewed is None:
        needed = verification.review_count + verification.blocked_count
        reviewed = max(0, needed - pending)
    return Coverage(
        jobs=1,
        units=units,
        words=words,
        translated=units - pending,
        pending=pending,
        reviewed=reviewed,
        approved=(review.approved_count or 0) if review else 0,
    )
