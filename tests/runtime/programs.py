"""Small programs in processes of their own, for what a process sets up once:
logs, traces, metrics.
"""

import os
import subprocess
import sys

_PRELUDE = """
import asyncio, json, logging, os, sys
from dragoman_contracts.errors import PermanentError
from dragoman_runtime.settings import TelemetrySettings, load
from dragoman_runtime.telemetry import *

telemetry = configure_telemetry(load(TelemetrySettings), sys.argv[1])
"""


def run(
    program: str, *, service: str = "example", **variables: str
) -> subprocess.CompletedProcess[str]:
    """The end of a process that set up telemetry as a service, ran the program and shut telemetry
    down.

    `variables` are settings by field name. Logs go to stderr, what the program prints to stdout.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")
    }
    environment |= {f"DRAGOMAN_{name.upper()}": value for name, value in variables.items()}
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"{_PRELUDE}{program}\ntelemetry.shutdown()\n",
            service,
        ],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
