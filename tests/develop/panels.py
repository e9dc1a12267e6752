"""The parts of dashboards: queries, panels, boards, and the kinds of panel that they are made of."""

from __future__ import annotations

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


def stat(
    title: str,
    unit: str,
    expr: str,
    warn: float | None = None,
    alarm: float | None = None,
    *,
    width: int = 4,
    empty: bool = False,
) -> Panel:
    """One number."""
    query = Query(expr, may_be_empty=empty)
    return Panel(title, "stat", unit, (query,), width=width, warn=warn, alarm=alarm)


def lines(
    title: str,
    unit: str,
    expr: str,
    legend: str,
    about: str = "",
    *,
    may_be_empty: bool = False,
    width: int = 12,
) -> Panel:
    """Lines over time, one for each series."""
    query = Query(expr, legend, may_be_empty)
    return Panel(title, "timeseries", unit, (query,), about, width=width)


def shares(
    title: str, histogram: str, by: str, about: str = "", *, where: str = "", empty: bool = False
) -> Panel:
    """A histogram's median and 95th percentile by a label."""
    rate = f"sum by (le, {by}) (rate({histogram}_bucket{where}[$__rate_interval]))"
    queries = tuple(
        Query(f"histogram_quantile({share}, {rate})", f"{name} {{{{{by}}}}}", empty)
        for share, name in ((0.5, "p50"), (0.95, "p95"))
    )
    return Panel(title, "timeseries", "s", queries, about)
