"""The errors of documents: permanent, with stable codes and messages that name the cure.

    PermanentError
    └── DocumentError            code document.refused
        ├── EncryptedDocumentError   document.encrypted, document.encryption_unknown
        │   └── WrongPasswordError       document.wrong_password
        ├── NotZipError              document.not_zip, document.legacy_word, document.flat_xml, …
        ├── NotWordError             document.not_word
        ├── TruncatedDocumentError   document.truncated
        ├── DamagedDocumentError     document.damaged
        ├── TooLargeError            document.too_large
        └── UnknownUnitError         document.unknown_unit

Messages never hold text of the document, only names of limits, sizes and cures.
"""

from __future__ import annotations

from dragoman_contracts.errors import PermanentError


class DocumentError(PermanentError):
    """A document that cannot be read or written. A person must change the file."""

    default_code = "document.refused"


class EncryptedDocumentError(DocumentError):
    """The file needs a password to be read."""

    default_code = "document.encrypted"


class WrongPasswordError(EncryptedDocumentError):
    """The password that was given does not open the file."""

    default_code = "document.wrong_password"


class NotZipError(DocumentError):
    """The file is not a ZIP package. The code names its format where that is known."""

    default_code = "document.not_zip"


class NotWordError(DocumentError):
    """A readable ZIP package that holds no WordprocessingML main document."""

    default_code = "document.not_word"


class TruncatedDocumentError(DocumentError):
    """The end of the package is missing, as after a broken download."""

    default_code = "document.truncated"


class DamagedDocumentError(DocumentError):
    """Bytes inside the package are wrong: checksums, compressed data or XML that does not parse."""

    default_code = "document.damaged"


class TooLargeError(DocumentError):
    """A limit of the `Budget` was passed; the message names it."""

    default_code = "document.too_large"


class UnknownUnitError(DocumentError):
    """A target names a unit that this version of the document does not have.

    Extract the document again.
    """

    default_code = "document.unknown_unit"
