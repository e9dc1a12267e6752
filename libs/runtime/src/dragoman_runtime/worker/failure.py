"""Decides on a failed attempt: it is made again at a recorded time, or parked for a person.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import WorkFailed, WorkParked
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.child import places_of

INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The number of attempts, and the times between them."""

    max_attempts: int = 5
    base: timedelta = timedelta(seconds=2)
    maximum: timedelta = timedelta(minutes=5)


class AbandonedError(PermanentError):
    """Every process that did this work vanished during it, as often as the work may be tried."""

    default_code = "work.abandoned"


class ProgramError(PermanentError):
    """A program that the work ran failed; `log` is what it said, which the job's people may read."""

    def __init__(self, message: str, *, code: str, log: ObjectRef | None) -> None:
        super().__init__(message, code=code)
        self.log = log


class ParkingReason(Value):
    """The reason why work was parked, for a person: error code, message, and places in our code."""

    code: str
    message: str
    stack: tuple[str, ...]


def decide_failure(
    item: WorkItem,
    error: BaseException,
    *,
    attempt: int,
    now: datetime,
    policy: RetryPolicy,
    reason: ObjectRef | None,
) -> WorkFailed | WorkParked:
    """The event of a failed attempt: WorkFailed where another attempt may help, otherwise
    WorkParked.
    """
    code = code_of(error)
    about = {
        **item.model_dump(include={"work_id", "kind", "index", "phase"}),
        "attempt": attempt,
        "code": code,
    }
    if isinstance(error, PermanentError) or attempt >= policy.max_attempts:
        log = error.log if isinstance(error, ProgramError) else None
        return WorkParked.model_validate({**about, "reason": reason, "log": log})
    asked = error.retry_after_s if isinstance(error, RetryableError) else None
    wait = backoff(item, attempt, policy) if asked is None else timedelta(seconds=min(asked, 3600))
    return WorkFailed.model_validate({**about, "retry_at": now + wait})


def backoff(item: WorkItem, attempt: int, policy: RetryPolicy) -> timedelta:
    """The wait before the next attempt: it triples, times 0.75 to 1.0 by the id of the work.

    Five attempts from two seconds on last more than a minute: a model's server that starts anew
    loads its model meanwhile.
    """
    # The jitter comes from the id and not from chance, so that this rule stays pure.
    jitter = (item.work_id.int >> attempt) % 1000 / 2000
    return min(policy.base * 3 ** (attempt - 1), policy.maximum) * (0.75 + jitter / 2)


def code_of(error: BaseException) -> str:
    """The error's stable code; `internal` for an error that nobody foresaw."""
    if isinstance(error, DragomanError):
        return error.code
    if isinstance(error, TimeoutError):
        return "work.deadline"
    return INTERNAL


def reason_of(error: BaseException) -> ParkingReason:
    """The error as a person may read it.

    Messages of foreign errors are left out: they may quote the document.
    """
    message = error.message if isinstance(error, DragomanError) else type(error).__name__
    return ParkingReason(code=code_of(error), message=message, stack=places_of(error))
