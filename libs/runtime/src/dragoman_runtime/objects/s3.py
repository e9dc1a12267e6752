"""Objects in a bucket of any S3 server, through the minio client.

The client is synchronous: requests run in the store's own threads, one per pooled connection. A
small object is sent without asking first whether it is there, since the question costs as much as
the object. Its PUT is atomic, and to repeat it does no harm.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec, TypeVar
from uuid import UUID

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import S3Error
from pydantic import SecretStr
from urllib3 import BaseHTTPResponse

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_runtime.objects.addresses import (
    corrupt,
    digest_of,
    is_digest,
    missing,
    object_path,
    objects_prefix,
    pointer_path,
    pointers_prefix,
    sha256,
    verified,
)
from dragoman_runtime.objects.port import CHUNK_BYTES, FRESH_S, StoredObject
from dragoman_runtime.objects.s3_errors import is_not_found, is_there_already, translated_errors
from dragoman_runtime.objects.s3_sending import send_file
from dragoman_runtime.objects.spooled import measured
from dragoman_runtime.telemetry.metrics import STORAGE_DURATION_SECONDS

_ASK_FIRST_BYTES = 256 * 1024
_SMALLEST_PART_BYTES = 5 * 1024 * 1024
_CONNECT_TIMEOUT_S = 3.0
_READ_TIMEOUT_S = 30.0
_PAGE = 1000
_PROBE = "probe/conditional-writes"
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class S3Location:
    """A bucket and how to get into it.

    Attributes:
        endpoint: host and port, no scheme.
        region: given always, so that the client never asks the server for it.
        connections: requests in flight at most; further ones wait.
        ca_file: certificates to trust; None are those of the machine.
    """

    endpoint: str
    bucket: str
    access_key: str
    secret_key: SecretStr
    region: str = "us-east-1"
    is_secure: bool = True
    connections: int = 16
    ca_file: Path | None = None


class S3ObjectStore:
    """Objects of a bucket, which is made at the start when it is not there.

    Pointers are written with `If-None-Match: *` (RFC 9110 §13.1.2) where the server honours that,
    which is tried at the start. On other servers the pointer is looked up first.
    """

    def __init__(self, location: S3Location) -> None:
        self._bucket = location.bucket
        self._pool = _pool(_TimedPool, location)
        self._creating_pool = _pool(_CreatingPool, location)
        self._client = _client(location, self._pool)
        self._creating_client = _client(location, self._creating_pool)
        self._threads = ThreadPoolExecutor(location.connections, thread_name_prefix="s3")
        self._creates_exclusively = False

    async def open(self) -> None:
        """Make the bucket if it is missing, and learn whether the server has conditional writes.

        Raises:
            PermanentError: the server's certificate is not trusted, or the key is refused.
        """
        try:
            await self._in_thread(self._open)
        except RetryableError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error.__cause__):
                raise
            message = "The certificate of the object store is not trusted; set DRAGOMAN_S3_CA_FILE."
            raise PermanentError(message, code="storage.refused") from error

    async def close(self) -> None:
        """Close the connections when the requests in flight have ended."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._pool.clear()
        self._creating_pool.clear()

    async def put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        """Store bytes and give their reference.

        A large object that is there already is not sent again.
        """
        return await self._in_thread(self._put, project_id, data, media_type)

    async def put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        """Store the bytes of a file, which are sent as they are read."""
        return await self._in_thread(self._put_file, project_id, file, media_type)

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked."""
        return await self._in_thread(self._get, project_id, digest_of(ref))

    async def get_range(
        self, project_id: UUID, ref: ObjectRef | str, start: int, length: int
    ) -> bytes:
        """Up to `length` bytes from `start`."""
        return await self._in_thread(self._get_range, project_id, digest_of(ref), start, length)

    async def open_stream(self, project_id: UUID, ref: ObjectRef | str) -> AsyncIterator[bytes]:
        """The object's bytes in chunks, the last one only when the digest was right."""
        digest = digest_of(ref)
        body = await self._in_thread(self._open_object, project_id, digest)
        try:
            hasher = hashlib.sha256()
            chunk = await self._in_thread(_next_chunk, body, hasher.update)
            while following := await self._in_thread(_next_chunk, body, hasher.update):
                yield chunk
                chunk = following
            if hasher.hexdigest() != digest:
                raise corrupt(digest)
            if chunk:
                yield chunk
        finally:
            _done_with(body)

    async def exists(self, project_id: UUID, ref: ObjectRef | str) -> bool:
        """Whether the bucket holds the object."""
        return (
            await self._in_thread(self._size_of, object_path(project_id, digest_of(ref)))
            is not None
        )

    async def delete(self, project_id: UUID, ref: ObjectRef | str) -> None:
        """Remove the object."""
        await self._in_thread(self._remove, object_path(project_id, digest_of(ref)))

    async def list_objects(self, project_id: UUID) -> AsyncIterator[StoredObject]:
        """The project's objects, in the order of their digests."""
        prefix = f"{objects_prefix(project_id)}/"
        async for listed in self._listed(prefix):
            name = (listed.object_name or "").removeprefix(prefix).replace("/", "")
            # Some servers list the parts of an upload that is under way, and a bucket may hold what
            # others put there.
            if is_digest(name):
                at = listed.last_modified or datetime.now(UTC)
                yield StoredObject(name, listed.size or 0, at)

    async def _listed(self, prefix: str) -> AsyncIterator[Object]:
        listing = iter(self._client.list_objects(self._bucket, prefix, recursive=True))
        while page := await self._in_thread(_next_page, listing):
            for listed in page:
                yield listed

    async def put_pointer(self, project_id: UUID, fingerprint: str, ref: ObjectRef) -> ObjectRef:
        """Point to an outcome and give the reference that holds: the first writer's."""
        return await self._in_thread(self._put_pointer, pointer_path(project_id, fingerprint), ref)

    async def get_pointer(self, project_id: UUID, fingerprint: str) -> ObjectRef | None:
        """The outcome stored for these inputs; None when there is none yet."""
        return await self._in_thread(self._read_pointer, pointer_path(project_id, fingerprint))

    async def list_pointers(self, project_id: UUID) -> AsyncIterator[ObjectRef]:
        """The outcomes that the project's pointers point to."""
        async for listed in self._listed(f"{pointers_prefix(project_id)}/"):
            ref = await self._in_thread(self._read_pointer, listed.object_name or "")
            if ref is not None:
                yield ref

    async def delete_pointer(self, project_id: UUID, fingerprint: str) -> None:
        """Forget the outcome."""
        await self._in_thread(self._remove, pointer_path(project_id, fingerprint))

    async def _in_thread(self, work: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        def translated() -> _R:
            with translated_errors():
                return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated)

    def _open(self) -> None:
        if not self._client.bucket_exists(self._bucket):
            self._make_bucket()
        # A server that ignores the header takes both writes. The probe may be there since an
        # earlier start.
        self._creates_exclusively = not (
            self._create(_PROBE, b"{}") and self._create(_PROBE, b"{}")
        )

    def _make_bucket(self) -> None:
        try:
            self._client.make_bucket(self._bucket)
        except S3Error as error:
            if not is_there_already(error):
                raise

    def _put(self, project_id: UUID, data: bytes, media_type: str) -> ObjectRef:
        ref = ObjectRef(digest=sha256(data), size_bytes=len(data), media_type=media_type)
        path = object_path(project_id, ref.digest)
        if len(data) < _ASK_FIRST_BYTES or not self._is_fresh(path, len(data)):
            _send(self._client, self._bucket, path, data, media_type)
        return ref

    def _put_file(self, project_id: UUID, file: BinaryIO, media_type: str) -> ObjectRef:
        found = measured(file)
        path = object_path(project_id, found.digest)
        is_small = found.size_bytes < _ASK_FIRST_BYTES
        if is_small or not self._is_fresh(path, found.size_bytes):
            send_file(self._client, self._pool, self._bucket, path, file, found, media_type)
        return found.ref(media_type)

    def _get(self, project_id: UUID, digest: str) -> bytes:
        return verified(_read_to_end(self._open_object(project_id, digest)), digest)

    def _get_range(self, project_id: UUID, digest: str, start: int, length: int) -> bytes:
        path = object_path(project_id, digest)
        size_bytes = self._size_of(path)
        if size_bytes is None:
            raise missing(digest)
        length = min(length, size_bytes - start)  # not every server cuts a range at the end
        return (
            _read_to_end(self._open_object(project_id, digest, start, length))
            if length > 0
            else b""
        )

    def _open_object(
        self, project_id: UUID, digest: str, start: int = 0, length: int = 0
    ) -> BaseHTTPResponse:
        body = self._open_body(object_path(project_id, digest), start, length)
        if body is None:
            raise missing(digest)
        return body

    def _open_body(self, path: str, start: int = 0, length: int = 0) -> BaseHTTPResponse | None:
        try:
            return self._client.get_object(self._bucket, path, offset=start, length=length)
        except S3Error as error:
            if is_not_found(error):
                return None
            raise

    def _is_fresh(self, path: str, size_bytes: int) -> bool:
        """Whether the object is there, whole, and too new for a sweep of old objects."""
        found = self._stat(path)
        if found is None or found.size != size_bytes or found.last_modified is None:
            return False
        return (datetime.now(UTC) - found.last_modified).total_seconds() < FRESH_S

    def _size_of(self, path: str) -> int | None:
        found = self._stat(path)
        return None if found is None else found.size

    def _stat(self, path: str) -> Object | None:
        try:
            return self._client.stat_object(self._bucket, path)
        except S3Error as error:
            if is_not_found(error):
                return None
            raise

    def _remove(self, path: str) -> None:
        self._client.remove_object(self._bucket, path)

    def _put_pointer(self, path: str, ref: ObjectRef) -> ObjectRef:
        first = None if self._creates_exclusively else self._read_pointer(path)
        if first is None:
            if self._create(path, ref.model_dump_json().encode()):
                return ref
            first = self._read_pointer(path)
        if first is None:
            message = "An outcome pointer was written and deleted by others at once."
            raise RetryableError(message, code="storage.unavailable")
        return first

    def _read_pointer(self, path: str) -> ObjectRef | None:
        body = self._open_body(path)
        return None if body is None else ObjectRef.model_validate_json(_read_to_end(body))

    def _create(self, path: str, data: bytes) -> bool:
        """Write and give True; False where the server kept the object that was there.

        Some servers never do.
        """
        try:
            _send(self._creating_client, self._bucket, path, data, JSON_MEDIA_TYPE)
        except S3Error as error:
            if is_there_already(error):
                return False
            raise
        return True


