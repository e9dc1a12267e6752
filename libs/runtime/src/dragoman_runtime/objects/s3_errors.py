"""What an S3 server's refusals mean: which of them pass, and which need a person."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError

NOT_FOUND = frozenset({"NoSuchKey", "NoSuchObject"})
THERE_ALREADY = frozenset(
    {"PreconditionFailed", "ConditionalRequestConflict", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
)
_FULL = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
_PASSING = frozenset({"InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "NoSuchBucket"})
_TOO_MANY_REQUESTS, _INSUFFICIENT_STORAGE = 429, 507
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]+)</Code>")


def is_not_found(error: S3Error) -> bool:
    """Whether the server says that there is no such object."""
    return error.code in NOT_FOUND


def is_there_already(error: S3Error) -> bool:
    """Whether the server says that what was to be created exists."""
    return error.code in THERE_ALREADY


@contextmanager
def translated_errors() -> Generator[None]:
    """Let what goes wrong inside come out as an error of the contracts' tree.

    Raises:
        RetryableError: `storage.unavailable`, the server is not reached, slow, restarting or overloaded;
            `storage.full`, it has no room.
        PermanentError: `storage.unauthorised`, key, signature or rights are wrong; `storage.refused`, all else.
    """
    try:
        yield
    except (MinioException, HTTPError) as error:
        raise _translated(error) from error


def _translated(error: MinioException | HTTPError) -> DragomanError:
    if isinstance(error, S3Error):
        return _of_answer(error.code or "", error.response.status)
    if isinstance(error, ServerError):
        return _of_answer("", error.status_code)
    if isinstance(error, InvalidResponseError | HTTPError):
        return unreachable()
    return PermanentError("The object store's client refused the request.", code="storage.refused")


def code_in(body: bytes) -> str | None:
    """The code that a refusal carries in its XML; None where S3 did not write it."""
    found = _CODE.search(body)
    return found[1].decode() if found else None


def refusal(status: int, body: bytes) -> DragomanError:
    """The error that an answer means which is no success."""
    code = code_in(body)
    return unreachable() if code is None and status < 500 else _of_answer(code or "", status)


def unreachable() -> RetryableError:
    """The error of a server that is away, or of an address where something else answers."""
    message = "The object store is not reached or answers something else than S3; check that it runs."
    return RetryableError(message, code="storage.unavailable")


def _of_answer(code: str, status: int) -> DragomanError:
    answer = f"{status} {code}".rstrip()
    if code in _FULL or status == _INSUFFICIENT_STORAGE:
        return RetryableError(f"The object store is full ({answer}); give it more room.", code="storage.full")
    if code in _PASSING or status >= 500 or status == _TOO_MANY_REQUESTS:
        return RetryableError(f"The object store does not serve now ({answer}).", code="storage.unavailable")
    if status in {401, 403}:
        message = f"The object store refuses our key ({answer}); check its access key, secret key and rights."
        return PermanentError(message, code="storage.unauthorised")
    return PermanentError(f"The object store refused a request ({answer}).", code="storage.refused")
