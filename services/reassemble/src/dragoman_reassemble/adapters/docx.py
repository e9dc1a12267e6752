"""The DOCX format, and the gate that lets nothing pass in which more than text changed."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, Unit
from dragoman_documents import ExtractOptions, extract, merge, text_only
from dragoman_reassemble.errors import NotTextOnlyError
from dragoman_reassemble.ports import DocumentMerger, MergedDocument


class DocxMerger(DocumentMerger):
    """Puts targets back into DOCX files."""

    @override
    def units(self, data: bytes, options: Mapping[str, JsonValue]) -> tuple[Unit, ...]:
        return extract(data, ExtractOptions.model_validate(options)).units

    @override
    def merge(
        self,
        data: bytes,
        targets: Mapping[str, Content],
        options: Mapping[str, JsonValue],
        target_locale: Locale,
    ) -> MergedDocument:
        chosen = ExtractOptions.model_validate(options)
        return admitted(data, merge(data, targets, chosen, target_locale=target_locale))


def admitted(source: bytes, result: bytes) -> MergedDocument:
    """The result, if it differs from its source in nothing but text.

    Raises:
        NotTextOnlyError: it differs elsewhere, and must not be delivered.
    """
    report = text_only(source, result)
    if not report.is_text_only:
        raise NotTextOnlyError(
            f"Something other than text would change: {report.summary()}. Nothing is delivered. "
            "Report it with the source, and resume after the cure."
        )
    return MergedDocument(data=result, changed_parts=report.changed_parts)
