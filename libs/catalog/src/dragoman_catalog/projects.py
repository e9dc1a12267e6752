"""Projects, their language pairs, and the domain packs, as stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Executable, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import EntryMissingError
from dragoman_catalog.values import (
    Editor,
    LanguagePair,
    PolicyOverrides,
    Project,
    ProjectSettings,
)
from dragoman_contracts import identity
from dragoman_contracts.locale import Locale

_PROJECTS = tables.projects
_PAIRS = tables.language_pairs


class Projects:
    """The projects. A project is never deleted: documents and tokens name it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[Project]:
        """Every project, by code."""
        async with reading(self._engine) as connection:
            return await values(connection, select(_PROJECTS).order_by(_PROJECTS.c.code), Project)

    async def find(self, code: str) -> Project | None:
        """The project with this code; None when there is none."""
        async with reading(self._engine) as connection:
            return await _project(connection, code)

    async def create(
        self, editor: Editor, now: datetime, *, code: str, name: str, settings: ProjectSettings
    ) -> Project:
        """Enter a project.

        Raises:
            EntryExistsError: the code is taken.
        """
        project = Project(
            project_id=identity.project_id(code), code=code, name=name, settings=settings, version=1
        )
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(_PROJECTS).values(project.model_dump(mode="python") | _json(settings))
            )
            await self._audit(connection, editor, now, "project.created", None, project)
        return project

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        code: str,
        *,
        version: int,
        name: str,
        settings: ProjectSettings,
    ) -> Project:
        """Replace the name and settings of a project as it was at `version`; jobs that run keep
        theirs.

        Raises:
            EntryMissingError: there is no such project.
            StaleEditError: the project was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await _project(connection, code)
            if before is None:
                raise EntryMissingError(f"There is no project {code!r}.")
            require_version(before.version, version)
            after = before.model_copy(
                update={"name": name, "settings": settings, "version": version + 1}
            )
            done = await connection.execute(
                update(_PROJECTS)
                .where(_PROJECTS.c.code == code, _PROJECTS.c.version == version)
                .values(name=name, version=version + 1, **_json(settings))
            )
            require_one(done.rowcount)
            await self._audit(connection, editor, now, "project.edited", before, after)
        return after

    async def _audit(
        self,
        connection: AsyncConnection,
        editor: Editor,
        now: datetime,
        action: str,
        before: Project | None,
        after: Project,
    ) -> None:
        await write_audit(
            connection,
            editor,
            now,
            action=action,
            entity_id=after.code,
            project_id=after.project_id,
            before=before,
            after=after,
        )


class LanguagePairs:
    """The language pairs of the projects."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self, project_id: UUID) -> list[LanguagePair]:
        """The pairs of a project, by source and target."""
        statement = (
            select(_PAIRS)
            .where(_PAIRS.c.project_id == project_id)
            .order_by(_PAIRS.c.source_locale, _PAIRS.c.target_locale)
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, LanguagePair)

    async def find(self, pair_id: UUID) -> LanguagePair | None:
        """The pair with this id; None when there is none."""
        async with reading(self._engine) as connection:
            return await _pair(connection, pair_id)

    async def between(
        self, project_id: UUID, source: Locale, target: Locale
    ) -> LanguagePair | None:
        """The pair of these locales as the project entered it; None when it did not."""
        async with reading(self._engine) as connection:
            return await one(connection, select_pair(project_id, source, target), LanguagePair)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        project: Project,
        *,
        source: Locale,
        target: Locale,
        is_active: bool,
        overrides: PolicyOverrides,
    ) -> LanguagePair:
        """Enter a language pair.

        Raises:
            EntryExistsError: the project has this pair.
        """
        pair = LanguagePair(
            pair_id=identity.new_id(),
            project_id=project.project_id,
            source_locale=source,
            target_locale=target,
            is_active=is_active,
            overrides=overrides,
            version=1,
        )
        row = pair.model_dump(mode="python") | _overrides(overrides)
        row |= {"source_locale": str(source), "target_locale": str(target)}
        async with writing(self._engine) as connection:
            await connection.execute(insert(_PAIRS).values(row))
            await self._audit(connection, editor, now, "language_pair.created", None, pair)
        return pair

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        pair_id: UUID,
        *,
        version: int,
        is_active: bool,
        overrides: PolicyOverrides,
    ) -> LanguagePair:
        """Open or close the pair as it was at `version`, and replace what it overrides.

        Raises:
            EntryMissingError: there is no such pair.
            StaleEditError: the pair was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await self._required(connection, pair_id, version)
            change = {"is_active": is_active, "overrides": overrides, "version": version + 1}
            after = before.model_copy(update=change)
            done = await connection.execute(
                update(_PAIRS)
                .where(_PAIRS.c.pair_id == pair_id, _PAIRS.c.version == version)
                .values(is_active=is_active, version=version + 1, **_overrides(overrides))
            )
            require_one(done.rowcount)
            await self._audit(connection, editor, now, "language_pair.edited", before, after)
        return after

    async def remove(self, editor: Editor, now: datetime, pair_id: UUID, *, version: int) -> None:
        """Remove the pair as it was at `version`; jobs on it keep their policy.

        Raises:
            EntryMissingError: there is no such pair.
            StaleEditError: the pair was edited since `version`.
        """
        async with writing(self._engine) as connection:
            before = await self._required(connection, pair_id, version)
            done = await connection.execute(
                delete(_PAIRS).where(_PAIRS.c.pair_id == pair_id, _PAIRS.c.version == version)
            )
            require_one(done.rowcount)
            await self._audit(connection, editor, now, "language_pair.removed", before, None)

    async def _required(
        self, connection: AsyncConnection, pair_id: UUID, version: int
    ) -> LanguagePair:
        before = await _pair(connection, pair_id)
        if before is None:
            raise EntryMissingError(f"There is no language pair {pair_id}.")
        require_version(before.version, version)
        return before

    async def _audit(
        self,
        connection: AsyncConnection,
        editor: Editor,
        now: datetime,
        action: str,
        before: LanguagePair | None,
        after: LanguagePair | None,
    ) -> None:
        entry = after or before
        if entry is None:
            raise ValueError("an edit has an entry before or after it")
        await write_audit(
            connection,
            editor,
            now,
            action=action,
            entity_id=str(entry.pair_id),
            project_id=entry.project_id,
            before=before,
            after=after,
        )


def select_project(code: str) -> Executable:
    """The project with this code."""
    return select(_PROJECTS).where(_PROJECTS.c.code == code)


def select_pair(project_id: UUID, source: Locale, target: Locale) -> Executable:
    """The project's pair of these locales."""
    return select(_PAIRS).where(
        _PAIRS.c.project_id == project_id,
        _PAIRS.c.source_locale == str(source),
        _PAIRS.c.target_locale == str(target),
    )


async def _project(connection: AsyncConnection, code: str) -> Project | None:
    return await one(connection, select_project(code), Project)


async def _pair(connection: AsyncConnection, pair_id: UUID) -> LanguagePair | None:
    return await one(connection, select(_PAIRS).where(_PAIRS.c.pair_id == pair_id), LanguagePair)


def _json(settings: ProjectSettings) -> dict[str, object]:
    return {"settings": settings.model_dump(mode="json")}


def _overrides(overrides: PolicyOverrides) -> dict[str, object]:
    return {"overrides": overrides.model_dump(mode="json", exclude_none=True)}
