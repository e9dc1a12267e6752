"""The calls that were paid, a row each, and the money that answers on record saved.

Money is in US dollars, kept in billionths, so that a database can add it without a fraction. A call
is entered once, by its key: the fingerprint of its question, or the digest of its record.

    call 5f3a… of job A   0.002000 USD, 1,200 tokens in, 300 out, openai, gpt-4o-mini
    reuse of 5f3a… by B   B got the same answer and paid nothing: 0.002000 USD saved

Calls of the playground and of tests of models belong to no project: project and job of their rows are
`INSTALLATION_PROJECT_ID`, so that no budget counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Subquery,
    Table,
    cast,
    false,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman_catalog import tables
from dragoman_catalog.database import reading, rows, writing
from dragoman_catalog.model_values import NANOS
from dragoman_catalog.spending_values import (
    FoundCall,
    PaidCall,
    SpendGroup,
    SpendingFilter,
    SpendRow,
    SpendSums,
)

_SPENDING, _REUSE = tables.spending, tables.reuse
_TOKENS = ("input_tokens", "cached_tokens", "output_tokens")
_COUNTED = ("call_count", "unpriced_count", "untold_count", *_TOKENS, "reused_count")
_MONEY = ("cost", "saved")
_MILLION = 1_000_000
_MONTH_CHARS = len("2026-11")
_COLUMNS = {
    SpendGroup.DAY: ("day",),
    SpendGroup.MONTH: ("month",),
    SpendGroup.PROJECT: ("project_id",),
    SpendGroup.PROVIDER: ("provider",),
    SpendGroup.MODEL: ("provider", "model"),
    SpendGroup.JOB: ("job_id", "project_id"),
}


class Spending:
    """The calls that were paid."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enter(self, project_id: UUID, job_id: UUID, day: date, paid: PaidCall) -> None:
        """Enter what a job paid for a call; entering it again changes nothing."""
        async with writing(self._engine) as connection:
            await entered(connection, project_id, job_id, day, paid)

    async def reuse(
        self, project_id: UUID, job_id: UUID, day: date, found: Sequence[FoundCall]
    ) -> None:
        """Enter that a job got answers of these calls from the record.

        Those that it paid itself save nothing, and those that nobody entered have no known cost; both
        are left out. Entering a part again changes nothing.
        """
        if not found:
            return
        keys = {each.call for each in found}
        paid_by_others = select(_SPENDING.c.call).where(
            _SPENDING.c.project_id == project_id,
            _SPENDING.c.call.in_(keys),
            _SPENDING.c.job_id != job_id,
        )
        async with writing(self._engine) as connection:
            saving = {row["call"] for row in await rows(connection, paid_by_others)}
            new = [
                {
                    "project_id": project_id,
                    "job_id": job_id,
                    "call": each.call,
                    "part": each.part,
                    "day": day,
                    "share_ppm": int(each.share * _MILLION),
                }
                for each in found
                if each.call in saving
            ]
            if new:
                await connection.execute(_insert(connection, _REUSE).on_conflict_do_nothing(), new)

    async def total(self, which: SpendingFilter) -> SpendSums:
        """The sums of all that the filter lets through."""
        found = await self._sums(which, ())
        return SpendSums.model_validate(found[0].model_dump(include=set(SpendSums.model_fields)))

    async def grouped(
        self, which: SpendingFilter, by: Sequence[SpendGroup], *, limit: int | None = None
    ) -> list[SpendRow]:
        """The sums of each group: by month and day where that is asked for, then the dearest first."""
        return await self._sums(which, by, limit)

    async def _sums(
        self, which: SpendingFilter, by: Sequence[SpendGroup], limit: int | None = None
    ) -> list[SpendRow]:
        names = list(dict.fromkeys(name for group in by for name in _COLUMNS[group]))
        lines = _lines(which)
        columns: dict[str, ColumnElement[object]] = dict(lines.c.items())
        columns["month"] = func.substr(cast(lines.c.day, String), 1, _MONTH_CHARS)
        sums = [
            func.coalesce(func.sum(lines.c[name]), 0).label(name) for name in (*_MONEY, *_COUNTED)
        ]
        keys = [columns[name].label(name) for name in names]
        statement = select(*keys, *sums).group_by(*keys) if keys else select(*sums)
        if keys:
            first = [key for key in keys if key.name in ("month", "day")]
            statement = statement.order_by(*first, sums[0].desc(), sums[1].desc(), *keys)
        if limit is not None:
            statement = statement.limit(limit)
        async with reading(self._engine) as connection:
            found = await rows(connection, statement)
        return [
            SpendRow.model_validate(
                {
                    **{name: row[name] for name in names},
                    **{name: int(str(row[name])) for name in _COUNTED},
                    **{name: Decimal(str(row[name])) / NANOS for name in _MONEY},
                }
            )
            for row in found
        ]


async def entered(
    connection: AsyncConnection, project_id: UUID, job_id: UUID, day: date, paid: PaidCall
) -> None:
    """Enter a call in a transaction that writes more; entering it again changes nothing."""
    cost = paid.cost or Decimal(0)
    row: dict[str, object] = {
        **paid.model_dump(exclude={"cost"}),
        "project_id": project_id,
        "job_id": job_id,
        "day": day,
        "cost_nanos": int((cost * NANOS).to_integral_value(ROUND_HALF_EVEN)),
        "is_priced": paid.cost is not None,
    }
    await connection.execute(_insert(connection, _SPENDING).on_conflict_do_nothing(), [row])


def _lines(which: SpendingFilter) -> Subquery:
    """A line for each call that was paid, and one for each that was saved."""
    nothing, one = literal(0, Integer), literal(1, Integer)
    paid = select(
        _SPENDING.c.day,
        _SPENDING.c.project_id,
        _SPENDING.c.provider,
        _SPENDING.c.model,
        _SPENDING.c.job_id,
        _SPENDING.c.cost_nanos.label("cost"),
        nothing.label("saved"),
        one.label("call_count"),
        cast(~_SPENDING.c.is_priced, Integer).label("unpriced_count"),
        cast(_SPENDING.c.provider.is_(None), Integer).label("untold_count"),
        *(func.coalesce(_SPENDING.c[name], 0).label(name) for name in _TOKENS),
        nothing.label("reused_count"),
    ).where(*_terms(which, _SPENDING))
    of_call = (_SPENDING.c.project_id == _REUSE.c.project_id) & (_SPENDING.c.call == _REUSE.c.call)
    saved = (
        select(
            _REUSE.c.day,
            _REUSE.c.project_id,
            _SPENDING.c.provider,
            _SPENDING.c.model,
            _REUSE.c.job_id,
            nothing.label("cost"),
            (_SPENDING.c.cost_nanos * _REUSE.c.share_ppm / _MILLION).label("saved"),
            *(nothing.label(name) for name in _COUNTED[:-1]),
            one.label("reused_count"),
        )
        .join_from(_REUSE, _SPENDING, of_call)
        .where(*_terms(which, _REUSE))
    )
    return union_all(paid, saved).subquery()


def _terms(which: SpendingFilter, table: Table) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = []
    if which.project_ids is not None:
        terms.append(table.c.project_id.in_(which.project_ids) if which.project_ids else false())
    if which.first_day is not None:
        terms.append(table.c.day >= which.first_day)
    if which.last_day is not None:
        terms.append(table.c.day <= which.last_day)
    if which.job_id is not None:
        terms.append(table.c.job_id == which.job_id)
    return terms


def _insert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)
