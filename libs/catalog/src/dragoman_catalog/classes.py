"""The classes that people declared: every version of each, as it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.class_values import SavedClass
from dragoman_catalog.database import one, reading, require_version, values, write_audit, writing
from dragoman_catalog.errors import EntryExistsError, EntryMissingError
from dragoman_catalog.values import Editor
from dragoman_contracts.classes import ClassDeclaration
from dragoman_contracts.references import NamedObject

_VERSIONS = tables.class_versions


class Classes:
    """The classes. A version is never changed or deleted: an edit is a new version,
    and so is retiring one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[SavedClass]:
        """The newest version of each class, by name."""
        last = (
            select(_VERSIONS.c.name, func.max(_VERSIONS.c.version).label("version"))
            .group_by(_VERSIONS.c.name)
            .subquery()
        )
        is_last = and_(_VERSIONS.c.name == last.c.name, _VERSIONS.c.version == last.c.version)
        statement = select(_VERSIONS).join(last, is_last).order_by(_VERSIONS.c.name)
        async with reading(self._engine) as connection:
            return await values(connection, statement, SavedClass)

    async def find(self, name: str, version: int | None = None) -> SavedClass | None:
        """This version of a class, or its newest; None where there is none."""
        async with reading(self._engine) as connection:
            return await one(connection, _select(name, version), SavedClass)

    async def versions(self, name: str) -> list[SavedClass]:
        """Every version of a class, the newest first; empty where there is none of this name."""
        statement = (
            select(_VERSIONS).where(_VERSIONS.c.name == name).order_by(_VERSIONS.c.version.desc())
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, SavedClass)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        project_id: UUID,
        declaration: ClassDeclaration,
        files: Sequence[NamedObject],
    ) -> SavedClass:
        """Save the first version of a class.

        Raises:
            EntryExistsError: the name is taken.
        """
        first = SavedClass(
            project_id=project_id,
            name=declaration.name,
            version=1,
            declaration=declaration,
            files=tuple(files),
            saved_at=now,
            saved_by=editor.actor,
        )
        async with writing(self._engine) as connection:
            if await one(connection, _select(first.name, None), SavedClass) is not None:
                raise EntryExistsError(f"There is a class {first.name!r} already.")
            await _insert(connection, first)
            await _audit(connection, editor, now, "class.created", None, first)
        return first

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        name: str,
        *,
        version: int,
        declaration: ClassDeclaration | None = None,
        files: Sequence[NamedObject] | None = None,
        is_retired: bool = False,
    ) -> SavedClass:
        """Save the version behind `version`; what is None stays as it is there.

        Raises:
            EntryMissingError: there is no such class.
            StaleEditError: there is a newer version than `version`.
        """
        async with writing(self._engine) as connection:
            before = await one(connection, _select(name, None), SavedClass)
            if before is None:
                raise EntryMissingError(f"There is no class {name!r}.")
            require_version(before.version, version)
            change: dict[str, object] = {"version": version + 1, "is_retired": is_retired}
            change |= {"saved_at": now, "saved_by": editor.actor}
            change |= {} if declaration is None else {"declaration": declaration}
            change |= {} if files is None else {"files": tuple(files)}
            after = before.model_copy(update=change)
            await _insert(connection, after)
            done = "retired" if is_retired else "edited"
            await _audit(connection, editor, now, f"class.{done}", before, after)
        return after


def _select(name: str, version: int | None) -> Select[tuple[object, ...]]:
    statement = select(_VERSIONS).where(_VERSIONS.c.name == name)
    if version is not None:
        return statement.where(_VERSIONS.c.version == version)
    return statement.order_by(_VERSIONS.c.version.desc()).limit(1)


async def _insert(connection: AsyncConnection, saved: SavedClass) -> None:
    stored = {
        "declaration": saved.declaration.model_dump(mode="json"),
        "files": [each.model_dump(mode="json") for each in saved.files],
    }
    await connection.execute(insert(_VERSIONS).values(saved.model_dump(mode="python") | stored))


async def _audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    action: str,
    before: SavedClass | None,
    after: SavedClass,
) -> None:
    project_id = None if after.is_of_installation else after.project_id
    await write_audit(
        connection,
        editor,
        now,
        action=action,
        entity_id=after.name,
        project_id=project_id,
        before=before,
        after=after,
    )
