"""Pairs of locales that the translation services of the registry cannot do, known before a job is
opened. Engines on the machines of workers are not asked here: they refuse when a job is planned.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple
from uuid import UUID

from dragoman_catalog import CallableModel, Catalog, EntryMissingError
from dragoman_contracts.errors import RetryableError
from dragoman_contracts.models import ApiKind
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair
from dragoman_gateway.submissions.rules import registered_model
from dragoman_models.clients import text_translator
from dragoman_models.ports import TextTranslator
from dragoman_models.registered import endpoint_of

_SERVICES = frozenset({ApiKind.DEEPL, ApiKind.LIBRETRANSLATE})
_ANSWER_S, _FRESH_S, _CONNECT_S = 5.0, 600.0, 3.0


class _Kept(NamedTuple):
    versions: tuple[int, int]
    until: float
    translator: TextTranslator


class RegisteredPairs:
    """Asks translation services for their languages, each at most once in ten minutes; nothing is
    paid for it, and no text is sent.
    """

    def __init__(self, catalog: Catalog, private_hosts: frozenset[str]) -> None:
        self._catalog = catalog
        self._private_hosts = private_hosts
        self._kept: dict[UUID, _Kept] = {}

    async def __call__(self, engine: str, model: str, locales: LocalePair) -> None:
        """Return where the service can do the pair, does not answer, or is none of the registry.

        Raises:
            PermanentError: engine.pair_unsupported, or the provider's key cannot be read.
        """
        model_id = registered_model(EngineChoice(engine=engine, model=model))
        if model_id is None:
            return
        try:
            found = await self._catalog.callable_model(model_id)
        except EntryMissingError:
            return
        if found.provider.api_kind not in _SERVICES:
            return
        translator = await self._translator(model_id, found)
        try:
            async with asyncio.timeout(_ANSWER_S):
                await translator.check_pair(locales.source, locales.target)
        except (TimeoutError, RetryableError):
            return

    async def aclose(self) -> None:
        """End the connections."""
        for kept in self._kept.values():
            await kept.translator.aclose()
        self._kept.clear()

    async def _translator(self, model_id: UUID, found: CallableModel) -> TextTranslator:
        versions, now = (found.provider.version, found.model.version), time.monotonic()
        kept = self._kept.get(model_id)
        if kept is not None and kept.versions == versions and now < kept.until:
            return kept.translator
        endpoint = endpoint_of(found, self._private_hosts)
        asked = endpoint.model_copy(
            update={"timeout_s": _ANSWER_S, "connect_timeout_s": _CONNECT_S}
        )
        translator = text_translator(asked)
        self._kept[model_id] = _Kept(versions, now + _FRESH_S, translator)
        if kept is not None:
            await kept.translator.aclose()
        return translator
