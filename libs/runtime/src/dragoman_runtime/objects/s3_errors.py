"""The refusals of an S3 server as errors of ours: some pass by themselves, others need a person."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError

_NOT_FOUND = frozenset({"NoSuchKey", "NoSuchObject"})
_THERE_ALREADY = frozenset(
    {
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "BucketAlreadyOwnedByYou",
        "BucketAlreadyExists",
    }
)
_FULL = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
_PASSING = frozenset(
    {"InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "NoSuchBucket"}
)
_TOO_MANY_REQUESTS, _INSUFFICIENT_STORAGE = 429, 507


def is_not_found(error: S3Error) -> bool:
    """Whether the server says that there is no such object."""
    return error.code in _NOT_FOUND


def is_there_already(error: S3Error) -> bool:
    """Whether the server says that the object or bucket to be created exists."""
    return error.code in _THERE_ALREADY


@contextmanager
def translated_errors() -> Generator[None]:
    """Turn errors of the client and the server into errors of the contracts' tree.

    Raises:
        RetryableError: `storage.unavailable`, the server is not reached, slow, restarting or
            overloaded; `storage.full`, it has no room.
        PermanentError: `storage.unauthorised`, key, signature or rights are wrong;
            `storage.refused`, all else.
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
        message = (
            "The object store is not reached or answers something else than S3; check that it runs."
        )
        return RetryableError(message, code="storage.unavailable")
    return PermanentError("The object store's client refused the request.", code="storage.refused")


def _of_answer(code: str, status: int) -> DragomanError:
    answer = f"{status} {code}".rstrip()
    if code in _FULL or status == _INSUFFICIENT_STORAGE:
        return RetryableError(
            f"The object store is full ({answer}); give it more room.", code="storage.full"
        )
    if code in _PASSING or status >= 500 or status == _TOO_MANY_REQUESTS:
        return RetryableError(
            f"The object store does not serve now ({answer}).", code="storage.unavailable"
        )
    if status in {401, 403}:
        message = f"The object store refuses our key ({answer}); check its access key, secret key and rights."
        return PermanentError(message, code="storage.unauthorised")
    return PermanentError(f"The object store refused a request ({answer}).", code="storage.refused")
