"""Pictures of a draft's pages, kept for the next request: by the job's version, and by the digest of
the draft.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

from cachetools import LRUCache

from dragoman_contracts.errors import PermanentError
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.desk.drafting import Drafting
from dragoman_gateway.review.desk.rendering import LibreOffice
from dragoman_gateway.web.principals import Principal

_KEPT_BYTES = 48 * 1024 * 1024
_KEPT_DRAFTS = 512


class PageMissingError(PermanentError):
    """The draft has no page of this number."""

    default_code = "preview.page_missing"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A draft as PDF; its digest is that of the draft."""

    digest: str
    pdf: bytes
    page_count: int


class Previewing:
    """Lays drafts out and draws their pages, one at a time: each takes seconds of a processor."""

    def __init__(self, control: JobControl, drafts: Drafting, office: LibreOffice) -> None:
        self._control = control
        self._drafts = drafts
        self._office = office
        self._turn = asyncio.Semaphore(1)
        self._digests: LRUCache[tuple[UUID, int], str] = LRUCache(_KEPT_DRAFTS)
        self._pdfs: LRUCache[str, LaidOut] = LRUCache(
            _KEPT_BYTES, getsizeof=lambda each: 1 + len(each.pdf)
        )
        self._pictures: LRUCache[tuple[str, int], bytes] = LRUCache(
            _KEPT_BYTES, getsizeof=lambda each: 1 + len(each)
        )

    async def laid_out(self, job_id: UUID, principal: Principal) -> LaidOut:
        """The job's draft as it is now.

        Raises:
            JobMissingError, JobStateError, ObjectMissingError: as a draft.
            PreviewUnavailableError, PreviewFailedError: as `LibreOffice`.
        """
        self._office.require()
        job = await self._control.find(job_id, principal)
        async with self._turn:  # who asks for the same draft finds it
            known = self._pdfs.get(self._digests.get((job_id, job.version), ""))
            if known is not None:
                return known
            draft = await self._drafts.draft(job_id, principal)
            digest = hashlib.sha256(draft.data).hexdigest()
            found = self._pdfs.get(digest)
            if found is None:
                pdf, page_count = await self._office.laid_out(draft.data)
                found = LaidOut(digest, pdf, page_count)
                if len(pdf) < _KEPT_BYTES:
                    self._pdfs[digest] = found
            self._digests[job_id, job.version] = digest
            return found

    async def picture(self, job_id: UUID, principal: Principal, number: int) -> tuple[str, bytes]:
        """A page of the draft as PNG, and the draft's digest.

        Raises:
            PageMissingError: it has no such page.
            Others: as `laid_out`.
        """
        found = await self.laid_out(job_id, principal)
        if not 1 <= number <= found.page_count:
            raise PageMissingError(f"The draft has {found.page_count} pages and no page {number}.")
        key = (found.digest, number)
        async with self._turn:
            data = self._pictures.get(key)
            if data is None:
                data = await self._office.picture(found.pdf, number)
                if len(data) < _KEPT_BYTES:
                    self._pictures[key] = data
        return found.digest, data
