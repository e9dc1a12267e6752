"""The notes about work under way, with the times and the pace that the worker adds (ADR 0016)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cachetools import LRUCache

from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.under_way import Doing, WorkNote, WorkUnderWay

_MOST_JOBS = 256


class Paces:
    """The pace of the work of the latest jobs, in units a second, by job, kind and phase."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[UUID, str, str], float] = LRUCache(_MOST_JOBS)

    def get(self, item: WorkItem) -> float | None:
        """The pace of the same kind of work in the same job and phase.

        None where it was not measured.
        """
        return self._kept.get((item.job_id, item.kind, item.phase))

    def keep(self, item: WorkItem, units_per_s: float) -> None:
        """Remember a pace, and forget those that were used longest ago."""
        self._kept[item.job_id, item.kind, item.phase] = units_per_s


class Spoken:
    """The latest note about one piece of work, with its times and its pace.

    The pace is measured from the first question to an engine: units that were on record are there
    at once, and tell nothing of how long other units take.
    """

    def __init__(self, item: WorkItem, attempt: int, begun_at: datetime, paces: Paces) -> None:
        self._item = item
        self._attempt = attempt
        self._begun_at = begun_at
        self._paces = paces
        self._note: WorkNote | None = None
        self._doing_since: datetime | None = None
        self._said_at: datetime | None = None
        self._asked: tuple[datetime, int] | None = None
        self._pace: float | None = None
        self.is_news = False

    def say(self, note: WorkNote, now: datetime) -> None:
        """Keep this note in place of the last one."""
        if note == self._note:
            return
        if self._note is None or note.doing is not self._note.doing:
            self._doing_since = now
        self._note, self._said_at, self.is_news = note, now, True
        if self._asked is None:
            if note.doing is not Doing.WORKING and note.doing is not Doing.WAITING_FOR_SLOT:
                self._asked = (now, note.done_count)
            return
        began, done_before = self._asked
        took_s = (now - began).total_seconds()
        if note.done_count > done_before and took_s > 0:
            self._pace = (note.done_count - done_before) / took_s
            self._paces.keep(self._item, self._pace)

    def told(self) -> WorkUnderWay:
        """All that is known of the work now."""
        return WorkUnderWay(
            kind=self._item.kind,
            index=self._item.index,
            phase=self._item.phase,
            attempt=self._attempt,
            since=self._begun_at,
            doing_since=self._doing_since,
            said_at=self._said_at,
            units_per_s=self._pace or self._paces.get(self._item),
            note=self._note or WorkNote(),
        )
