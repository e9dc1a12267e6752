"""Settings of translate: those of every service, and those of the engines."""

from __future__ import annotations

from pydantic import Field, SecretStr

from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import Settings


class EngineSettings(Settings):
    """The translation engines, and which of them is used where nobody chose one."""

    engine: str = Field(default="apertium", description="Engine of jobs that name none.")
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="Address of an OpenAI-compatible server, up to `/v1`."
    )
    openai_api_key: SecretStr | None = Field(default=None, description="Key of that server; local servers need none.")
    openai_model: str | None = Field(default=None, description="Model of jobs that name none.")
    openai_timeout_s: float = Field(default=120, gt=0, description="Seconds to wait for an answer.")
    openai_max_output_tokens: int = Field(default=4096, ge=16, description="Longest answer the model can give.")
    openai_temperature: float = Field(default=0, ge=0, le=2, description="0 makes answers most alike.")


class TranslateSettings(ServiceSettings, EngineSettings):
    """What translate is set up with."""
