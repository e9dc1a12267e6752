"""The settings of each engine: values made by `settings` from the environment, or by tests."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from dragoman_contracts.model import Value


class ApertiumSettings(Value):
    """Where Apertium keeps its language pairs, and how long one batch may take."""

    data_dir: Path = Path("/usr/share/apertium")
    timeout_s: float = Field(default=60.0, gt=0)


class OpenAiSettings(Value):
    """Which OpenAI-compatible server to ask, with which model, and within which limits.

    `base_url` is what the API's paths hang under: `https://api.openai.com/v1`,
    `http://127.0.0.1:11434/v1`. Local servers need no key. `temperature` is None for models that
    refuse one. `timeout_s` is the longest silence, not the longest answer. `max_concurrent_calls`
    is 0 where the server's room is to be learnt.
    """

    base_url: str = "https://api.openai.com/v1"
    api_key: SecretStr = SecretStr("")
    model: str = ""
    timeout_s: float = Field(default=120.0, gt=0)
    connect_timeout_s: float = Field(default=10.0, gt=0)
    max_output_tokens: int = Field(default=8_192, gt=0)
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_concurrent_calls: int = Field(default=0, ge=0)
