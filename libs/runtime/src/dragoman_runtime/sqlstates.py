"""PostgreSQL's refusals that pass by themselves, by SQLSTATE.

This module needs no SQLAlchemy, slow to import.
"""

from __future__ import annotations

_PASSING = ("08", "25006", "40", "53", "55P03", "57", "58")
"""Beginnings of SQLSTATEs (PostgreSQL, appendix A): 08 connection exceptions; 25006 a standby that
only reads; 40 rolled back by a conflict or a deadlock; 53 no disk, memory or connection left; 55P03
a lock not had in time; 57 stopped by an operator, stopping or starting; 58 errors of the machine's
files.
"""


def passes(sqlstate: str | None) -> bool:
    """Whether a statement that PostgreSQL refused with this state may succeed
    when it is repeated.
    """
    return (sqlstate or "").startswith(_PASSING)
