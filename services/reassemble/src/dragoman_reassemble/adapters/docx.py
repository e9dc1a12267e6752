"""The DOCX format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content
from dragoman_documents import ExtractOptions, merge
from dragoman_reassemble.ports import DocumentMerger, MergedDocument


class DocxMerger(DocumentMerger):
    """Puts targets back into DOCX files."""

    @override
    def merge(
        self, data: bytes, targets: Mapping[str, Content], options: Mapping[str, JsonValue], target_locale: Locale
    ) -> MergedDocument:
        merged = merge(data, targets, ExtractOptions.model_validate(options), target_locale=target_locale)
        return MergedDocument(data=merged, changed_parts=_changed_parts(data, merged))


def _changed_parts(before: bytes, after: bytes) -> tuple[str, ...]:
    """Names of the parts whose checksums differ, in the order of the package."""
    checksums = _checksums(before)
    return tuple(name for name, checksum in _checksums(after).items() if checksums.get(name) != checksum)


def _checksums(package: bytes) -> dict[str, int]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}
