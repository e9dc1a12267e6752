"""Files as they are received: what a password opens is taken in place of what it closes."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from dragoman_documents import DocumentError, WrongPasswordError, decrypted, is_encrypted
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.uploads import Upload


async def received(file_name: str, content: bytes, password: SecretStr | None) -> Upload:
    """The upload, with what the password opens in place of an encrypted file: neither password nor
    ciphertext goes on.

    Without a password an encrypted file stays as it is, and preflight refuses it. A password for a
    file that needs none is not used: one may be given for a whole folder.

    Raises:
        FieldRefusedError: the password is wrong, or the encrypted file cannot be opened with any.
    """
    secret = password.get_secret_value() if password is not None else ""
    if not secret or not is_encrypted(content):
        return Upload(file_name, content)
    try:
        package = await asyncio.to_thread(decrypted, content, secret)
    except DocumentError as error:
        field = "document_password" if isinstance(error, WrongPasswordError) else "file"
        raise FieldRefusedError(field, error.message, code=error.code) from error
    return Upload(file_name, package, was_encrypted=True)
