"""The keys under which answers are found again unit by unit, whatever batch asked for them. Pure.

A unit's key holds all that its answer was paid for: its text with tags, the locales, the engine with
model, parameters and prompt, the instructions, and the terms and examples that were shown for this
very unit. The texts around it and the other units of its batch help and are no part of it: one
inserted paragraph costs one unit (ADR 0026).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from dragoman_contracts.references import JSON_MEDIA_TYPE, ObjectRef
from dragoman_translate.ports import (
    AnswerPage,
    EarlierAnswer,
    EngineRequest,
    EngineSignature,
    EngineUnit,
    PromptMatch,
    PromptTerm,
)

KEY_CHARS = 32
"""Half a sha256: among a million units, two share a key with a chance of 1 in 10²⁶."""


def shelf_of(signature: EngineSignature, request: EngineRequest) -> str:
    """A name for what all units of a request have in common besides their texts."""
    return _digest(_common(signature, request))


def key_of(
    shelf: str,
    unit: EngineUnit,
    terms: Iterable[PromptTerm],
    matches: Iterable[PromptMatch],
    beside: str = "",
) -> str:
    """The key of a unit's answer; equal keys would pay for the same answer.

    `beside` is a name for the texts around it, where the job's policy wants these to count.
    """
    document: dict[str, JsonValue] = {
        "shelf": shelf,
        "text": unit.source.text,
        "literal_ids": list(unit.source.literal_ids),
        "separators": list(unit.separators),
        "terms": [each.model_dump(mode="json", exclude_defaults=True) for each in terms],
        "matches": [[each.source, each.target] for each in matches],
    }
    if beside:
        document["beside"] = beside
    return _digest(document)[:KEY_CHARS]


def _common(signature: EngineSignature, request: EngineRequest) -> dict[str, JsonValue]:
    return {
        "engine": signature.model_dump(mode="json", exclude_defaults=True),
        "locales": [request.source_locale, request.target_locale],
        "model": request.model,
        "nonce": request.nonce,
        "instructions": request.context.instructions,
        "domain": request.context.domain,
    }


def _digest(document: dict[str, JsonValue]) -> str:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def page_of(answers: Mapping[str, EarlierAnswer]) -> AnswerPage:
    """The page that holds these answers."""
    calls = {each.call.digest: each.call.size_bytes for each in answers.values()}
    places = {digest: number for number, digest in enumerate(calls)}
    return AnswerPage(
        calls=tuple(calls.items()),
        answers=tuple(
            (key, places[each.call.digest], each.unit_id) for key, each in answers.items()
        ),
    )


def answers_in(page: AnswerPage) -> dict[str, EarlierAnswer]:
    """The answers of a page by key; of two with one key, the later."""
    calls = [
        ObjectRef(digest=digest, size_bytes=size, media_type=JSON_MEDIA_TYPE)
        for digest, size in page.calls
    ]
    return {
        key: EarlierAnswer(call=calls[place], unit_id=unit_id)
        for key, place, unit_id in page.answers
    }
