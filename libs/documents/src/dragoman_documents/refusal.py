r"""Refusals of files that are no ZIP package: each names the format of the file and the cure.

A file is told by its first bytes, and an OLE container (MS-CFB §2.2) by the streams it names:

    %PDF-1.7…                    document.pdf          "This is a PDF file. Convert it to DOCX first."
    \xd0\xcf\x11\xe0…WordDocument  document.legacy_word  "This is a Word 97-2003 document (.doc). …"
    PK… without its end          document.truncated    "The end of the file is missing: …"
"""

from __future__ import annotations

from typing import BinaryIO

from dragoman_documents.errors import (
    DocumentError,
    EncryptedDocumentError,
    NotZipError,
    TruncatedDocumentError,
)

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of an OLE container: an old Office document, or any encrypted Office document."""

NO_PACKAGE_CODES = frozenset(
    {
        "document.flat_xml",
        "document.legacy_word",
        "document.not_zip",
        "document.pdf",
        "document.rtf",
    }
)
"""The codes of files that `require_package` refuses."""

# A directory of an OLE container has the names of its streams in UTF-16 (MS-CFB §2.6.1).
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_SIGNATURES = (
    (b"%PDF", "document.pdf", "This is a PDF file. Convert it to DOCX first."),
    (
        b"{\\rtf",
        "document.rtf",
        "This is an RTF file. Open it in Word or LibreOffice and save it as DOCX.",
    ),
)


_HEAD_BYTES = 400
_CHUNK_BYTES = 1024 * 1024


def require_package(file: BinaryIO) -> None:
    """Refuse a file that is neither a ZIP package nor an encrypted Office document, as its first
    bytes tell; whether a Word document is inside, preflight finds out.

    The file is open at its beginning and not empty. An OLE container is searched to its end for the
    stream of an encrypted package; of others the first bytes alone are read.

    Raises:
        NotZipError: it is of another format; the message names that and the cure.
    """
    head = file.read(_HEAD_BYTES)
    if head.startswith(b"PK"):
        return
    if not head.startswith(OLE_SIGNATURE):
        raise refuse_non_zip(head)
    streams = _named_streams(head, file)
    if _ENCRYPTED_STREAM not in streams:
        raise _refuse_ole(OLE_SIGNATURE + b"".join(streams))


def _named_streams(head: bytes, file: BinaryIO) -> set[bytes]:
    """The streams of an OLE container that matter here, of those that it names."""
    wanted, found, chunk = (_ENCRYPTED_STREAM, _WORD_STREAM), set[bytes](), head
    while chunk:
        found |= {name for name in wanted if name in chunk}
        following = file.read(_CHUNK_BYTES)
        # A name may lie across two chunks.
        chunk = following and chunk[-len(_ENCRYPTED_STREAM) :] + following
    return found


def refuse_non_zip(data: bytes) -> DocumentError:
    """The error for bytes that hold no ZIP directory.

    Its message names their format and the cure.
    """
    if data.startswith(OLE_SIGNATURE):
        return _refuse_ole(data)
    for signature, code, message in _SIGNATURES:
        if data.startswith(signature):
            return NotZipError(message, code=code)
    if data.startswith(b"PK"):
        return TruncatedDocumentError(
            "The end of the file is missing: a broken download or copy. Fetch it again from where it came from."
        )
    if not data:
        return NotZipError("The file is empty. Send it again.", code="document.empty")
    # A file in UTF-16 has a zero byte beside every letter of markup.
    head = (
        data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").lower().replace(b"\x00", b"")
    )
    if head.startswith((b"<?xml", b"<html", b"<!doctype")):
        return NotZipError(
            "This is a single XML or HTML file, not a DOCX package. Open it in Word and save it as DOCX.",
            code="document.flat_xml",
        )
    return NotZipError(
        "This is not a DOCX file: it is no ZIP package. Open it in Word and save it as DOCX."
    )


def holds_encrypted_package(data: bytes) -> bool:
    """Whether an OLE container names the stream that an encrypted package lies in."""
    return _ENCRYPTED_STREAM in data


def _refuse_ole(data: bytes) -> DocumentError:
    if holds_encrypted_package(data):
        return EncryptedDocumentError(
            "The document is encrypted. Submit it again with its password; or open it in Word, remove the password "
            "under File > Info > Protect Document, and save it."
        )
    if _WORD_STREAM in data:
        return NotZipError(
            "This is a Word 97-2003 document (.doc). Open it in Word or LibreOffice and save it as DOCX.",
            code="document.legacy_word",
        )
    return NotZipError(
        "This is an old Office container, not a DOCX package. Open it in the program that made it and save it as DOCX."
    )
