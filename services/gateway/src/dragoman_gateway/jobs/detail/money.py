"""The money of a job: its cap, what its calls cost, and what answers on record saved it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dragoman_catalog import Catalog, SpendingFilter
from dragoman_contracts.errors import ObjectMissingError
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_runtime.objects import ObjectStore, get_value


@dataclass(frozen=True, slots=True)
class JobMoney:
    """US dollars: the cap that holds for the job, None where none does, what was paid for it, and what
    it saved; and the number of calls that were paid.
    """

    cap: Decimal | None
    spent: Decimal
    saved: Decimal
    call_count: int

    @property
    def is_told(self) -> bool:
        """Whether there is anything to say."""
        return self.cap is not None or self.call_count > 0 or self.saved > 0


async def money_of(catalog: Catalog, objects: ObjectStore, job: Job) -> JobMoney:
    """The money of a job up to now."""
    which = SpendingFilter(project_ids=frozenset({job.project_id}), job_id=job.job_id)
    sums = await catalog.spending.total(which)
    return JobMoney(await cap_of(catalog, objects, job), sums.cost, sums.saved, sums.call_count)


async def cap_of(catalog: Catalog, objects: ObjectStore, job: Job) -> Decimal | None:
    """The cap of a job in US dollars: one that was set for it later, else the one that it was submitted
    with, else its project's for each job; None where there is none.
    """
    raised = await catalog.budgets.job_cap(job.job_id)
    if raised is not None:
        return raised
    if job.submitted.policy is not None:
        try:
            policy = await get_value(objects, job.project_id, job.policy, Policy)
        except ObjectMissingError:  # erased: its cap stops nothing any more
            policy = None
        if policy is not None and policy.cost_cap is not None:
            return policy.cost_cap
    of_each = (await catalog.budgets.of_project(job.project_id)).job_cap
    return None if of_each is None else Decimal(of_each)
