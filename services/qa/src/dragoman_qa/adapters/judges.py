"""The registered models of the catalogue as judges, paid from the budgets of job and project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.models import Category
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_models.clients import chat_model
from dragoman_models.ledger import Recorded
from dragoman_models.limits import ProviderGate
from dragoman_models.ports import ChatModel, ChatReply
from dragoman_models.registered import cost_of, endpoint_of, limits_of
from dragoman_qa.errors import JudgeMissingError
from dragoman_qa.judge_ports import JudgeModel, JudgeModels
from dragoman_runtime.clock import Clock, SystemClock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.telemetry import metrics

if TYPE_CHECKING:
    from dragoman_catalog import CallableModel, Catalog, ModelPrice

_ONE_CALL = Usage(call_count=1, prompt_tokens=1, response_tokens=1)
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
        from dragoman_catalog import require_left  # with SQLAlchemy, slow to import

        month = self._clock.now().date().replace(day=1)
        caps = await self._catalog.budgets.caps(job.project_id, job.job_id, policy.cost_cap, month)
        if caps:
            price = await self._price(model)
            is_priced = price is not None and price.currency == "USD"
            is_priced = is_priced and cost_of(_ONE_CALL, price) is not None
            require_left(caps, job.job_id, model.name, is_priced=is_priced)

    @override
    async def pay(self, job: Job, model: JudgeModel, recorded: Recorded[ChatReply]) -> None:
        from dragoman_catalog import PaidCall, UseCount  # with SQLAlchemy, slow to import

        price, day, usage = (
            await self._price(model),
            self._clock.now().date(),
            recorded.reply.usage,
        )
        cost = cost_of(usage, price)
        if recorded.is_new or recorded.asked_at >= job.submitted_at:
            paid = PaidCall(
                call=recorded.ref.digest,
                provider=model.provider,
                model=model.name,
                input_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.response_tokens,
                cost=cost if price is not None and price.currency == "USD" else None,
            )
            await self._catalog.spending.enter(job.project_id, job.job_id, day, paid)
        if not recorded.is_new:
            await self.save(job, [recorded.ref])
        else:
            count = UseCount(
                call_count=usage.call_count,
                input_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.response_tokens,
                cost=cost,
                currency=price.currency if price and cost is not None else "",
            )
            metrics.count_cost(model.endpoint.api_kind, model.endpoint.model, cost, count.currency)
            await self._catalog.model_uses.note(model.model_id, day, count)

    @override
    async def save(self, job: Job, calls: Sequence[ObjectRef]) -> None:
        from dragoman_catalog import FoundCall  # with SQLAlchemy, slow to import

        found = [FoundCall(call=each.digest) for each in calls]
        day = self._clock.now().date()
        await self._catalog.spending.reuse(job.project_id, job.job_id, day, found)

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
        endpoint = endpoint_of(found, self._private_hosts)
        return JudgeModel(
            model_id=model.model_id,
            provider=provider.name,
            name=model.title,
            client=chat_model(endpoint),
            endpoint=endpoint,
            gate=ProviderGate(provider.provider_id, limits_of(provider), store),
            temperature=model.config.temperature,
        )

    async def _price(self, model: JudgeModel) -> ModelPrice | None:
        found = await self._catalog.models.find(model.model_id)
        return found.price_at(self._clock.now()) if found else None
