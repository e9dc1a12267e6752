"""The differences of two tables of the same columns, found by statements that the database runs."""

from __future__ import annotations

from typing import Any

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

ERASED = "erased"
"""The key, in a column's `info`, of the value that the column has where the object it came from was
erased.
"""


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
    return union_all(unlike, _only_in(live, rebuilt, "not in the log"), _only_in(rebuilt, live, "missing"))


def erased_rows(live: Table, rebuilt: Table) -> Select[int]:
    """The number of live rows that still show values of objects that were erased since."""
    shown = [
        and_(rebuilt.c[column.name] == column.info[ERASED], live.c[column.name] != column.info[ERASED])
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
