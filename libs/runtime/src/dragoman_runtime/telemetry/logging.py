"""Logs: one canonical line for every message handled, in JSON unless on a terminal, and no words of
a document.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from dragoman_runtime.settings import TelemetrySettings
from dragoman_runtime.telemetry.instance import INSTANCE
from dragoman_runtime.telemetry.redaction import described_error, library_message, permitted
from dragoman_runtime.telemetry.seldom import SeldomFilter, seldom
from dragoman_runtime.telemetry.tracing import current_traceparent

_AS_THEY_ARE = frozenset(
    {"event", "error_at", "error_message", "route", "timestamp"}
    | {"services", "queues", "http", "metrics", "at", "waits_in"}
)
_FIRST = ("timestamp", "level", "service", "event")
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL,  # nothing of ours is as grave
}


def get_logger() -> FilteringBoundLogger:
    """The logger for news that is not about one message: starts, stops, connections.

    Name events `area.fact`.
    """
    return cast(FilteringBoundLogger, structlog.get_logger())


def canonical_line(
    event: str,
    *,
    outcome: str,
    duration_ms: float,
    error_code: str | None = None,
    is_quiet: bool = False,
    **counts: object,
) -> None:
    """Log the one line about a handled message: `extract.done` with the ids bound around it.

    With an error code the line is a warning; one that is quiet is for debugging. `counts` are
    numbers; a value that may quote a document is replaced.
    """
    log = get_logger()
    fine = log.debug if is_quiet else log.info
    say = fine if error_code is None else log.warning
    say(event, outcome=outcome, duration_ms=round(duration_ms, 1), error_code=error_code, **counts)


def say_waiting(event: str, error_code: str, **facts: object) -> None:
    """Warn that something is waited for: at growing intervals for the same event, code and facts.

    `left_out` is the number of equal lines that were not written since the last one.
    """
    left_out = seldom.due(f"{event} {error_code} {facts}")
    if left_out is not None:
        get_logger().warning(event, error_code=error_code, left_out=left_out, **facts)


@contextmanager
def log_context(**ids: object) -> Generator[None]:
    """Add ids to every line logged inside: job_id, document_id, event_id,
    correlation_id, attempt.
    """
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def configure_logging(
    settings: TelemetrySettings, service: str, stream: TextIO | None = None
) -> None:
    """Log to `stream`, stderr unless given: our own lines from the level of the settings,
    libraries' from warning; nothing where the level is off.
    """
    out: TextIO = sys.stderr if stream is None else stream
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _naming(service),
        _redacted,
    ]
    renderer = _renderer(settings, out)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lossy(out))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_LibraryFormatter(processors, renderer))
    handler.addFilter(SeldomFilter())
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries end in errors of our own
    seldom.reset()
    least = logging.CRITICAL + 1 if settings.log_level == "off" else logging.WARNING
    logging.basicConfig(handlers=[handler], level=least, force=True)


class _Lossy:
    """A stream whose lines are lost where they cannot be written: a dead reader, a full disk.

    structlog's logger raises then, in the middle of whatever was being done; `logging`'s handlers
    do not.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, or lose, this text."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class _LibraryFormatter(logging.Formatter):
    """Brings the lines of libraries into the form of our own."""

    def __init__(self, processors: list[Processor], renderer: Processor) -> None:
        super().__init__()
        self._processors = [*processors, renderer]

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        event: EventDict = {
            "event": library_message(str(record.msg), record.args),
            "logger": record.name,
        }
        if record.exc_info:
            event["exc_info"] = record.exc_info
        line: object = event
        for processor in self._processors:
            line = processor(None, record.levelname.lower(), cast(EventDict, line))
        return str(line)


def _renderer(settings: TelemetrySettings, stream: TextIO) -> Processor:
    is_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not stream.isatty()
    )
    if is_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty() and "NO_COLOR" not in os.environ)


def _naming(service: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        # A process may be several services: `log_context` then says which.
        event.setdefault("service", service)
        event.setdefault("instance", INSTANCE)
        traceparent = current_traceparent()
        if traceparent is not None:
            event["trace_id"] = traceparent[3:35]
        return event

    return name


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = _error_of(event.pop("exc_info", None))
    if error is not None:
        event.update(described_error(error))
    keys = [*(key for key in _FIRST if key in event), *(key for key in event if key not in _FIRST)]
    return {key: event[key] if key in _AS_THEY_ARE else permitted(key, event[key]) for key in keys}


def _error_of(exc_info: object) -> BaseException | None:
    """The error in `exc_info`, which may be the error, the tuple of `sys.exc_info()`, or True for
    the current error.
    """
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return next(
            (
                part
                for part in cast(tuple[object, ...], exc_info)
                if isinstance(part, BaseException)
            ),
            None,
        )
    return sys.exc_info()[1] if exc_info else None
