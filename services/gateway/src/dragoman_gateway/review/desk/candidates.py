"""Candidates for the memory: what people wrote, when a review is closed.

They are staged before the event and count behind it. A gateway that ends in between leaves them
staged; whoever lists candidates next lets those of closed reviews count. Their ids are made of what
they say, so that nothing is written twice.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from dragoman_catalog import BatchKind, Catalog, Memory, MemoryBatch, Project
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.job import Job
from dragoman_contracts.text import Content, TargetList, Unit
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.review.desk.desktop import Desktop
from dragoman_gateway.web.principals import Principal
from dragoman_memory import MemoryState, MemoryUnit, SegmentType, context_digest
from dragoman_runtime.clock import Clock
from dragoman_runtime.telemetry import get_logger

_log = get_logger()


class CandidateWriter:
    """Writes what people wrote in a review into the writable memory of the project."""

    def __init__(self, catalog: Catalog, memory_jobs: MemoryJobs, clock: Clock) -> None:
        self._catalog = catalog
        self._memory_jobs = memory_jobs
        self._clock = clock

    async def stage(
        self, desktop: Desktop, targets: TargetList, principal: Principal
    ) -> MemoryBatch | None:
        """Stage the targets, before the event that closes the review; None where the project writes
        to no memory, or these targets count already.

        Raises:
            RetryableError: the catalogue cannot be reached.
        """
        found = await self._memory(desktop.job)
        if found is None or not targets.targets:
            return None
        project, memory = found
        job, now = desktop.job, self._clock.now()
        batch = await self._catalog.memory_batches.begin(
            _batch_id(job), memory, BatchKind.REVIEW, now, job_id=job.job_id
        )
        if batch.published_at is not None:
            return None
        units = candidates(desktop, targets, memory.memory_id, project.code, principal.actor, now)
        await self._catalog.memory_batches.restart(batch)
        await self._catalog.memory_batches.stage(batch, units, len(units))
        return batch

    async def publish(self, batch: MemoryBatch | None, principal: Principal) -> None:
        """Let staged targets count: the review is closed now. If that cannot be done at once, it is
        done when candidates are listed.
        """
        if batch is None:
            return
        try:
            await self._catalog.memory_batches.publish(batch, self._clock.now())
            await self._memory_jobs.index(batch.memory_id, principal)
        except RetryableError as error:
            _log.warning("memory.candidates_wait", error_code=error.code)

    async def _memory(self, job: Job) -> tuple[Project, Memory] | None:
        for project in await self._catalog.projects.all():
            if project.project_id != job.project_id:
                continue
            for each in project.settings.memories:
                if each.is_writable:
                    memory = await self._catalog.memories.find(each.memory_id)
                    return None if memory is None else (project, memory)
        return None


def candidates(
    desktop: Desktop,
    targets: TargetList,
    memory_id: UUID,
    project: str,
    actor: str,
    now: datetime,
) -> list[MemoryUnit]:
    """The targets as units of a memory: reviewed, with their neighbours in the document."""
    job = desktop.job
    some = [unit for unit in desktop.sheet.units if unit.is_translatable]
    places = {unit.unit_id: place for place, unit in enumerate(some)}
    subject = job.submitted.subject
    found: list[MemoryUnit] = []
    for each in targets.targets:
        place = places.get(each.unit_id)
        if place is None or not _has_text(each.target):
            continue
        unit = some[place]
        before = context_digest(some[place - 1].source) if place else 0
        after = context_digest(some[place + 1].source) if place + 1 < len(some) else 0
        made = MemoryUnit(
            unit_id=memory_id,
            source_locale=job.locales.source,
            target_locale=job.locales.target,
            source=unit.source,
            target=each.target,
            before=before,
            after=after,
            state=MemoryState.REVIEWED,
            segment_type=_kind(unit),
            origin=f"review {job.job_id}",
            project=project,
            document=str(subject.id) if subject else "",
            created_at=now,
            created_by=actor,
        )
        said = [made.source, made.target, before, after, made.source_locale, made.target_locale]
        name = "review:" + "\n".join(map(repr, said))
        found.append(made.model_copy(update={"unit_id": uuid5(memory_id, name)}))
    return list({unit.unit_id: unit for unit in found}.values())


def _batch_id(job: Job) -> UUID:
    session = job.review.session_id if job.review else "first"
    return uuid5(job.job_id, f"memory-candidates:{session}")


def _kind(unit: Unit) -> SegmentType:
    is_one = sum(not each.is_ignorable for each in unit.segments) == 1
    return SegmentType.SENTENCE if is_one else SegmentType.PARAGRAPH


def _has_text(content: Content) -> bool:
    return any(isinstance(part, str) and part.strip() for part in content)
