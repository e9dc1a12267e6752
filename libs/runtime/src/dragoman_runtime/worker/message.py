"""The telemetry of one message: its span in the job's trace, its metrics, and its one log line."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from dragoman_contracts.events import Event, WorkFailed, WorkParked
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.steps import queue_of
from dragoman_contracts.vocabulary import RESTING
from dragoman_runtime.telemetry import (
    Role,
    canonical_line,
    current_traceparent,
    get_logger,
    log_context,
    metrics,
    span,
)
from dragoman_runtime.telemetry.conventions import messaging
from dragoman_runtime.worker.failure import code_of

_log = get_logger()


class Message:
    """The facts of a message so far.

    `traceparent` goes into the events that the message leads to.
    """

    def __init__(self, service: str, item: WorkItem) -> None:
        self.service = service
        self.item = item
        self.traceparent = current_traceparent()
        self.outcome = "done"
        self.reused = False
        self.attempt = 0
        self.error_code: str | None = None

    def begin(
        self, owed_at: datetime, attempt: int, now: datetime, *, is_takeover: bool = False
    ) -> None:
        """Note that the lease was taken, perhaps after a worker that vanished.

        The job has owed the work since its last event, at `owed_at`.
        """
        self.attempt = attempt
        if is_takeover:
            metrics.WORK_TAKEOVERS_TOTAL.labels(self.item.kind).inc()
        metrics.QUEUE_AGE_SECONDS.labels(queue_of(self.item.kind)).observe(
            max(0.0, (now - owed_at).total_seconds())
        )

    def end(self, events: tuple[Event, ...], job: Job) -> None:
        """Note that the events are stored; `job` is the state after them."""
        for event in events:
            match event:
                case WorkFailed(kind=kind, code=code):
                    metrics.WORK_RETRIES_TOTAL.labels(kind, code).inc()
                case WorkParked(kind=kind, code=code):
                    metrics.WORK_PARKED_TOTAL.labels(kind, code).inc()
                case _:
                    pass
        if events and job.status in RESTING:
            metrics.JOBS_TOTAL.labels(job.status).inc()

    def fail(self, error: BaseException) -> None:
        """Note that the attempt failed."""
        self.outcome, self.error_code = "failed", code_of(error)

    def log_stack(self, error: BaseException) -> None:
        """Log the stack of an error that nobody foresaw, which is a bug."""
        _log.error("work.bug", kind=self.item.kind, job_id=str(self.item.job_id), exc_info=error)


@contextmanager
def message_span(service: str, item: WorkItem, traceparent: str | None) -> Generator[Message]:
    """The message's span, as a child of the event that made the work owed.

    The canonical log line is written at the span's end.
    """
    started = time.perf_counter()
    name = f"{service}.{item.kind}"
    with (
        log_context(service=service),
        span(
            name,
            traceparent,
            Role.CONSUMER,
            messaging(item, "process"),
            job_id=str(item.job_id),
            index=item.index,
        ),
    ):
        message = Message(service, item)
        try:
            yield message
        finally:
            duration_s = time.perf_counter() - started
            if message.attempt:  # else nothing was done: not owed, or held by another
                durations = metrics.STAGE_DURATION_SECONDS.labels(item.kind, message.outcome)
                durations.observe(duration_s)
            canonical_line(
                event=name,
                job_id=str(item.job_id),
                work_id=str(item.work_id),
                index=item.index,
                attempt=message.attempt,
                duration_ms=round(duration_s * 1000, 1),
                outcome=message.outcome,
                reused=message.reused,
                error_code=message.error_code,
            )
