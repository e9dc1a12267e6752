"""How a command that works runs in this process: its settings and telemetry, and how it is
interrupted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from dragoman_standalone.ending import UsageRefusedError, tell_interrupted
from dragoman_standalone.outcome import ExitCode

if TYPE_CHECKING:
    from dragoman_runtime.telemetry import Telemetry
    from dragoman_standalone.settings import StandaloneSettings

_PATIENCE_S = 20.0
_T = TypeVar("_T")


def settings_of(
    state: Path | None, given: dict[str, object] | None = None, *, is_folder_used: bool = True
) -> StandaloneSettings:
    """The settings of the environment, with the state folder and the values given.

    Raises:
        SettingsError: a value cannot be used.
        UsageRefusedError: the state folder would be used, but the environment names servers.
    """
    from dragoman_runtime.settings import load
    from dragoman_standalone.settings import StandaloneSettings
    from dragoman_standalone.whereabouts import require_no_servers

    values = {**(given or {}), **({"state_dir": state} if state else {})}
    if is_folder_used:
        require_no_servers(state)
    return load(StandaloneSettings, values)


def telemetry_for(settings: StandaloneSettings) -> Telemetry:
    """Logs, traces and metrics of the command.

    Raises:
        UsageRefusedError: the port of the metrics is taken.
    """
    from dragoman_runtime.telemetry import configure_telemetry

    try:
        return configure_telemetry(settings, "dragoman")
    except OSError as error:
        address = f"{settings.metrics_host}:{settings.metrics_port}"
        raise UsageRefusedError(
            f"Metrics cannot be served on {address}: {error.strerror}."
        ) from error


def run_to_end(work: Coroutine[Any, Any, _T], telemetry: Telemetry | None = None) -> _T:
    """Run to the end, with an interruption as its exit status."""
    try:
        return asyncio.run(_interruptible(work))
    except asyncio.CancelledError:  # it was told when it came
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    finally:
        if telemetry is not None:
            telemetry.shutdown()


async def _interruptible(work: Coroutine[Any, Any, _T]) -> _T:
    """Let the first Ctrl-C end the work in order, and a second one,
    or too long a wait, end the process.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, _interrupt, task)
    return await work


def _interrupt(task: asyncio.Task[Any]) -> None:
    if task.cancelling():
        os._exit(ExitCode.INTERRUPTED)  # the log and the objects are whole after any death
    tell_interrupted()
    task.cancel()
    last_resort = threading.Timer(_PATIENCE_S, os._exit, (int(ExitCode.INTERRUPTED),))
    last_resort.daemon = True
    last_resort.start()
