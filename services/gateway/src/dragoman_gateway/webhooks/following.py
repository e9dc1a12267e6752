"""The changes of status that jobs came to, read from the log behind a position.

    log        … 41 work.parked (job A)   42 units.reviewed (job B)   43 job.completed (job C) …
    told       41 job.failed of A         43 job.completed of C
    position   43, where the next look begins

Several webhooks read the same piece of the log, so that what was found there is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from cachetools import LRUCache

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import INTAKE_INPUT
from dragoman_contracts.job import Job, begin, evolve
from dragoman_gateway.webhooks.rules import TELLING, Change, told_of
from dragoman_runtime.eventstore import DamagedEventError, EventStore, Stored
from dragoman_runtime.eventstore.reading import UNREADABLE

_PAGE = 500
_KEPT_JOBS = 512
_KEPT_CHANGES = 4096
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the log: the changes in it with their positions, in its order, and the position
    where it ends. `is_last` where the log has no more.
    """

    changes: tuple[tuple[int, Change], ...]
    end: int
    is_last: bool


class JobChanges:
    """Finds the changes of status in the log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._jobs: LRUCache[UUID, Job] = LRUCache(_KEPT_JOBS)
        self._known: LRUCache[UUID, Change | None] = LRUCache(_KEPT_CHANGES)

    async def behind(self, position: int) -> Page:
        """The next piece of the log behind `position`."""
        # Events of other types are not read: the head is asked first, so that none of ours that is
        # appended meanwhile lies before the end.
        head = await self._store.head_position()
        if head <= position:
            return Page((), position, is_last=True)
        stored = await self._store.tail(position, limit=_PAGE, types=TELLING)
        changes: list[tuple[int, Change]] = []
        for each in stored:
            change = await self._change(each.recorded)
            if change is not None:
                changes.append((each.position, change))
        is_last = len(stored) < _PAGE
        last = stored[-1].position if stored else head
        return Page(tuple(changes), max(head, last) if is_last else last, is_last)

    async def _change(self, recorded: RecordedEvent) -> Change | None:
        if recorded.event_id in self._known:
            return self._known[recorded.event_id]
        try:
            change = await self._learn(recorded)
        except (DamagedEventError, *UNREADABLE) as error:
            _log.error("webhooks.job_damaged", job_id=str(recorded.stream_id), exc_info=error)
            change = None
        self._known[recorded.event_id] = change
        return change

    async def _learn(self, wanted: RecordedEvent) -> Change | None:
        """The change by this event. Its job's stream is read on to the end, or from the beginning where
        it was read further than the event.
        """
        job = self._jobs.get(wanted.stream_id)
        if job is not None and job.version >= wanted.version:
            job = None
        found: Change | None = None
        news: Sequence[Stored] = await self._store.read(
            wanted.stream_id, after=job.version if job else 0
        )
        for each in news:
            recorded = each.recorded
            after = begin(recorded) if job is None else evolve(job, recorded)
            change = _told(job, after, recorded)
            job = after
            if recorded.version == wanted.version:
                found = change
            if recorded.type in TELLING:
                self._known[recorded.event_id] = change
        if job is not None:
            self._jobs[wanted.stream_id] = job
        return found


def _told(before: Job | None, after: Job, recorded: RecordedEvent) -> Change | None:
    type_ = told_of(before.status if before else None, after.status)
    if type_ is None:
        return None
    return Change(
        type=type_,
        event_id=recorded.event_id,
        occurred_at=recorded.occurred_at,
        project_id=recorded.project_id,
        job_id=recorded.stream_id,
        status=after.status,
        pipeline=after.pipeline.name,
        locales=after.submitted.locales,
        intake=after.input(INTAKE_INPUT),
    )
