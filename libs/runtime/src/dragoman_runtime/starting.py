"""How a service's process starts and ends: a foreseen trouble is one line that names the cure."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from dragoman_contracts.errors import DragomanError, PermanentError
from dragoman_contracts.release import release
from dragoman_runtime.settings import (
    Settings,
    SettingsError,
    StopSettings,
    TelemetrySettings,
    load,
    variable,
)
from dragoman_runtime.stopping import stop_limit
from dragoman_runtime.telemetry import Telemetry, configure_telemetry, get_logger

_S = TypeVar("_S", bound=Settings)


class PortTakenError(PermanentError):
    """The process cannot listen where its settings say."""

    default_code = "port.taken"


def start(settings: type[_S], run: Callable[[_S], Awaitable[None]]) -> None:
    """Run a service as this process, with its settings from the environment.

    A foreseen error ends the process with exit status 1 and one log line, `service.failed`; wrong
    settings with one line for each variable.
    """
    try:
        given = load(settings)
        within_s = given.stop_within_s if isinstance(given, StopSettings) else None
        with stop_limit(within_s):
            asyncio.run(_awaited(run(given)))
    except SettingsError as error:
        sys.stderr.write(f"{error.message}\n")
        raise SystemExit(1) from None
    except DragomanError as error:
        get_logger().error("service.failed", exc_info=error)
        raise SystemExit(1) from None


async def _awaited(running: Awaitable[None]) -> None:
    await running


def telemetry_of(
    settings: TelemetrySettings, service: str, services: Sequence[str] = ()
) -> Telemetry:
    """Logs, traces and metrics of this process.

    Raises:
        PortTakenError: the port of the metrics is taken, or its address is not ours.
    """
    try:
        return configure_telemetry(settings, service, services)
    except OSError as error:
        raise port_taken("metrics", settings.metrics_host, settings.metrics_port, error) from error


def port_taken(kind: str, host: str, port: int | None, error: OSError) -> PortTakenError:
    """The error for an address that cannot be listened on; `kind` is `http` or `metrics`."""
    names = f"{variable(f'{kind}_host')} and {variable(f'{kind}_port')}"
    why = error.strerror or type(error).__name__
    return PortTakenError(f"Cannot listen on {host}:{port} ({why}); look at {names}.")


def address_of(settings: TelemetrySettings) -> str:
    """Where the process serves its metrics; empty where it does not."""
    port = settings.metrics_port
    return "" if port is None else f"{settings.metrics_host}:{port}"


def say_started(**facts: object) -> None:
    """Log that the service is ready: its version, where it listens, which queues it takes."""
    get_logger().info("service.started", version=release(), **facts)
