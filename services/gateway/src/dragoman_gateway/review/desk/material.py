"""The material of a review, read from the objects of a job and kept for the next request: the sheet
of its units, and what people made of them so far.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from cachetools import LRUCache

from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import TranslationPlan, VerificationResults
from dragoman_contracts.review import ReviewEdits, ReviewState, Save, reviewed
from dragoman_contracts.text import ResultSource, TargetList, UnitList, UnitTarget
from dragoman_gateway.review.rules.sheet import Sheet, pending_ids
from dragoman_runtime.objects import ObjectStore, get_value

_V = TypeVar("_V", bound=Value)
_MOST_UNITS = 200_000
_MOST_JOBS = 256
_MOST_VALUES = 32
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """People's work on the units of a sheet, and the ids of those that still need a person."""

    sheet: Sheet
    state: ReviewState
    pending: frozenset[str]


class Material:
    """The sheets and the progress of the jobs that were asked for last."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._sheets: LRUCache[tuple[object, ...], Sheet] = LRUCache(
            _MOST_UNITS, getsizeof=lambda sheet: 1 + len(sheet.units)
        )
        self._progress: LRUCache[UUID, Progress] = LRUCache(_MOST_JOBS)
        self._values: LRUCache[tuple[UUID, str], Value] = LRUCache(_MOST_VALUES)
        self._reading: dict[UUID, asyncio.Lock] = {}

    async def sheet(self, job: Job) -> Sheet:
        """The units of the job with targets and verdicts; without units before extraction.

        Raises:
            ObjectMissingError: they were erased.
        """
        if job.extraction is None:
            return Sheet((), {}, {})
        batches = [ref for ref in job.plan.batches if ref is not None] if job.plan else []
        if job.review is None or not job.review.saved_count:  # as an older version imported them
            batches += job.reviewed_targets
        results = job.verification.results if job.verification else None
        key = (
            job.project_id,
            job.extraction.units.digest,
            *(ref.digest for ref in batches),
            results.digest if results else "",
        )
        sheet = self._sheets.get(key)
        if sheet is None:
            async with self._reading.setdefault(job.job_id, asyncio.Lock()):
                sheet = self._sheets.get(key) or await self._read(job, batches, results)
            self._reading.pop(job.job_id, None)
            # A document larger than all that is kept is read anew each time.
            if len(sheet.units) < _MOST_UNITS:
                self._sheets[key] = sheet
        return sheet

    async def progress(self, job: Job, sheet: Sheet) -> Progress:
        """People's work on the units by the job's newest event."""
        known = self._progress.get(job.job_id)
        state = known.state if known else ReviewState()
        review = job.review
        if review is not None:
            if review.state is not None and (
                not review.saves or review.saves[0].version > state.version + 1
            ):
                state = await self._stored(job, review.state, state)
            behind = [each for each in review.saves if each.version > state.version]
            state = await self._followed(job, state, behind)
        if known is not None and known.state is state and known.sheet is sheet:
            return known
        progress = Progress(sheet, state, frozenset(pending_ids(sheet, state)))
        self._progress[job.job_id] = progress
        return progress

    def saved(self, job_id: UUID, sheet: Sheet, before: Progress, state: ReviewState) -> Progress:
        """The progress after a save that was just stored, kept for the next request."""
        changed = [
            unit_id for unit_id, unit in state.units.items() if unit.version == state.version
        ]
        pending = (before.pending - set(changed)) | pending_ids(sheet, state, changed)
        progress = Progress(sheet, state, frozenset(pending))
        self._progress[job_id] = progress
        return progress

    async def policy(self, job: Job) -> Policy:
        """The job's policy."""
        return await self._kept(job, job.policy, Policy)

    async def plan(self, job: Job) -> TranslationPlan | None:
        """The plan of the job's translation."""
        ref = job.translation_plan
        return await self._kept(job, ref, TranslationPlan) if ref else None

    async def _stored(self, job: Job, ref: ObjectRef, known: ReviewState) -> ReviewState:
        stored = await self._value(job, ref, ReviewState)
        return stored if stored.version > known.version else known

    async def _followed(self, job: Job, state: ReviewState, saves: list[Save]) -> ReviewState:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def edits_of(save: Save) -> ReviewEdits:
            async with turns:
                return await self._value(job, save.edits, ReviewEdits)

        for save, each in zip(saves, await asyncio.gather(*map(edits_of, saves)), strict=True):
            state = reviewed(state, each.edits, save)
        return state

    async def _read(self, job: Job, batches: list[ObjectRef], results: ObjectRef | None) -> Sheet:
        extraction = job.needed(job.extraction, "units")
        units = (await self._value(job, extraction.units, UnitList)).units
        lists = [await self._value(job, ref, TargetList) for ref in batches]
        plan = await self.plan(job)
        targets = {each.unit_id: each for of_batch in lists for each in of_batch.targets}
        copied = frozenset(plan.copied if plan else ())
        for unit in units:
            if unit.unit_id in copied and unit.unit_id not in targets:
                targets[unit.unit_id] = UnitTarget(
                    unit_id=unit.unit_id,
                    target=unit.source,
                    result_source=ResultSource.SOURCE_COPY,
                )
        found = await self._value(job, results, VerificationResults) if results else None
        verdicts = {each.unit_id: each for each in found.units} if found else {}
        places = {unit.unit_id: place for place, unit in enumerate(units)}
        return Sheet(units, targets, verdicts, places)

    async def _kept(self, job: Job, ref: ObjectRef, type_: type[_V]) -> _V:
        """A value that every save needs: the plan of a long document takes a while to parse."""
        key = (job.project_id, ref.digest)
        found = self._values.get(key)
        if not isinstance(found, type_):
            found = await self._value(job, ref, type_)
            self._values[key] = found
        return found

    async def _value(self, job: Job, ref: ObjectRef, type_: type[_V]) -> _V:
        return await get_value(self._objects, job.project_id, ref, type_)
