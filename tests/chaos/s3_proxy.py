"""A proxy before the S3 server: it lets requests pass, slows them down,
or answers them as an S3 server refuses.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import suppress

from servers.process import free_port

FAULTS = ("down", "slow", "failing", "full")
"""The ways in which the object store goes wrong."""

_SLOW_S = 0.15
_CHUNK_BYTES = 64 * 1024
_REFUSALS = {"failing": (503, "ServiceUnavailable"), "full": (507, "InsufficientStorage")}


class S3Proxy:
    """Listens on a port of its own, in a thread of its own.
    `fault` is what is wrong; empty: nothing.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.fault = ""
        self.faults_met: Counter[str] = Counter()
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),), daemon=True
        )
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._started.wait()

    def close(self) -> None:
        """Listen no more."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self._started.set()
        await self._closing.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):  # the end of the proxy cancels
            if self.fault == "down":
                self._meet("down")
            else:
                there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
                ways = (
                    asyncio.create_task(self._requests(reader, back, writer)),
                    asyncio.create_task(self._answers(there, writer)),
                )
                # Who hangs up hangs up for both.
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                back.close()
        writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what the client sends, until it or a fault ends the connection."""
        while data := await reader.read(_CHUNK_BYTES):
            fault = self.fault
            if fault:
                self._meet(fault)
            if fault == "slow":
                await asyncio.sleep(_SLOW_S)
            if fault in _REFUSALS:
                writer.write(_refusal(*_REFUSALS[fault]))
                await writer.drain()
                return
            if fault == "down":
                return
            back.write(data)
            await back.drain()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await there.read(_CHUNK_BYTES):
                writer.write(data)
                await writer.drain()

    def _meet(self, fault: str) -> None:
        self.faults_met[fault] += 1


def _refusal(status: int, code: str) -> bytes:
    body = (
        f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode()
    )
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
