"""Values of spending: calls as they are entered, and sums of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from dragoman_catalog.model_values import INSTALLATION_PROJECT_ID
from dragoman_contracts.model import Value

_Count = Annotated[int, Field(ge=0)]


class PaidCall(Value):
    """A call that was paid. `cost` is in US dollars, None where its price is not known.

    `call` is its key. `input_tokens` are all tokens sent, of which `cached_tokens` were read from the
    provider's cache; `output_tokens` all tokens written.
    """

    call: Annotated[str, Field(min_length=1, max_length=64)]
    provider: Annotated[str, Field(max_length=200)]
    model: Annotated[str, Field(max_length=200)]
    input_tokens: _Count = 0
    cached_tokens: _Count = 0
    output_tokens: _Count = 0
    cost: Decimal | None = None


class FoundCall(Value):
    """A call on record whose answers a job got without paying, all of them or a share.

    `part` tells apart the parts of a job, such as its batches, that got different shares; it is empty
    for the whole job.
    """

    call: Annotated[str, Field(min_length=1, max_length=64)]
    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal(1)
    part: Annotated[str, Field(max_length=40)] = ""


class SpendGroup(StrEnum):
    """The things that spending can be summed by."""

    DAY = "day"
    MONTH = "month"
    PROJECT = "project"
    PROVIDER = "provider"
    MODEL = "model"
    JOB = "job"


class SpendingFilter(Value):
    """The spending that is looked at: of these projects, None for all; from one day to another, both
    included, in UTC; of one job.
    """

    project_ids: frozenset[UUID] | None = None
    first_day: date | None = None
    last_day: date | None = None
    job_id: UUID | None = None


class SpendSums(Value):
    """Sums of calls. `cost` was paid; `saved` is what answers on record had cost the jobs that paid
    them, each counted once for every other job that got it.

    `unpriced_count` of the `call_count` calls have no known price and are not in `cost`. Of
    `untold_count` calls neither provider nor tokens are known: they were entered by an older version.
    """

    cost: Decimal = Decimal(0)
    saved: Decimal = Decimal(0)
    call_count: int = 0
    unpriced_count: int = 0
    untold_count: int = 0
    reused_count: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class SpendRow(SpendSums):
    """The sums of one group. A field that was not grouped by is None, and so are provider and model
    where they are not known. A `month` is written as `2026-11`.
    """

    day: date | None = None
    month: str | None = None
    project_id: UUID | None = None
    provider: str | None = None
    model: str | None = None
    job_id: UUID | None = None

    @property
    def is_of_trials(self) -> bool:
        """Whether it sums calls of the playground and of tests of models, which no project pays."""
        return self.project_id == INSTALLATION_PROJECT_ID
