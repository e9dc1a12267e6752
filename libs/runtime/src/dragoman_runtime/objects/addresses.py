"""Where objects and outcome pointers lie in a store: the same relative paths on files and on S3."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError, PermanentError
from dragoman_contracts.references import ObjectRef

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"[a-z0-9][a-z0-9_-]{0,199}")


def sha256(data: bytes) -> str:
    """The digest that addresses these bytes."""
    return hashlib.sha256(data).hexdigest()


def is_digest(name: str) -> bool:
    """Whether this is a sha256 in lower-case hex, as an object's name is."""
    return _DIGEST.fullmatch(name) is not None


def digest_of(ref: ObjectRef | str) -> str:
    """The digest that a reference or a bare digest names.

    Raises:
        PermanentError: `storage.bad_name`, the digest is no sha256 in lower-case hex: no path is
            made of it.
    """
    digest = ref if isinstance(ref, str) else ref.digest
    if _DIGEST.fullmatch(digest) is None:
        raise PermanentError(
            "An object is addressed by a sha256 in lower-case hex.", code="storage.bad_name"
        )
    return digest


def objects_prefix(project_id: UUID) -> str:
    """The folder of a project's objects."""
    return f"{project_id}/objects"


def object_path(project_id: UUID, digest: str) -> str:
    """The path of an object: two hex digits of folder, so that no folder grows without bound."""
    return f"{project_id}/objects/{digest[:2]}/{digest[2:]}"


def pointers_prefix(project_id: UUID) -> str:
    """The folder of a project's outcome pointers."""
    return f"{project_id}/outcomes"


def pointer_path(project_id: UUID, fingerprint: str) -> str:
    """The path of an outcome pointer.

    Raises:
        PermanentError: `storage.bad_name`, the fingerprint holds more than lower-case letters,
            digits, `_` and `-`.
    """
    if _FINGERPRINT.fullmatch(fingerprint) is None:
        message = "A fingerprint is 1 to 200 lower-case letters, digits, '_' and '-'."
        raise PermanentError(message, code="storage.bad_name")
    return f"{pointers_prefix(project_id)}/{fingerprint}"


def verified(data: bytes, digest: str) -> bytes:
    """The bytes themselves, once their digest was compared.

    Raises:
        ObjectCorruptError: the bytes have another digest.
    """
    if sha256(data) != digest:
        raise corrupt(digest)
    return data


def missing(digest: str) -> ObjectMissingError:
    """The error for an object that is not there."""
    message = f"Object {digest} is not in the store; restore it from a backup or rerun the job."
    return ObjectMissingError(message, digest=digest)


def corrupt(digest: str) -> ObjectCorruptError:
    """The error for an object whose bytes are not those that were stored."""
    return ObjectCorruptError(
        f"Object {digest} was changed or cut in the store; restore it from a backup."
    )
