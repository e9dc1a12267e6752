"""TMX files, read by a process of their own from a temporary copy: healing reads a file twice."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.model import Value, from_json
from dragoman_exchange import Rejection, Repair
from dragoman_index.adapters.reading import (
    END,
    FRAME,
    REFUSAL,
    REJECTION,
    Ended,
    Refused,
    wanted_of,
)
from dragoman_index.ports import Piece
from dragoman_memory import Intake, MemoryUnit
from dragoman_runtime.computing import ProcessLostError

_PROGRAM = "dragoman_index.adapters.reading"


class TmxUnits:
    """The units of a TMX file, as its process reads them."""

    def __init__(self, frames: asyncio.StreamReader) -> None:
        self._frames = frames
        self._end: Ended | None = None

    async def next_piece(self, most: int) -> Piece:
        """The next units and rejections, `most` of both; empty at the end of the file.

        Raises:
            PermanentError: the file cannot be read, or not any further.
            ProcessLostError: its process was killed.
        """
        found: list[MemoryUnit | Rejection] = []
        while len(found) < most and self._end is None:
            kind, data = await self._frame()
            if kind == END:
                self._end = from_json(Ended, data)
            elif kind == REFUSAL:
                refused = from_json(Refused, data)
                raise PermanentError(refused.message, code=refused.code)
            else:
                type_: type[MemoryUnit] | type[Rejection] = (
                    Rejection if kind == REJECTION else MemoryUnit
                )
                found.append(_value(type_, data))
        return Piece(
            units=[each for each in found if not isinstance(each, Rejection)],
            rejections=[each for each in found if isinstance(each, Rejection)],
            items=found,
        )

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The faults that reading put right; known at the end."""
        return self._end.repairs if self._end else ()

    async def _frame(self) -> tuple[bytes, bytes]:
        try:
            length, kind = FRAME.unpack(await self._frames.readexactly(FRAME.size))
            return kind, await self._frames.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise ProcessLostError("The process that read the file ended too soon.") from error


class TmxFiles:
    """Opens TMX files that come in pieces."""

    @asynccontextmanager
    async def open(self, data: AsyncIterator[bytes], intake: Intake) -> AsyncGenerator[TmxUnits]:
        """The file's units, for the block. Its process ends with the block."""
        with tempfile.TemporaryFile(prefix="dragoman-tmx-") as file:
            async for piece in data:
                await asyncio.to_thread(file.write, piece)
            file.flush()
            file.seek(0)
            number = file.fileno()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", _PROGRAM, str(number)),
                stdin=PIPE,
                stdout=PIPE,
                pass_fds=(number,),
            )
            try:
                yield TmxUnits(await _asked(process, wanted_of(intake)))
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _asked(process: Process, wanted: Value) -> asyncio.StreamReader:
    if process.stdin is None or process.stdout is None:
        raise ProcessLostError("The process that reads the file has no pipes.")
    with suppress(ConnectionError):  # it ended already, which its frames will tell
        process.stdin.write(wanted.model_dump_json().encode())
        await process.stdin.drain()
    process.stdin.close()
    return process.stdout


def _value(type_: type[MemoryUnit] | type[Rejection], data: bytes) -> MemoryUnit | Rejection:
    return from_json(type_, data)
