"""The `dragoman` command as a person runs it: a process of its own,
with an environment of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = Path(sys.executable).with_name("dragoman")
TIMEOUT_S = 120


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The session's environment without settings of Dragoman,
    so that a developer's own do not matter.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200", **(extra or {})}


def dragoman(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def started(
    *arguments: str | Path, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the command; what it says goes into the log."""
    with log.open("ab") as said:
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=clean_environment(environment),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
