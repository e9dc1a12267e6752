"""Domain packs, as stored: each at its newest version, and every version it had."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Executable, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import (
    one,
    reading,
    require_one,
    require_version,
    rows,
    values,
    write_audit,
    writing,
)
from dragoman_catalog.errors import EntryMissingError
from dragoman_catalog.quality import STORED
from dragoman_catalog.values import DomainPack, Editor, PackEntry, PackVersion

_PACKS = tables.domain_packs
_VERSIONS = tables.domain_pack_versions


class DomainPacks:
    """The domain packs every project can name. A pack is never deleted: jobs name it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[DomainPack]:
        """Every domain pack, by code."""
        async with reading(self._engine) as connection:
            return await values(connection, select(_PACKS).order_by(_PACKS.c.code), DomainPack)

    async def find(self, code: str) -> DomainPack | None:
        """The domain pack with this code; None when there is none."""
        async with reading(self._engine) as connection:
            return await one(connection, select_domain_pack(code), DomainPack)

    async def versions(self, code: str) -> list[PackVersion]:
        """The versions that were saved of a pack, the newest first."""
        statement = (
            select(_VERSIONS).where(_VERSIONS.c.code == code).order_by(_VERSIONS.c.version.desc())
        )
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        return [
            PackVersion.model_validate(
                {"pack": row["entry"], "saved_at": row["saved_at"], "saved_by": row["saved_by"]},
                extra="ignore",
                context=STORED,
            )
            for row in found
        ]

    async def create(
        self, editor: Editor, now: datetime, code: str, entry: PackEntry
    ) -> DomainPack:
        """Enter a domain pack.

        Raises:
            EntryExistsError: the code is taken.
        """
        made = _pack(code, entry, 1)
        async with writing(self._engine) as connection:
            await connection.execute(insert(_PACKS).values(_row(made)))
            await self._kept_with_audit(connection, editor, now, "domain_pack.created", None, made)
        return made

    async def edit(
        self, editor: Editor, now: datetime, code: str, *, version: int, entry: PackEntry
    ) -> DomainPack:
        """Save the next version of a pack; jobs that were submitted keep theirs.

        Raises:
            EntryMissingError: there is no such pack.
            StaleEditError: there is a newer version than `version`.
        """
        async with writing(self._engine) as connection:
            before = await one(connection, select_domain_pack(code), DomainPack)
            if before is None:
                raise EntryMissingError(f"There is no domain pack {code!r}.")
            require_version(before.version, version)
            after = _pack(code, entry, version + 1)
            done = await connection.execute(
                update(_PACKS)
                .where(_PACKS.c.code == code, _PACKS.c.version == version)
                .values(_row(after))
            )
            require_one(done.rowcount)
            await self._kept_with_audit(
                connection, editor, now, "domain_pack.edited", before, after
            )
        return after

    async def _kept_with_audit(
        self,
        connection: AsyncConnection,
        editor: Editor,
        now: datetime,
        action: str,
        before: DomainPack | None,
        after: DomainPack,
    ) -> None:
        row = {"code": after.code, "version": after.version, "entry": after.model_dump(mode="json")}
        await connection.execute(
            insert(_VERSIONS).values(**row, saved_at=now, saved_by=editor.actor)
        )
        await write_audit(
            connection,
            editor,
            now,
            action=action,
            entity_id=after.code,
            before=before,
            after=after,
        )


def select_domain_pack(code: str) -> Executable:
    """The domain pack with this code."""
    return select(_PACKS).where(_PACKS.c.code == code)


def _pack(code: str, entry: PackEntry, version: int) -> DomainPack:
    said = entry.model_dump(include=set(PackEntry.model_fields))
    return DomainPack.model_validate({**said, "code": code, "version": version})


def _row(pack: DomainPack) -> dict[str, object]:
    return pack.model_dump(mode="json")
