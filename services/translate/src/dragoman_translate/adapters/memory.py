"""The engine `memory`: only what people approved in translation memories; it asks nobody else."""

from __future__ import annotations

from decimal import Decimal

from typing_extensions import override

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_translate.ports import (
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    PricedEngine,
    ReplyListener,
)


class MemoryEngine(PricedEngine):
    """Units with an approved match have it before any engine is asked; for the others this engine
    has nothing, so that they go to the engines after it.
    """

    @property
    @override
    def name(self) -> str:
        return "memory"

    @property
    @override
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities(max_units_per_batch=1_000)

    @property
    @override
    def signature(self) -> EngineSignature:
        return EngineSignature(name=self.name)

    @override
    def cost(self, usage: Usage) -> Decimal | None:
        return Decimal(0)

    @override
    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair."""

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        count = len(request.units)
        message = (
            f"{count} units have no approved translation in the job's memories; name an engine to fall back to, "
            "or import what is missing, and submit again."
        )
        raise PermanentError(message, code="engine.no_approved_match")

    @override
    async def aclose(self) -> None:
        """Do nothing: there is nothing to end."""
