"""Settings of qa: those of every service, of a grammar checker, and of models that judge."""

from __future__ import annotations

from pydantic import Field

from dragoman_models.settings import ProviderSettings
from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import Settings


class GrammarSettings(Settings):
    """A LanguageTool server, where there is one."""

    languagetool_url: str = Field(
        default="",
        description="Address of a LanguageTool server up to `/v2`, which is sent all translations; "
        "empty: none is asked.",
    )
    languagetool_timeout_s: float = Field(
        default=60, gt=0, description="Seconds one request may take there."
    )
    languagetool_max_characters: int = Field(
        default=20_000,
        ge=1_000,
        description="Longest text of one request; the server's own `maxTextLength` may be smaller.",
    )


class JudgeSettings(GrammarSettings, ProviderSettings):
    """The surroundings of the checks: a grammar checker, and the providers of models that judge."""


class QaSettings(ServiceSettings, JudgeSettings):
    """The settings of qa."""