class _TimedPool(urllib3.PoolManager):
    """Connections whose requests are counted and timed."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> BaseHTTPResponse:
        """Send the request; the time is that until the head of the answer."""
        began, outcome = time.perf_counter(), "failed"
        try:
            answer = super().urlopen(method, url, redirect, **kw)
            outcome = f"{answer.status // 100}xx"
        finally:
            STORAGE_DURATION_SECONDS.labels(method, outcome).observe(time.perf_counter() - began)
        return answer


class _CreatingPool(_TimedPool):
    """Connections on which a PUT only creates (RFC 9110 §13.1.2).

    The minio client has no parameter for it.

    The header may stay outside the signature: version 4 wants the host and the `x-amz-` headers
    signed.
    """

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> BaseHTTPResponse:
        """Send the request, a PUT with `If-None-Match: *`."""
        if method == "PUT":
            kw["headers"]["If-None-Match"] = "*"
        return super().urlopen(method, url, redirect, **kw)


def _pool(kind: type[urllib3.PoolManager], location: S3Location) -> urllib3.PoolManager:
    return kind(
        maxsize=location.connections,
        block=True,
        timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=_READ_TIMEOUT_S),
        retries=urllib3.Retry(
            total=1, backoff_factor=0.1
        ),  # a kept-alive connection may have just been closed
        cert_reqs="CERT_REQUIRED",
        ca_certs=None if location.ca_file is None else str(location.ca_file),
    )


def _client(location: S3Location, pool: urllib3.PoolManager) -> Minio:
    return Minio(
        location.endpoint,
        access_key=location.access_key,
        secret_key=location.secret_key.get_secret_value(),
        secure=location.is_secure,
        region=location.region,
        http_client=pool,
    )


def _send(client: Minio, bucket: str, path: str, data: bytes, media_type: str) -> None:
    """Write in one request, whatever the size, so that the object is there whole or not at all.

    Parts of a multipart upload that is broken off would lie in the bucket, and be paid for, until
    somebody aborts it.
    """
    whole = max(len(data), _SMALLEST_PART_BYTES)
    client.put_object(
        bucket, path, io.BytesIO(data), len(data), content_type=media_type, part_size=whole
    )


def _next_chunk(body: BaseHTTPResponse, update: Callable[[bytes], None]) -> bytes:
    chunk = body.read(CHUNK_BYTES)
    update(chunk)
    return chunk


def _next_page(listing: Iterator[Object]) -> list[Object]:
    return list(islice(listing, _PAGE))


def _read_to_end(body: BaseHTTPResponse) -> bytes:
    try:
        return body.read()
    finally:
        _done_with(body)


def _done_with(body: BaseHTTPResponse) -> None:
    """Give the connection back.

    It is closed where bytes are unread: these would be read as the next answer.
    """
    body.close()
    body.release_conn()
