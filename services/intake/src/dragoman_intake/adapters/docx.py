"""The DOCX format."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.reports import PreflightFinding, Severity
from dragoman_contracts.text import plain_text
from dragoman_documents import DocumentError, ExtractOptions, Finding, extract, inspect
from dragoman_intake.ports import Inspection, SourceInspector


class DocxInspector(SourceInspector):
    """Looks into DOCX files."""

    @override
    def inspect(self, data: bytes, options: Mapping[str, JsonValue]) -> Inspection:
        chosen = ExtractOptions.model_validate(options)
        try:
            facts = inspect(data, chosen)
            units = extract(data, chosen).units
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
