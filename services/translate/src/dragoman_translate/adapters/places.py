"""The place of a call among those of its provider and its model, its price, and its part in the use
of the model that admins see.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from dragoman_contracts.events import Usage
from dragoman_models.limits import ProviderGate, Turn
from dragoman_models.registered import cost_of
from dragoman_runtime.clock import Clock
from dragoman_runtime.telemetry import metrics
from dragoman_translate.ports import Payee

if TYPE_CHECKING:
    from dragoman_catalog import Catalog, RegisteredModel


class Places:
    """The gates, prices and use of one registered model."""

    def __init__(
        self,
        api_kind: str,
        provider: str,
        model: RegisteredModel,
        of_provider: ProviderGate,
        of_model: ProviderGate,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._kind = api_kind
        self._provider = provider
        self._model = model
        self._of_provider = of_provider
        self._of_model = of_model
        self._catalog = catalog
        self._clock = clock

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncGenerator[Turn]:
        """Wait until a call may be made, and have its place for the block.

        Raises:
            RetryableError: engine.rate_limited, engine.unavailable or store.unavailable.
        """
        async with self._of_model.turn(), self._of_provider.turn(tokens) as turn:
            yield turn

    @property
    def payee(self) -> Payee:
        """The registered names of provider and model."""
        return Payee(self._provider, self._model.title)

    def cost(self, usage: Usage) -> Decimal | None:
        """The cost of calls in US dollars at the price of now; None where it is not known."""
        price = self._model.price_at(self._clock.now())
        return None if price is None or price.currency != "USD" else cost_of(usage, price)

    async def note(self, usage: Usage) -> None:
        """Add a call to the use of the model."""
        from dragoman_catalog import UseCount  # with SQLAlchemy, slow to import

        now = self._clock.now()
        price = self._model.price_at(now)
        cost = cost_of(usage, price)
        count = UseCount(
            input_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.response_tokens,
            cost=cost,
            currency=price.currency if price and cost is not None else "",
        )
        metrics.count_cost(self._kind, self._model.model_name, cost, count.currency)
        await self._catalog.model_uses.note(self._model.model_id, now.date(), count)
