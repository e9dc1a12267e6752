"""The DOCX format."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.reports import PreflightFinding, Severity
from dragoman_documents import DocumentError, ExtractOptions, Finding, inspect_and_read
from dragoman_intake.ports import Inspection, SourceInspector


class DocxInspector(SourceInspector):
    """Looks into DOCX files."""

    @override
    def inspect(self, data: bytes, options: Mapping[str, JsonValue]) -> Inspection:
        chosen = ExtractOptions.model_validate(options)
        try:
            facts, texts = inspect_and_read(data, chosen)
        except DocumentError as error:
            refusal = PreflightFinding(
                code=error.code, severity=Severity.BLOCKER, message=error.message
            )
            return Inspection(findings=(refusal,), facts={}, texts=())
        return Inspection(
            findings=tuple(_finding(each) for each in facts.findings),
            facts=facts.model_dump(mode="json", exclude={"findings"}),
            texts=texts,
        )


def _finding(found: Finding) -> PreflightFinding:
    return PreflightFinding(
        code=found.code, severity=Severity(found.severity.value), message=found.message
    )
