"""The dashboards of `deploy/grafana` as data: boards, their panels, and the queries of each.

    Panel("Parked work", "stat", "short", (Query("sum(max by (kind) (dragoman_parked_work))"),))

Gauges of the store are read by each intake and each gateway, so that their `max` is taken first.
Pure: `write_dashboards` turns it into what Grafana reads, `deployment.dashboards_check` asks a real
Prometheus every query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Source = Literal["prometheus", "loki", "tempo"]
Kind = Literal["stat", "timeseries", "table", "logs", "traces"]


@dataclass(frozen=True)
class Query:
    """One query of a panel, in its source's language, and how its series are called.

    A query that `may_be_empty` has no series as long as nothing of its kind happened.
    """

    expr: str
    legend: str = "__auto"
    may_be_empty: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel: `unit` is Grafana's name of a unit, `width` in the 24 columns of a board. A stat
    is green below `warn`, amber from there, red from `alarm`.
    """

    title: str
    kind: Kind
    unit: str
    queries: tuple[Query, ...]
    about: str = ""
    source: Source = "prometheus"
    width: int = 12
    warn: float | None = None
    alarm: float | None = None


@dataclass(frozen=True)
class Board:
    """One dashboard; `asks` is the text that people enter at its top: name and label."""

    uid: str
    title: str
    about: str
    panels: tuple[Panel, ...]
    asks: tuple[str, str] | None = None


def _stat(
    title: str,
    unit: str,
    expr: str,
    warn: float | None = None,
    alarm: float | None = None,
    *,
    width: int = 4,
) -> Panel:
    return Panel(title, "stat", unit, (Query(expr),), width=width, warn=warn, alarm=alarm)


def _lines(
    title: str,
    unit: str,
    expr: str,
    legend: str,
    about: str = "",
    *,
    may_be_empty: bool = False,
    width: int = 12,
) -> Panel:
    query = Query(expr, legend, may_be_empty)
    return Panel(title, "timeseries", unit, (query,), about, width=width)


def _shares(
    title: str, histogram: str, by: str, about: str = "", *, where: str = "", empty: bool = False
) -> Panel:
    """A histogram's median and 95th percentile by a label."""
    rate = f"sum by (le, {by}) (rate({histogram}_bucket{where}[$__rate_interval]))"
    queries = tuple(
        Query(f"histogram_quantile({share}, {rate})", f"{name} {{{{{by}}}}}", empty)
        for share, name in ((0.5, "p50"), (0.95, "p95"))
    )
    return Panel(title, "timeseries", "s", queries, about)


OVERVIEW = Board(
    "dragoman-overview",
    "Dragoman: overview",
    "Is work done, is it late, does it fail, does somebody have to act?",
    (
        _stat("Owed work", "short", "sum(max by (queue, state) (dragoman_owed_work))"),
        _stat("Oldest waiting", "s", "max(dragoman_owed_oldest_seconds)", 30, 60),
        _stat("Parked work", "short", "sum(max by (kind) (dragoman_parked_work))", 1, 10),
        _stat("Dead letters", "short", "sum(max by (source) (dragoman_dead_letters))", 1, 1),
        _stat("Stores away", "short", "count(dragoman_store_connected < 1) or vector(0)", 1, 1),
        _stat("Brokers away", "short", "count(dragoman_bus_connected < 1) or vector(0)", 1, 1),
        _lines(
            "Jobs that came to rest, a minute",
            "short",
            "sum by (status) (rate(dragoman_jobs_total[$__rate_interval])) * 60",
            "{{status}}",
        ),
        _lines(
            "Owed work by queue",
            "short",
            "sum by (queue) (max by (queue, state) (dragoman_owed_work))",
            "{{queue}}",
        ),
        _lines(
            "Age of the oldest waiting work",
            "s",
            "max by (queue) (dragoman_owed_oldest_seconds)",
            "{{queue}}",
        ),
        _lines(
            "Failed attempts a minute",
            "short",
            "sum by (code) (rate(dragoman_work_retries_total[$__rate_interval])) * 60",
            "{{code}}",
            "Attempts that are made again. A code that stays has a line in the runbook.",
        ),
        _lines(
            "Requests a second",
            "reqps",
            "sum by (status) (rate(dragoman_http_requests_total[$__rate_interval]))",
            "{{status}}",
        ),
        _lines(
            "Events that no relay has published",
            "short",
            "max by (source) (dragoman_relay_lag_events)",
            "{{source}}",
        ),
        _lines(
            "Age of the oldest event that no relay has published",
            "s",
            "max by (source) (dragoman_relay_oldest_seconds)",
            "{{source}}",
        ),
        _lines(
            "Views behind the log",
            "short",
            "max by (projection) (dragoman_projection_lag_events)",
            "{{projection}}",
        ),
    ),
)

