"""An engine that answers by script: one function per call, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_translate.ports import (
    CallCircumstances,
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    EngineSignature,
    FinishReason,
    RawTarget,
    ReplyListener,
)

Answer = Callable[[EngineRequest], EngineReply]


def answer(*pairs: tuple[str, str], finish_reason: FinishReason = FinishReason.STOP) -> Answer:
    """Answer with these ids and targets whatever is asked."""

    def give(request: EngineRequest) -> EngineReply:
        return EngineReply(
            targets=tuple(RawTarget(unit_id=unit_id, target=target) for unit_id, target in pairs),
            model="script",
            prompt=[unit.unit_id for unit in request.units],
            response=repr(pairs),
            finish_reason=finish_reason,
        )

    return give


def good(
    *only: str,
    finish_reason: FinishReason = FinishReason.STOP,
    tokens: int = 0,
    seconds: float = 0.0,
) -> Answer:
    """Answer each unit that is asked with its source in capitals, or only these;
    so many tokens in so many seconds.
    """

    def give(request: EngineRequest) -> EngineReply:
        pairs = [(unit.unit_id, unit.source.text.upper()) for unit in request.units]
        reply = answer(
            *(pair for pair in pairs if not only or pair[0] in only), finish_reason=finish_reason
        )(request)
        return reply.model_copy(
            update={
                "usage": Usage(call_count=1, response_tokens=tokens),
                "circumstances": CallCircumstances(latency_ms=round(seconds * 1000)),
            }
        )

    return give


def fail(error: Exception) -> Answer:
    """Raise instead of answering."""

    def give(request: EngineRequest) -> EngineReply:
        raise error

    return give


class ScriptedEngine:
    """Gives one scripted answer after the other and remembers what it was asked."""

    name = "scripted"
    signature = EngineSignature(name="scripted")

    def __init__(self, *answers: Answer, capabilities: EngineCapabilities | None = None) -> None:
        self._answers: Sequence[Answer] = answers
        self.capabilities = capabilities or EngineCapabilities()
        self.requests: list[EngineRequest] = []

    async def check_pair(self, source_locale: Locale, target_locale: Locale) -> None:
        """Accept every pair."""

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        """Give the next answer of the script."""
        self.requests.append(request)
        return self._answers[len(self.requests) - 1](request)

    async def aclose(self) -> None:
        """Nothing to end."""

    @property
    def asked(self) -> list[list[str]]:
        """The unit ids of each call."""
        return [[unit.unit_id for unit in request.units] for request in self.requests]
