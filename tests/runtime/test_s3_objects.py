"""What only S3 promises: its faults are told apart, its bucket is made once,
its conditional writes are used.
"""

import asyncio
import contextlib
import io
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_runtime.objects.s3 import S3Location, S3ObjectStore
from servers.process import free_port
from servers.s3 import S3Server

PROJECT = UUID("0192f0c1-0000-7000-8000-000000000001")
BINARY = "application/octet-stream"


def _location(server: S3Server, bucket: str) -> S3Location:
    return S3Location(
        server.endpoint, bucket, server.access_key, SecretStr(server.secret_key), is_secure=False
    )


@asynccontextmanager
async def _opened(location: S3Location) -> AsyncGenerator[S3ObjectStore]:
    store = S3ObjectStore(location)
    await store.open()
    yield store
    await store.close()


async def test_a_missing_bucket_is_made_even_when_two_services_start_at_once(
    s3: S3Server, s3_bucket: str
) -> None:
    location = _location(s3, f"{s3_bucket}-new")
    stores = [S3ObjectStore(location) for _ in range(6)]
    await asyncio.gather(*(store.open() for store in stores))
    ref = await stores[0].put(PROJECT, b"shared", BINARY)
    assert await stores[-1].get(PROJECT, ref) == b"shared"
    for store in stores:
        await store.close()


async def test_requests_are_counted_and_timed_by_their_outcome(
    s3: S3Server, s3_bucket: str
) -> None:
    def counted(method: str, outcome: str) -> float:
        labels = {"method": method, "outcome": outcome}
        name = "dragoman_storage_request_duration_seconds_count"
        return REGISTRY.get_sample_value(name, labels) or 0

    async with _opened(_location(s3, s3_bucket)) as store:
        asked = (("PUT", "2xx"), ("GET", "2xx"), ("HEAD", "4xx"), ("GET", "failed"))
        before = [counted(*each) for each in asked]
        ref = await store.put(PROJECT, b"bytes", BINARY)
        assert await store.get(PROJECT, ref) == b"bytes"
        assert not await store.exists(PROJECT, "0" * 64)
        s3.stop()
        try:
            with pytest.raises(RetryableError):
                await store.get(PROJECT, ref)
        finally:
            s3.start()
    after = [counted(*each) for each in asked]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1]


async def test_a_server_that_is_down_is_a_fault_that_may_pass(s3: S3Server, s3_bucket: str) -> None:
    async with _opened(_location(s3, s3_bucket)) as store:
        ref = await store.put(PROJECT, b"survives", BINARY)
        s3.stop()
        try:
            for work in (
                store.get(PROJECT, ref),
                store.put(PROJECT, b"later", BINARY),
                store.exists(PROJECT, ref),
            ):
                with pytest.raises(RetryableError) as refusal:
                    await work
                assert refusal.value.code == "storage.unavailable"
        finally:
            s3.start()
        assert await store.get(PROJECT, ref) == b"survives"


async def test_nobody_at_the_address_is_a_fault_that_may_pass(s3: S3Server, s3_bucket: str) -> None:
    store = S3ObjectStore(replace(_location(s3, s3_bucket), endpoint=f"127.0.0.1:{free_port()}"))
    with pytest.raises(RetryableError) as refusal:
        await store.open()
    assert refusal.value.code == "storage.unavailable"
    await store.close()


async def test_a_server_that_is_no_s3_is_a_fault_that_may_pass(
    s3: S3Server, s3_bucket: str
) -> None:
    with _serving(_Nonsense) as endpoint:
        store = S3ObjectStore(replace(_location(s3, s3_bucket), endpoint=endpoint))
        with pytest.raises(RetryableError) as refusal:
            await store.get(PROJECT, "a" * 64)
        assert refusal.value.code == "storage.unavailable"
        await store.close()


async def test_a_wrong_key_needs_a_person(s3: S3Server, s3_bucket: str) -> None:
    right = _location(s3, s3_bucket)
    for wrong in (
        replace(right, secret_key=SecretStr("wrong")),
        replace(right, access_key="nobody"),
    ):
        store = S3ObjectStore(wrong)
        for work in (store.open(), store.get(PROJECT, "a" * 64), store.put(PROJECT, b"x", BINARY)):
            with pytest.raises(PermanentError) as refusal:
                await work
            assert refusal.value.code == "storage.unauthorised"
            assert "wrong" not in refusal.value.message
        await store.close()


async def test_what_is_no_object_is_not_listed(s3: S3Server, s3_bucket: str) -> None:
    async with _opened(_location(s3, s3_bucket)) as store:
        ref = await store.put(PROJECT, b"ours", BINARY)
        part = f"{PROJECT}/objects/{ref.digest[:2]}/{ref.digest[2:]}.tmp.77ba276e"
        s3.client().put_object(s3_bucket, part, io.BytesIO(b"half"), 4)
        assert [each.digest async for each in store.list_objects(PROJECT)] == [ref.digest]


async def test_an_object_carries_its_media_type_to_whoever_reads_the_bucket(
    s3: S3Server, s3_bucket: str
) -> None:
    async with _opened(_location(s3, s3_bucket)) as store:
        ref = await store.put(PROJECT, b"<p/>", "application/xml")
    found = s3.client().stat_object(
        s3_bucket, f"{PROJECT}/objects/{ref.digest[:2]}/{ref.digest[2:]}"
    )
    assert found.content_type == "application/xml"


async def test_where_the_server_creates_exclusively_racing_writers_agree_on_one_outcome() -> None:
    with _serving(_ConditionalServer) as endpoint:
        async with _opened(
            S3Location(endpoint, "bucket", "key", SecretStr("secret"), is_secure=False)
        ) as store:
            refs = [
                await store.put(PROJECT, b"outcome %d" % number, BINARY) for number in range(12)
            ]
            _ConditionalServer.seen.clear()
            winners = await asyncio.gather(
                *(store.put_pointer(PROJECT, "race", ref) for ref in refs)
            )
            assert len(set(winners)) == 1
            assert await store.get_pointer(PROJECT, "race") == winners[0]
            assert _ConditionalServer.seen == Counter(PUT=12, GET=12)


class _Nonsense(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"Hello")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests are not news."""


class _ConditionalServer(BaseHTTPRequestHandler):
    """As much of S3 as a pointer needs, with the conditional writes that nanio has not got."""

    protocol_version = "HTTP/1.1"
    stored: ClassVar[dict[str, bytes]] = {}
    seen: ClassVar[Counter[str]] = Counter()
    turn = threading.Lock()

    def do_HEAD(self) -> None:
        self._answer(200)

    def do_GET(self) -> None:
        self.seen["GET"] += 1
        data = self.stored.get(self.path)
        if data is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, data)

    def do_PUT(self) -> None:
        self.seen["PUT"] += 1
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.turn:
            if self.headers.get("If-None-Match") == "*" and self.path in self.stored:
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            else:
                self.stored[self.path] = data
                self._answer(200)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests are not news."""


@contextlib.contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Generator[str]:
    _ConditionalServer.stored.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()
