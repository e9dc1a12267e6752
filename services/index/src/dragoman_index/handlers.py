"""The work of index: a file's units taken into a memory, and segments built of a memory's units."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from dragoman_catalog import BatchKind, BuildPlan, EntryMissingError, Memory, SavedSegment
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.job import Job
from dragoman_contracts.memory_steps import (
    RECORD_INPUT,
    TMX_INPUT,
    ImportRecord,
    MemoryImportConfig,
    MemoryIndexConfig,
)
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.under_way import WorkNote
from dragoman_exchange import Rejection
from dragoman_index.domain import (
    MOST_REJECTIONS,
    SEGMENT_UNITS,
    STAGE,
    BuiltSegment,
    ImportOutcome,
    ImportReport,
    IndexOutcome,
    decide_import,
    decide_index,
    merged,
)
from dragoman_index.errors import ForeignMemoryError
from dragoman_index.ports import MemoryShelf, UnitFiles
from dragoman_memory import (
    Intake,
    MemoryState,
    MemoryUnit,
    SegmentType,
    UnitsFileBuilder,
    build_segment,
)
from dragoman_runtime.clock import Clock
from dragoman_runtime.worker import Task, WorkContext

_PIECE, _PAGE = 2_000, 2_000
_FORGOTTEN_AFTER = timedelta(days=2)
_DEADLINE = timedelta(hours=4)
_OCTETS = "application/octet-stream"


def tasks(shelf: MemoryShelf, files: UnitFiles, clock: Clock) -> tuple[Task[Any], ...]:
    """The work of this service; a task enters it here."""
    return (import_task(shelf, files, clock), index_task(shelf, clock))


def import_task(shelf: MemoryShelf, files: UnitFiles, clock: Clock) -> Task[ImportOutcome]:
    """The step `memory_import`: batch 0 stages the file's units, which nobody sees, batch 1 lets
    them count.
    """

    async def perform(context: WorkContext) -> ImportOutcome:
        config = context.config(MemoryImportConfig)
        memory = await _memory(shelf, config.memory_id, context.job)
        intake = await _intake(context, config)
        if context.item.index == STAGE:
            await shelf.memory_batches.forget(memory.memory_id, clock.now(), _FORGOTTEN_AFTER)
            return await _staged(context, shelf, files, memory, intake, clock)
        return await _published(context, shelf, memory, clock, is_dry=config.dry_run)

    return Task(
        "memory_import", ImportOutcome, of_this_job, perform, decide_import, _deadline, True
    )


def index_task(shelf: MemoryShelf, clock: Clock) -> Task[IndexOutcome]:
    """The step `memory_index`: each batch builds one segment, until all units are in one."""

    async def perform(context: WorkContext) -> IndexOutcome:
        config = context.config(MemoryIndexConfig)
        memory = await _memory(shelf, config.memory_id, context.job)
        segment_id = _id_of(context, "segment")
        found = await shelf.memory_segments.find(segment_id)
        if found is not None:  # an earlier worker came as far as its publication
            built = _built(found, 0)
        else:
            plan = await shelf.memory_segments.next_build(memory.memory_id, merged)
            built = (
                BuiltSegment()
                if plan is None
                else await _build(context, shelf, plan, segment_id, clock)
            )
        left = await shelf.memory_segments.next_build(memory.memory_id, merged)
        return IndexOutcome(
            output=await context.objects.put_value(built),
            item_count=built.unit_count,
            has_next=left is not None,
        )

    return Task("memory_index", IndexOutcome, of_this_job, perform, decide_index, _deadline, True)


def of_this_job(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """The outcome is this job's alone: a memory is another one by the time of the next."""
    return {"job": job.job_id, "phase": item.phase, "index": item.index}


async def _staged(
    context: WorkContext,
    shelf: MemoryShelf,
    files: UnitFiles,
    memory: Memory,
    intake: Intake,
    clock: Clock,
) -> ImportOutcome:
    source = context.job.needed(context.job.input(TMX_INPUT), f"input {TMX_INPUT}")
    batches, batch_id = shelf.memory_batches, _id_of(context, "batch", with_index=False)
    batch = await batches.begin(
        batch_id,
        memory,
        BatchKind.IMPORT,
        clock.now(),
        job_id=context.job.job_id,
        source=source,
    )
    if batch.dropped_at is not None:
        await batches.restart(batch)
        batch = batch.model_copy(update={"entry_count": 0, "dropped_at": None})
    rejected: list[Rejection] = []
    read = rejected_count = 0
    try:
        async with files.open(context.objects.open_stream(source), intake) as reading:
            while (piece := await reading.next_piece(_PIECE)).items:
                known = max(batch.entry_count - read, 0)
                read += len(piece.items)
                rejected_count += len(piece.rejections)
                rejected += piece.rejections[: MOST_REJECTIONS - len(rejected)]
                fresh = [each for each in piece.items[known:] if not isinstance(each, Rejection)]
                if read > batch.entry_count:
                    await batches.stage(batch, fresh, read)
                context.report(WorkNote(done_count=read))
                await context.stop_if_cancelled()
            repairs = reading.repairs
    except PermanentError:
        await batches.drop(batch_id, clock.now())
        raise
    report = ImportReport(
        is_dry=False,
        entry_count=read,
        unit_count=read - rejected_count,
        rejected_count=rejected_count,
        rejections=tuple(rejected),
        repairs=repairs,
    )
    return ImportOutcome(
        report=await context.objects.put_value(report), item_count=read, failed_count=rejected_count
    )