JOB = Board(
    "dragoman-job",
    "Dragoman: the way of a job",
    "The log lines and traces of one job, beside how long each stage takes in general.",
    (
        Panel(
            "Log lines of the job",
            "logs",
            "short",
            (Query('{service_name=~".+"} | job_id = "$job"'),),
            "A line's trace_id leads to its trace.",
            source="loki",
            width=24,
        ),
        Panel(
            "Traces of the job",
            "traces",
            "short",
            (Query('{ span.messaging.message.conversation_id = "$job" }'),),
            source="tempo",
            width=24,
        ),
        _shares("Time to do a piece of work", "dragoman_stage_duration_seconds", "kind"),
        _shares("Wait before it was taken", "dragoman_queue_age_seconds", "queue"),
    ),
    asks=("job", "Job id"),
)

SERVICES = Board(
    "dragoman-services",
    "Dragoman: services",
    "What runs, how busy it is, and what it costs the machine.",
    (
        Panel(
            "Processes",
            "table",
            "short",
            (Query("sum by (service, version) (dragoman_build_info)"),),
            "One row for each service and version; two versions at once while an update rolls.",
        ),
        _lines(
            "Work a second",
            "ops",
            'sum by (kind) (rate(dragoman_stage_duration_seconds_count{outcome="done"}[$__rate_interval]))',
            "{{kind}}",
        ),
        _lines(
            "Workers busy",
            "short",
            "sum by (kind) (rate(dragoman_stage_duration_seconds_sum[$__rate_interval]))",
            "{{kind}}",
            "Seconds of work in a second: how many pieces are done at once.",
        ),
        _shares("Time to do a piece of work", "dragoman_stage_duration_seconds", "kind"),
        _lines(
            "CPU",
            "short",
            'rate(process_cpu_seconds_total{job="dragoman"}[$__rate_interval])',
            "{{process}} {{instance}}",
            "Cores; children that read documents are not in it.",
        ),
        _lines(
            "Memory",
            "bytes",
            'process_resident_memory_bytes{job="dragoman"}',
            "{{process}} {{instance}}",
        ),
        _lines(
            "Open files and connections",
            "short",
            'process_open_fds{job="dragoman"}',
            "{{process}} {{instance}}",
        ),
        _lines(
            "Work taken over from vanished workers, in ten minutes",
            "short",
            "sum by (kind) (increase(dragoman_work_takeovers_total[10m]))",
            "{{kind}}",
        ),
        _lines(
            "Work parked, in ten minutes",
            "short",
            "sum by (code) (increase(dragoman_work_parked_total[10m]))",
            "{{code}}",
        ),
        _shares("Time to answer", "dragoman_http_request_duration_seconds", "route"),
        _lines(
            "Events that views read, a second",
            "ops",
            "sum by (projection) (rate(dragoman_projection_events_total[$__rate_interval]))",
            "{{projection}}",
        ),
    ),
)

ENGINES = Board(
    "dragoman-engines",
    "Dragoman: engines and models",
    "Calls and tokens by engine; money is on the console's page of each model.",
    (
        _lines(
            "Calls a minute",
            "short",
            "sum by (engine, outcome) (rate(dragoman_model_calls_total[$__rate_interval])) * 60",
            "{{engine}} {{outcome}}",
            may_be_empty=True,
        ),
        _lines(
            "Tokens a minute",
            "short",
            "sum by (engine, kind) (rate(dragoman_model_tokens_total[$__rate_interval])) * 60",
            "{{engine}} {{kind}}",
            may_be_empty=True,
        ),
        _lines(
            "Share of input tokens that the provider had cached",
            "percentunit",
            'sum by (engine) (rate(dragoman_model_tokens_total{kind="cached"}[$__rate_interval]))'
            ' / sum by (engine) (rate(dragoman_model_tokens_total{kind="input"}[$__rate_interval]))',
            "{{engine}}",
            may_be_empty=True,
        ),
        _lines(
            "Calls that did not end well, a minute",
            "short",
            'sum by (engine, outcome) (rate(dragoman_model_calls_total{outcome!="stop"}[$__rate_interval])) * 60',
            "{{engine}} {{outcome}}",
            may_be_empty=True,
        ),
        _lines(
            "Failed attempts by code of the engine, a minute",
            "short",
            'sum by (code) (rate(dragoman_work_retries_total{code=~"engine.+|budget.+|internal"}'
            "[$__rate_interval])) * 60",
            "{{code}}",
        ),
    ),
)

