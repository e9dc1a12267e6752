"""Traces, metrics and logs of a process, set up once from its settings.

`metrics` holds the metrics themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dragoman_contracts.release import release
from dragoman_runtime.settings import TelemetrySettings
from dragoman_runtime.telemetry import metrics
from dragoman_runtime.telemetry.instance import INSTANCE
from dragoman_runtime.telemetry.logging import (
    canonical_line,
    configure_logging,
    get_logger,
    log_context,
    say_waiting,
)
from dragoman_runtime.telemetry.metrics import serve_metrics
from dragoman_runtime.telemetry.tracing import (
    Role,
    Span,
    configure_tracing,
    current_traceparent,
    incoming,
    span,
)

__all__ = [
    "Role",
    "Span",
    "Telemetry",
    "canonical_line",
    "configure_logging",
    "configure_telemetry",
    "configure_tracing",
    "current_traceparent",
    "get_logger",
    "incoming",
    "log_context",
    "metrics",
    "say_waiting",
    "serve_metrics",
    "span",
]


@dataclass(frozen=True)
class Telemetry:
    """The exporters and servers to be stopped before the process ends."""

    _stops: tuple[Callable[[], None], ...]

    def shutdown(self) -> None:
        """Send the spans that are left, and serve no more metrics; takes some seconds when the
        receiver is away.
        """
        for stop in self._stops:
            stop()


def configure_telemetry(
    settings: TelemetrySettings, service: str, services: Sequence[str] = ()
) -> Telemetry:
    """Set up logs, traces and metrics of this process under the name of the service.

    `services` are those that run in the process, where it is more than the one.

    Raises:
        OSError: the port of the metrics is taken.
    """
    configure_logging(settings, service)
    for each in services or (service,):
        metrics.BUILD_INFO.labels(each, release(), INSTANCE).set(1)
    stops = [configure_tracing(settings, service)]
    if settings.metrics_port is not None:
        stops.append(serve_metrics(settings.metrics_port, settings.metrics_host))
    return Telemetry(tuple(stops))
