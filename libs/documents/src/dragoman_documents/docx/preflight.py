"""Preflight: what a document holds, what that means for its translation, and what to do about it (row 96)."""

from __future__ import annotations

from enum import StrEnum

from dragoman_contracts.model import Value
from dragoman_documents.docx.package import Package


class Severity(StrEnum):
    """How much a finding matters to the translation."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


class Finding(Value):
    """Something noticed in a document: a stable code, and a sentence that says what it means and what to do."""

    code: str
    severity: Severity
    message: str


def unreadable_parts(package: Package) -> tuple[Finding, ...]:
    """A warning where a part that holds text is not well-formed and was left as it is."""
    broken = sum(1 for name in package.stories() if package.root(name) is None)
    if not broken:
        return ()
    return (
        Finding(
            code="part.unreadable",
            severity=Severity.WARNING,
            message=f"{broken} parts of the document are damaged; their text stays as it is. Open the file in Word, save it, and send it again.",
        ),
    )
