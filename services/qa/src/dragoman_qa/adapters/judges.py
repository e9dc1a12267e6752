"""The registered models of the catalogue as judges, paid from the budgets of job and project."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.models import Category
from dragoman_contracts.policy import Policy
from dragoman_models import prices
from dragoman_models.clients import chat_model
from dragoman_models.endpoint import Endpoint
from dragoman_models.limits import ProviderGate, ProviderLimits
from dragoman_models.ports import ChatModel
from dragoman_qa.errors import JudgeMissingError
from dragoman_qa.judge_ports import JudgeModel, JudgeModels
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore

if TYPE_CHECKING:
    from dragoman_catalog import CallableModel, Catalog, ModelPrice

_TIMEOUT_S, _CONNECT_S = 120.0, 10.0
_ANSWERS_MESSAGES = frozenset({Category.LLM, Category.VISION})


class CatalogJudges(JudgeModels):
    """Finds judges in the catalogue, and keeps their clients and gates until an entry is edited.

    `catalog` is called when the first judge is asked for.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        private_hosts: frozenset[str],
        clock: Clock | None = None,
    ) -> None:
        self._make = catalog
        self._made: Catalog | None = None
        self._private_hosts = private_hosts
        self._clock = clock or SystemClock()
        self._kept: dict[UUID, tuple[tuple[int, int], JudgeModel]] = {}
        self._replaced: list[ChatModel] = []

    @override
    async def find(self, model_id: UUID, store: EventStore) -> JudgeModel:
        from dragoman_catalog import EntryMissingError  # with SQLAlchemy, slow to import

        try:
            found = await self._catalog.callable_model(model_id)
        except EntryMissingError as error:
            raise JudgeMissingError(
                f"There is no registered model {model_id}; name one of dragoman models list in qa.judge."
            ) from error
        model, provider = found.model, found.provider
        if not (model.is_enabled and provider.is_enabled):
            raise JudgeMissingError(
                f"Model {model.title!r}, which judges, or its provider is disabled; enable it, or name another in "
                "qa.judge."
            )
        if model.category not in _ANSWERS_MESSAGES:
            raise JudgeMissingError(
                f"Model {model.title!r} answers no messages; name one of category LLM in qa.judge."
            )
        versions = (provider.version, model.version)
        kept = self._kept.get(model_id)
        if kept is not None:
            if kept[0] == versions:
                return kept[1]
            self._replaced.append(kept[1].client)  # calls may be under way
        judge = self._judge(found, store)
        self._kept[model_id] = (versions, judge)
        return judge

    @override
    async def allow(self, job: Job, policy: Policy, model: JudgeModel) -> None:
        budgets = self._catalog.budgets
        budget = await budgets.of_project(job.project_id)
        raised = await budgets.job_cap(job.job_id)
        of_job = policy.cost_cap if raised is None else raised
        caps = {
            "job": _money(budget.job_cap) if of_job is None else of_job,
            "month": _money(budget.month_cap),
            "project": _money(budget.project_cap),
        }
        if all(cap is None for cap in caps.values()):
            return
        price = await self._price(model)
        if price is None or price.currency != "USD":
            raise PermanentError(
                f"A cap holds for the cost of job {job.job_id}, and the price of the model that judges is not known; "
                "enter it in the registry.",
                code="budget.price_unknown",
            )
        month = self._clock.now().date().replace(day=1)
        spent = await budgets.spent(job.project_id, job.job_id, month)
        for name, paid in (("job", spent.job), ("month", spent.month), ("project", spent.project)):
            cap = caps[name]
            if cap is not None and paid >= cap:
                raise PermanentError(
                    f"The {name}'s cap of {cap} USD is reached; the rest of job {job.job_id} is not judged.",
                    code="budget.reached",
                )

    @override
    async def pay(
        self, job: Job, call: str, model: JudgeModel, usage: Usage, *, is_new: bool
    ) -> None:
        from dragoman_catalog import UseCount  # with SQLAlchemy, slow to import

        price, day = await self._price(model), self._clock.now().date()
        cost = None if price is None else _cost(usage, price)
        if cost and price is not None and price.currency == "USD":
            await self._catalog.budgets.spend(job.project_id, job.job_id, call, day, cost)
        if is_new:
            count = UseCount(
                call_count=usage.call_count,
                input_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.response_tokens,
                cost=cost,
                currency=price.currency if price and cost is not None else "",
            )
            await self._catalog.model_uses.note(model.model_id, day, count)

    async def aclose(self) -> None:
        """End the connections of all clients."""
        for client in (*self._replaced, *(judge.client for _, judge in self._kept.values())):
            await client.aclose()
        self._kept.clear()
        self._replaced.clear()

    @property
    def _catalog(self) -> Catalog:
        self._made = self._made or self._make()
        return self._made

    def _judge(self, found: CallableModel, store: EventStore) -> JudgeModel:
        model, provider = found.model, found.provider
        endpoint = Endpoint(
            api_kind=provider.api_kind,
            base_url=provider.base_url,
            api_key=found.api_key,
            model=model.model_name,
            timeout_s=model.config.timeout_s or _TIMEOUT_S,
            connect_timeout_s=model.config.connect_timeout_s or _CONNECT_S,
            max_output_tokens=model.max_output_tokens,
            context_tokens=model.context_tokens,
            private_hosts=self._private_hosts,
        )
        limits = ProviderLimits(
            max_concurrent_calls=provider.max_concurrent_calls,
            requests_per_minute=provider.requests_per_minute,
            tokens_per_minute=provider.tokens_per_minute,
        )
        return JudgeModel(
            model_id=model.model_id,
            client=chat_model(endpoint),
            endpoint=endpoint,
            gate=ProviderGate(provider.provider_id, limits, store),
            temperature=model.config.temperature,
        )

    async def _price(self, model: JudgeModel) -> ModelPrice | None:
        found = await self._catalog.models.find(model.model_id)
        return found.price_at(self._clock.now()) if found else None


def _money(cap: str | None) -> Decimal | None:
    return None if cap is None else Decimal(cap)


def _cost(usage: Usage, price: ModelPrice) -> Decimal | None:
    """The cost of calls; None where a price that it needs is not known."""
    if price.input is None or (price.output is None and usage.response_tokens):
        return None
    return prices.cost(
        usage,
        prices.Price(
            input=Decimal(price.input),
            output=Decimal(price.output or 0),
            cache_read=None if price.cache_read is None else Decimal(price.cache_read),
            cache_write=None if price.cache_write is None else Decimal(price.cache_write),
        ),
    )
