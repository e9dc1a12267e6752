"""The catalogue's database: transactions of edits, their audit rows,
and the driver's errors as ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Executable, insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.errors import CatalogUnavailableError, EntryExistsError, StaleEditError
from dragoman_catalog.quality import STORED
from dragoman_catalog.values import Editor
from dragoman_contracts.identity import new_id
from dragoman_contracts.model import Value
from dragoman_runtime.sql_errors import LOST, is_passing

_V = TypeVar("_V", bound=Value)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection to read with."""
    async with _translated(), engine.connect() as connection:
        yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction to write in; what it wrote counts when the block ends well.

    Raises:
        EntryExistsError: there is such an entry already.
    """
    async with _translated(), engine.execution_options(is_writing=True).begin() as connection:
        yield connection


async def rows(
    connection: AsyncConnection, statement: Executable
) -> Sequence[Mapping[str, object]]:
    """The rows the statement gives, as plain mappings."""
    found = (await connection.execute(statement)).mappings().all()
    return [dict(row) for row in found]


async def values(connection: AsyncConnection, statement: Executable, type_: type[_V]) -> list[_V]:
    """The rows the statement gives, each as a value of `type_`.

    Settings that this version does not know, or no longer, are left out.
    """
    return [
        type_.model_validate(row, extra="ignore", context=STORED)
        for row in await rows(connection, statement)
    ]


async def one(connection: AsyncConnection, statement: Executable, type_: type[_V]) -> _V | None:
    """The first row the statement gives, as a value; None where it gives none."""
    found = await values(connection, statement, type_)
    return found[0] if found else None


async def write_audit(
    connection: AsyncConnection,
    editor: Editor,
    now: datetime,
    *,
    action: str,
    entity_id: str,
    project_id: UUID | None = None,
    before: Value | None = None,
    after: Value | None = None,
) -> None:
    """Put the edit on record, in its own transaction. `action` is `<entity>.<what was done>`."""
    row = {
        "entry_id": new_id(),
        "occurred_at": now,
        "project_id": project_id,
        "actor": editor.actor,
        "actor_name": editor.actor_name,
        "source_address": editor.source_address[:80],
        "action": action,
        "entity": action.split(".", 1)[0],
        "entity_id": entity_id,
        "before_digest": _digest(before),
        "after_digest": _digest(after),
    }
    await connection.execute(insert(tables.audit).values(row))


def require_version(stored: int, named: int) -> None:
    """Refuse an edit that was made on an older version.

    Raises:
        StaleEditError: the entry was edited since.
    """
    if stored != named:
        raise StaleEditError(f"The entry is at version {stored}, not {named}; read it again.")


def require_one(count: int) -> None:
    """Refuse an edit that met no row: another transaction edited it between our read and our write.

    Raises:
        StaleEditError: the entry was edited at the same moment.
    """
    if count != 1:
        raise StaleEditError("Somebody edited the entry at the same moment; read it again.")


def _digest(entry: Value | None) -> str:
    if entry is None:
        return ""
    plain: object = json.loads(entry.model_dump_json())
    return hashlib.sha256(
        json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    try:
        yield
    except IntegrityError as error:
        raise EntryExistsError(
            "There is such an entry already; edit it or choose another name."
        ) from error
    except (DBAPIError, *LOST) as error:
        if isinstance(error, DBAPIError) and not is_passing(error):
            raise
        raise CatalogUnavailableError(
            f"The catalogue cannot be reached: {type(error).__name__}."
        ) from error
