"""Files as they are received and stored: what a password opens is taken in place of what it closes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO
from uuid import UUID

from pydantic import SecretStr

from dragoman_contracts.references import ObjectRef
from dragoman_documents import (
    OLE_SIGNATURE,
    DocumentError,
    WrongPasswordError,
    decrypted,
    is_encrypted,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.objects import ObjectStore, new_spool

# One file at a time is held in memory to be opened, however many come at once.
_OPENING = ThreadPoolExecutor(1, thread_name_prefix="opening")


async def received(
    file_name: str, source: bytes | BinaryIO, password: SecretStr | None = None
) -> Upload:
    """The upload, with what the password opens in place of an encrypted file: neither password nor
    ciphertext goes on.

    Without a password an encrypted file stays as it is, and preflight refuses it. A password for a
    file that needs none is not used: one may be given for a whole folder.

    Raises:
        FieldRefusedError: the password is wrong, or the encrypted file cannot be opened with any.
    """
    upload = Upload(file_name, source)
    secret = password.get_secret_value() if password is not None else ""
    if not secret:
        return upload
    try:
        package = await asyncio.get_running_loop().run_in_executor(
            _OPENING, _opened, upload, secret
        )
    except DocumentError as error:
        field = "document_password" if isinstance(error, WrongPasswordError) else "file"
        raise FieldRefusedError(field, error.message, code=error.code) from error
    return upload if package is None else Upload(file_name, package, was_encrypted=True)


async def stored(
    upload: Upload, objects: ObjectStore, project_id: UUID, media_type: str
) -> ObjectRef:
    """The reference of the file, as an object of the project.

    Raises:
        RetryableError: the object store cannot be reached, or is full.
    """
    if isinstance(upload.source, bytes):
        return await objects.put(project_id, upload.source, media_type)
    return await objects.put_file(project_id, upload.source, media_type)


def _opened(upload: Upload, secret: str) -> BinaryIO | None:
    """The package inside, as a file; None where the file is not encrypted."""
    if upload.file().read(len(OLE_SIGNATURE)) != OLE_SIGNATURE:
        return None
    content = upload.content
    if not is_encrypted(content):
        return None
    package = new_spool()
    package.write(decrypted(content, secret))
    package.seek(0)
    return package
