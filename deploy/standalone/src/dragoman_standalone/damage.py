"""Damaged databases of a state folder as one sentence with the cure."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import DBAPIError

from dragoman_runtime.eventstore import StoreUnavailableError
from dragoman_standalone.lock import damaged

_SIGNS = ("malformed", "not a database", "disk image", "unsupported file format")


@contextmanager
def named_damage() -> Generator[None]:
    """Name the cure where a database of the state folder turns out to be damaged during the block.

    Raises:
        StateDamagedError: one of them is.
    """
    try:
        yield
    except (
        sqlite3.DatabaseError,
        DBAPIError,
        PersistenceError,
        StoreUnavailableError,
    ) as error:
        if not _is_damage(error):
            raise
        raise damaged(_name(isinstance(error, DBAPIError))) from error
    except BaseExceptionGroup as group:
        if group.subgroup(_is_damage) is None:
            raise
        raise damaged(_name(group.subgroup(DBAPIError) is not None)) from group


def _is_damage(error: BaseException) -> bool:
    # The event store's own error says "ask again", as it must where a disk is full.
    told = error.__cause__ if isinstance(error, StoreUnavailableError) else error
    is_of_database = isinstance(told, sqlite3.DatabaseError | DBAPIError | PersistenceError)
    return is_of_database and any(sign in str(told).lower() for sign in _SIGNS)


def _name(is_of_catalog: bool) -> str:
    """The catalogue's driver is SQLAlchemy's, the log's is not."""
    return "catalog.db" if is_of_catalog else "events.db"