async def _published(
    context: WorkContext, shelf: MemoryShelf, memory: Memory, clock: Clock, *, is_dry: bool
) -> ImportOutcome:
    batches = shelf.memory_batches
    batch = await batches.begin(
        _id_of(context, "batch", with_index=False),
        memory,
        BatchKind.IMPORT,
        clock.now(),
        job_id=context.job.job_id,
    )
    staged = context.job.needed(context.job.runs[context.phase.name].batches[STAGE], "its file")
    report = await context.objects.get_value(staged, ImportReport)
    done = await batches.publish(batch, clock.now(), is_dry=is_dry)
    update = {
        "is_dry": is_dry,
        "unit_count": done.unit_count,
        "new_count": done.new_count,
        "changed_count": done.changed_count,
        "unchanged_count": done.unchanged_count,
        "repeated_count": report.unit_count - done.unit_count - done.unchanged_count,
    }
    final = report.model_copy(update=update)
    return ImportOutcome(report=await context.objects.put_value(final), item_count=0)


async def _build(
    context: WorkContext, shelf: MemoryShelf, plan: BuildPlan, segment_id: UUID, clock: Clock
) -> BuiltSegment:
    source = _Pages(shelf, plan, asyncio.get_running_loop())
    index = await context.compute_here(source.index)
    segment = None
    if len(source.file):
        objects = context.objects
        units = await context.compute_here(source.file.to_bytes)
        segment = SavedSegment(
            segment_id=segment_id,
            memory_id=plan.memory.memory_id,
            project_id=plan.memory.project_id,
            source_locale=plan.source_locale,
            target_locale=plan.target_locale,
            index_object=await objects.put(index, _OCTETS),
            units_object=await objects.put(units, _OCTETS),
            unit_count=len(source.file),
            built_at=clock.now(),
        )
    await shelf.memory_segments.publish(plan, segment, source.last_row, clock.now())
    if segment is None:
        return BuiltSegment(replaced_count=len(plan.replaced))
    return _built(segment, len(plan.replaced))


class _Pages:
    """The units of a build, page by page: in a thread, which asks the event loop for each page."""

    def __init__(
        self, shelf: MemoryShelf, plan: BuildPlan, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._shelf = shelf
        self._plan = plan
        self._loop = loop
        self.file = UnitsFileBuilder()
        self.last_row = 0

    def index(self) -> bytes:
        """The bytes of the index; the units are in `file` then."""
        pair = (self._plan.source_locale, self._plan.target_locale)
        return build_segment(self._units(), *pair).to_bytes()

    def _units(self) -> Iterator[MemoryUnit]:
        while len(self.file) < SEGMENT_UNITS:
            most = min(_PAGE, SEGMENT_UNITS - len(self.file))
            asked = self._shelf.memory_segments.units(self._plan, self.last_row, most)
            page = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
            if not page:
                return
            for row, entry_id, unit in page:
                self.file.add(entry_id, unit)
                self.last_row = row
                yield unit.model_copy(update={"unit_id": entry_id})


async def _memory(shelf: MemoryShelf, memory_id: UUID, job: Job) -> Memory:
    memory = await shelf.memories.find(memory_id)
    if memory is None:
        raise EntryMissingError(f"There is no memory {memory_id}; it was removed.")
    if memory.project_id != job.project_id:
        raise ForeignMemoryError(
            f"Memory {memory_id} is not of the project of job {job.job_id}; name one of the project."
        )
    return memory


async def _intake(context: WorkContext, config: MemoryImportConfig) -> Intake:
    job = context.job
    ref = job.input(RECORD_INPUT)
    said = await context.objects.get_value(ref, ImportRecord) if ref else ImportRecord()
    return Intake(
        source_locale=config.source_language,
        target_locale=config.target_language,
        namespace=config.memory_id,
        origin=said.origin or f"import {job.job_id}",
        state=MemoryState(config.state),
        segment_type=SegmentType(config.segment_type),
        domain=config.domain,
        is_state_trusted=config.keeps_states,
    )


def _id_of(context: WorkContext, what: str, *, with_index: bool = True) -> UUID:
    index = f":{context.item.index}" if with_index else ""
    return uuid5(context.job.job_id, f"{what}:{context.phase.name}{index}")


def _built(segment: SavedSegment, replaced_count: int) -> BuiltSegment:
    return BuiltSegment(
        segment_id=segment.segment_id,
        index=segment.index_object,
        units=segment.units_object,
        unit_count=segment.unit_count,
        replaced_count=replaced_count,
    )


def _deadline(job: Job, item: WorkItem) -> timedelta:
    """A file of a million units takes some minutes, and an old machine more."""
    return _DEADLINE
