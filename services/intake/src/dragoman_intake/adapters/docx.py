"""The DOCX format."""

from __future__ import annotations

from typing_extensions import override

from dragoman_contracts.reports import PreflightFinding, Severity
from dragoman_contracts.text import plain_text
from dragoman_documents import DocumentError, Finding, extract, inspect
from dragoman_intake.ports import Inspection, SourceInspector


class DocxInspector(SourceInspector):
    """Looks into DOCX files."""

    @override
    def inspect(self, data: bytes) -> Inspection:
        try:
            facts = inspect(data)
            units = extract(data).units
        except DocumentError as error:
            refusal = PreflightFinding(code=error.code, severity=Severity.BLOCKER, message=error.message)
            return Inspection(findings=(refusal,), facts={}, texts=())
        return Inspection(
            findings=tuple(_finding(each) for each in facts.findings),
            facts=facts.model_dump(mode="json", exclude={"findings"}),
            texts=tuple(plain_text(unit.source) for unit in units),
        )


def _finding(found: Finding) -> PreflightFinding:
    return PreflightFinding(code=found.code, severity=Severity(found.severity.value), message=found.message)
