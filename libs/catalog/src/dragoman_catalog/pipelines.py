"""The pipelines people made: every version of each, as it was saved.
Those that are built in need no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Executable, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import one, reading, require_version, values, write_audit, writing
from dragoman_catalog.errors import EntryExistsError, EntryMissingError, PipelineRefusedError
from dragoman_catalog.values import Editor, SavedPipeline
from dragoman_contracts.phases import BUILT_IN_PIPELINES, Phase, Pipeline
from dragoman_contracts.pipeline_checks import PipelineFault, check, with_names_of_now

_VERSIONS = tables.pipeline_versions


class Pipelines:
    """The pipelines. A version is never changed or deleted: an edit is a new version,
    and so is retiring one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[SavedPipeline]:
        """The newest version of each pipeline, the built-in ones first, then by name."""
        newest = select(_VERSIONS.c.name, func.max(_VERSIONS.c.version).label("version")).group_by(
            _VERSIONS.c.name
        )
        last = newest.subquery()
        statement = (
            select(_VERSIONS)
            .join(
                last, and_(_VERSIONS.c.name == last.c.name, _VERSIONS.c.version == last.c.version)
            )
            .order_by(_VERSIONS.c.name)
        )
        async with reading(self._engine) as connection:
            return [
                *map(_built_in, BUILT_IN_PIPELINES.values()),
                *await values(connection, statement, SavedPipeline),
            ]

    async def find(self, name: str, version: int | None = None) -> SavedPipeline | None:
        """This version of a pipeline, or its newest; None where there is none."""
        if (built_in := BUILT_IN_PIPELINES.get(name)) is not None:
            return _built_in(built_in) if version in {None, built_in.version} else None
        async with reading(self._engine) as connection:
            return await one(connection, _select(name, version), SavedPipeline)

    async def versions(self, name: str) -> list[SavedPipeline]:
        """Every version of a pipeline, the newest first; empty where there is none of this name."""
        if (built_in := BUILT_IN_PIPELINES.get(name)) is not None:
            return [_built_in(built_in)]
        statement = (
            select(_VERSIONS).where(_VERSIONS.c.name == name).order_by(_VERSIONS.c.version.desc())
        )
        async with reading(self._engine) as connection:
            return await values(connection, statement, SavedPipeline)

    async def create(
        self,
        editor: Editor,
        now: datetime,
        name: str,
        phases: Sequence[Phase],
        *,
        title: str = "",
        is_retired: bool = False,
    ) -> SavedPipeline:
        """Save the first version of a pipeline.

        Raises:
            EntryExistsError: the name is taken.
            PipelineRefusedError: the phases cannot be as they are.
        """
        if name in BUILT_IN_PIPELINES:
            raise EntryExistsError(f"Pipeline {name!r} is built in; choose another name.")
        first = _checked(
            SavedPipeline(
                name=name,
                version=1,
                phases=tuple(phases),
                title=title,
                is_retired=is_retired,
                saved_at=now,
                saved_by=editor.actor,
            )
        )
        async with writing(self._engine) as connection:
            await _insert(connection, first)
            await write_audit(
                connection, editor, now, action="pipeline.created", entity_id=name, after=first
            )
        return first

    async def edit(
        self,
        editor: Editor,
        now: datetime,
        name: str,
        *,
        version: int,
        phases: Sequence[Phase] | None = None,
        title: str | None = None,
        is_retired: bool = False,
    ) -> SavedPipeline:
        """Save the version behind `version`; with `phases` or `title` None those of that one.

        Raises:
            EntryMissingError: there is no such pipeline, or it is built in.
            StaleEditError: there is a newer version than `version`.
            PipelineRefusedError: the phases cannot be as they are.
        """
        if name in BUILT_IN_PIPELINES:
            raise EntryMissingError(
                f"Pipeline {name!r} is built in and stays as it is; save yours under a new name."
            )
        async with writing(self._engine) as connection:
            before = await one(connection, _select(name, None), SavedPipeline)
            if before is None:
                raise EntryMissingError(f"There is no pipeline {name!r}.")
            require_version(before.version, version)
            change: dict[str, object] = {"version": version + 1, "is_retired": is_retired}
            change |= {"saved_at": now, "saved_by": editor.actor}
            change |= {} if phases is None else {"phases": tuple(phases)}
            change |= {} if title is None else {"title": title}
            after = _checked(before.model_copy(update=change))
            await _insert(connection, after)
            done = "retired" if is_retired else "edited"
            await write_audit(
                connection,
                editor,
                now,
                action=f"pipeline.{done}",
                entity_id=name,
                before=before,
                after=after,
            )
        return after


def _checked(saved: SavedPipeline) -> SavedPipeline:
    """The pipeline with steps under their names of now.

    Raises:
        PipelineRefusedError: its phases cannot be as they are.
    """
    try:
        pipeline = with_names_of_now(saved.pipeline)
    except ValidationError as error:
        messages = [each["msg"].removeprefix("Value error, ") for each in error.errors()]
        raise PipelineRefusedError(
            [PipelineFault(place=("phases",), message=each) for each in messages]
        ) from error
    found = check(pipeline)
    if found.faults:
        raise PipelineRefusedError(found.faults)
    return saved.model_copy(update={"phases": pipeline.phases})


def _built_in(pipeline: Pipeline) -> SavedPipeline:
    return SavedPipeline(name=pipeline.name, version=pipeline.version, phases=pipeline.phases)


def _select(name: str, version: int | None) -> Executable:
    statement = select(_VERSIONS).where(_VERSIONS.c.name == name)
    if version is not None:
        return statement.where(_VERSIONS.c.version == version)
    return statement.order_by(_VERSIONS.c.version.desc()).limit(1)


async def pipelines_linked_to(connection: AsyncConnection, model_ids: frozenset[UUID]) -> list[str]:
    """The pipelines in use whose newest version links to one of the models, by name."""
    wanted = {str(each) for each in model_ids}
    if not wanted:
        return []
    newest: dict[str, SavedPipeline] = {
        name: _built_in(each) for name, each in BUILT_IN_PIPELINES.items()
    }
    statement = select(_VERSIONS).order_by(_VERSIONS.c.name, _VERSIONS.c.version)
    for each in await values(connection, statement, SavedPipeline):
        newest[each.name] = each
    return [
        name
        for name, each in newest.items()
        if not each.is_retired
        and any(str(phase.config.get("model_id")) in wanted for phase in each.phases)
    ]


async def _insert(connection: AsyncConnection, saved: SavedPipeline) -> None:
    phases = [phase.model_dump(mode="json") for phase in saved.phases]
    await connection.execute(
        insert(_VERSIONS).values(saved.model_dump(mode="python") | {"phases": phases})
    )
