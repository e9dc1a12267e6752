"""Ask a real Prometheus every query of every dashboard, and every rule, over real services at work.

    python -m deployment.dashboards_check --documents 20

Starts what `deploy/compose/compose.yaml` says as processes (`compose_check`), RabbitMQ with its
plugin, PostgreSQL's exporter where it is installed, and translates. Prints a line for each query
with the number of its series. Exits with 1 where a query is refused, or has no series though what
it asks about has happened.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import yaml

from deployment.compose import PROCESSES, our_services
from deployment.compose_check import (
    Machine,
    address,
    forget_own_settings,
    run_once,
    say,
    started,
    use,
)
from deployment.watching import Prometheus
from develop.dashboards import prometheus_queries
from develop.write_alert_rules import RULES
from servers.process import free_port
from servers.rabbitmq import RabbitMqServer

_EXPORTER = "prometheus-postgres-exporter"
_RATE_INTERVAL = "30s"
_SETTLED_S = 240.0


def exporter(machine: Machine, stack: ExitStack) -> str | None:
    """The address of PostgreSQL's exporter; None where it is not installed."""
    program = shutil.which(_EXPORTER)
    if program is None:
        say(f"postgres     no {_EXPORTER} on the path: its panels are not asked")
        return None
    where = f"127.0.0.1:{free_port()}"
    source = machine.secret("database_url").strip().partition("?")[0]
    process = subprocess.Popen(
        [program, f"--web.listen-address={where}"],
        env={"PATH": os.environ["PATH"], "DATA_SOURCE_NAME": f"{source}?sslmode=disable"},
        stdout=subprocess.DEVNULL,
        stderr=(machine.folder / "exporter.log").open("wb"),
    )
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    return where


async def asked(prometheus: Prometheus, without: frozenset[str]) -> list[str]:
    """Ask everything, print what came; what is wrong."""
    wrong: list[str] = []
    questions = [
        (f"{board.title.partition(': ')[2]}: {panel.title}", query.expr, query.may_be_empty)
        for board, panel, query in prometheus_queries()
    ]
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    questions += [
        (f"rule: {rule.get('alert') or rule['record']}", rule["expr"], "alert" in rule)
        for group in groups
        for rule in group["rules"]
    ]
    for name, expr, may_be_empty in questions:
        if any(prefix in expr for prefix in without):
            say(f"  {'-':>6}  {name}")
            continue
        try:
            found = await prometheus.asked(
                "query", query=expr.replace("$__rate_interval", _RATE_INTERVAL)
            )
        except ValueError as error:
            wrong.append(f"{name}: {error}")
            continue
        count = len(found.get("result", []))
        say(f"  {count:>6}  {name}")
        if not count and not may_be_empty:
            wrong.append(f"{name}: no series")
    health = {
        rule["name"]: rule.get("lastError")
        for group in (await prometheus.asked("rules"))["groups"]
        for rule in group["rules"]
        if rule["health"] == "err"
    }
    return wrong + [f"rule {name}: {error}" for name, error in health.items()]


async def check(documents: int, folder: Path, stack: ExitStack) -> list[str]:
    """Start and use the installation, then ask."""
    machine = Machine(folder, stack, RabbitMqServer(has_metrics=True))
    processes = started(machine, stack)
    others = {"rabbitmq": f"127.0.0.1:{machine.rabbitmq.metrics_port}"}
    where = exporter(machine, stack)
    if where is not None:
        others["postgres"] = where
    prometheus = Prometheus(folder, {name: address(name) for name in PROCESSES}, others)
    stack.callback(prometheus.stop)
    prometheus.start()
    link = run_once(machine, "admin", our_services()["admin"])
    assert link.startswith("https://")
    token = run_once(machine, "admin", our_services()["admin"], "token", "create").strip()
    began = time.monotonic()
    while await prometheus.up() < len(PROCESSES) + len(others):
        if time.monotonic() - began > _SETTLED_S:
            missing = await prometheus.asked("query", query="up == 0")
            return [f"no answer of {each['metric']}" for each in missing["result"]]
        await asyncio.sleep(0.5)
    await use(machine, f"http://{address('gateway')}:8080", None, token, documents)
    await asyncio.sleep(3)  # a scrape and an evaluation of what was last done
    say(f"asked        after {time.monotonic() - began:.1f} s: series, then panel or rule")
    wrong = await asked(prometheus, frozenset() if where else frozenset({"pg_"}))
    for process in reversed(processes.values()):
        process.stop()
    return wrong


def main() -> None:
    """Check, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m deployment.dashboards_check")
    parser.add_argument("--documents", type=int, default=20, help="how many are translated")
    documents = parser.parse_args().documents
    forget_own_settings()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-boards-")))
        wrong = asyncio.run(check(documents, folder, stack))
    for each in wrong:
        say(f"WRONG: {each}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
