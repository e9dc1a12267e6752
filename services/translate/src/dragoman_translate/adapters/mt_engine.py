"""A machine translation service of libs/models as an engine: `deepl`, `libretranslate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import JsonValue
from typing_extensions import override

from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_models.endpoint import Endpoint
from dragoman_models.ports import GlossaryEntry, TextTranslator, TranslationRequest
from dragoman_translate.adapters.places import Places
from dragoman_translate.markup import from_markup, to_markup
from dragoman_translate.ports import (
    CallCircumstances,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    Payee,
    PricedEngine,
    RawTarget,
    RegisteredEngine,
    ReplyListener,
)

_MOST_UNITS = 50
_MOST_CHARS = 30_000  # DeepL takes 128 KiB of JSON, in which a letter may have three bytes


class ServiceEngine(PricedEngine, RegisteredEngine):
    """Translates each unit by itself, as a piece of XML whose elements are the inline tags."""

    def __init__(self, translator: TextTranslator, endpoint: Endpoint, places: Places) -> None:
        self._translator = translator
        self._endpoint = endpoint
        self._places = places

    @property
    @override
    def name(self) -> str:
        return self._endpoint.api_kind.value

    @property
    @override
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities(
            max_units_per_batch=_MOST_UNITS,
            max_batch_chars=_MOST_CHARS,
            needs_network=True,
            keeps_answers=True,
        )

    @property
    @override
    def signature(self) -> EngineSignature:
        return EngineSignature(name=self.name, model=self._endpoint.model)

    @property
    @override
    def payee(self) -> Payee:
        return self._places.payee

    @override
    def cost(self, usage: Usage) -> Decimal | None:
        """Not known: services charge by the character, and prices are kept by the token."""
        return None

    @override
    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        await self._translator.check_pair(source_locale, target_locale)

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        asked = TranslationRequest(
            texts=tuple(to_markup(unit.source) for unit in request.units),
            source=request.source_locale,
            target=request.target_locale,
            is_markup=True,
            context="\n".join((*request.context.preceding, *request.context.following)),
            glossary=tuple(
                GlossaryEntry(source=term.source, target=term.target)
                for term in request.context.terms
                if not term.is_forbidden
            ),
        )
        async with self._places.turn(0):
            started_at = datetime.now(UTC)
            reply = await self._translator.translate(asked)
        await self._places.note(reply.usage)
        targets = tuple(
            RawTarget(unit_id=unit.unit_id, target=from_markup(text, unit.source))
            for unit, text in zip(request.units, reply.texts, strict=True)
        )
        texts: JsonValue = list(reply.texts)
        return EngineReply(
            targets=targets,
            model=reply.model,
            prompt=reply.prompt,
            response=json.dumps(texts, ensure_ascii=False),
            usage=reply.usage,
            circumstances=CallCircumstances(
                started_at=started_at.isoformat(),
                latency_ms=reply.latency_ms,
                provider_request_id=reply.provider_request_id,
                envelope=reply.envelope,
            ),
        )

    @override
    async def aclose(self) -> None:
        await self._translator.aclose()
