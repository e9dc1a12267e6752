"""The budgets of the catalogue as the purse that calls are paid from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_translate.ports import (
    Found,
    Payee,
    PricedEngine,
    Purse,
    RegisteredEngine,
    TranslationEngine,
)

if TYPE_CHECKING:
    from dragoman_catalog import Catalog

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
        from dragoman_catalog import require_left  # with SQLAlchemy, slow to import

        budgets = (await self._connect()).budgets
        month = self._clock.now().date().replace(day=1)
        caps = await budgets.caps(job.project_id, job.job_id, cap, month)
        is_priced = isinstance(engine, PricedEngine) and engine.cost(_ONE_CALL) is not None
        require_left(caps, job.job_id, engine.name, is_priced=is_priced)

    @override
    async def pay(self, job: Job, call: str, engine: TranslationEngine, usage: Usage) -> None:
        from dragoman_catalog import PaidCall  # with SQLAlchemy, slow to import

        payee = _payee(engine)
        paid = PaidCall(
            call=call,
            provider=payee.provider,
            model=payee.model,
            input_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.response_tokens,
            cost=engine.cost(usage) if isinstance(engine, PricedEngine) else None,
        )
        spending, day = (await self._connect()).spending, self._clock.now().date()
        await spending.enter(job.project_id, job.job_id, day, paid)

    @override
    async def save(self, job: Job, found: Sequence[Found]) -> None:
        from dragoman_catalog import FoundCall  # with SQLAlchemy, slow to import

        calls = [FoundCall(call=each.call, share=each.share, part=each.part) for each in found]
        spending, day = (await self._connect()).spending, self._clock.now().date()
        await spending.reuse(job.project_id, job.job_id, day, calls)


def _payee(engine: TranslationEngine) -> Payee:
    if isinstance(engine, RegisteredEngine):
        return engine.payee
    return Payee(engine.name, engine.signature.model)
