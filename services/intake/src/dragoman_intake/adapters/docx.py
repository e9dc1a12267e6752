"""The DOCX format."""

from __future__ import annotations

from typing_extensions import override

from dragoman_contracts.reports import PreflightFinding, Severity
from dragoman_contracts.text import plain_text
from dragoman_documents import DocumentError, extract
from dragoman_intake.ports import Inspection, SourceInspector


class DocxInspector(SourceInspector):
    """Looks into DOCX files."""

    @override
    def inspect(self, data: bytes) -> Inspection:
        try:
            extraction = extract(data)
        except DocumentError as error:
            refusal = PreflightFinding(code=error.code, severity=Severity.BLOCKER, message=error.message)
            return Inspection(findings=(refusal,), facts={}, texts=())
        return Inspection(
            findings=tuple(
                PreflightFinding(code=each.code, severity=Severity(each.severity.value), message=each.message)
                for each in extraction.findings
            ),
            facts=dict(extraction.counts),
            texts=tuple(plain_text(unit.source) for unit in extraction.units),
        )
