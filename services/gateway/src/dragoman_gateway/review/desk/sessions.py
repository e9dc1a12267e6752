"""The review as a whole: opened, given to people, closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dragoman_catalog import MemoryBatch
from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import Event, ReviewAssigned, ReviewClosed, ReviewOpened
from dragoman_contracts.identity import new_id
from dragoman_contracts.job import Job, ReviewStatus
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.desk.candidates import CandidateWriter
from dragoman_gateway.review.desk.desktop import Desktop, Desktops, reviewed_targets, session_of
from dragoman_gateway.review.rules.edits import may_open, require_open
from dragoman_gateway.web.errors import UnitsPendingError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import Head
from dragoman_runtime.objects import ObjectStore, put_value


class ReviewSessions:
    """The acts of people on the review of a job as a whole."""

    def __init__(
        self,
        *,
        desktops: Desktops,
        control: JobControl,
        objects: ObjectStore,
        candidates: CandidateWriter,
    ) -> None:
        self._candidates = candidates
        self._desktops = desktops
        self._control = control
        self._objects = objects

    async def open(self, job_id: UUID, principal: Principal) -> Desktop:
        """Open the review of a completed job; nothing to do where one is open.

        Raises:
            JobStateError: the job is neither completed nor in review.
        """

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            if may_open(job):
                return (ReviewOpened(session_id=new_id()),)
            require_open(job)
            return ()

        await self._control.append(job_id, principal, events_of)
        return await self._desktops.find(job_id, principal)

    async def assign(
        self,
        job_id: UUID,
        principal: Principal,
        due_at: datetime | None,
        reviewer_ids: tuple[UUID, ...],
    ) -> Desktop:
        """Say who reviews the job and by when.

        Raises:
            JobStateError: the job is not in review.
        """

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            require_open(job)
            review = job.review
            if review and (review.due_at, review.reviewer_ids) == (due_at, reviewer_ids):
                return ()
            return (
                ReviewAssigned(
                    session_id=session_of(job), due_at=due_at, reviewer_ids=reviewer_ids
                ),
            )

        await self._control.append(job_id, principal, events_of)
        return await self._desktops.find(job_id, principal)

    async def finish(self, job_id: UUID, principal: Principal, *, as_they_are: bool) -> Job:
        """Close the review; the document is then reassembled. Nothing to do where it was closed.

        Raises:
            JobStateError: the job is not in review.
            UnitsPendingError: units wait for a person, and are not to be taken `as_they_are`.
            RunningJobError: another job has taken its scope in the meantime.
        """
        staged: MemoryBatch | None = None

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            nonlocal staged
            if job.review and job.review.status is ReviewStatus.CLOSED and not job.is_review_owed:
                return ()
            require_open(job)
            desktop = await self._desktops.of(job)
            pending = len(desktop.progress.pending)
            if pending and not as_they_are:
                raise UnitsPendingError(pending)
            targets = reviewed_targets(job, desktop.sheet, desktop.progress.state)
            ref = await put_value(self._objects, job.project_id, targets)
            staged = await self._candidates.stage(desktop, targets, principal)
            closed = ReviewClosed(
                session_id=session_of(job),
                targets=ref,
                unit_count=len(targets.targets),
                taken_count=pending,
            )
            return end_phase(job, job.phase_of_kind(PhaseKind.REVIEW), closed)

        await self._control.append(job_id, principal, events_of, claims=lambda job, event: True)
        await self._candidates.publish(staged, principal)
        return await self._control.find(job_id, principal)
