"""A trial of another engine beside the job it is of: what differs in text, checks, cost and time.
Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from dragoman_catalog.values import OptionName
from dragoman_contracts.events import Usage
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.review.rules.sheet import UnitNow
from dragoman_models.prices import Price, cost


class WhatIfRequest(BaseModel):
    """Another engine or model for a finished job's units: all of them, or a sample."""

    model_config = ConfigDict(extra="forbid")

    engine: OptionName = Field("", description="The job's own where empty.")
    model: OptionName = Field("", description="The engine's own where empty.")
    sample: int | None = Field(
        None, ge=1, le=100_000, description="So many units, always the same; all without it."
    )
    seed: str = Field("", max_length=80, description="Another seed samples other units.")


class Choice(BaseModel):
    """Units whose translation by the trial is taken over into the first job; or all of them."""

    model_config = ConfigDict(extra="forbid")

    unit_ids: list[str] = Field(default_factory=list, max_length=10_000)
    all: StrictBool = False


class SideOfUnit(BaseModel):
    """A unit's translation on one side. Cost and time are the unit's share of the calls that asked
    for it; None where no call did, or the price is not known.
    """

    target: str | None
    findings: tuple[str, ...]
    tokens_in: int | None
    tokens_out: int | None
    cost: Decimal | None
    time_ms: int | None


class ComparedUnit(BaseModel):
    """A unit on both sides."""

    unit_id: str
    position: int
    source: str
    is_equal: bool
    first: SideOfUnit
    trial: SideOfUnit


class SideInSum(BaseModel):
    """All compared units on one side."""

    engine: str
    model: str
    findings_by_code: dict[str, int]
    unit_count_with_findings: int
    tokens_in: int
    tokens_out: int
    cost: Decimal | None
    time_ms: int


class Comparison(BaseModel):
    """A trial beside its job, unit by unit and in sum. Nothing of the first job is replaced by it."""

    job_id: UUID
    what_if_job_id: UUID
    status: JobStatus
    is_complete: bool
    unit_count: int
    equal_count: int
    first: SideInSum
    trial: SideInSum
    units: tuple[ComparedUnit, ...]


@dataclass(frozen=True, slots=True)
class CallShare:
    """A recorded call: the units that it asked for, its tokens, and how long it took."""

    unit_ids: tuple[str, ...]
    usage: Usage
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Side:
    """One job of a comparison: its units by id, its calls, and the price of its model."""

    engine: str
    model: str
    rows: Mapping[str, UnitNow]
    calls: Sequence[CallShare] = ()
    price: Price | None = None


@dataclass
class _Spent:
    tokens_in: Decimal = Decimal(0)
    tokens_out: Decimal = Decimal(0)
    time_ms: Decimal = Decimal(0)
    cost: Decimal | None = field(default_factory=Decimal)


def compare(unit_ids: Iterable[str], first: Side, trial: Side) -> tuple[ComparedUnit, ...]:
    """The units of these ids on both sides, in document order."""
    spent = [_spent_by_unit(side) for side in (first, trial)]
    found: list[ComparedUnit] = []
    for unit_id in unit_ids:
        left, right = first.rows.get(unit_id), trial.rows.get(unit_id)
        if left is None or right is None:
            continue
        found.append(
            ComparedUnit(
                unit_id=unit_id,
                position=left.position,
                source=left.key.text,
                is_equal=left.target == right.target,
                first=_side_of(left, spent[0].get(unit_id)),
                trial=_side_of(right, spent[1].get(unit_id)),
            )
        )
    return tuple(sorted(found, key=lambda each: each.position))


def in_sum(side: Side, units: Sequence[SideOfUnit]) -> SideInSum:
    """One side in sum; without a cost where any is not known."""
    codes = Counter(code for each in units for code in each.findings)
    asked = [each for each in units if each.tokens_in is not None]
    costs = [each.cost for each in asked]
    known = [each for each in costs if each is not None]
    return SideInSum(
        engine=side.engine,
        model=side.model,
        findings_by_code=dict(sorted(codes.items())),
        unit_count_with_findings=sum(bool(each.findings) for each in units),
        tokens_in=sum(each.tokens_in or 0 for each in asked),
        tokens_out=sum(each.tokens_out or 0 for each in asked),
        cost=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        time_ms=sum(each.time_ms or 0 for each in asked),
    )


def _spent_by_unit(side: Side) -> dict[str, _Spent]:
    found: dict[str, _Spent] = {}
    for call in side.calls:
        share = Decimal(max(1, len(call.unit_ids)))
        price = None if side.price is None else cost(call.usage, side.price) / share
        for unit_id in call.unit_ids:
            spent = found.setdefault(unit_id, _Spent())
            spent.tokens_in += call.usage.prompt_tokens / share
            spent.tokens_out += call.usage.response_tokens / share
            spent.time_ms += call.latency_ms / share
            spent.cost = None if price is None or spent.cost is None else spent.cost + price
    return found


def _side_of(row: UnitNow, spent: _Spent | None) -> SideOfUnit:
    return SideOfUnit(
        target=None if row.target is None else row.written(row.target),
        findings=tuple(each.code for each in row.findings),
        tokens_in=None if spent is None else round(spent.tokens_in),
        tokens_out=None if spent is None else round(spent.tokens_out),
        cost=None if spent is None else spent.cost,
        time_ms=None if spent is None else round(spent.time_ms),
    )
