"""Memories as a whole: listed, entered, edited, removed; files taken in and given out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    Catalog,
    EntryInUseError,
    Memory,
    MemoryBatch,
    PairCount,
    Project,
    Role,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.memory_steps import ImportRecord, MemoryImportConfig
from dragoman_exchange.tmx import TmxHeader, tmx_pieces
from dragoman_gateway.jobs.memory_jobs import MemoryJobs
from dragoman_gateway.jobs.opening import Submitted
from dragoman_gateway.memories.rules import (
    MemoryMissingError,
    is_seen,
    require_promoter,
    require_writer,
)
from dragoman_gateway.memories.schemas import ImportOrder, MemoryChange, NewMemory
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_gateway.web.uploads import Upload, require_content
from dragoman_memory import MemoryState, MemoryUnit, tmx_units
from dragoman_runtime.clock import Clock

_PIECES = 500


@dataclass(frozen=True, slots=True)
class Shelved:
    """A memory, the code of its project (empty where it is the installation's), and what it has."""

    memory: Memory
    project_code: str
    pairs: Sequence[PairCount]


class Shelf:
    """The memories that a principal sees, and what is done with them as a whole."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        memory_jobs: MemoryJobs,
        clock: Clock,
        tool_version: str,
        max_upload_bytes: int,
    ) -> None:
        self._catalog = catalog
        self._memory_jobs = memory_jobs
        self._clock = clock
        self._tool_version = tool_version
        self._max_upload_bytes = max_upload_bytes

    async def all(self, principal: Principal, project_code: str | None = None) -> list[Shelved]:
        """The memories that the principal sees, by name; with a project, those that it may read.

        Raises:
            ForbiddenError: the principal does not reach the project.
        """
        scope = principal.scope_of(project_code)
        homes = None if scope is None else {*scope, INSTALLATION_PROJECT_ID}
        return await self._shelved(await self._catalog.memories.all(homes))

    async def find(self, memory_id: UUID, principal: Principal) -> Shelved:
        """The memory.

        Raises:
            MemoryMissingError: there is none, or none that the principal sees.
        """
        return (await self._shelved([await self.memory(memory_id, principal)]))[0]

    async def memory(
        self, memory_id: UUID, principal: Principal, *, writes: bool = False
    ) -> Memory:
        """The memory alone.

        Raises:
            MemoryMissingError: as `find`.
            ForbiddenError: it is to be written to, which the principal may not do.
        """
        found = await self._catalog.memories.find(memory_id)
        if found is None or not is_seen(found, principal):
            raise MemoryMissingError(f"There is no memory {memory_id}.")
        if writes:
            require_writer(found, principal)
        return found

    async def named(self, principal: Principal) -> dict[UUID, str]:
        """The names of the memories that the principal sees."""
        scope = principal.project_ids
        homes = None if scope is None else {*scope, INSTALLATION_PROJECT_ID}
        return {each.memory_id: each.name for each in await self._catalog.memories.all(homes)}

    async def projects(self, principal: Principal) -> list[Project]:
        """The projects that the principal may enter memories of."""
        return principal.visible(await self._catalog.projects.all())

    async def enter(self, principal: Principal, entry: NewMemory) -> Shelved:
        """Enter a memory, of a project, or of the installation where no project is named.

        Raises:
            ForbiddenError: the principal does not reach the project, or is no admin of all.
            FieldRefusedError: there is no such project.
            EntryExistsError: there is one of this name.
        """
        home = INSTALLATION_PROJECT_ID
        if entry.project_code:
            principal.require_project(entry.project_code)
            project = await self._catalog.projects.find(entry.project_code)
            if project is None:
                raise FieldRefusedError(
                    "project_code", "No project has this code.", code="project.unknown"
                )
            home = project.project_id
        else:
            principal.require(Role.ADMIN)
            principal.require_project("")
        made = await self._catalog.memories.create(
            editor_of(principal), self._clock.now(), home, entry.name, entry.description
        )
        return (await self._shelved([made]))[0]

    async def edit(
        self, principal: Principal, memory_id: UUID, version: int, change: MemoryChange
    ) -> Shelved:
        """Give a memory another name or description.

        Raises:
            MemoryMissingError, ForbiddenError: as `memory`.
            StaleEditError, EntryExistsError: as `Memories.edit`.
        """
        await self.memory(memory_id, principal, writes=True)
        edited = await self._catalog.memories.edit(
            editor_of(principal),
            self._clock.now(),
            memory_id,
            version=version,
            name=change.name,
            description=change.description,
        )
        return (await self._shelved([edited]))[0]

    async def remove(self, principal: Principal, memory_id: UUID, version: int) -> None:
        """Remove a memory with its units, which only an admin may.

        Raises:
            MemoryMissingError, ForbiddenError: as `memory`.
            StaleEditError: it was edited since `version`.
            EntryInUseError: settings of projects name it.
        """
        principal.require(Role.ADMIN)
        await self.memory(memory_id, principal, writes=True)
        users = [
            each.code
            for each in await self._catalog.projects.all()
            if any(one.memory_id == memory_id for one in each.settings.memories)
        ]
        if users:
            raise EntryInUseError(
                f"Jobs of {', '.join(users)} read this memory; take it out of their settings first."
            )
        await self._catalog.memories.remove(
            editor_of(principal), self._clock.now(), memory_id, version
        )

    async def take_in(
        self,
        principal: Principal,
        memory_id: UUID,
        form: ImportOrder,
        upload: Upload,
        *,
        dry_run: bool,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a job that takes a TMX in.

        Raises:
            MemoryMissingError, ForbiddenError: as `memory`; only an admin imports what is approved.
            FieldRefusedError: the file is empty.
            UploadTooLargeError: it is larger than this installation takes.
        """
        memory = await self.memory(memory_id, principal, writes=not dry_run)
        require_promoter(principal, form.state)
        if form.keep_states:
            principal.require(Role.ADMIN)
        require_content(upload, self._max_upload_bytes)
        config = MemoryImportConfig(
            memory_id=memory_id,
            source_language=form.source_language,
            target_language=form.target_language,
            state=form.state.value,
            keeps_states=form.keep_states,
            segment_type=form.segment_type.value,
            domain=form.domain,
            dry_run=dry_run,
        )
        return await self._memory_jobs.take_in(
            memory,
            config,
            ImportRecord(origin=form.origin or upload.base_name[:200]),
            upload,
            principal,
            idempotency_key=idempotency_key,
            traceparent=traceparent,
        )

    async def imports(self, memory_id: UUID, principal: Principal) -> list[MemoryBatch]:
        """The batches that came into the memory, the newest first.

        Raises:
            MemoryMissingError: as `find`.
        """
        await self.memory(memory_id, principal)
        return await self._catalog.memory_batches.of_memory(memory_id)

    async def export(
        self,
        memory_id: UUID,
        principal: Principal,
        source: Locale,
        target: Locale,
        state: MemoryState | None = None,
    ) -> AsyncIterator[bytes]:
        """The memory's units in a pair of locales as TMX 1.4b, in pieces.

        Raises:
            MemoryMissingError: as `find`, before the first piece.
        """
        memory = await self.memory(memory_id, principal)
        header = TmxHeader(
            source,
            target,
            self._tool_version,
            self._clock.now(),
            {"x-dragoman-memory": memory.name},
            "sentence",
        )
        units = self._catalog.memory_units.each(memory_id, source, target, state)
        return _pieces(header, units)

    async def _shelved(self, memories: Sequence[Memory]) -> list[Shelved]:
        counts = await self._catalog.memories.counts([each.memory_id for each in memories])
        codes = {each.project_id: each.code for each in await self._catalog.projects.all()}
        return [
            Shelved(each, codes.get(each.project_id, ""), counts[each.memory_id])
            for each in memories
        ]


async def _pieces(header: TmxHeader, units: AsyncIterator[MemoryUnit]) -> AsyncIterator[bytes]:
    """The file's pieces: its head and end, and between them the units as they come."""
    start, end = b"".join(tmx_pieces(header, ())).split(b"</body>")
    yield start
    some: list[MemoryUnit] = []
    async for unit in units:
        some.append(unit)
        if len(some) == _PIECES:
            yield _body(header, some)
            some = []
    yield _body(header, some) + b"</body>" + end


def _body(header: TmxHeader, units: list[MemoryUnit]) -> bytes:
    whole = b"".join(tmx_pieces(header, tmx_units(units)))
    return whole[whole.index(b"<body>\n") + len(b"<body>\n") : whole.rindex(b"</body>")]
