"""Whole objects of a bucket read and written with one signed request each, on connections that are kept.

A piece of work makes three or four such requests. The minio client and the pool under it take twice as long for one as
the standard library's client does; they stay for what is rare or streamed.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import cast
from urllib.parse import urlsplit

from minio import Minio
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from pydantic import SecretStr

from dragoman_runtime.objects.s3_errors import NOT_FOUND, THERE_ALREADY, code_in, refusal, unreachable

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 30.0
_OF_NOTHING = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class S3Location:
    """A bucket and how to get into it.

    Attributes:
        endpoint: host and port, no scheme.
        region: given always, so that the client never asks the server for it.
        connections: requests in flight at most; further ones wait.
    """

    endpoint: str
    bucket: str
    access_key: str
    secret_key: SecretStr
    region: str = "us-east-1"
    is_secure: bool = True
    connections: int = 16


class S3Requests:
    """Requests to one bucket, from any thread. Errors are those of the contracts' tree, as in `translated_errors`."""

    def __init__(self, location: S3Location, client: Minio) -> None:
        """`client` knows where the bucket is: with some servers it is in the host's name."""
        known = urlsplit(client.presigned_get_object(location.bucket, "x"))
        self._base = known._replace(path=known.path.removesuffix("x"), query="")
        self._region = location.region
        self._credentials = Credentials(location.access_key, location.secret_key.get_secret_value())
        self._tls = ssl.create_default_context() if location.is_secure else None
        self._free: list[HTTPConnection] = []

    @property
    def address(self) -> str:
        """Where the bucket's objects lie."""
        return self._base.geturl()

    def get(self, path: str) -> bytes | None:
        """The object's bytes; None where the server says that there is no such object."""
        status, body = self._answer("GET", path)
        if status == 200:
            return body
        if code_in(body) in NOT_FOUND:
            return None
        raise refusal(status, body)

    def put(self, path: str, data: bytes, media_type: str, *, creates: bool = False) -> bool:
        """Write an object. With `creates` only where there is none, and False where there is (RFC 9110 §13.1.2)."""
        headers = {"Content-Type": media_type}
        if creates:
            headers["If-None-Match"] = "*"
        status, body = self._answer("PUT", path, data, headers)
        if status == 200:
            return True
        if creates and code_in(body) in THERE_ALREADY:
            return False
        raise refusal(status, body)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            self._free.pop().close()

    def _answer(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Ask, a second time where the first fails: a connection that was kept may have just been closed."""
        failed: Exception | None = None
        for connection in (self._kept() or self._new(), self._new()):
            signed = self._signed(method, path, data, headers or {})
            try:
                if connection.sock is None:
                    _connect(connection)
                connection.request(method, self._base.path + path, data, signed)
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
            except (OSError, HTTPException) as error:
                connection.close()
                failed = error
            else:
                self._free.append(connection)
                return status, body
        raise unreachable() from failed

    def _kept(self) -> HTTPConnection | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _new(self) -> HTTPConnection:
        """A connection that is made when it is used."""
        host = self._base.netloc
        if self._tls is None:
            return HTTPConnection(host, timeout=CONNECT_TIMEOUT_S)
        return HTTPSConnection(host, timeout=CONNECT_TIMEOUT_S, context=self._tls)

    def _signed(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> dict[str, str]:
        """The headers with those of AWS Signature Version 4, which signs the body's digest."""
        now = datetime.now(UTC)
        sha256 = _OF_NOTHING if data is None else hashlib.sha256(data).hexdigest()
        signed = sign_v4_s3(
            method=method,
            url=self._base._replace(path=self._base.path + path),
            region=self._region,
            headers={
                **headers,
                "Host": self._base.netloc,
                "x-amz-content-sha256": sha256,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            },
            credentials=self._credentials,
            content_sha256=sha256,
            date=now,
        )
        return cast("dict[str, str]", signed)


def _connect(connection: HTTPConnection) -> None:
    """Connect; from then on it is the answer that is waited for."""
    connection.connect()
    connection.sock.settimeout(READ_TIMEOUT_S)
