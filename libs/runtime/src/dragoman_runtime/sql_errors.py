"""Which errors of a SQL database pass by themselves: the same for views, catalogue and migrations."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

_PASSING = ("08", "40", "53", "57P")
"""SQLSTATE classes: connection, rolled back for another's sake, no room or no slot left, stopping and starting."""


def is_passing(error: DBAPIError) -> bool:
    """Whether the statement may do well when it is repeated.

    A PostgreSQL that is starting up or recovering refuses connections with an error of no class of its own.
    """
    sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
    is_of_passing_class = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return is_of_passing_class or sqlstate.startswith(_PASSING)
