"""The address of a model: its provider's API, where it is, and within which limits it is asked."""

from __future__ import annotations

from pydantic import Field, SecretStr

from dragoman_contracts.model import Value
from dragoman_contracts.models import ApiKind, Category

__all__ = ["ApiKind", "Category", "Endpoint"]


class Endpoint(Value):
    """One model of one provider.

    `base_url` is what the API's paths hang under: `https://api.openai.com/v1`,
    `https://api.anthropic.com`, `http://127.0.0.1:11434`. `api_key` is empty for servers that need
    none. `model` may be empty for translation services. `timeout_s` is the longest silence, not the
    longest answer.

    `max_output_tokens` bounds each answer; None leaves it to the request, and then to the client.
    `context_tokens` is the room for prompt and answer together, None where it is not known.

    `private_hosts` are the hosts and networks that may have private addresses, as
    `dragoman_models.addresses` reads them. None and an empty set both mean that none may.
    """

    api_kind: ApiKind
    base_url: str
    api_key: SecretStr = SecretStr("")
    model: str = ""
    timeout_s: float = Field(default=120.0, gt=0)
    connect_timeout_s: float = Field(default=10.0, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    context_tokens: int | None = Field(default=None, gt=0)
    private_hosts: frozenset[str] | None = None
