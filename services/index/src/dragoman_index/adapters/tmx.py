"""TMX files, read from a temporary copy: healing reads a file twice."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import BinaryIO

from dragoman_exchange import Rejection, Repair, read_tmx
from dragoman_index.ports import Piece
from dragoman_memory import Intake, units_in


class TmxUnits:
    """The units of a TMX file, read while they are asked for."""

    def __init__(self, file: BinaryIO, intake: Intake) -> None:
        self._file = read_tmx(file)
        self._found = units_in(self._file, intake)

    def next_piece(self, most: int) -> Piece:
        """The next units and rejections, `most` of both; empty at the end of the file.

        Raises:
            ExchangeRefusedError: the file turns out not to be well-formed.
        """
        found = list(islice(self._found, most))
        return Piece(
            units=[each for each in found if not isinstance(each, Rejection)],
            rejections=[each for each in found if isinstance(each, Rejection)],
            items=found,
        )

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The faults that reading put right so far."""
        return self._file.repairs.all()


class TmxFiles:
    """Opens TMX files that come in pieces."""

    @asynccontextmanager
    async def open(
        self, data: AsyncIterator[bytes], intake: Intake
    ) -> AsyncGenerator[TmxUnits]:
        """The file's units, for the block.

        Raises:
            ExchangeRefusedError: it is no TMX.
        """
        with tempfile.TemporaryFile(prefix="dragoman-tmx-") as file:
            async for piece in data:
                await asyncio.to_thread(file.write, piece)
            file.seek(0)
            yield await asyncio.to_thread(TmxUnits, file, intake)
