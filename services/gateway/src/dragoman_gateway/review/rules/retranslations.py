"""Retranslations of a review: the units asked for, and how far one is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.review import ReviewState, UnitAsked
from dragoman_gateway.review.rules.sheet import PENDING, Sheet, unit_now


class RetranslationStatus(StrEnum):
    """How far a retranslation is. `dropped`: its review was closed, or its job stopped, before it
    was done.
    """

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a retranslation is; `code` says why it failed, or why it is tried again."""

    status: RetranslationStatus
    code: str = ""


def asked_units(sheet: Sheet, state: ReviewState, unit_ids: Iterable[str]) -> tuple[UnitAsked, ...]:
    """The units of these ids as they are now, each once, in document order.

    Raises:
        UnitMissingError: the job has no such unit with text to translate.
    """
    units = [sheet.unit(unit_id) for unit_id in dict.fromkeys(unit_ids)]
    places = sorted(sheet.places[unit.unit_id] for unit in units)
    rows = (unit_now(sheet, place, state) for place in places)
    return tuple(
        UnitAsked(
            unit_id=row.unit.unit_id,
            version=row.version,
            stage=row.stage,
            is_pending=row.state in PENDING,
        )
        for row in rows
    )


def progress_of(job: Job, key: WorkKey) -> Progress:
    """How far the retranslation of this key is."""
    asked = job.review.retranslations[key.index] if job.review else None
    if asked is not None and asked.is_done:
        return Progress(RetranslationStatus.DONE)
    if key in job.parked:
        return Progress(RetranslationStatus.FAILED, job.parked[key].code)
    if key in job.retranslations_owed:
        trouble = job.failures.get(key)
        return Progress(RetranslationStatus.WAITING, trouble.code if trouble else "")
    return Progress(RetranslationStatus.DROPPED)
