"""Use cases of classes: read, checked, saved, retired."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from dragoman_catalog import (
    INSTALLATION_PROJECT_ID,
    Catalog,
    EntryMissingError,
    RegisteredModel,
    SavedClass,
)
from dragoman_contracts.ai import SCHEMAS
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.identity import project_id
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_contracts.references import JSON_MEDIA_TYPE, NamedObject
from dragoman_gateway.objects.desk.checking import checked_class
from dragoman_gateway.objects.rules.declaring import ClassCheck
from dragoman_gateway.web.actors import names_of_actors
from dragoman_gateway.web.errors import FaultsError, FieldRefusedError, ForbiddenError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.signin import editor_of
from dragoman_runtime.clock import Clock
from dragoman_runtime.objects import ObjectStore

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class as a person says it: the declaration, the files by name, and the code of the project
    that it is for; empty for every project.
    """

    declaration: Mapping[str, Any]
    files: Mapping[str, JsonValue]
    project_code: str = ""


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """A class that was saved; `is_new` is False where the newest version says the same already."""

    saved: SavedClass
    files: Mapping[str, str]
    warnings: tuple[PipelineFault, ...]
    is_new: bool


class ClassDesk:
    """Reads and saves classes. One of a project outside the principal's scope is as if it were not
    there.
    """

    def __init__(self, catalog: Catalog, objects: ObjectStore, clock: Clock) -> None:
        self._catalog = catalog
        self._objects = objects
        self._clock = clock
        self._checking = asyncio.Lock()  # each check has a process of its own

    async def all(self, principal: Principal) -> list[SavedClass]:
        """The newest version of each class that the principal sees, by name."""
        return [each for each in await self._catalog.classes.all() if _sees(principal, each)]

    async def find(self, name: str, principal: Principal, version: int | None = None) -> SavedClass:
        """This version of a class, or its newest.

        Raises:
            EntryMissingError: there is none, or none that the principal sees.
        """
        found = await self._catalog.classes.find(name, version)
        if found is None or not _sees(principal, found):
            which = "" if version is None else f"version {version} of "
            raise EntryMissingError(f"There is no {which}class {name!r}.")
        return found

    async def versions(self, name: str, principal: Principal) -> list[SavedClass]:
        """Every version of a class, the newest first.

        Raises:
            EntryMissingError: as `find`.
        """
        await self.find(name, principal)
        return await self._catalog.classes.versions(name)

    async def files_of(self, saved: SavedClass) -> dict[str, str]:
        """The texts of the class's files, by name."""
        return {
            each.name: (await self._objects.get(saved.project_id, each.object)).decode()
            for each in saved.files
        }

    async def project_codes(self) -> dict[UUID, str]:
        """The codes of the projects, by id."""
        return {each.project_id: each.code for each in await self._catalog.projects.all()}

    async def names(self, actors: Iterable[str]) -> dict[str, str]:
        """The names of actors as pages show them."""
        return await names_of_actors(self._catalog, actors)

    async def check(self, entry: ClassEntry) -> ClassCheck:
        """All that is wrong with a class, and what may not be meant; nothing is saved.

        Raises:
            SandboxLostError: the process that reads prompts and scripts was killed from outside.
        """
        async with self._checking:
            found = await checked_class(entry.declaration, entry.files)
        if found.declaration is None:
            return found
        faults = tuple(_model_faults(found.declaration, await self._catalog.models.all()))
        return ClassCheck(
            found.declaration if not faults else None, found.files, faults, found.warnings
        )

    async def save(self, principal: Principal, entry: ClassEntry) -> SavedAnswer:
        """Save a class, or the next version of one; the newest where that says the same.

        Raises:
            FaultsError: it cannot be as it is.
            ForbiddenError: the class is of a project, or the installation's, that the principal
                does not reach.
            StaleEditError: somebody saved a version at the same moment.
        """
        before = await self._catalog.classes.find(str(entry.declaration.get("name", ""))[:80])
        return await self._save(principal, entry, before)

    async def edit(
        self, principal: Principal, name: str, version: int, entry: ClassEntry
    ) -> SavedAnswer:
        """Save the version behind `version`; a retired class takes objects again.

        Raises:
            EntryMissingError: there is no such class.
            StaleEditError: there is a newer version than `version`.
            FaultsError, ForbiddenError: as `save`.
        """
        before = await self.find(name, principal)
        said = entry.declaration.get("name", name)
        if said != name:
            raise FieldRefusedError("name", f"A class keeps its name, {name!r}.")
        named = ClassEntry({**entry.declaration, "name": name}, entry.files, entry.project_code)
        return await self._save(principal, named, before, version)

    async def retire(self, principal: Principal, name: str, version: int) -> SavedClass:
        """Let a class take no new objects; those there are go on.

        Raises:
            EntryMissingError, StaleEditError, ForbiddenError: as `edit`.
        """
        before = await self.find(name, principal)
        _require_reach(principal, before.project_id)
        return await self._catalog.classes.edit(
            editor_of(principal), self._clock.now(), name, version=version, is_retired=True
        )

    async def _save(
        self,
        principal: Principal,
        entry: ClassEntry,
        before: SavedClass | None,
        version: int | None = None,
    ) -> SavedAnswer:
        home = await self._home(principal, entry, before)
        found = await self.check(entry)
        if found.declaration is None:
            raise FaultsError("The class cannot be saved.", found.faults, code="class.invalid")
        files = [
            NamedObject(
                name=name,
                object=await self._objects.put(
                    home, text.encode(), JSON_MEDIA_TYPE if name.startswith(SCHEMAS) else _TEXT
                ),
            )
            for name, text in sorted(found.files.items())
        ]
        editor, now, classes = editor_of(principal), self._clock.now(), self._catalog.classes
        if before is None:
            saved = await classes.create(editor, now, home, found.declaration, files)
            return SavedAnswer(saved, found.files, found.warnings, is_new=True)
        is_same = before.declaration == found.declaration and before.files == tuple(files)
        if is_same and not before.is_retired and version in {None, before.version}:
            return SavedAnswer(before, found.files, found.warnings, is_new=False)
        saved = await classes.edit(
            editor,
            now,
            before.name,
            version=before.version if version is None else version,
            declaration=found.declaration,
            files=files,
        )
        return SavedAnswer(saved, found.files, found.warnings, is_new=True)

    async def _home(
        self, principal: Principal, entry: ClassEntry, before: SavedClass | None
    ) -> UUID:
        """The project that the class belongs to, or the installation; a later version stays there.

        Raises:
            ForbiddenError: the principal does not reach it.
            FieldRefusedError: there is no such project, or the class belongs to another.
        """
        code = entry.project_code
        if code:
            principal.require_project(code)
            if await self._catalog.projects.find(code) is None:
                raise FieldRefusedError(
                    "project_code", "No project has this code.", code="project.unknown"
                )
        asked = project_id(code) if code else INSTALLATION_PROJECT_ID
        if before is None:
            _require_reach(principal, asked)
            return asked
        _require_reach(principal, before.project_id)
        if code and before.project_id != asked:
            raise FieldRefusedError(
                "project_code",
                f"Class {before.name!r} is not of this project; choose another name for this one.",
            )
        return before.project_id


def _sees(principal: Principal, saved: SavedClass) -> bool:
    return saved.is_of_installation or principal.sees(saved.project_id)


def _require_reach(principal: Principal, home: UUID) -> None:
    is_reached = (
        principal.project_codes is None if home == INSTALLATION_PROJECT_ID else principal.sees(home)
    )
    if not is_reached:
        raise ForbiddenError(
            "This class is for every project; use a credential that is not limited to some, or say "
            "project_code to make one of a project."
        )


def _model_faults(
    declaration: ClassDeclaration, models: list[RegisteredModel]
) -> Iterator[PipelineFault]:
    known = {name for each in models for name in (str(each.model_id), each.model_name, each.title)}
    for number, phase in enumerate(declaration.pipeline.phases if declaration.pipeline else ()):
        for index, task in enumerate(phase.tasks):
            if task.model and task.model not in known:
                place = ("pipeline", "phases", number, "tasks", index, "model")
                said = f"There is no model {task.model!r}; register it, or name one that is there."
                yield PipelineFault(place=place, message=said)
