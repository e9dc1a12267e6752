"""The engine of a replay: it says again what was recorded, and makes no call."""

from __future__ import annotations

from typing import NoReturn

from typing_extensions import override

from dragoman_contracts.locale import Locale
from dragoman_translate.errors import NotRecordedError
from dragoman_translate.ports import (
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    Engines,
    EngineSignature,
    ReplyListener,
    TranslationEngine,
)


class RecordedEngine(TranslationEngine):
    """Stands for the engine that signed the calls on record.

    The ledger answers for it; asked itself, it refuses.
    """

    def __init__(self, signature: EngineSignature) -> None:
        self._signature = signature

    @property
    @override
    def name(self) -> str:
        return self._signature.name

    @property
    @override
    def capabilities(self) -> EngineCapabilities:
        return EngineCapabilities()

    @property
    @override
    def signature(self) -> EngineSignature:
        return self._signature

    @override
    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        return

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        _refuse(self.name)

    @override
    async def aclose(self) -> None:
        return


class RecordedEngines(Engines):
    """The one engine of a replayed batch, whatever the job's policy calls it."""

    def __init__(self, signature: EngineSignature | None) -> None:
        """Take the signature of the batch's calls; None where it made none."""
        self._signature = signature or EngineSignature(name="")

    @override
    def get(self, name: str, model: str) -> TranslationEngine:
        return RecordedEngine(self._signature)


def _refuse(name: str) -> NoReturn:
    message = f"A replay asks engine {name} nothing, and this question is not on record; read the step's difference."
    raise NotRecordedError(message)
