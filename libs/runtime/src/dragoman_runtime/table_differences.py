"""What differs between two tables of the same columns, said by the database itself."""

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
"""In a column's `info`: the value it has where the object that it came from was erased."""


def unequal_rows(live: Table, rebuilt: Table) -> CompoundSelect[Any]:
    """Keys of the rows that are not in both tables alike, with a column `what` that says how they differ."""
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
    """How many live rows still show what was erased since."""
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
