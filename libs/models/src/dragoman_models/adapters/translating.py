"""The parts that translation services share: a reply, checked, and the list of their languages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import httpx
from pydantic import JsonValue

from dragoman_contracts.errors import RetryableError
from dragoman_models.adapters.connection import Connection, WholeAnswer
from dragoman_models.adapters.http import Call
from dragoman_models.json_values import storable
from dragoman_models.ports import TranslationReply, TranslationRequest


async def listed(
    connection: Connection, path: str, params: Mapping[str, str] | None = None
) -> JsonValue:
    """The list that the service has at a path; None where it has none or does not answer."""
    try:
        async with asyncio.timeout(connection.limits.silence_s):
            response = await connection.client().get(path, params=params)
        found: JsonValue = response.json() if response.is_success else None
    except (TimeoutError, httpx.HTTPError, ValueError):
        return None
    return found


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
