"""Settings of translate: those of every service, and those of the engines."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from dragoman_models.settings import ProviderSettings
from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import Settings
from dragoman_translate.engine_settings import ApertiumSettings, OpenAiSettings


class EngineSettings(Settings):
    """The translation engines."""

    translate_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Batches translated at the same time, where that is not `DRAGOMAN_CONCURRENCY`: an engine on "
        "another machine is waited for, while documents are read and checked on this one.",
    )
    apertium_data_dir: Path = Field(
        default=Path("/usr/share/apertium"), description="Folder of Apertium's language pairs."
    )
    apertium_timeout_s: float = Field(
        default=60, gt=0, description="Seconds one batch may take in Apertium."
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1",
        description="Address of an OpenAI-compatible server, up to `/v1`.",
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr(""), description="Key of that server; local ones need none."
    )
    openai_model: str = Field(default="", description="Model of jobs that name none.")
    openai_timeout_s: float = Field(
        default=120,
        gt=0,
        description="Longest silence of that server in seconds; one that does not stream has it for the whole answer.",
    )
    openai_connect_timeout_s: float = Field(
        default=10, gt=0, description="Seconds to wait for a connection."
    )
    openai_max_output_tokens: int = Field(
        default=8_192, gt=0, description="Longest answer asked for, in tokens."
    )
    openai_temperature: float = Field(
        default=0,
        ge=-1,
        le=2,
        description="0 makes answers most alike; -1 sends none, for models that refuse one.",
    )
    openai_max_concurrent_calls: int = Field(
        default=0,
        ge=0,
        description="Calls to that server at the same time; 0: as many as it has room for, which is learnt, 4 at most.",
    )

    @property
    def apertium(self) -> ApertiumSettings:
        """The part that the Apertium engine takes."""
        return ApertiumSettings(data_dir=self.apertium_data_dir, timeout_s=self.apertium_timeout_s)

    @property
    def openai(self) -> OpenAiSettings:
        """The part that the OpenAI engine takes."""
        return OpenAiSettings(
            base_url=self.openai_base_url,
            api_key=self.openai_api_key,
            model=self.openai_model,
            timeout_s=self.openai_timeout_s,
            connect_timeout_s=self.openai_connect_timeout_s,
            max_output_tokens=self.openai_max_output_tokens,
            temperature=None if self.openai_temperature < 0 else self.openai_temperature,
            max_concurrent_calls=self.openai_max_concurrent_calls,
        )


class TranslateSettings(ServiceSettings, EngineSettings, ProviderSettings):
    """The settings of the translate service."""
