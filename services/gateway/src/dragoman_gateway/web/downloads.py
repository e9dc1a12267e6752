"""Signed download addresses: public, but only for what was signed, and only until they expire."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from urllib.parse import quote
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import (
    DOCX_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    WORD_MEDIA_TYPES,
    Artifact,
    ArtifactKind,
)
from dragoman_exchange import ExchangeFormat

_SUFFIXES = {
    DOCX_MEDIA_TYPE: ".docx",
    JSON_MEDIA_TYPE: ".json",
    "application/zip": ".zip",
    **{each.media_type: each.suffix for each in ExchangeFormat},
}


class BadSignatureError(PermanentError):
    """The address was not signed by this installation, or was changed."""

    default_code = "download.bad_signature"


class DownloadExpiredError(PermanentError):
    """The address has expired; list the job's artifacts for a new one."""

    default_code = "download.expired"


class ArtifactErasedError(PermanentError):
    """The artifact was erased, by retention or on request."""

    default_code = "artifact.erased"


@dataclass(frozen=True, slots=True)
class SignedDownload:
    """An address, from the server's root, and when it stops working."""

    url: str
    expires_at: datetime


class DownloadSigner:
    """Signs download addresses with HMAC-SHA256 and checks them."""

    def __init__(self, key: bytes, *, ttl: timedelta) -> None:
        self._key = key
        self._ttl = ttl

    def sign(self, job_id: UUID, artifact: Artifact, now: datetime) -> SignedDownload:
        """An address that gives this artifact to whoever has it, until it expires."""
        expires_at = (now + self._ttl).astimezone(UTC).replace(microsecond=0)
        expires = int(expires_at.timestamp())
        signature = self._signature(job_id, artifact.kind, artifact.object.digest, expires)
        path = f"/api/v1/artifacts/{job_id}/{artifact.kind}/{artifact.object.digest}/download"
        named = f"&name={quote(artifact.name, safe='')}" if artifact.name else ""
        return SignedDownload(f"{path}?expires={expires}&signature={signature}{named}", expires_at)

    def require_valid(
        self,
        job_id: UUID,
        kind: ArtifactKind,
        digest: str,
        *,
        expires: int,
        signature: str,
        now: datetime,
    ) -> None:
        """Refuse an address that this installation did not sign, or that has expired.

        Raises:
            BadSignatureError: not signed like this.
            DownloadExpiredError: signed, but its time is over.
        """
        # Compared in constant time, as bytes: a signature from outside may hold any character.
        wanted = self._signature(job_id, kind, digest, expires)
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise BadSignatureError(
                "This address was not signed by this installation; list the job's artifacts."
            )
        if now.timestamp() >= expires:
            raise DownloadExpiredError(
                "This address has expired; list the job's artifacts for a new one."
            )

    def _signature(self, job_id: UUID, kind: ArtifactKind, digest: str, expires: int) -> str:
        signed = f"download:{job_id}:{kind}:{digest}:{expires}"
        return hmac.new(self._key, signed.encode(), hashlib.sha256).hexdigest()


def artifact_file_name(job: Job, artifact: Artifact, record: IntakeRecord | None) -> str:
    """The name of a download in a person's folder: the source's name, with the locale or the kind
    behind its stem, or the name that a command gave its file, without folders.

    A translated document is of its source's kind, and keeps its suffix where that is one of Word's.
    Where the intake record was erased, the job's id stands for the name.
    """
    source = record.file_name if record else f"{job.job_id}.docx"
    stem, suffix = PurePath(source).stem, PurePath(source).suffix
    match artifact.kind:
        case ArtifactKind.SOURCE_DOCX | ArtifactKind.SOURCE_FILE:
            return source
        case ArtifactKind.FINAL_DOCX:
            return f"{stem}.{job.locales.target}{suffix if suffix.lower() in WORD_MEDIA_TYPES else '.docx'}"
        case ArtifactKind.FILE if artifact.name:
            return PurePath(artifact.name).name
        case ArtifactKind.COMMAND_LOG if artifact.name:
            return f"{stem}.{artifact.name}"
        case _:
            return f"{stem}.{artifact.kind}{_SUFFIXES.get(artifact.object.media_type, '')}"


def served_media_type(artifact: Artifact, file_name: str) -> str:
    """The media type of an artifact under a name: documents by their suffix;
    stored, all are DOCX.
    """
    stored = artifact.object.media_type
    return (
        WORD_MEDIA_TYPES.get(PurePath(file_name).suffix.lower(), stored)
        if stored == DOCX_MEDIA_TYPE
        else stored
    )


def content_disposition(file_name: str) -> str:
    """The header that saves a download under its name, in any script (RFC 6266 §4.3, RFC 8187)."""
    ascii_name = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    plain = (
        "".join(char for char in ascii_name if char not in '"\\/;' and char.isprintable())
        or "download"
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