SERVERS = Board(
    "dragoman-servers",
    "Dragoman: RabbitMQ and PostgreSQL",
    "The two servers that all services stand on, by their own exporters.",
    (
        _stat("Messages ready", "short", "sum(rabbitmq_queue_messages_ready)"),
        _stat("Messages held", "short", "sum(rabbitmq_queue_messages_unacked)"),
        _stat("Connections to RabbitMQ", "short", "sum(rabbitmq_connections)"),
        _stat("Free disk of RabbitMQ", "bytes", "min(rabbitmq_disk_space_available_bytes)"),
        _stat(
            "Connections to PostgreSQL, share used",
            "percentunit",
            "sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)",
            0.7,
            0.9,
        ),
        _stat("Size of the databases", "bytes", "sum(pg_database_size_bytes)"),
        _lines(
            "Messages published, a second",
            "ops",
            "sum by (protocol) (rate(rabbitmq_global_messages_received_total[$__rate_interval]))",
            "{{protocol}}",
        ),
        _lines(
            "Memory of RabbitMQ",
            "bytes",
            "rabbitmq_process_resident_memory_bytes",
            "{{instance}}",
        ),
        _lines(
            "Transactions a second",
            "ops",
            "sum by (datname) (rate(pg_stat_database_xact_commit[$__rate_interval]))",
            "{{datname}}",
        ),
        _lines(
            "Transactions undone, a second",
            "ops",
            "sum by (datname) (rate(pg_stat_database_xact_rollback[$__rate_interval]))",
            "{{datname}}",
        ),
        _lines(
            "Connections by state", "short", "sum by (state) (pg_stat_activity_count)", "{{state}}"
        ),
        _lines(
            "Share of blocks found in memory",
            "percentunit",
            "sum(rate(pg_stat_database_blks_hit[$__rate_interval])) / (sum(rate("
            "pg_stat_database_blks_hit[$__rate_interval])) + sum(rate(pg_stat_database_blks_read[$__rate_interval])))",
            "hits",
        ),
    ),
)

SLO = Board(
    "dragoman-slo",
    "Dragoman: objectives",
    "99.9 % of requests are answered without a 5xx, and 99 % of work is taken within a minute.",
    (
        _stat(
            "Answers that failed, 6 hours",
            "percentunit",
            "dragoman:answers_failed:ratio6h",
            0.0005,
            0.001,
            width=12,
        ),
        _stat(
            "Work taken late, 6 hours",
            "percentunit",
            "dragoman:work_late:ratio6h",
            0.005,
            0.01,
            width=12,
        ),
        _lines(
            "How fast the budget of answers burns",
            "short",
            "dragoman:answers_failed:ratio1h / 0.001",
            "1 h",
            "At 1 the budget of 30 days lasts 30 days; at 14.4 two days.",
        ),
        _lines(
            "How fast the budget of late work burns",
            "short",
            "dragoman:work_late:ratio1h / 0.01",
            "1 h",
            "At 1 the budget of 30 days lasts 30 days; at 14.4 two days.",
        ),
        Panel(
            "Alarms",
            "table",
            "short",
            (Query('ALERTS{alertname=~"Dragoman.+"}', may_be_empty=True),),
            width=24,
        ),
    ),
)

BOARDS = (OVERVIEW, JOB, SERVICES, ENGINES, SERVERS, SLO)


def prometheus_queries() -> Iterator[tuple[Board, Panel, Query]]:
    """Every query that Prometheus answers, with where it stands."""
    for board in BOARDS:
        for panel in board.panels:
            if panel.source == "prometheus":
                for query in panel.queries:
                    yield board, panel, query
