"""The client of an endpoint, by the API that its provider speaks.

chat_model(endpoint)          openai, anthropic, gemini, ollama
embedding_model(endpoint)     openai, gemini, ollama
text_translator(endpoint)     deepl, libretranslate
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from dragoman_contracts.errors import PermanentError
from dragoman_models.endpoint import ApiKind, Endpoint
from dragoman_models.ports import ChatModel, EmbeddingModel, TextTranslator


def chat_model(endpoint: Endpoint) -> ChatModel:
    """A client that asks the endpoint's model by messages. Nothing is sent yet.

    Raises:
        PermanentError: model.unsupported, model.address_refused.
    """
    make = _CHAT.get(endpoint.api_kind)
    return make(endpoint) if make else _unsupported(endpoint, "answers no chat", _CHAT)


def embedding_model(endpoint: Endpoint) -> EmbeddingModel:
    """A client that asks the endpoint's model for vectors. Nothing is sent yet.

    Raises:
        PermanentError: model.unsupported, model.address_refused.
    """
    make = _EMBEDDING.get(endpoint.api_kind)
    return make(endpoint) if make else _unsupported(endpoint, "embeds no texts", _EMBEDDING)


def text_translator(endpoint: Endpoint) -> TextTranslator:
    """A client of the endpoint's translation service. Nothing is sent yet.

    Raises:
        PermanentError: model.unsupported, model.address_refused.
    """
    make = _TRANSLATION.get(endpoint.api_kind)
    if make:
        return make(endpoint)
    return _unsupported(endpoint, "is no translation service", _TRANSLATION)


def _unsupported(endpoint: Endpoint, lack: str, able: Iterable[ApiKind]) -> NoReturn:
    message = f"A provider of kind {endpoint.api_kind} {lack}; choose a model of one of these kinds: {', '.join(able)}."
    raise PermanentError(message, code="model.unsupported")


def _openai_chat(endpoint: Endpoint) -> ChatModel:
    from dragoman_models.adapters.openai import OpenAiChat

    return OpenAiChat(endpoint)


def _anthropic_chat(endpoint: Endpoint) -> ChatModel:
    from dragoman_models.adapters.anthropic import AnthropicChat

    return AnthropicChat(endpoint)


def _gemini_chat(endpoint: Endpoint) -> ChatModel:
    from dragoman_models.adapters.gemini import GeminiChat

    return GeminiChat(endpoint)


def _ollama_chat(endpoint: Endpoint) -> ChatModel:
    from dragoman_models.adapters.ollama import OllamaChat

    return OllamaChat(endpoint)


def _openai_embeddings(endpoint: Endpoint) -> EmbeddingModel:
    from dragoman_models.adapters.openai import OpenAiEmbeddings

    return OpenAiEmbeddings(endpoint)


def _gemini_embeddings(endpoint: Endpoint) -> EmbeddingModel:
    from dragoman_models.adapters.gemini import GeminiEmbeddings

    return GeminiEmbeddings(endpoint)


def _ollama_embeddings(endpoint: Endpoint) -> EmbeddingModel:
    from dragoman_models.adapters.ollama import OllamaEmbeddings

    return OllamaEmbeddings(endpoint)


def _deepl(endpoint: Endpoint) -> TextTranslator:
    from dragoman_models.adapters.deepl import DeepLTranslator

    return DeepLTranslator(endpoint)


def _libretranslate(endpoint: Endpoint) -> TextTranslator:
    from dragoman_models.adapters.libretranslate import LibreTranslator

    return LibreTranslator(endpoint)


_CHAT: Mapping[ApiKind, Callable[[Endpoint], ChatModel]] = {
    ApiKind.OPENAI: _openai_chat,
    ApiKind.ANTHROPIC: _anthropic_chat,
    ApiKind.GEMINI: _gemini_chat,
    ApiKind.OLLAMA: _ollama_chat,
}
_EMBEDDING: Mapping[ApiKind, Callable[[Endpoint], EmbeddingModel]] = {
    ApiKind.OPENAI: _openai_embeddings,
    ApiKind.GEMINI: _gemini_embeddings,
    ApiKind.OLLAMA: _ollama_embeddings,
}
_TRANSLATION: Mapping[ApiKind, Callable[[Endpoint], TextTranslator]] = {
    ApiKind.DEEPL: _deepl,
    ApiKind.LIBRETRANSLATE: _libretranslate,
}
