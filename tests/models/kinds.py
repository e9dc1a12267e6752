"""The APIs with chat, embeddings and translation, each with its faithful server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from dragoman_models.endpoint import ApiKind, Endpoint
from models.faithful import anthropic, gemini, ollama, openai
from models.faithful.anthropic import AnthropicServer
from models.faithful.base import KEY, Asked, Provider
from models.faithful.deepl import DeepLServer
from models.faithful.gemini import GeminiServer
from models.faithful.libretranslate import LibreServer
from models.faithful.ollama import OllamaServer
from models.faithful.openai import OpenAiServer

OWN_MACHINE = frozenset({"127.0.0.1"})


@dataclass(frozen=True)
class Kind:
    """One API. `model` can all that the API can; `weak_model` knows no JSON Schema.

    `cold_model` refuses a temperature. `codes` are the errors of the server's modes.
    """

    api: ApiKind
    serve: Callable[..., Provider]
    model: str = ""
    weak_model: str = ""
    cold_model: str = ""
    images_in: Callable[[Asked], list[bytes]] = lambda asked: []
    finishes: dict[str, str] = field(default_factory=dict[str, str])
    codes: dict[str, str] = field(default_factory=dict[str, str])

    def endpoint(self, server: Provider, **more: object) -> Endpoint:
        """The server as an endpoint."""
        chosen: dict[str, object] = {
            "api_kind": self.api,
            "base_url": server.base_url,
            "api_key": SecretStr(KEY),
            "model": self.model,
            "private_hosts": OWN_MACHINE,
            **more,
        }
        return Endpoint.model_validate(chosen)


OPENAI = Kind(
    ApiKind.OPENAI,
    OpenAiServer,
    "gpt-good",
    "gpt-old",
    "gpt-new",
    openai.images_in,
    {"length": "length", "filtered": "refused", "refusal": "refused", "empty": "malformed"},
    {
        "rate_limited": "engine.rate_limited",
        "slow_down": "engine.rate_limited",
        "no_credit": "engine.quota_exhausted",
        "spend_limit": "engine.quota_exhausted",
        "overloaded": "engine.unavailable",
        "broken": "engine.unavailable",
        "context": "engine.context_exceeded",
        "web_page": "engine.malformed_reply",
    },
)
ANTHROPIC = Kind(
    ApiKind.ANTHROPIC,
    AnthropicServer,
    "claude-good",
    "claude-old",
    "claude-new",
    anthropic.images_in,
    {"length": "length", "window": "length", "refusal": "refused", "empty": "malformed"},
    {
        "rate_limited": "engine.rate_limited",
        "no_credit": "engine.quota_exhausted",
        "spend_limit": "engine.quota_exhausted",
        "low_balance": "engine.quota_exhausted",
        "overloaded": "engine.unavailable",
        "broken": "engine.unavailable",
        "context": "engine.context_exceeded",
        "too_large": "engine.context_exceeded",
        "web_page": "engine.malformed_reply",
    },
)
GEMINI = Kind(
    ApiKind.GEMINI,
    GeminiServer,
    "gemini-good",
    "gemini-old",
    "",
    gemini.images_in,
    {
        "length": "length",
        "refusal": "refused",
        "blocked": "refused",
        "malformed": "malformed",
        "empty": "malformed",
    },
    {
        "rate_limited": "engine.rate_limited",
        "daily": "engine.rate_limited",
        "no_credit": "engine.quota_exhausted",
        "overloaded": "engine.unavailable",
        "broken": "engine.unavailable",
        "context": "engine.context_exceeded",
        "web_page": "engine.malformed_reply",
    },
)
OLLAMA = Kind(
    ApiKind.OLLAMA,
    OllamaServer,
    "llama-good",
    "llama-old",
    "",
    ollama.images_in,
    {"length": "length", "cut": "length", "empty": "malformed"},
    {
        "rate_limited": "engine.rate_limited",
        "no_credit": "engine.quota_exhausted",
        "overloaded": "engine.unavailable",
        "broken": "engine.unavailable",
        "no_memory": "engine.bad_request",
        "unauthorised": "engine.unauthorised",
        "context": "engine.context_exceeded",
        "web_page": "engine.malformed_reply",
    },
)
DEEPL = Kind(
    ApiKind.DEEPL,
    DeepLServer,
    codes={
        "rate_limited": "engine.rate_limited",
        "no_credit": "engine.quota_exhausted",
        "overloaded": "engine.unavailable",
        "broken": "engine.unavailable",
        "too_large": "engine.context_exceeded",
        "web_page": "engine.malformed_reply",
        "too_few": "engine.malformed_reply",
    },
)
LIBRE = Kind(
    ApiKind.LIBRETRANSLATE,
    LibreServer,
    codes={
        "rate_limited": "engine.rate_limited",
        "banned": "engine.rate_limited",
        "broken": "engine.unavailable",
        "overloaded": "engine.unavailable",
        "web_page": "engine.malformed_reply",
        "too_few": "engine.malformed_reply",
    },
)
CHAT = (OPENAI, ANTHROPIC, GEMINI, OLLAMA)
EMBEDDING = (OPENAI, GEMINI, OLLAMA)
TRANSLATION = (DEEPL, LIBRE)
