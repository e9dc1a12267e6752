"""The budgets of the catalogue as the purse that calls are paid from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_translate.ports import PricedEngine, Purse, TranslationEngine

if TYPE_CHECKING:
    from dragoman_catalog import Budget, Catalog, Spent

_ONE_CALL = Usage(call_count=1, prompt_tokens=1, response_tokens=1)


class CatalogPurse(Purse):
    """Asks for sums before each call. The calls that are under way then are the most by which a cap
    is passed.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Catalog]], clock: Clock | None = None
    ) -> None:
        self._connect = connect
        self._clock = clock or SystemClock()

    @override
    async def allow(self, job: Job, cap: Decimal | None, engine: TranslationEngine) -> None:
        budgets = (await self._connect()).budgets
        budget = await budgets.of_project(job.project_id)
        raised = await budgets.job_cap(job.job_id)
        cap = cap if raised is None else raised
        caps = _caps(budget, cap)
        if not caps:
            return
        if not isinstance(engine, PricedEngine) or engine.cost(_ONE_CALL) is None:
            message = (
                f"A cap holds for the cost of job {job.job_id}, and the price of engine {engine.name} is not known; "
                "enter the model's price in the registry, or take the cap away, then redrive."
            )
            raise PermanentError(message, code="budget.price_unknown")
        month = self._clock.now().date().replace(day=1)
        spent = await budgets.spent(job.project_id, job.job_id, month)
        for name, limit in caps.items():
            self._require_left(job, name, limit, spent)

    @staticmethod
    def _require_left(job: Job, name: str, limit: Decimal, spent: Spent) -> None:
        paid = {"job": spent.job, "month": spent.month, "project": spent.project}[name]
        if paid < limit:
            return
        cures = {
            "job": f"raise it with PUT /api/v1/jobs/{job.job_id}/budget",
            "month": "raise it with PUT /api/v1/projects/CODE/budget, or wait for the next month and redrive",
            "project": "raise it with PUT /api/v1/projects/CODE/budget",
        }
        message = (
            f"The {name}'s cap of {limit} USD is reached: {paid.normalize():f} USD are spent. To go on, {cures[name]}; "
            "nothing is paid twice."
        )
        raise PermanentError(message, code="budget.reached")

    @override
    async def pay(self, job: Job, call: str, engine: TranslationEngine, usage: Usage) -> None:
        cost = engine.cost(usage) if isinstance(engine, PricedEngine) else None
        if not cost:
            return
        budgets = (await self._connect()).budgets
        day = self._clock.now().date()
        await budgets.spend(job.project_id, job.job_id, call, day, cost)


def _caps(budget: Budget, of_job: Decimal | None) -> dict[str, Decimal]:
    """The caps that hold for a job: its own goes before the project's for each job."""
    of_each = None if budget.job_cap is None else Decimal(budget.job_cap)
    found = {
        "job": of_each if of_job is None else of_job,
        "month": None if budget.month_cap is None else Decimal(budget.month_cap),
        "project": None if budget.project_cap is None else Decimal(budget.project_cap),
    }
    return {name: limit for name, limit in found.items() if limit is not None}
