"""Which errors of a SQL database pass by themselves: the same for event store, views, catalogue and migrations."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

_PASSING = ("08", "25006", "40", "53", "55P03", "57", "58")
"""SQLSTATEs by how they begin: connection, a standby that only reads, rolled back for another's sake, no room or no
slot left, a lock not had in time, stopped by an operator and stopping or starting, trouble with the machine's files."""


def passes(sqlstate: str | None) -> bool:
    """Whether what PostgreSQL refused with this state may do well when it is repeated."""
    return (sqlstate or "").startswith(_PASSING)


def is_passing(error: DBAPIError) -> bool:
    """Whether the statement may do well when it is repeated.

    A PostgreSQL that is starting up or recovering refuses connections with an error of no class of its own.
    """
    is_of_passing_class = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return is_of_passing_class or passes(getattr(error.orig, "sqlstate", None))
