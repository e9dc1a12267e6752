"""The differences of two tables of the same columns, found by statements that the database runs."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

ERASED = "erased"
"""The key, in a column's `info`, of the value that the column has where the object it came from was
erased.
"""


_STREAM = "job_id"  # the column by which rows of incomplete streams are found
_STREAMS = ("job_id", "document_id")
_ENTITY = "entity_id"  # the same as text, in the audit


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs: table, key, and in `what` the columns, or the side that lacks the row."""

    table: str
    key: dict[str, str]
    what: str


@dataclass
class Comparison:
    """The comparison of the live rows with those rebuilt at `position`.

    `erased` counts live rows that still show values of objects erased since; a swap takes the
    values away.
    """

    position: int
    rows: int = 0
    differing: int = 0
    erased: int = 0
    first: list[Difference] = field(default_factory=list[Difference])


async def compare_tables(
    connection: AsyncConnection,
    live: Table,
    rebuilt: Table,
    comparison: Comparison,
    show: int,
    incomplete: Set[UUID],
    damaged: Set[UUID],
) -> None:
    """Add the differences of two tables to `comparison`, the first `show` of them by key.

    Rows of `incomplete` streams may differ: they count as erased. Those of `damaged` ones are left
    out.
    """
    comparison.erased += int((await connection.execute(erased_rows(live, rebuilt))).scalar_one())
    unequal = unequal_rows(live, rebuilt).subquery()
    for name in _STREAMS if damaged else ():
        if name in unequal.c:
            unequal = select(unequal).where(unequal.c[name].not_in(damaged)).subquery()
    if damaged and _ENTITY in live.c:
        key = next(iter(live.primary_key)).name
        theirs = select(live.c[key]).where(live.c[_ENTITY].in_([str(each) for each in damaged]))
        unequal = select(unequal).where(unequal.c[key].not_in(theirs)).subquery()
    if incomplete and _STREAM in unequal.c:
        excused = (
            select(func.count()).select_from(unequal).where(unequal.c[_STREAM].in_(incomplete))
        )
        comparison.erased += int((await connection.execute(excused)).scalar_one())
        unequal = select(unequal).where(unequal.c[_STREAM].not_in(incomplete)).subquery()
    count = int((await connection.execute(select(func.count()).select_from(unequal))).scalar_one())
    comparison.differing += count
    if not count:
        return
    left = max(show - len(comparison.first), 0)
    keys = [column.name for column in rebuilt.primary_key]
    first = select(unequal).order_by(*(unequal.c[key] for key in keys)).limit(left)
    for row in (await connection.execute(first)).mappings():
        key = {name: str(row[name]) for name in keys}
        comparison.first.append(Difference(live.name, key, str(row["what"])))


def unequal_rows(live: Table, rebuilt: Table) -> CompoundSelect[Any]:
    """The keys of the rows that differ or are in one table only, with a column `what` that says how
    they differ.
    """
    keys = [column.name for column in rebuilt.primary_key]
    others = [column.name for column in rebuilt.columns if not column.primary_key]
    what: ColumnElement[str] = literal("")
    for name in others:
        what = what.concat(case((_differs(live, rebuilt, name), f"{name} "), else_=""))
    unlike = (
        select(*(live.c[key] for key in keys), func.trim(what).label("what"))
        .join(rebuilt, _same_key(live, rebuilt))
        .where(or_(false(), *(_differs(live, rebuilt, name) for name in others)))
    )
    return union_all(
        unlike, _only_in(live, rebuilt, "not in the log"), _only_in(rebuilt, live, "missing")
    )


def erased_rows(live: Table, rebuilt: Table) -> Select[int]:
    """The number of live rows that still show values of objects that were erased since."""
    shown = [
        and_(
            rebuilt.c[column.name] == column.info[ERASED],
            live.c[column.name] != column.info[ERASED],
        )
        for column in rebuilt.columns
        if ERASED in column.info
    ]
    both = live.join(rebuilt, _same_key(live, rebuilt))
    return select(func.count()).select_from(both).where(or_(false(), *shown))


def _same_key(live: Table, rebuilt: Table) -> ColumnElement[bool]:
    return and_(*(live.c[column.name] == column for column in rebuilt.primary_key))


def _differs(live: Table, rebuilt: Table, name: str) -> ColumnElement[bool]:
    old, new = live.c[name], rebuilt.c[name]
    # PostgreSQL has no equality for its type `json`, and NULL equals nothing: hence text, and IS
    # DISTINCT FROM.
    if isinstance(new.type, JSON):
        return cast(old, Text).is_distinct_from(cast(new, Text))
    if ERASED in new.info:
        return and_(old.is_distinct_from(new), new != new.info[ERASED])
    return old.is_distinct_from(new)


def _only_in(table: Table, other: Table, what: str) -> Select[Any]:
    keys = [table.c[column.name] for column in table.primary_key]
    first = next(iter(other.primary_key))
    both = table.outerjoin(other, _same_key(table, other))
    return select(*keys, literal(what).label("what")).select_from(both).where(first.is_(None))
