"""The facts that a model server states beside OpenAI's protocol: its kind, its context, its slots,
its models.

llama.cpp says much (`/props`), vLLM its context (`/v1/models`), Ollama what is loaded (`/api/ps`)
and what a model's file sets (`/api/show`), LM Studio likewise (`/api/v0/models`); most others
nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
from pydantic import JsonValue

from dragoman_translate.probing import SMALL_CONTEXT_TOKENS

_TIMEOUT_S = 5.0
_OLLAMA_CONTEXT_TOKENS = (
    4_096  # what it takes unless told otherwise, and what it cuts at without a word
)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The facts that the server states.

    None and empty values are not stated. `is_reached`: the server answered.
    """

    is_reached: bool = False
    kind: str = ""
    models: tuple[str, ...] = ()
    context_tokens: int | None = None
    slots: int | None = None
    warnings: tuple[str, ...] = ()


async def server_facts(client: httpx.AsyncClient, base_url: str, model: str) -> ServerFacts:
    """Ask the server for what it tells without being paid.

    Ask when the model is loaded: Ollama then says more.
    """
    root = base_url.rstrip("/").removesuffix("/v1")
    listed, props, version, studio = await asyncio.gather(
        _get(client, f"{base_url.rstrip('/')}/models"),
        _get(client, f"{root}/props"),
        _get(client, f"{root}/api/version"),
        _get(client, f"{root}/api/v0/models"),
    )
    entries = _entries(listed, "data")
    models = tuple(str(each["id"]) for each in entries if "id" in each)
    entry = _named(entries, model)
    is_reached = any(each is not None for each in (listed, props, version, studio))
    if slots := _number(props, "total_slots"):
        context = _number(props, "default_generation_settings", "n_ctx") or _number(
            entry, "meta", "n_ctx"
        )
        return ServerFacts(is_reached, "llama.cpp", models, context, slots, _small(context))
    if isinstance(_at(version, "version"), str):
        context, warnings = await _of_ollama(client, root, model)
        return ServerFacts(is_reached, "Ollama", models, context, warnings=warnings)
    loaded = _number(_named(_entries(studio, "data"), model), "loaded_context_length")
    if loaded:
        return ServerFacts(is_reached, "LM Studio", models, loaded, warnings=_small(loaded))
    context = (
        _number(entry, "max_model_len")
        or _number(entry, "context_length")
        or _number(entry, "meta", "n_ctx")
    )
    kind = "vLLM" if _at(entry, "owned_by") == "vllm" else ""
    return ServerFacts(is_reached, kind, models, context, warnings=_small(context))


async def _of_ollama(
    client: httpx.AsyncClient, root: str, model: str
) -> tuple[int, tuple[str, ...]]:
    """The context in which Ollama answers over OpenAI's protocol, which has no word for it."""
    running, shown = await asyncio.gather(
        _get(client, f"{root}/api/ps"), _get(client, f"{root}/api/show", {"model": model})
    )
    context = _number(_named(_entries(running, "models"), model), "context_length")
    if context is None:
        parameters = _at(shown, "parameters")
        written = (
            re.search(r"(?m)^num_ctx\s+(\d+)", parameters) if isinstance(parameters, str) else None
        )
        context = int(written[1]) if written else _OLLAMA_CONTEXT_TOKENS
    if context > SMALL_CONTEXT_TOKENS:
        return context, ()
    cure = "start it with OLLAMA_CONTEXT_LENGTH=16384, or set num_ctx in the model's Modelfile"
    return context, (
        f"Ollama cuts prompt and answer together at {context:,} tokens, without a word: {cure}.",
    )


def _small(context_tokens: int | None) -> tuple[str, ...]:
    if context_tokens is None or context_tokens >= SMALL_CONTEXT_TOKENS:
        return ()
    return (
        f"The context of {context_tokens:,} tokens is small: batches are cut to fit, and each pays for the rules "
        f"again. Give the server {2 * SMALL_CONTEXT_TOKENS:,} a slot where memory allows.",
    )


async def _get(client: httpx.AsyncClient, address: str, body: JsonValue = None) -> JsonValue:
    """The JSON under an address, asked for by POST where there is a body;
    None where there is none.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            response = await (
                client.get(address) if body is None else client.post(address, json=body)
            )
        return response.json() if response.is_success else None
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def _at(
    value: JsonValue | Mapping[str, JsonValue], *path: str
) -> JsonValue | Mapping[str, JsonValue]:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _number(value: JsonValue | Mapping[str, JsonValue], *path: str) -> int | None:
    found = _at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _entries(value: JsonValue, name: str) -> list[Mapping[str, JsonValue]]:
    found = _at(value, name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _named(entries: Sequence[Mapping[str, JsonValue]], model: str) -> Mapping[str, JsonValue]:
    """The entry of a model; Ollama adds `:latest` to a name without a tag."""
    names = (model, f"{model}:latest")
    for each in entries:
        aliases = each.get("aliases")
        if any(each.get(field) in names for field in ("id", "name", "model")):
            return each
        if isinstance(aliases, list) and model in aliases:
            return each
    return {}
