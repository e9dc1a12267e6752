"""One Apertium pipeline that stays alive: texts in, translations out, each ended by a null
character.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dragoman_contracts.errors import PermanentError, RetryableError

_ANSWER_LIMIT_BYTES = 32 * 1024 * 1024


class ApertiumProcess:
    """The pipeline of one pair of languages.

    Started with the first text, started again when it died.

    Calls from several tasks take turns.
    """

    def __init__(self, mode: Path, timeout_s: float) -> None:
        self._mode = mode
        self._timeout_s = timeout_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process id of the pipeline's shell; None while none runs."""
        is_running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and is_running else None

    async def translate(self, texts: Sequence[str]) -> list[str]:
        """The translations of some texts in stream format, in order.

        Raises:
            RetryableError: engine.timeout when nothing came in time, engine.unavailable when it
                died twice.
            PermanentError: engine.not_installed.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    try:
                        return await self._exchange(texts)
                    except (ConnectionError, asyncio.IncompleteReadError):
                        await self._stop()
                        return await self._exchange(texts)
            except TimeoutError as error:
                await self._stop()
                message = f"Apertium did not answer within {self._timeout_s:g} s; raise DRAGOMAN_APERTIUM_TIMEOUT_S."
                raise RetryableError(message, code="engine.timeout") from error
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                await self._stop()
                message = (
                    f"The Apertium pipeline {self._mode.stem} ended twice while translating; "
                    "is it fully installed?"
                )
                raise RetryableError(message, code="engine.unavailable") from error
            except asyncio.CancelledError:
                await self._stop()  # half an exchange is left in the pipe
                raise

    async def aclose(self) -> None:
        """End the pipeline."""
        async with self._turn:
            await self._stop()

    async def _exchange(self, texts: Sequence[str]) -> list[str]:
        process = await self._started()
        if process.stdin is None or process.stdout is None:
            raise BrokenPipeError
        answers: list[str] = []
        stdout = process.stdout

        async def read() -> None:
            for _ in texts:
                answers.append((await stdout.readuntil(b"\0"))[:-1].decode(errors="replace"))

        async def write(stdin: asyncio.StreamWriter) -> None:
            for text in texts:
                stdin.write(text.encode() + b"\0")
                await stdin.drain()

        # Both at once: a pipe that is not read fills up and stops the writing.
        reading = asyncio.ensure_future(read())
        try:
            await write(process.stdin)
            await reading
        finally:
            if not reading.done():
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading
            elif not reading.cancelled():
                reading.exception()
        return answers

    async def _started(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._stop()
        self._process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            await self._pipeline(),
            "apertium",
            "-n",  # unknown words are not marked
            "",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_ANSWER_LIMIT_BYTES,
            start_new_session=True,
        )
        return self._process

    async def _pipeline(self) -> str:
        """The mode's commands with null-flush and word-bound blanks switched on."""
        try:
            process = await asyncio.create_subprocess_exec(
                "apertium-wblank-mode",
                "-z",
                str(self._mode),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=DEVNULL,
            )
        except FileNotFoundError as error:
            message = "Apertium 3.8 or newer is not installed; apt-get install apertium."
            raise PermanentError(message, code="engine.not_installed") from error
        output, _ = await process.communicate()
        return output.decode()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()  # reads what is left: an unread pipe is never closed
