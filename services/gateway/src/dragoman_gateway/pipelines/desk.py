"""Use cases of pipelines: what steps there are, and pipelines read, saved, edited and retired."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from uuid import UUID

from dragoman_catalog import (
    Catalog,
    EntryMissingError,
    PipelineRefusedError,
    RegisteredModel,
    SavedPipeline,
)
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_gateway.pipelines.schemas import (
    COMMAND_STEP,
    EditedPipeline,
    NewPipeline,
    PipelineEntry,
)
from dragoman_gateway.web.actors import names_of_actors
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
        with _faults_as_said(entry):
            await self._require_models(entry)
            return await self._catalog.pipelines.create(
                editor_of(principal),
                self._clock.now(),
                entry.id,
                entry.saved_phases(),
                title="" if entry.name == entry.id else entry.name,
                is_retired=not entry.is_active,
            )

    async def edit(
        self, principal: Principal, name: str, version: int, entry: EditedPipeline
    ) -> SavedPipeline:
        """Save the version behind `version`; a retired pipeline takes jobs again, unless the entry
        says that it is not active.

        Raises:
            EntryMissingError: there is no such pipeline, or it is built in.
            StaleEditError: there is a newer version than `version`.
            PipelineRefusedError: the phases cannot be as they are.
        """
        with _faults_as_said(entry):
            await self._require_models(entry)
            return await self._catalog.pipelines.edit(
                editor_of(principal),
                self._clock.now(),
                name,
                version=version,
                phases=entry.saved_phases(),
                title=entry.name,
                is_retired=not entry.is_active,
            )

    async def _require_models(self, entry: PipelineEntry) -> None:
        """Refuse a link to a model that the registry does not have.

        Raises:
            PipelineRefusedError: at the phase that links to it.
        """
        for place, phase in enumerate(entry.saved_phases()):
            asked = phase.config.get("model_id") if phase.kind == COMMAND_STEP else None
            with suppress(ValueError):  # what is no id, the config's check refuses
                if asked and await self._catalog.models.find(UUID(str(asked))) is None:
                    where = ("phases", place, "config", "model_id")
                    fault = PipelineFault(place=where, message=f"There is no model {asked}.")
                    raise PipelineRefusedError([fault])

    async def models(self) -> list[RegisteredModel]:
        """The models that a pipeline can link to, by category and name."""
        return await self._catalog.models.all()

    async def names(self, actors: Iterable[str]) -> dict[str, str]:
        """The names of actors as pages show them."""
        return await names_of_actors(self._catalog, actors)

    async def activate(self, principal: Principal, name: str, version: int) -> SavedPipeline:
        """Let a retired pipeline take jobs again.

        Raises:
            EntryMissingError, StaleEditError: as `edit`.
        """
        return await self._catalog.pipelines.edit(
            editor_of(principal), self._clock.now(), name, version=version
        )

    async def retire(self, principal: Principal, name: str, version: int) -> SavedPipeline:
        """Let a pipeline take no new jobs.

        Raises:
            EntryMissingError, StaleEditError: as `edit`.
        """
        return await self._catalog.pipelines.edit(
            editor_of(principal), self._clock.now(), name, version=version, is_retired=True
        )


@contextmanager
def _faults_as_said(entry: PipelineEntry) -> Generator[None]:
    """Faults of a command are told of the fields that were sent, not of the phase made of them."""
    try:
        yield
    except PipelineRefusedError as error:
        if not entry.command:
            raise
        inner = ("phases", 0, "config")
        raise PipelineRefusedError(
            [
                fault.model_copy(update={"place": fault.place[len(inner) :]})
                if fault.place[: len(inner)] == inner
                else fault
                for fault in error.faults
            ]
        ) from error
