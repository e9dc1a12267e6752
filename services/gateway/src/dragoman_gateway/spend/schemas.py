"""The bodies of spend, as they go over the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from dragoman_catalog import SpendGroup

SpendFormat = Literal["json", "csv"]


class SpendTotals(BaseModel):
    """Sums of calls; money in US dollars, as a decimal text."""

    cost: str = Field(description="Was paid, as far as prices are known.")
    saved: str = Field(
        description="Answers that were on record had cost this much the jobs that paid them."
    )
    call_count: int
    unpriced_count: int = Field(description="Calls whose price is not known; they are not in cost.")
    untold_count: int = Field(
        description="Calls that an older version entered: provider, model and tokens are not known."
    )
    reused_count: int = Field(description="Calls on record whose answers were used, or a part.")
    input_tokens: int = Field(description="All tokens sent.")
    cached_tokens: int = Field(description="Of these, read from the provider's cache.")
    output_tokens: int


class SpendItem(SpendTotals):
    """The sums of one group; what was not grouped by is null, and so is what is not known."""

    day: date | None = None
    month: str | None = Field(None, description="As 2026-11.")
    project_code: str | None = None
    is_playground: bool = Field(
        False,
        description="Grouped by project or job: calls of the playground and of tests of models. They belong to the "
        "installation, and count against no budget; project and job are null.",
    )
    provider: str | None = None
    model: str | None = None
    job_id: UUID | None = None


class SpendAnswer(BaseModel):
    """The money that was paid in a period."""

    currency: str = "USD"
    first_day: date
    last_day: date
    by: list[SpendGroup]
    total: SpendTotals
    items: list[SpendItem] = Field(
        description="By month and day where asked for, then the dearest first."
    )
    is_cut: bool = Field(description="There are more groups than `limit`; the CSV has all.")
