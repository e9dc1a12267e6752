"""Use cases of pipelines: what steps there are, and pipelines read, saved, edited and retired."""

from __future__ import annotations

from dragoman_catalog import Catalog, EntryMissingError, SavedPipeline
from dragoman_gateway.pipelines.schemas import NewPipeline, PipelineEntry
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.clock import Clock


class PipelineDesk:
    """Reads and saves pipelines. The catalogue checks those that are saved."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def all(self) -> list[SavedPipeline]:
        """The newest version of each pipeline, the built-in ones first."""
        return await self._catalog.pipelines.all()

    async def find(self, name: str, version: int | None = None) -> SavedPipeline:
        """This version of a pipeline, or its newest.

        Raises:
            EntryMissingError: there is none.
        """
        found = await self._catalog.pipelines.find(name, version)
        if found is None:
            which = "" if version is None else f"version {version} of "
            raise EntryMissingError(f"There is no {which}pipeline {name!r}.")
        return found

    async def versions(self, name: str) -> list[SavedPipeline]:
        """Every version of a pipeline, the newest first.

        Raises:
            EntryMissingError: there is no pipeline of this name.
        """
        found = await self._catalog.pipelines.versions(name)
        if not found:
            raise EntryMissingError(f"There is no pipeline {name!r}.")
        return found

    async def save(self, principal: Principal, entry: NewPipeline) -> SavedPipeline:
        """Save the first version of a pipeline.

        Raises:
            EntryExistsError: the name is taken.
            PipelineRefusedError: the phases cannot be as they are.
        """
        phases = [each.phase() for each in entry.phases]
        return await self._catalog.pipelines.create(editor_of(principal), self._clock.now(), entry.name, phases)

    async def edit(self, principal: Principal, name: str, version: int, entry: PipelineEntry) -> SavedPipeline:
        """Save the version behind `version`; a retired pipeline takes jobs again.

        Raises:
            EntryMissingError: there is no such pipeline, or it is built in.
            StaleEditError: there is a newer version than `version`.
            PipelineRefusedError: the phases cannot be as they are.
        """
        phases = [each.phase() for each in entry.phases]
        return await self._catalog.pipelines.edit(
            editor_of(principal), self._clock.now(), name, version=version, phases=phases
        )

    async def retire(self, principal: Principal, name: str, version: int) -> SavedPipeline:
        """Let a pipeline take no new jobs.

        Raises:
            EntryMissingError, StaleEditError: as `edit`.
        """
        return await self._catalog.pipelines.edit(
            editor_of(principal), self._clock.now(), name, version=version, is_retired=True
        )
