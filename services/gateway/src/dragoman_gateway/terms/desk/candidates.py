"""Candidates for terms of a document, before it is translated."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from dragoman_catalog import Catalog
from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term
from dragoman_contracts.text import plain_text
from dragoman_documents import DocumentError
from dragoman_documents.docx.extract import extract
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.uploads import Upload
from dragoman_linguistics.candidates import TermCandidate, term_candidates

_ZIP = b"PK\x03\x04"


class CandidateDesk:
    """Reads documents for phrases that may be terms. Nothing of a document is kept."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        # A large document takes seconds of a processor; others wait meanwhile.
        self._turn = asyncio.Semaphore(1)

    async def candidates(
        self,
        principal: Principal,
        upload: Upload,
        locale: Locale,
        *,
        glossary_id: UUID | None = None,
        limit: int = 200,
    ) -> tuple[TermCandidate, ...]:
        """The candidates of a DOCX, or of a text in UTF-8; without those that a glossary has.

        Raises:
            FieldRefusedError: the file cannot be read, or there is no such glossary.
        """
        if not upload.size_bytes:
            raise FieldRefusedError("file", "The file is empty.", code="upload.empty")
        known: list[Term] = []
        if glossary_id is not None:
            glossary = await self._catalog.glossaries.find(glossary_id)
            if glossary is None or (
                glossary.project_id and not principal.sees(glossary.project_id)
            ):
                raise FieldRefusedError(
                    "glossary_id", "There is no such glossary.", code="glossary.unknown"
                )
            known = [each.term for each in await self._catalog.glossaries.terms(glossary_id)]
        async with self._turn:
            try:
                return await asyncio.to_thread(_candidates, upload, locale, tuple(known), limit)
            except DocumentError as error:
                raise FieldRefusedError("file", error.message, code=error.code) from error


def _candidates(
    upload: Upload, locale: Locale, known: Sequence[Term], limit: int
) -> tuple[TermCandidate, ...]:
    return term_candidates(_texts(upload.content), locale, known, limit=limit)


def _texts(data: bytes) -> list[str]:
    if data.startswith(_ZIP):
        units = extract(data).units
        return [plain_text(unit.source) for unit in units if unit.is_translatable]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FieldRefusedError(
            "file", "The file is neither a DOCX nor a text in UTF-8.", code="upload.unreadable"
        ) from error
    return [line for line in text.splitlines() if line.strip()]
