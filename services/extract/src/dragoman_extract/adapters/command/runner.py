"""Commands as child processes of this machine, each below a supervisor of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from typing_extensions import override

from dragoman_contracts.commands import LOG_CHARACTERS, rendered
from dragoman_contracts.under_way import LOG_TAIL_CHARACTERS
from dragoman_extract.adapters.command import supervisor
from dragoman_extract.adapters.command.files import found_in
from dragoman_extract.adapters.command.folders import (
    TOKEN_VARIABLE,
    RunFolder,
    RunFolders,
    end_processes_of,
)
from dragoman_extract.ports import Command, CommandEnd, CommandNews, CommandRunner, Ending
from dragoman_extract.settings import CommandSettings
from dragoman_runtime.computing import ProcessLostError

MOST_FILES = 2_000
"""The most files that become artifacts of one command."""

_LONGEST_NEWS = 1024 * 1024
_SUPERVISOR = str(Path(supervisor.__file__))
_OWN_PROGRAMS = str(Path(sys.executable).parent)


class ChildProcesses(CommandRunner):
    """Runs commands beside this process, as the same user.

    The folder that a command runs in, its environment, its time and its output are its own; what
    the user may read and write on the machine, it may too (docs/operate/commands.md).
    """

    def __init__(self, settings: CommandSettings) -> None:
        self._settings = settings
        self._folders = RunFolders(settings.command_dir)

    def clear_leftovers(self) -> int:
        """Remove what killed workers left; how many runs they were."""
        return self._folders.clear_leftovers()

    @override
    @asynccontextmanager
    async def run(
        self, command: Command, heard: Callable[[CommandNews], None]
    ) -> AsyncGenerator[CommandEnd]:
        await asyncio.to_thread(self._folders.clear_leftovers)
        with self._folders.new() as folder:
            ended = await self._ended(command, folder, heard)
            yield CommandEnd(
                ending=Ending(ended["ending"]),
                exit_code=ended["exit_code"],
                signal=ended["signal"],
                reason=ended.get("why", ""),
                log=await asyncio.to_thread(_read, folder.log),
                is_truncated=ended["is_truncated"],
                find_files=partial(
                    found_in,
                    folder.output,
                    most_files=MOST_FILES,
                    most_bytes=self._most_bytes,
                ),
            )

    @property
    def _most_bytes(self) -> int:
        return self._settings.command_output_mib * 1024**2

    def environment(self, folder: RunFolder) -> dict[str, str]:
        """The whole environment of a command."""
        passed = {
            name: os.environ[name]
            for name in self._settings.command_variables
            if name in os.environ
        }
        return passed | {
            "PATH": f"{_OWN_PROGRAMS}:{self._settings.command_path}",
            "HOME": str(folder.work),
            "TMPDIR": str(folder.work),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            TOKEN_VARIABLE: folder.token,
        }

    async def _ended(
        self, command: Command, folder: RunFolder, heard: Callable[[CommandNews], None]
    ) -> dict[str, Any]:
        source = await asyncio.to_thread(folder.place_input, command.document, command.suffix)
        values = {**command.values, "input": str(source), "output_dir": str(folder.output)}
        order = {
            "argv": rendered(command.template, values),
            "env": self.environment(folder),
            "cwd": str(folder.work),
            "folder": str(folder.path),
            "log": str(folder.log),
            "log_characters": LOG_CHARACTERS,
            "tail": LOG_TAIL_CHARACTERS,
            "timeout_s": command.timeout_s,
            "file_bytes": self._most_bytes,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _SUPERVISOR),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LONGEST_NEWS,
            cwd=folder.work,
            env={},
            start_new_session=True,
            pass_fds=(folder.lock,),
        )
        ended: dict[str, Any] | None = None
        try:
            if process.stdin is None or process.stdout is None:
                raise ProcessLostError("The supervisor has no pipes.")
            with suppress(ConnectionError):
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()
            async for line in process.stdout:
                news = json.loads(line)
                if "ended" in news:
                    ended = news["ended"]
                else:
                    heard(_news(news))
        finally:
            await _over(process)
            if ended is None:
                await asyncio.to_thread(end_processes_of, folder.token)
        if ended is None:
            raise ProcessLostError(
                "The process that ran the command was killed before the command ended; look at the machine's memory."
            )
        return ended


async def _over(process: asyncio.subprocess.Process) -> None:
    """Return when the supervisor has ended, and with it the command: it is told to stop.

    A second cancellation must not leave it to itself.
    """
    if process.returncode is None and process.stdin is not None:
        with suppress(ConnectionError, RuntimeError):
            process.stdin.write(b"stop\n")
    waiting = asyncio.ensure_future(process.wait())
    is_cancelled = False
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError


def _news(news: dict[str, Any]) -> CommandNews:
    done, count = news["progress"] or (0, 0)
    return CommandNews(min(done, count), count, news["tail"])


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
