"""Settings of the one process, and of the command line that speaks to a server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from dragoman_gateway.settings import HttpSettings
from dragoman_intake.settings import IntakeSettings
from dragoman_runtime.settings import (
    DatabaseSettings,
    MaintenanceSettings,
    ObjectSettings,
    Settings,
    TelemetrySettings,
    WorkerSettings,
)
from dragoman_translate.settings import EngineSettings, TranslateSettings


class StandaloneSettings(ObjectSettings, WorkerSettings, MaintenanceSettings, HttpSettings, EngineSettings):
    """The settings of `dragoman translate` and `dragoman up`."""

    default_engine: str = Field(
        default="apertium", description="Engine of jobs whose request, language pair and project name none."
    )
    document_password: SecretStr | None = Field(
        default=None, description="Opens the encrypted files that `dragoman translate` is given."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="The least of our own messages that is logged; libraries log from `warning`."
    )


class TogetherSettings(IntakeSettings, TranslateSettings):
    """The settings of the services of one `dragoman worker all`, or of any others that share a process."""


class StoreSettings(DatabaseSettings, ObjectSettings, TelemetrySettings):
    """The settings of `dragoman replay` and `dragoman events`: the stores of the services, or a state folder."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="The least of our own messages that is logged; libraries log from `warning`."
    )


class ClientSettings(Settings):
    """The server that `dragoman jobs` speaks to, where it is not this machine's own state folder."""

    url: str | None = Field(
        default=None, pattern=r"^https?://", description="Address of a gateway. Not set: the state folder is used."
    )
    token: SecretStr | None = Field(default=None, description="API token for that gateway.")


class UpkeepSettings(StoreSettings, MaintenanceSettings):
    """The stores that `dragoman maintenance` looks after: a state folder's, or those of the services."""
