"""The page for observing names every metric and every log event, and no other."""

import ast
import re
from collections.abc import Iterator

from prometheus_client import REGISTRY

from docs.pages import ROOT
from dragoman_runtime.telemetry import metrics

_METRIC = re.compile(r"`(dragoman_[a-z_]+)`")
_LOG_CALLS = frozenset({"debug", "info", "warning", "error", "exception"})
OBSERVE = (ROOT / "docs/operate/observe.md").read_text(encoding="utf-8")


def _metrics() -> set[str]:
    """The names under which Prometheus finds our metrics."""
    assert metrics.BUILD_INFO
    families = [family for family in REGISTRY.collect() if family.name.startswith("dragoman_")]
    return {
        f"{family.name}_total" if family.type == "counter" else family.name for family in families
    }


def _nodes() -> Iterator[ast.AST]:
    for folder in ("libs", "services", "deploy"):
        for path in (ROOT / folder).glob("*/src/**/*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _log_events_and_spans() -> Iterator[str]:
    """The names that are written out; those of work are made of service and kind."""
    for node in _nodes():
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_log"), attr=level),
                args=[ast.Constant(value=str(name)), *_],
            ) if level in _LOG_CALLS:
                yield name
            case ast.Call(
                func=ast.Name(id="canonical_line" | "say_waiting" | "span"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case _:
                pass


def test_every_metric_is_on_the_page_and_the_page_names_no_other() -> None:
    assert set(_METRIC.findall(OBSERVE)) == _metrics()


def test_every_log_event_and_every_span_is_on_the_page() -> None:
    assert sorted({name for name in _log_events_and_spans() if f"`{name}`" not in OBSERVE}) == []
