"""The words for models: which API a provider speaks, and what a model is for."""

from __future__ import annotations

from enum import StrEnum


class ApiKind(StrEnum):
    """The API that a provider speaks.

    `openai` stands for every server with OpenAI's chat completions: OpenRouter, vLLM, llama.cpp.
    """

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    OLLAMA = "ollama"
    DEEPL = "deepl"
    LIBRETRANSLATE = "libretranslate"


class Category(StrEnum):
    """The use that a model is registered for."""

    OCR = "OCR"
    VISION = "VL"
    LLM = "LLM"
    EMBEDDING = "Embedding"
    TEXT_CLASSIFICATION = "Text Classification"
