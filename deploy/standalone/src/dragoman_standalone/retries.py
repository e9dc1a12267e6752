"""Failed attempts that wait for the next, in words: `no connection, trying again in 15 s (4 of 5)`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from dragoman_contracts.job import Job, WorkKey
from dragoman_gateway.jobs.detail.work_words import time_text

_CAUSES = {
    "engine.unavailable": "no connection",
    "engine.timeout": "no answer in time",
    "engine.rate_limited": "the engine asks to wait",
    "engine.malformed_reply": "the answer could not be read",
}


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed attempt that another one follows. `max_attempts` is None where nobody says it."""

    code: str
    attempt: int
    retry_at: datetime
    max_attempts: int | None = None

    def text(self, now: datetime) -> str:
        """The cause, and when the next attempt is, with its number."""
        number = f"{self.attempt + 1} of {self.max_attempts}" if self.max_attempts else ""
        number = number or f"attempt {self.attempt + 1}"
        left_s = (self.retry_at - now).total_seconds()
        when = f"trying again in {time_text(left_s)}" if left_s > 0 else "trying again"
        return f"{_CAUSES.get(self.code, self.code)}, {when} ({number})"

    def said(self, now: datetime) -> dict[str, JsonValue]:
        """The same in fields."""
        return {
            "code": self.code,
            "attempt": self.attempt + 1,
            "max_attempts": self.max_attempts,
            "retry_at": self.retry_at.isoformat(),
            "text": self.text(now),
        }


def retries_of(job: Job) -> dict[WorkKey, Retry]:
    """The attempts that the job waits for by their work, the next first."""
    most = job.submitted.rules.max_attempts
    found = {
        key: Retry(each.code, each.attempt, each.retry_at, most)
        for key, each in job.failures.items()
        if each.retry_at is not None
    }
    return dict(sorted(found.items(), key=lambda each: each[1].retry_at))
