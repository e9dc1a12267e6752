"""The DOCX format."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.text import Unit
from dragoman_documents import ExtractOptions, extract
from dragoman_extract.ports import UnitExtractor


class DocxUnitExtractor(UnitExtractor):
    """Takes units out of DOCX files."""

    @override
    def extract(self, data: bytes, options: Mapping[str, JsonValue]) -> tuple[Unit, ...]:
        return extract(data, ExtractOptions.model_validate(options)).units
