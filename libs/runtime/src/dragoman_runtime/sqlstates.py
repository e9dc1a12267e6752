"""Which of PostgreSQL's refusals pass by themselves, by SQLSTATE; apart from SQLAlchemy, which is slow to import."""

from __future__ import annotations

_PASSING = ("08", "25006", "40", "53", "55P03", "57", "58")
"""SQLSTATEs by how they begin: connection, a standby that only reads, rolled back for another's sake, no room or no
slot left, a lock not had in time, stopped by an operator and stopping or starting, trouble with the machine's files."""


def passes(sqlstate: str | None) -> bool:
    """Whether what PostgreSQL refused with this state may do well when it is repeated."""
    return (sqlstate or "").startswith(_PASSING)
