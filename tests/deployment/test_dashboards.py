"""Grafana's dashboards: written from the code, provisioned both ways, and asking only what is there.

`make dashboards` asks a real Prometheus every query.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

from deployment.compose import FOLDER as COMPOSE
from develop.dashboards import BOARDS, prometheus_queries
from develop.panels import Board
from develop.write_alert_rules import RULES
from develop.write_dashboards import FOLDER, rendered
from docs.pages import ROOT
from dragoman_runtime.telemetry import metrics

RULE_GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
EVERY_RULE = [rule for group in RULE_GROUPS for rule in group["rules"]]
QUERIES = [
    *((f"{board.uid}/{panel.title}", query.expr) for board, panel, query in prometheus_queries()),
    *((rule.get("alert") or rule["record"], rule["expr"]) for rule in EVERY_RULE),
]


def _selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from _selectors(child)
    for child in getattr(node, "args", ()):
        yield from _selectors(child)


def _our_metrics() -> dict[str, set[str]]:
    """The names of our series, as Prometheus finds them, with their labels."""
    assert metrics.BUILD_INFO
    found: dict[str, set[str]] = {}
    for collector, names in REGISTRY._collector_to_names.items():  # pyright: ignore[reportPrivateUsage]
        labels = set(getattr(collector, "_labelnames", ()))
        for name in names:
            if name.startswith("dragoman_"):
                found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_file_of_a_dashboard_is_what_the_code_says(board: Board) -> None:
    path = FOLDER / f"{board.uid}.json"
    assert path.read_text(encoding="utf-8") == rendered(board), "run develop.write_dashboards"


def test_there_is_no_file_without_a_dashboard() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {board.uid for board in BOARDS}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_panels_of_a_dashboard_do_not_overlap(board: Board) -> None:
    panels = json.loads(rendered(board))["panels"]
    taken = [
        (x, y)
        for each in panels
        for x in range(each["gridPos"]["x"], each["gridPos"]["x"] + each["gridPos"]["w"])
        for y in range(each["gridPos"]["y"], each["gridPos"]["y"] + each["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
    assert len({each["id"] for each in panels}) == len(panels)


@pytest.mark.parametrize(("name", "expr"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_asks_for_metrics_and_labels_that_there_are(name: str, expr: str) -> None:
    ours = _our_metrics()
    recorded = {rule["record"] for rule in EVERY_RULE if "record" in rule}
    parsed = promql_parser.parse(expr.replace("$__rate_interval", "1m"))
    selectors = list(_selectors(parsed))
    assert selectors
    for selector in selectors:
        if selector.name is not None and selector.name.startswith("dragoman_"):
            assert selector.name in ours
            asked = {each.name for each in selector.matchers.matchers} - {"job", "__name__"}
            assert asked <= ours[selector.name]
        elif selector.name is not None and ":" in selector.name:
            assert selector.name in recorded


def test_every_metric_of_ours_is_on_some_dashboard() -> None:
    text = " ".join(query.expr for _, _, query in prometheus_queries())
    text += " ".join(rule["expr"] for rule in EVERY_RULE)
    bare = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in _our_metrics()}
    assert sorted(name for name in bare if name not in text and f"{name}_total" not in bare) == []


def test_compose_and_kubernetes_bring_every_dashboard_and_the_sources_they_name() -> None:
    grafana = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]["grafana"]
    mounts = dict(each.split(":")[:2] for each in grafana["volumes"])
    provider = yaml.safe_load((COMPOSE / "observed/grafana/dashboards.yaml").read_text())
    (first,) = provider["providers"]
    assert mounts["../grafana/dashboards"] == first["options"]["path"]

    sources = yaml.safe_load((COMPOSE / "observed/grafana/datasources.yaml").read_text())
    assert {panel.source for board in BOARDS for panel in board.panels} == {
        each["uid"] for each in sources["datasources"]
    }

    component = yaml.safe_load((FOLDER.parent / "kustomization.yaml").read_text())
    named = [file for each in component["configMapGenerator"] for file in each["files"]]
    assert sorted(named) == sorted(f"dashboards/{board.uid}.json" for board in BOARDS)


def test_an_alarm_names_a_heading_of_the_runbook() -> None:
    runbook = (ROOT / "docs/operate/runbook.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.removeprefix("## ").lower()).replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("## ")
    }
    alarms = [rule for rule in EVERY_RULE if "alert" in rule]
    for rule in alarms:
        page, _, heading = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operate/runbook.md"
        assert heading in headings, rule["alert"]
