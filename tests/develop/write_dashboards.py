"""Write Grafana's dashboards from `dashboards.py`: `cd tests && python -m develop.write_dashboards`.

One file for each board in `deploy/grafana/dashboards`, which compose mounts and Kubernetes puts into
ConfigMaps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.builders import logs, loki, prometheus, stat, table, tempo, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from develop.dashboards import BOARDS
from develop.panels import Board, Panel, Query

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
_ROW_HEIGHT, _STAT_HEIGHT = 8, 4

_AnyPanel = stat.Panel | timeseries.Panel | table.Panel | logs.Panel


def rendered(board: Board) -> str:
    """The board as Grafana reads it."""
    made = (
        boards.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags(["dragoman"])
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-3h", "now")
        .refresh("30s")
        .link(
            boards.DashboardLink("Dragoman")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["dragoman"])
            .keep_time(True)
        )
    )
    if board.asks is not None:
        name, label = board.asks
        made = made.with_variable(boards.TextBoxVariable(name).label(label))
    for panel in board.panels:
        made = made.with_panel(cast("Any", _panel(panel)))
    found = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    for number, each in enumerate(found["panels"], start=1):
        each["id"] = number
    panels = ",\n".join(
        "  " + json.dumps(each, sort_keys=True, ensure_ascii=False) for each in found.pop("panels")
    )
    rest = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
    return f'{rest.removesuffix("}").rstrip()},\n "panels": [\n{panels}\n ]\n}}\n'


def _panel(panel: Panel) -> _AnyPanel:
    made: Any
    match panel.kind:
        case "stat":
            made = stat.Panel().thresholds(_thresholds(panel))
        case "timeseries":
            made = timeseries.Panel().min(0)
        case "logs":
            made = logs.Panel().show_time(True).enable_log_details(True)
        case "table" | "traces":
            made = table.Panel()
    reference = model.DataSourceRef(type_val=panel.source, uid=panel.source)
    made = (
        made.title(panel.title)
        .description(panel.about)
        .unit(panel.unit)
        .datasource(reference)
        .span(panel.width)
        .height(_STAT_HEIGHT if panel.kind == "stat" else _ROW_HEIGHT)
    )
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        made = made.with_target(_target(panel, query, letter))
    return made


def _target(panel: Panel, query: Query, letter: str) -> object:
    match panel.source:
        case "loki":
            return loki.Dataquery().expr(query.expr).ref_id(letter)
        case "tempo":
            return tempo.TempoQuery().query(query.expr).query_type("traceql").ref_id(letter)
        case "prometheus":
            asked = prometheus.Dataquery().expr(query.expr).ref_id(letter)
            asked = asked.legend_format(query.legend)
            return asked.instant() if panel.kind == "table" else asked


def _thresholds(panel: Panel) -> boards.ThresholdsConfig:
    steps = [model.Threshold(color="green", value=None)]
    if panel.warn is not None:
        steps.append(model.Threshold(color="orange", value=panel.warn))
    if panel.alarm is not None and panel.alarm != panel.warn:
        steps.append(model.Threshold(color="red", value=panel.alarm))
    return boards.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in BOARDS:
        (FOLDER / f"{each.uid}.json").write_text(rendered(each), encoding="utf-8")
