"""Settings of the one process, and of the command line that speaks to a server."""

from __future__ import annotations

from typing import TypeVar

from pydantic import Field, SecretStr

from dragoman_extract.settings import ExtractSettings, TaskSettings
from dragoman_gateway.settings import HttpSettings, SeedSettings
from dragoman_index.settings import IndexSettings
from dragoman_intake.settings import IntakeSettings
from dragoman_models.settings import ProviderSettings
from dragoman_qa.settings import JudgeSettings, QaSettings
from dragoman_runtime.settings import (
    LOGGED,
    DatabaseSettings,
    LogLevel,
    MaintenanceSettings,
    ObjectSettings,
    Settings,
    StopSettings,
    TelemetrySettings,
    WorkerSettings,
)
from dragoman_translate.settings import EngineSettings, TranslateSettings

_S = TypeVar("_S", bound=TelemetrySettings)


def quiet(settings: _S, level: LogLevel | None = None) -> _S:
    """The settings of a command that ends by itself: it logs what was asked for, else nothing."""
    if level is None and "log_level" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log_level": level or "off"})


class StandaloneSettings(
    ObjectSettings,
    WorkerSettings,
    MaintenanceSettings,
    HttpSettings,
    EngineSettings,
    JudgeSettings,
    TaskSettings,
    SeedSettings,
    StopSettings,
):
    """The settings of `dragoman translate` and `dragoman up`."""

    default_engine: str = Field(
        default="apertium",
        description="Engine of jobs whose request, language pair and project name none.",
    )
    private_providers: str = Field(
        default="127.0.0.1,localhost,::1",
        description=ProviderSettings.model_fields["private_providers"].description,
    )
    document_password: SecretStr | None = Field(
        default=None, description="Opens the encrypted files that `dragoman translate` is given."
    )
    log_level: LogLevel = Field(default="warning", description=LOGGED)


class TogetherSettings(
    IntakeSettings, ExtractSettings, TranslateSettings, QaSettings, IndexSettings
):
    """The settings of the services of one `dragoman worker all`,
    or of any others that share a process.
    """


class StoreSettings(DatabaseSettings, ObjectSettings, TelemetrySettings):
    """The settings of `dragoman replay` and `dragoman events`:
    the stores of the services, or a state folder.
    """

    log_level: LogLevel = Field(default="warning", description=LOGGED)


class PeopleSettings(DatabaseSettings, HttpSettings):
    """The settings of `dragoman admin`, `dragoman token` and `dragoman migrate`:
    the database, and the address of sign-in links.
    """

    log_level: LogLevel = Field(default="warning", description=LOGGED)


class ClientSettings(Settings):
    """The server that `dragoman jobs` speaks to,
    where it is not this machine's own state folder.
    """

    url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address of a gateway. Not set: the state folder is used.",
    )
    token: SecretStr | None = Field(default=None, description="API token for that gateway.")


class UpkeepSettings(StoreSettings, MaintenanceSettings):
    """The stores that `dragoman maintenance` looks after: a state folder's,
    or those of the services.
    """
