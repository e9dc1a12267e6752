"""Secrets from files: `DRAGOMAN_…_FILE` names the file that holds the value of a secret setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

SUFFIX = "_FILE"


class FileOfSecretError(Exception):
    """The file that a variable names cannot be used; the message names the variable."""


def is_secret(field: FieldInfo) -> bool:
    """Whether the field holds a secret, which may stand in a file."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


class SecretFiles(PydanticBaseSettingsSource):
    """The secret settings whose variable with `_FILE` behind it names a file.

    The file's text is the value, without line ends after it. So container platforms hand secrets
    over, and they are in no environment.
    """

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of the field's file; None where no file is named.

        Raises:
            FileOfSecretError: the file cannot be read, or the value is given as well.
        """
        name = str(self.config.get("env_prefix", "")) + field_name.upper()
        path = os.environ.get(name + SUFFIX)
        if not path or not is_secret(field):
            return None, field_name, False
        if os.environ.get(name):
            raise FileOfSecretError(f"{name} and {name}{SUFFIX}: set one of them.")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise FileOfSecretError(f"{name}{SUFFIX}: its file cannot be read as text.") from error

    @override
    def __call__(self) -> dict[str, Any]:
        """The values that files gave."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                found[key] = value
        return found


def sources_with_files(
    settings: type[BaseSettings], *sources: PydanticBaseSettingsSource
) -> tuple[PydanticBaseSettingsSource, ...]:
    """These sources, and files of secrets behind them."""
    return (*sources, SecretFiles(settings))
