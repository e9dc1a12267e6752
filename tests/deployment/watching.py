"""Prometheus with the configuration and the rules of the compose file's: an alarm is raised, and goes
when its cause does.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

from deployment.compose import FOLDER
from develop.write_alert_rules import RULES
from servers.process import free_port, require_binary

_ALARM = "DragomanWorkParked"
_PATIENCE_S = 90.0
_LOOK_S = 0.5


class Prometheus:
    """A Prometheus by `observed/prometheus.yml`, which asks these targets once a second; no names are
    resolved, and nobody is told of alarms. `others` are the addresses of other jobs of the file.
    """

    def __init__(
        self, folder: Path, targets: Mapping[str, str], others: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder / "prometheus"
        self._folder.mkdir()
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        path = FOLDER / "observed" / "prometheus.yml"
        found = cast("dict[str, Any]", yaml.safe_load(path.read_text()))
        jobs = {each["job_name"]: each for each in found["scrape_configs"]}
        dragoman = jobs["dragoman"]
        (sought,) = dragoman.pop("dns_sd_configs")
        dragoman["static_configs"] = [
            {"targets": [f"{targets[name]}:{sought['port']}"], "labels": {"process": name}}
            for name in sought["names"]
        ]
        del dragoman["relabel_configs"], found["alerting"]
        found["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for name, where in (others or {}).items():
            jobs[name]["static_configs"] = [{"targets": [where]}]
            jobs[name]["scrape_interval"] = "5s"
        found["scrape_configs"] = [dragoman, *(jobs[name] for name in others or {})]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(found))
        shutil.copy(RULES, self._folder)

    def start(self) -> None:
        """Start it."""
        program = require_binary(["prometheus"], "prometheus")
        listens = f"--web.listen-address=127.0.0.1:{self._port}"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", listens],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    async def asked(self, path: str, **parameters: str) -> dict[str, Any]:
        """An answer of its API; empty while it starts.

        Raises:
            ValueError: it refused the question; the message is its own.
        """
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}") as client:
            try:
                answer = await client.get(f"/api/v1/{path}", params=parameters)
            except httpx.TransportError:
                return {}
            found = cast("dict[str, Any]", answer.json())
            if answer.is_client_error:
                raise ValueError(str(found.get("error")))
            return cast("dict[str, Any]", found.get("data", {}))

    async def up(self) -> int:
        """How many targets answer."""
        found = await self.asked("query", query="sum(up)")
        return int(found["result"][0]["value"][1]) if found.get("result") else 0

    async def firing(self) -> set[str]:
        """The names of the alarms that are firing."""
        alerts = (await self.asked("alerts")).get("alerts", [])
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}


async def raise_and_clear(
    prometheus: Prometheus,
    count: int,
    park: Callable[[], Awaitable[object]],
    discard: Callable[[], Awaitable[object]],
) -> str:
    """What a run of it said: `count` targets answer, work is parked and the alarm comes, the work is
    discarded and the alarm goes.

    Raises:
        TimeoutError: one of these did not come about.
        AssertionError: an alarm was firing before.
    """

    async def until(condition: Callable[[], Awaitable[bool]]) -> float:
        began = time.monotonic()
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                if await condition():
                    return time.monotonic() - began
                await asyncio.sleep(_LOOK_S)

    async def is_up() -> bool:
        return await prometheus.up() == count

    async def is_raised() -> bool:
        return _ALARM in await prometheus.firing()

    async def is_cleared() -> bool:
        return _ALARM not in await prometheus.firing()

    await until(is_up)
    assert await prometheus.firing() == set()
    await park()
    raised_s = await until(is_raised)
    await discard()
    cleared_s = await until(is_cleared)
    return f"{count} targets; {_ALARM} raised after {raised_s:.1f} s, gone after {cleared_s:.1f} s"
