"""The desk of the memories area: everything its routes ask for."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman_catalog import Catalog
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.memories.desk.candidates import Candidates
from dragoman_gateway.memories.desk.looking import Looking
from dragoman_gateway.memories.desk.shelf import Shelf
from dragoman_gateway.memories.desk.units import UnitDesk
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Jobs
from dragoman_runtime.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class MemoryDesk:
    """Memories as a whole (`shelf`), the search by score (`looking`), their units (`units`), and
    those that wait for an admin (`candidates`).
    """

    shelf: Shelf
    looking: Looking
    units: UnitDesk
    candidates: Candidates


def memory_desk(
    *,
    catalog: Catalog,
    objects: ObjectStore,
    jobs: Jobs,
    memory_jobs: MemoryJobs,
    clock: Clock,
    tool_version: str,
    max_upload_bytes: int,
) -> MemoryDesk:
    """The desk over these ports."""
    shelf = Shelf(
        catalog=catalog,
        memory_jobs=memory_jobs,
        clock=clock,
        tool_version=tool_version,
        max_upload_bytes=max_upload_bytes,
    )
    return MemoryDesk(
        shelf=shelf,
        looking=Looking(shelf, catalog, objects),
        units=UnitDesk(shelf, catalog, memory_jobs, clock),
        candidates=Candidates(shelf, catalog, jobs, memory_jobs, clock),
    )
