"""Metrics for Prometheus, each defined here once; labels take few values: kinds, stages, codes,
never ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from dragoman_contracts import vocabulary
from dragoman_contracts.steps import queue_of

_WAITS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
_ANSWERS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)
_DURATIONS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)

QUEUE_AGE_SECONDS = Histogram(
    "dragoman_queue_age_seconds",
    "Time from when work was owed until it was taken.",
    ["queue"],
    buckets=_WAITS,
)
STAGE_DURATION_SECONDS = Histogram(
    "dragoman_stage_duration_seconds",
    "Time to do a piece of work.",
    ["kind", "outcome"],
    buckets=_DURATIONS,
)
WORK_RETRIES_TOTAL = Counter(
    "dragoman_work_retries_total", "Attempts that failed and are made again.", ["kind", "code"]
)
WORK_PARKED_TOTAL = Counter(
    "dragoman_work_parked_total", "Work given up until a person acts.", ["kind", "code"]
)
MODEL_CALLS_TOTAL = Counter(
    "dragoman_model_calls_total", "Calls of engines and models.", ["engine", "outcome"]
)
MODEL_TOKENS_TOTAL = Counter(
    "dragoman_model_tokens_total",
    "Tokens that models read and wrote: input, output, cached.",
    ["engine", "kind"],
)
MODEL_COST_TOTAL = Counter(
    "dragoman_model_cost_total",
    "Money that answered calls cost, in units of the currency of the price.",
    ["engine", "model", "currency"],
)
MODEL_UNPRICED_TOTAL = Counter(
    "dragoman_model_unpriced_total",
    "Answered calls of engines that may cost money, for which no price is known.",
    ["engine", "model"],
)
JOBS_TOTAL = Counter(
    "dragoman_jobs_total", "Jobs that came to rest, by the status in which they did.", ["status"]
)
WORK_TAKEOVERS_TOTAL = Counter(
    "dragoman_work_takeovers_total",
    "Work taken over because the lease of a vanished worker ended.",
    ["kind"],
)
OWED_WORK = Gauge(
    "dragoman_owed_work",
    "Work that live jobs owe: waiting, held by a worker, or retry at a later time.",
    ["queue", "state"],
)
OWED_OLDEST_SECONDS = Gauge(
    "dragoman_owed_oldest_seconds",
    "Age of the oldest work that is due and that no worker holds; 0 where there is none.",
    ["queue"],
)
PARKED_WORK = Gauge("dragoman_parked_work", "Work that waits for a person now.", ["kind"])
DEAD_LETTERS = Gauge(
    "dragoman_dead_letters", "Dead letters that nobody has redriven or discarded.", ["source"]
)
RELAY_LAG_EVENTS = Gauge(
    "dragoman_relay_lag_events",
    "Events in the log that no relay has published yet, as intake reads it from the store.",
    ["source"],
)
RELAY_OLDEST_SECONDS = Gauge(
    "dragoman_relay_oldest_seconds",
    "Age of the oldest event that no relay has published yet; 0 where there is none.",
    ["source"],
)
STORE_CONNECTED = Gauge(
    "dragoman_store_connected", "1 where the last look into PostgreSQL had an answer.", ["service"]
)
DATABASE_CONNECTIONS = Gauge(
    "dragoman_database_connections",
    "Connections to PostgreSQL in the pool of the event store: in_use, idle.",
    ["state"],
)
DATABASE_CONNECTIONS_MAX = Gauge(
    "dragoman_database_connections_max",
    "The most connections that the pool of the event store may hold; 0 where there is none.",
)
STORAGE_DURATION_SECONDS = Histogram(
    "dragoman_storage_request_duration_seconds",
    "Time until an S3 server answered a request; outcome is the class of the status, or failed.",
    ["method", "outcome"],
    buckets=_ANSWERS,
)
BUS_CONNECTED = Gauge(
    "dragoman_bus_connected", "1 where the process has a connection to RabbitMQ.", ["server"]
)
HTTP_REQUESTS_TOTAL = Counter(
    "dragoman_http_requests_total", "Requests answered, by the class of their status.", ["status"]
)
HTTP_DURATION_SECONDS = Histogram(
    "dragoman_http_request_duration_seconds",
    "Time to answer a request.",
    ["method", "route"],
    buckets=_ANSWERS,
)
PROJECTION_LAG_EVENTS = Gauge(
    "dragoman_projection_lag_events",
    "Events in the log that a projection has not taken in yet.",
    ["projection"],
)
PROJECTION_EVENTS_TOTAL = Counter(
    "dragoman_projection_events_total",
    "Events of the log that a projection has taken in.",
    ["projection"],
)
WEBHOOK_ATTEMPTS_TOTAL = Counter(
    "dragoman_webhook_attempts_total",
    "Messages posted to webhooks, by how the attempt ended.",
    ["outcome"],
)
BUILD_INFO = Gauge(
    "dragoman_build_info",
    "Always 1; says which service of which version runs, and the process by its id.",
    ["service", "version", "instance_id"],
)


def begin_work_series(kinds: Sequence[str]) -> None:
    """Have the series of these kinds of work from the start: an alarm on growth sees no growth
    where a series begins at 1.
    """
    for kind in kinds:
        WORK_TAKEOVERS_TOTAL.labels(kind)
        STAGE_DURATION_SECONDS.labels(kind, "done")
        STAGE_DURATION_SECONDS.labels(kind, "failed")
        WORK_RETRIES_TOTAL.labels(kind, "internal")
        WORK_PARKED_TOTAL.labels(kind, "internal")
        QUEUE_AGE_SECONDS.labels(queue_of(kind))
    for status in vocabulary.RESTING:
        JOBS_TOTAL.labels(status)


def count_cost(engine: str, model: str, cost: Decimal | None, currency: str) -> None:
    """Add a call that was answered to the money spent; to those without a price where `cost`, in
    units of the currency, is None.
    """
    if cost is None:
        MODEL_UNPRICED_TOTAL.labels(engine, model).inc()
    else:
        MODEL_COST_TOTAL.labels(engine, model, currency).inc(float(cost))


def begin_http_series() -> None:
    """Have the counts of answers from the start."""
    for status in ("2xx", "3xx", "4xx", "5xx"):
        HTTP_REQUESTS_TOTAL.labels(status)


def begin_webhook_series(outcomes: Sequence[str]) -> None:
    """Have the counts of attempts to post to webhooks from the start."""
    for outcome in outcomes:
        WEBHOOK_ATTEMPTS_TOTAL.labels(outcome)


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
