"""The reply of a translation service, checked: as many texts as were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from dragoman_contracts.errors import RetryableError
from dragoman_models.adapters.connection import Connection, WholeAnswer
from dragoman_models.adapters.http import Call
from dragoman_models.json_values import storable
from dragoman_models.ports import TranslationReply, TranslationRequest


def reply_of(
    connection: Connection,
    request: TranslationRequest,
    call: Call[WholeAnswer],
    texts: Sequence[JsonValue],
    *,
    prompt: JsonValue,
    envelope: JsonValue,
    billed_characters: int = 0,
    model: str = "",
) -> TranslationReply:
    """The reply with these texts, which are as the service sent them.

    Raises:
        RetryableError: engine.malformed_reply, they are no translations of these texts.
    """
    read = tuple(storable(each) for each in texts if isinstance(each, str))
    if len(read) != len(request.texts):
        message = f"The service answered {len(request.texts)} texts with {len(read)}; look at it, then resume."
        raise RetryableError(message, code="engine.malformed_reply")
    return TranslationReply(
        texts=read,
        billed_characters=billed_characters,
        model=connection.named(model),
        prompt=prompt,
        envelope=connection.recorded(envelope),
        latency_ms=round(call.elapsed_s * 1000),
        provider_request_id=connection.named(call.request_id),
    )
