"""Generated requests against the running API.

    python -m services.gateway.fuzzed_api

covers every operation's schema (minutes); the tests keep to a few requests each. Exits with 1 where
an answer is not documented, or our fault.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from dragoman_catalog import Role
from services.gateway.desks import Desk, desk

_RUN = (
    "--checks",
    "all",
    "--exclude-checks",
    "positive_data_acceptance",
    "--continue-on-failure",
    "--no-color",
)
"""Every check but one: a well-formed request may still name a project that is not
there, or an engine.
"""


_CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, "5xx"]
"""
"""What is too large is refused before it is read, whatever it holds."""


async def schemathesis(gateway: Desk, folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of a run against the gateway, as an admin."""
    secret = await gateway.token(gateway.admin, Role.ADMIN)
    with (folder / "schemathesis.toml").open("a") as config:
        config.write(_CONFIG)
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        str(program),
        "run",
        f"{gateway.url}/api/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {secret}",
        *_RUN,
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def _whole() -> int:
    with tempfile.TemporaryDirectory(prefix="dragoman-api-") as folder:
        async with desk(Path(folder)) as gateway:
            status, output = await schemathesis(
                gateway,
                Path(folder),
                *("--phases", "examples,coverage,fuzzing,stateful"),
                *("--max-examples", "20", "--seed", "7"),
            )
    sys.stdout.write(output)
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(_whole()))
