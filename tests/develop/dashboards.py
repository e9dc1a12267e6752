"""The dashboards of `deploy/grafana` as data: boards, their panels, and the queries of each.

    Panel("Parked work", "stat", "short", (Query("sum(max by (kind) (dragoman_parked_work))"),))

Gauges of the store are read by each intake and each gateway, so that their `max` is taken first.
Pure: `write_dashboards` turns it into what Grafana reads, `deployment.dashboards_check` asks a real
Prometheus every query.
"""

from __future__ import annotations

from collections.abc import Iterator

from develop.panels import Board, Panel, Query, lines, shares, stat

OVERVIEW = Board(
    "dragoman-overview",
    "Dragoman: overview",
    "Is work done, is it late, does it fail, does somebody have to act?",
    (
        stat("Owed work", "short", "sum(max by (queue, state) (dragoman_owed_work))"),
        stat("Oldest waiting", "s", "max(dragoman_owed_oldest_seconds)", 30, 60),
        stat("Parked work", "short", "sum(max by (kind) (dragoman_parked_work))", 1, 10),
        stat("Dead letters", "short", "sum(max by (source) (dragoman_dead_letters))", 1, 1),
        stat("Stores away", "short", "count(dragoman_store_connected < 1) or vector(0)", 1, 1),
        stat("Brokers away", "short", "count(dragoman_bus_connected < 1) or vector(0)", 1, 1),
        lines(
            "Jobs that came to rest, a minute",
            "short",
            "sum by (status) (rate(dragoman_jobs_total[$__rate_interval])) * 60",
            "{{status}}",
        ),
        lines(
            "Owed work by queue",
            "short",
            "sum by (queue) (max by (queue, state) (dragoman_owed_work))",
            "{{queue}}",
        ),
        lines(
            "Age of the oldest waiting work",
            "s",
            "max by (queue) (dragoman_owed_oldest_seconds)",
            "{{queue}}",
        ),
        lines(
            "Failed attempts a minute",
            "short",
            "sum by (code) (rate(dragoman_work_retries_total[$__rate_interval])) * 60",
            "{{code}}",
            "Attempts that are made again. A code that stays has a line in the runbook.",
        ),
        lines(
            "Requests a second",
            "reqps",
            "sum by (status) (rate(dragoman_http_requests_total[$__rate_interval]))",
            "{{status}}",
        ),
        lines(
            "Events that no relay has published",
            "short",
            "max by (source) (dragoman_relay_lag_events)",
            "{{source}}",
        ),
        lines(
            "Age of the oldest event that no relay has published",
            "s",
            "max by (source) (dragoman_relay_oldest_seconds)",
            "{{source}}",
        ),
        lines(
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
        shares("Time to do a piece of work", "dragoman_stage_duration_seconds", "kind"),
        shares("Wait before it was taken", "dragoman_queue_age_seconds", "queue"),
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
        lines(
            "Work a second",
            "ops",
            'sum by (kind) (rate(dragoman_stage_duration_seconds_count{outcome="done"}[$__rate_interval]))',
            "{{kind}}",
        ),
        lines(
            "Workers busy",
            "short",
            "sum by (kind) (rate(dragoman_stage_duration_seconds_sum[$__rate_interval]))",
            "{{kind}}",
            "Seconds of work in a second: how many pieces are done at once.",
        ),
        shares("Time to do a piece of work", "dragoman_stage_duration_seconds", "kind"),
        lines(
            "CPU",
            "short",
            'rate(process_cpu_seconds_total{job="dragoman"}[$__rate_interval])',
            "{{process}} {{instance}}",
            "Cores; children that read documents are not in it.",
        ),
        lines(
            "Memory",
            "bytes",
            'process_resident_memory_bytes{job="dragoman"}',
            "{{process}} {{instance}}",
        ),
        lines(
            "Open files and connections",
            "short",
            'process_open_fds{job="dragoman"}',
            "{{process}} {{instance}}",
        ),
        lines(
            "Work taken over from vanished workers, in ten minutes",
            "short",
            "sum by (kind) (increase(dragoman_work_takeovers_total[10m]))",
            "{{kind}}",
        ),
        lines(
            "Work parked, in ten minutes",
            "short",
            "sum by (code) (increase(dragoman_work_parked_total[10m]))",
            "{{code}}",
        ),
        shares("Time to answer", "dragoman_http_request_duration_seconds", "route"),
        shares(
            "Time of an S3 server to answer",
            "dragoman_storage_request_duration_seconds",
            "outcome",
            empty=True,
        ),
        lines(
            "Connections to PostgreSQL in use, as a share of the most",
            "percentunit",
            'dragoman_database_connections{state="in_use"} / ignoring(state) (dragoman_database_connections_max > 0)',
            "{{process}} {{instance}}",
            "Work waits for a connection where all are in use.",
            may_be_empty=True,
        ),
        lines(
            "Events that views read, a second",
            "ops",
            "sum by (projection) (rate(dragoman_projection_events_total[$__rate_interval]))",
            "{{projection}}",
        ),
        lines(
            "Messages posted to webhooks, in ten minutes",
            "short",
            "sum by (outcome) (increase(dragoman_webhook_attempts_total[10m]))",
            "{{outcome}}",
            "Those that are not delivered are tried again, for three days. The page Webhooks has each attempt.",
        ),
    ),
)

ENGINES = Board(
    "dragoman-engines",
    "Dragoman: engines and models",
    "Calls, tokens and money by engine and model, as counted where calls are answered.",
    (
        stat(
            "Spent in 24 hours",
            "short",
            "sum by (currency) (increase(dragoman_model_cost_total[24h]))",
            width=12,
            empty=True,
        ),
        stat(
            "Calls without a known price, 24 hours",
            "short",
            "sum(increase(dragoman_model_unpriced_total[24h])) or vector(0)",
            1,
            width=12,
        ),
        lines(
            "Money an hour, by engine and model",
            "short",
            "sum by (engine, model, currency) (rate(dragoman_model_cost_total[$__rate_interval])) * 3600",
            "{{engine}} {{model}} {{currency}}",
            "In units of the currency of the price, which is that of the catalogue, or of the list.",
            may_be_empty=True,
        ),
        Panel(
            "Money by engine and model, 30 days",
            "table",
            "short",
            (
                Query(
                    "sum by (engine, model, currency) (increase(dragoman_model_cost_total[30d]))",
                    may_be_empty=True,
                ),
            ),
            "The exact sums are on the console's page of each model.",
        ),
        lines(
            "Calls a minute",
            "short",
            "sum by (engine, outcome) (rate(dragoman_model_calls_total[$__rate_interval])) * 60",
            "{{engine}} {{outcome}}",
            may_be_empty=True,
        ),
        lines(
            "Tokens a minute",
            "short",
            "sum by (engine, kind) (rate(dragoman_model_tokens_total[$__rate_interval])) * 60",
            "{{engine}} {{kind}}",
            may_be_empty=True,
        ),
        lines(
            "Share of input tokens that the provider had cached",
            "percentunit",
            'sum by (engine) (rate(dragoman_model_tokens_total{kind="cached"}[$__rate_interval]))'
            ' / sum by (engine) (rate(dragoman_model_tokens_total{kind="input"}[$__rate_interval]))',
            "{{engine}}",
            may_be_empty=True,
        ),
        lines(
            "Calls that did not end well, a minute",
            "short",
            'sum by (engine, outcome) (rate(dragoman_model_calls_total{outcome!="stop"}[$__rate_interval])) * 60',
            "{{engine}} {{outcome}}",
            may_be_empty=True,
        ),
        lines(
            "Failed attempts by code of the engine, a minute",
            "short",
            'sum by (code) (rate(dragoman_work_retries_total{code=~"engine.+|budget.+|internal"}'
            "[$__rate_interval])) * 60",
            "{{code}}",
        ),
    ),
)

_INDEX_KINDS = 'kind=~"memory_import|memory_index"'

INDEX = Board(
    "dragoman-index",
    "Dragoman: index",
    "Memories that are imported and made searchable: what waits, how long it takes, what fails.",
    (
        stat("Owed", "short", 'sum(max by (state) (dragoman_owed_work{queue="index"}))', width=6),
        stat(
            "Oldest waiting",
            "s",
            'max(dragoman_owed_oldest_seconds{queue="index"})',
            60,
            600,
            width=6,
        ),
        stat(
            "Parked",
            "short",
            f"sum(max by (kind) (dragoman_parked_work{{{_INDEX_KINDS}}})) or vector(0)",
            1,
            10,
            width=6,
        ),
        stat("Processes", "short", 'sum(dragoman_build_info{service="index"})', width=6),
        lines(
            "Pieces of work a minute",
            "short",
            f"sum by (kind, outcome) (rate(dragoman_stage_duration_seconds_count{{{_INDEX_KINDS}}}"
            "[$__rate_interval])) * 60",
            "{{kind}} {{outcome}}",
            "A segment of a memory is one piece of memory_index.",
        ),
        lines(
            "Workers busy",
            "short",
            f"sum by (kind) (rate(dragoman_stage_duration_seconds_sum{{{_INDEX_KINDS}}}"
            "[$__rate_interval]))",
            "{{kind}}",
            "Seconds of work in a second: how many pieces are done at once.",
        ),
        shares(
            "Time to do a piece of work",
            "dragoman_stage_duration_seconds",
            "kind",
            where=f"{{{_INDEX_KINDS}}}",
        ),
        shares(
            "Wait before it was taken",
            "dragoman_queue_age_seconds",
            "queue",
            where='{queue="index"}',
        ),
        lines(
            "Failed attempts by code, a minute",
            "short",
            f"sum by (code) (rate(dragoman_work_retries_total{{{_INDEX_KINDS}}}"
            "[$__rate_interval])) * 60",
            "{{code}}",
        ),
        lines(
            "Parked by code, in ten minutes",
            "short",
            f"sum by (code) (increase(dragoman_work_parked_total{{{_INDEX_KINDS}}}[10m]))",
            "{{code}}",
        ),
    ),
)

SERVERS = Board(
    "dragoman-servers",
    "Dragoman: RabbitMQ and PostgreSQL",
    "The two servers that all services stand on, by their own exporters.",
    (
        stat("Messages ready", "short", "sum(rabbitmq_queue_messages_ready)"),
        stat("Messages held", "short", "sum(rabbitmq_queue_messages_unacked)"),
        stat("Connections to RabbitMQ", "short", "sum(rabbitmq_connections)"),
        stat("Free disk of RabbitMQ", "bytes", "min(rabbitmq_disk_space_available_bytes)"),
        stat(
            "Connections to PostgreSQL, share used",
            "percentunit",
            "sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)",
            0.7,
            0.9,
        ),
        stat("Size of the databases", "bytes", "sum(pg_database_size_bytes)"),
        lines(
            "Messages published, a second",
            "ops",
            "sum by (protocol) (rate(rabbitmq_global_messages_received_total[$__rate_interval]))",
            "{{protocol}}",
        ),
        lines(
            "Memory of RabbitMQ",
            "bytes",
            "rabbitmq_process_resident_memory_bytes",
            "{{instance}}",
        ),
        lines(
            "Transactions a second",
            "ops",
            "sum by (datname) (rate(pg_stat_database_xact_commit[$__rate_interval]))",
            "{{datname}}",
        ),
        lines(
            "Transactions undone, a second",
            "ops",
            "sum by (datname) (rate(pg_stat_database_xact_rollback[$__rate_interval]))",
            "{{datname}}",
        ),
        lines(
            "Connections by state", "short", "sum by (state) (pg_stat_activity_count)", "{{state}}"
        ),
        lines(
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
        stat(
            "Answers that failed, 6 hours",
            "percentunit",
            "dragoman:answers_failed:ratio6h",
            0.0005,
            0.001,
            width=12,
        ),
        stat(
            "Work taken late, 6 hours",
            "percentunit",
            "dragoman:work_late:ratio6h",
            0.005,
            0.01,
            width=12,
        ),
        lines(
            "How fast the budget of answers burns",
            "short",
            "dragoman:answers_failed:ratio1h / 0.001",
            "1 h",
            "At 1 the budget of 30 days lasts 30 days; at 14.4 two days.",
        ),
        lines(
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

BOARDS = (OVERVIEW, JOB, SERVICES, ENGINES, INDEX, SERVERS, SLO)


def prometheus_queries() -> Iterator[tuple[Board, Panel, Query]]:
    """Every query that Prometheus answers, with where it stands."""
    for board in BOARDS:
        for panel in board.panels:
            if panel.source == "prometheus":
                for query in panel.queries:
                    yield board, panel, query
