"""The registered models of the catalogue, as tasks ask them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from typing_extensions import override

from dragoman_contracts.ai import AiTask
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.job import Job
from dragoman_contracts.models import Category
from dragoman_contracts.references import ObjectRef
from dragoman_extract.errors import TaskModelMissingError
from dragoman_extract.task_ports import Cost, TaskModel, TaskModels
from dragoman_models.clients import chat_model
from dragoman_models.endpoint import Endpoint
from dragoman_models.ledger import Recorded
from dragoman_models.limits import ProviderGate, Turn
from dragoman_models.ports import ChatModel, ChatReply
from dragoman_models.registered import cost_of, endpoint_of, limits_of
from dragoman_runtime.clock import SystemClock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.telemetry import metrics
from dragoman_runtime.worker import NotYetError

if TYPE_CHECKING:
    from dragoman_catalog import CallableModel, Catalog, ModelPrice, RegisteredModel

CALLS_AT_ONCE = 2
"""The most calls of tasks at once to a provider that sets no limit itself (requirement C)."""

_ONE_CALL = Usage(call_count=1, prompt_tokens=1, response_tokens=1)
_ASKED_BY_MESSAGES = frozenset(
    {Category.LLM, Category.VISION, Category.OCR, Category.TEXT_CLASSIFICATION}
)


class PatientGate(ProviderGate):
    """The limits of a provider, for work that may come again: one that found no place for too long
    is put back, and is no failure.
    """

    @override
    @asynccontextmanager
    async def turn(self, tokens: int = 0) -> AsyncGenerator[Turn]:
        is_through = False
        try:
            async with super().turn(tokens) as turn:
                is_through = True
                yield turn
        except RetryableError as error:
            if is_through or error.code != "engine.rate_limited":
                raise
            raise NotYetError(error.message) from error


@dataclass
class _Kept:
    versions: tuple[int, int]
    client: ChatModel


class CatalogModels(TaskModels):
    """Finds models in the catalogue, and keeps their clients and gates.

    `catalog` is called when the first model is asked for.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        private_hosts: frozenset[str],
        *,
        patience_s: float,
    ) -> None:
        self._make = catalog
        self._catalog: Catalog | None = None
        self._private_hosts = private_hosts
        self._patience_s = patience_s
        self._clients: dict[UUID, _Kept] = {}
        self._replaced: list[ChatModel] = []
        self._gates: dict[tuple[UUID, int], ProviderGate] = {}
        self._clock = SystemClock()

    @override
    async def find(self, task: AiTask, store: EventStore) -> TaskModel:
        found = await self._callable(task)
        model, provider = found.model, found.provider
        if not model.is_enabled or not provider.is_enabled:
            raise TaskModelMissingError(
                f"Model {model.title!r} of task {task.name}, or its provider, is disabled; enable it."
            )
        if model.category not in _ASKED_BY_MESSAGES:
            raise TaskModelMissingError(
                f"Model {model.title!r} of task {task.name} answers no messages; choose one of category LLM."
            )
        endpoint = endpoint_of(found, self._private_hosts)
        return TaskModel(
            model_id=model.model_id,
            provider=provider.name,
            name=model.title,
            client=self._client(found, endpoint),
            endpoint=endpoint,
            gate=self._gate(found, store),
            temperature=model.config.temperature,
        )

    @override
    async def allow(self, job: Job, cap: Decimal | None, model: TaskModel) -> None:
        from dragoman_catalog import require_left  # with SQLAlchemy, slow to import

        now = self._clock.now()
        month = now.date().replace(day=1)
        caps = await self._registry.budgets.caps(job.project_id, job.job_id, cap, month)
        if caps:
            cost = _in_dollars(_ONE_CALL, await self._price(model, now))
            require_left(caps, job.job_id, model.name, is_priced=cost is not None)

    @override
    async def pay(self, job: Job, model: TaskModel, recorded: Recorded[ChatReply]) -> None:
        from dragoman_catalog import PaidCall  # with SQLAlchemy, slow to import

        now, usage = self._clock.now(), recorded.reply.usage
        if recorded.is_new or recorded.asked_at >= job.submitted_at:
            # By its record and not by its question: one whose answer was bad is paid anew when asked anew.
            paid = PaidCall(
                call=recorded.ref.digest,
                provider=model.provider,
                model=model.name,
                input_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.response_tokens,
                cost=_in_dollars(usage, await self._price(model, now)),
            )
            await self._registry.spending.enter(job.project_id, job.job_id, now.date(), paid)
        if not recorded.is_new:
            await self.save(job, [recorded.ref])

    @override
    async def save(self, job: Job, calls: Sequence[ObjectRef]) -> None:
        from dragoman_catalog import FoundCall  # with SQLAlchemy, slow to import

        found = [FoundCall(call=each.digest) for each in calls]
        day = self._clock.now().date()
        await self._registry.spending.reuse(job.project_id, job.job_id, day, found)

    @override
    async def note(self, model: TaskModel, usage: Usage) -> Cost:
        from dragoman_catalog import UseCount  # with SQLAlchemy, slow to import

        now = self._clock.now()
        price = await self._price(model, now)
        amount = cost_of(usage, price)
        if usage.call_count:
            count = UseCount(
                call_count=usage.call_count,
                input_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.response_tokens,
                cost=amount,
                currency=price.currency if price and amount is not None else "",
            )
            endpoint = model.endpoint
            metrics.count_cost(endpoint.api_kind, endpoint.model, amount, count.currency)
            await self._registry.model_uses.note(model.model_id, now.date(), count)
        return _cost(amount, price)

    @override
    async def cost(self, model: TaskModel, usage: Usage) -> Cost:
        price = await self._price(model, self._clock.now())
        return _cost(cost_of(usage, price), price)

    async def aclose(self) -> None:
        """End the connections of all clients."""
        for client in (*self._replaced, *(each.client for each in self._clients.values())):
            await client.aclose()
        self._clients.clear()
        self._replaced.clear()

    @property
    def _registry(self) -> Catalog:
        self._catalog = self._catalog or self._make()
        return self._catalog

    async def _callable(self, task: AiTask) -> CallableModel:
        from dragoman_catalog import EntryMissingError  # with SQLAlchemy, slow to import

        model_id = task.linked.model_id if task.linked else await self._named(task)
        try:
            return await self._registry.callable_model(model_id)
        except EntryMissingError as error:
            raise TaskModelMissingError(
                f"The model of task {task.name} is not registered any more; choose another, and submit anew."
            ) from error

    async def _named(self, task: AiTask) -> UUID:
        if not task.model:
            default = await self._registry.models.default(Category.LLM)
            if default is None:
                raise TaskModelMissingError(
                    f"Task {task.name} names no model, and there is no default of category LLM; register one, or name "
                    "a model in the task."
                )
            return default.model_id
        return _one_of(await self._registry.models.all(), task)

    def _client(self, found: CallableModel, endpoint: Endpoint) -> ChatModel:
        versions = (found.model.version, found.provider.version)
        kept = self._clients.get(found.model.model_id)
        if kept is None or kept.versions != versions:
            if kept is not None:
                self._replaced.append(kept.client)  # calls may be under way
            kept = _Kept(versions, chat_model(endpoint))
            self._clients[found.model.model_id] = kept
        return kept.client

    def _gate(self, found: CallableModel, store: EventStore) -> ProviderGate:
        provider = found.provider
        key = (provider.provider_id, provider.version)
        if key not in self._gates:
            limits = limits_of(provider, calls_at_once=CALLS_AT_ONCE)
            kept = {each: gate for each, gate in self._gates.items() if each[0] != key[0]}
            gate = PatientGate(key[0], limits, store, patience_s=self._patience_s)
            self._gates = {**kept, key: gate}
        return self._gates[key]

    async def _price(self, model: TaskModel, now: datetime) -> ModelPrice | None:
        found = await self._registry.models.find(model.model_id)
        return found.price_at(now) if found else None


def _one_of(models: list[RegisteredModel], task: AiTask) -> UUID:
    """The model with this id or name.

    Raises:
        TaskModelMissingError: there is none, or there are several.
    """
    usable = [each for each in models if each.is_enabled and each.category in _ASKED_BY_MESSAGES]
    wanted = [
        each
        for each in usable
        if task.model in (str(each.model_id), each.model_name, each.display_name)
    ]
    if len(wanted) > 1:
        wanted = [each for each in wanted if each.category is Category.LLM]
    if len(wanted) != 1:
        why = (
            "several models have this name: name it by its id"
            if wanted
            else "register it, or name another"
        )
        raise TaskModelMissingError(
            f"Task {task.name} names the model {task.model!r}, and there is none that answers messages; {why}."
            if not wanted
            else f"Task {task.name} names the model {task.model!r}; {why}."
        )
    return wanted[0].model_id


def _in_dollars(usage: Usage, price: ModelPrice | None) -> Decimal | None:
    return None if price is None or price.currency != "USD" else cost_of(usage, price)


def _cost(amount: Decimal | None, price: ModelPrice | None) -> Cost:
    if amount is None or price is None:
        return Cost()
    return Cost(format(amount.normalize(), "f"), price.currency)
