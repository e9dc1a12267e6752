"""The vectors of an embedding API, checked: as many as were asked for, of one length, finite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import JsonValue

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_models.adapters.connection import Connection, WholeAnswer
from dragoman_models.adapters.http import Call
from dragoman_models.json_values import as_list
from dragoman_models.ports import EmbeddingReply, EmbeddingRequest


def reply_of(
    connection: Connection,
    request: EmbeddingRequest,
    call: Call[WholeAnswer],
    vectors: Sequence[JsonValue],
    *,
    usage: Usage,
    model: str,
    envelope: JsonValue,
) -> EmbeddingReply:
    """The reply with these vectors, which are as the provider sent them.

    Raises:
        RetryableError: engine.malformed_reply, they are no vectors for these inputs.
        PermanentError: engine.bad_request, they have another dimension than was asked for.
    """
    read = tuple(_vector(each) for each in vectors)
    lengths = {len(each) for each in read}
    if len(read) != len(request.inputs) or len(lengths) > 1 or 0 in lengths:
        message = (
            f"The provider answered {len(request.inputs)} texts with {len(read)} vectors, "
            "or with some that are none; look at it, then resume."
        )
        raise RetryableError(message, code="engine.malformed_reply")
    if request.dimension and lengths and lengths != {request.dimension}:
        message = (
            f"The model gives vectors of {lengths.pop()} dimensions and not of {request.dimension}; "
            "ask for that many, or for none."
        )
        raise PermanentError(message, code="engine.bad_request")
    return EmbeddingReply(
        vectors=read,
        usage=usage,
        model=connection.named(model),
        prompt=call.body,
        envelope=connection.recorded(envelope),
        latency_ms=round(call.elapsed_s * 1000),
        provider_request_id=connection.named(call.request_id),
    )


def _vector(value: JsonValue) -> tuple[float, ...]:
    numbers = as_list(value)
    read = tuple(
        float(each)
        for each in numbers
        if isinstance(each, (int, float)) and not isinstance(each, bool) and math.isfinite(each)
    )
    return read if len(read) == len(numbers) else ()
