r"""Documents that need a password: recognised and opened (MS-OFFCRYPTO §2.3.4).

Standard and agile encryption are known. Most of the cryptography is `msoffcrypto-tool`'s. Three
things by which a hostile file could waste time and memory are checked before that tool is called:
the size of the description of the encryption, entities in the description, and the number of rounds
in which the password is to be hashed.

    \xd0\xcf\x11\xe0…EncryptedPackage…     an OLE container (MS-CFB §2.2), not a ZIP file: is encrypted
    decrypted(data, "secret")            the DOCX package inside
"""

from __future__ import annotations

import io
import re
import struct
from importlib import import_module
from typing import Any, NoReturn
from xml.parsers.expat import ExpatError

from dragoman_documents.agile import is_intact, package_key
from dragoman_documents.budget import Budget
from dragoman_documents.errors import (
    DamagedDocumentError,
    EncryptedDocumentError,
    WrongPasswordError,
)
from dragoman_documents.refusal import OLE_SIGNATURE, holds_encrypted_package

_DESCRIPTION_BYTES = 64 * 1024  # Word's own descriptions have about a thousand bytes
_ROUNDS = re.compile(rb"""spinCount\s*=\s*["']\s*(\d+)""")
_FAULTS = (
    ExpatError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    OverflowError,
    struct.error,
)


def is_encrypted(data: bytes) -> bool:
    """Whether the file is an encrypted Office document: OLE around an encrypted package."""
    return data.startswith(OLE_SIGNATURE) and holds_encrypted_package(data)


def decrypted(data: bytes, password: str, budget: Budget | None = None) -> bytes:
    """The package inside an encrypted document. The package itself is not checked.

    Raises:
        WrongPasswordError: the password does not open the document.
        EncryptedDocumentError: the document is protected in a way that no password opens.
        DamagedDocumentError: the encrypted bytes changed since the document was saved.
        TooLargeError: the file passes the budget.
    """
    budget = budget or Budget()
    budget.hold("package_bytes", len(data))
    crypto: Any = import_module("msoffcrypto.format.ooxml")
    failures: Any = import_module("msoffcrypto.exceptions")
    try:
        _hold_description(data, budget)
        file = crypto.OOXMLFile(io.BytesIO(data))
    except _FAULTS as error:
        _damaged(error)
    except (failures.FileFormatError, failures.ParseError, failures.DecryptionError) as error:
        raise EncryptedDocumentError(
            "The document is protected by rights management or in a way that is not known here. "
            "Open it in Word, save a copy without protection, and send that.",
            code="document.encryption_unknown",
        ) from error
    output = io.BytesIO()
    try:
        _load_key(file, password)
        file.decrypt(output)
    except failures.InvalidKeyError:
        raise WrongPasswordError(
            "The password does not open the document. Look at its spelling and try again."
        ) from None
    except (*_FAULTS, failures.DecryptionError) as error:
        _damaged(error)
    return output.getvalue()


def _load_key(file: Any, password: str) -> None:
    failures: Any = import_module("msoffcrypto.exceptions")
    if file.type != "agile" and password:
        file.load_key(password=password, verify_password=True)
        return
    key = package_key(file.info, password) if password else None
    if key is None:
        raise failures.InvalidKeyError
    if not is_intact(file.info, key, file.file.openstream("EncryptedPackage").read()):
        raise ValueError("the package is not what was saved")
    file.load_key(secret_key=key)


def _hold_description(data: bytes, budget: Budget) -> None:
    """Refuse a description that Office would not write, before anything acts on it."""
    container: Any = import_module("olefile").OleFileIO(io.BytesIO(data))
    if not container.exists("EncryptionInfo"):
        return
    stream = container.openstream("EncryptionInfo")
    description: bytes = stream.read(_DESCRIPTION_BYTES + 1)
    if len(description) > _DESCRIPTION_BYTES or b"<!" in description:
        raise ValueError("not a description of an encryption")
    for rounds in _ROUNDS.findall(description):
        # Twelve digits pass every limit; Python refuses to read more than 4,300 of them at all.
        budget.hold("password_rounds", int(rounds[:12]))


def _damaged(error: BaseException) -> NoReturn:
    raise DamagedDocumentError(
        "The encrypted file is damaged. Open it in Word, save it again with or without password, and send that."
    ) from error
