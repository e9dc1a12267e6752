"""Settings of extract: those of every service, and those of commands, scripts and tasks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from dragoman_models.settings import ProviderSettings
from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import Settings, variable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CommandSettings(Settings):
    """The surroundings of the commands that pipelines run."""

    command_environment: str = Field(
        default="",
        description="Names of variables of the worker that commands get too, with commas between; one is "
        "`DRAGOMAN_MODEL_API_KEY`, the key that `dragoman-parse` sends to a vision model. Besides these they get "
        "`PATH`, `HOME`, `TMPDIR`, `LANG`, `LC_ALL` and `DRAGOMAN_RUN`, the id of the run, alone.",
    )
    command_path: str = Field(
        default="/usr/local/bin:/usr/bin:/bin",
        description="Folders, with colons between, in which commands are looked for after Dragoman's own.",
    )
    command_dir: Path | None = Field(
        default=None,
        description="Folder in which commands run, each in a folder of its own that is removed at its end; it belongs "
        "to this user alone. Not set: one in the machine's folder for temporary files.",
    )
    command_output_mib: int = Field(
        default=512, ge=1, le=65_536, description="Most that a command may write, in MiB."
    )

    @property
    def command_variables(self) -> tuple[str, ...]:
        """The names in `command_environment`."""
        names = (name.strip() for name in self.command_environment.split(","))
        return tuple(name for name in names if name)

    @model_validator(mode="after")
    def _check_command_environment(self) -> Self:
        if not all(_NAME.fullmatch(name) for name in self.command_variables):
            raise ValueError(
                f"{variable('command_environment')}: names of variables, with commas between"
            )
        return self


class TaskSettings(CommandSettings, ProviderSettings):
    """The surroundings of all that pipelines run: commands, scripts, and questions to models."""

    script_processes: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Processes in which scripts and templates of pipelines run, at most.",
    )


class ExtractSettings(ServiceSettings, TaskSettings):
    """The settings of extract."""
