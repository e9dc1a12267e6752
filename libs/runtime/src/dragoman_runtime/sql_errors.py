"""The errors of SQLAlchemy that pass by themselves: the same for views,
catalogue and migrations.
"""

from __future__ import annotations

from asyncpg import InternalClientError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from dragoman_runtime.sqlstates import passes

LOST = (OSError, TimeoutError, InternalClientError, PoolTimeoutError)
"""Errors of a lost connection that SQLAlchemy passes on as they are, or raises itself.

asyncpg raises InternalClientError where the server went away in the middle of an exchange,
SQLAlchemy its own TimeoutError, which is none of Python's, where all connections are in use by
statements that wait for it.
"""


def is_passing(error: DBAPIError) -> bool:
    """Whether the statement may succeed when it is repeated.

    A PostgreSQL server that is starting up or recovering refuses connections with an error of the
    general class DBAPIError; only its SQLSTATE tells.
    """
    is_of_passing_class = (
        isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    )
    return is_of_passing_class or passes(getattr(error.orig, "sqlstate", None))
