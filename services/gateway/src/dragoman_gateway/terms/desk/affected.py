"""The units of past jobs that terms touch, and jobs that translate just those anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from cachetools import LRUCache
from pydantic import ValidationError

from dragoman_catalog import Catalog, Glossary, GlossaryTerm
from dragoman_contracts.errors import (
    DragomanError,
    ObjectCorruptError,
    ObjectMissingError,
    RetryableError,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import UnitList
from dragoman_gateway.jobs.opening import Submitted
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter, JobRow
from dragoman_gateway.terms.rules import UnitTexts, texts_of, touched
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import ObjectStore, get_value

MOST_JOBS = 200
"""The most past jobs that are looked at, the newest first."""

_MOST_UNITS = 200_000
_PAGE = 100


class Reruns(Protocol):
    """Opens a job on the source of another, under the project's policy and glossaries of now."""

    async def rerun_with_terms(
        self, job_id: UUID, principal: Principal, idempotency_key: str
    ) -> Submitted:
        """The new job, or the one that this key made before.

        Raises:
            DragomanError: none can be opened; the message says why.
        """
        ...


@dataclass(frozen=True, slots=True)
class AffectedUnits:
    """A past job with its units that terms touch."""

    row: JobRow
    source: Locale
    target: Locale
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """The past jobs that terms touch, the newest first; `is_complete` where all were looked at."""

    jobs: tuple[AffectedUnits, ...]
    is_complete: bool

    @property
    def unit_count(self) -> int:
        """The units of all the jobs."""
        return sum(len(each.units) for each in self.jobs)


@dataclass(frozen=True, slots=True)
class Opened:
    """The outcome for one past job."""

    affected: AffectedUnits
    job_id: UUID | None
    error: DragomanError | None = None


class AffectedDesk:
    """Looks at what was translated. Of jobs for one document and target locale only the newest
    counts.
    """

    def __init__(
        self,
        catalog: Catalog,
        jobs: Jobs,
        objects: ObjectStore,
        queries: JobQueries,
        reruns: Reruns,
    ) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._objects = objects
        self._queries = queries
        self._reruns = reruns
        self._texts: LRUCache[tuple[UUID, str], UnitTexts] = LRUCache(
            _MOST_UNITS, getsizeof=lambda texts: 1 + len(texts)
        )

    async def affected(
        self, principal: Principal, glossary: Glossary, terms: Sequence[GlossaryTerm]
    ) -> Affected:
        """The past jobs in the glossary's scope that the terms touch."""
        rows, is_complete = await self._rows(principal, glossary)
        found: list[AffectedUnits] = []
        for row in rows:
            each = await self._of_job(row, glossary, terms)
            if each is not None:
                found.append(each)
        return Affected(tuple(found), is_complete)

    async def terms(self, glossary: Glossary, ids: Sequence[UUID]) -> list[GlossaryTerm]:
        """These terms of a glossary as they are now, or all."""
        every = await self._catalog.glossaries.terms(glossary.glossary_id)
        return [each for each in every if each.term_id in set(ids)] if ids else every

    async def retranslate(
        self, principal: Principal, glossary: Glossary, affected: Affected
    ) -> list[Opened]:
        """Open a job for each of them. The same version of the glossary opens each once."""
        opened: list[Opened] = []
        for each in affected.jobs:
            key = f"terms:{glossary.glossary_id}:{glossary.version}:{each.row.job_id}"
            try:
                made = await self._reruns.rerun_with_terms(each.row.job_id, principal, key)
            except RetryableError:
                raise
            except DragomanError as error:
                opened.append(Opened(each, None, error))
            else:
                opened.append(Opened(each, made.job.job_id))
        return opened

    async def _rows(self, principal: Principal, glossary: Glossary) -> tuple[list[JobRow], bool]:
        scope = frozenset({glossary.project_id}) if glossary.project_id else principal.project_ids
        newest: dict[tuple[object, ...], JobRow] = {}
        cursor: str | None = None
        while True:
            page = await self._queries.list_jobs(
                JobFilter(project_ids=scope), cursor=cursor, limit=_PAGE
            )
            for row in page.rows:
                if row.subject is not None and row.target_locale is not None:
                    key = (row.subject.id, row.target_locale, row.pipeline_name)
                    newest.setdefault(key, row)
            cursor = page.next_cursor
            if cursor is None or len(newest) >= MOST_JOBS:
                rows = list(newest.values())
                return rows[:MOST_JOBS], cursor is None and len(rows) <= MOST_JOBS

    async def _of_job(
        self, row: JobRow, glossary: Glossary, terms: Sequence[GlossaryTerm]
    ) -> AffectedUnits | None:
        if row.source_locale is None or row.target_locale is None:
            return None
        job, _ = await self._jobs.load(row.job_id)
        if job.extraction is None:
            return None
        try:
            if glossary.domain_pack_code is not None:
                policy = await get_value(self._objects, job.project_id, job.policy, Policy)
                if policy.domain_pack_code != glossary.domain_pack_code:
                    return None
            texts = await self._texts_of(job.project_id, job.extraction.units)
        except (ObjectMissingError, ObjectCorruptError, ValidationError):
            return None  # it was erased, and nothing of it can be translated anew
        units = await asyncio.to_thread(touched, texts, terms, row.source_locale, row.target_locale)
        if not units:
            return None
        return AffectedUnits(row, row.source_locale, row.target_locale, tuple(units))

    async def _texts_of(self, project_id: UUID, ref: ObjectRef) -> UnitTexts:
        key = (project_id, ref.digest)
        texts = self._texts.get(key)
        if texts is None:
            units = await get_value(self._objects, project_id, ref, UnitList)
            texts = await asyncio.to_thread(texts_of, units)
            if len(texts) < _MOST_UNITS:
                self._texts[key] = texts
        return texts
