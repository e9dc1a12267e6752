"""Metrics for Prometheus, each defined here once; labels take few values: kinds, stages, codes,
never ids.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram, start_http_server

_WAITS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
_DURATIONS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)

QUEUE_AGE_SECONDS = Histogram(
    "dragoman_queue_age_seconds", "Time from when work was owed until it was taken.", ["queue"], buckets=_WAITS
)
STAGE_DURATION_SECONDS = Histogram(
    "dragoman_stage_duration_seconds", "Time to do a piece of work.", ["kind", "outcome"], buckets=_DURATIONS
)
WORK_RETRIES_TOTAL = Counter(
    "dragoman_work_retries_total", "Attempts that failed and are made again.", ["kind", "code"]
)
WORK_PARKED_TOTAL = Counter("dragoman_work_parked_total", "Work given up until a person acts.", ["kind", "code"])
MODEL_CALLS_TOTAL = Counter("dragoman_model_calls_total", "Calls of engines and models.", ["engine", "outcome"])
MODEL_TOKENS_TOTAL = Counter(
    "dragoman_model_tokens_total", "Tokens that models read and wrote: input, output, cached.", ["engine", "kind"]
)
JOBS_TOTAL = Counter("dragoman_jobs_total", "Jobs that came to rest, by the status in which they did.", ["status"])
RELAY_LAG_EVENTS = Gauge("dragoman_relay_lag_events", "Events in the log that the relay has not published yet.")
PROJECTION_LAG_EVENTS = Gauge(
    "dragoman_projection_lag_events", "Events in the log that a projection has not taken in yet.", ["projection"]
)
PROJECTION_EVENTS_TOTAL = Counter(
    "dragoman_projection_events_total", "Events of the log that a projection has taken in.", ["projection"]
)
BUILD = Gauge("dragoman_build", "Always 1; says which service of which version runs.", ["service", "version"])


def serve_metrics(port: int, host: str = "127.0.0.1") -> Callable[[], None]:
    """Serve all metrics of the process at `/metrics` in a thread of its own.

    Gives the function that stops the server.

    Raises:
        OSError: the port is taken.
    """
    server, thread = start_http_server(port, host)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
