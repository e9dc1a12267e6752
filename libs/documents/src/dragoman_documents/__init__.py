"""DOCX packages: units out, targets back in, nothing but the text changed."""

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff import (
    Change,
    Difference,
    DifferenceKind,
    DocumentDiff,
    GateReport,
    accepted,
    compare,
    rejected,
    text_only,
    tracked,
    untracked,
)
from dragoman_documents.docx.extract import Extraction, extract
from dragoman_documents.docx.findings import Finding, Severity
from dragoman_documents.docx.merge import merge
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.preflight import DocumentFacts, inspect, inspect_and_read
from dragoman_documents.encryption import decrypted, is_encrypted
from dragoman_documents.errors import (
    DamagedDocumentError,
    DocumentError,
    EncryptedDocumentError,
    NotWordError,
    NotZipError,
    TooLargeError,
    TruncatedDocumentError,
    UnknownUnitError,
    WrongPasswordError,
)
from dragoman_documents.refusal import NO_PACKAGE_CODES, OLE_SIGNATURE, require_package

__all__ = [
    "NO_PACKAGE_CODES",
    "OLE_SIGNATURE",
    "Budget",
    "Change",
    "DamagedDocumentError",
    "Difference",
    "DifferenceKind",
    "DocumentDiff",
    "DocumentError",
    "DocumentFacts",
    "EncryptedDocumentError",
    "ExtractOptions",
    "Extraction",
    "Finding",
    "GateReport",
    "NotWordError",
    "NotZipError",
    "Severity",
    "TooLargeError",
    "TruncatedDocumentError",
    "UnknownUnitError",
    "WrongPasswordError",
    "accepted",
    "compare",
    "decrypted",
    "extract",
    "inspect",
    "inspect_and_read",
    "is_encrypted",
    "merge",
    "rejected",
    "require_package",
    "text_only",
    "tracked",
    "untracked",
]
