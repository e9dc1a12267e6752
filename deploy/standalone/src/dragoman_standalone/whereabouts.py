"""Which installation a command is meant for, where the environment names another than the local
state folder.
"""

from __future__ import annotations

from pathlib import Path

from dragoman_contracts.errors import PermanentError
from dragoman_runtime.settings import DatabaseSettings, load, variable
from dragoman_standalone.settings import ClientSettings


class OtherInstallationError(PermanentError):
    """The environment names servers, and the command would look into a local folder."""

    default_code = "usage.installation"


def require_no_servers(state: Path | None) -> None:
    """Let a command use the state folder only where no database is named, or the folder is.

    Raises:
        OtherInstallationError: `DRAGOMAN_DATABASE_URL` is set, and no `--state` is given.
    """
    if state is None and load(DatabaseSettings).postgres_url is not None:
        raise OtherInstallationError(
            f"{variable('database_url')} names the database of services, and this command knows "
            f"only a state folder or a gateway: set {variable('url')} and {variable('token')} "
            "(`dragoman token create`), or name a folder with --state."
        )


def require_own_log(state: Path | None, postgres_url: str | None) -> None:
    """Let a command that reads the log itself do so only where no gateway is named in its place.

    Raises:
        OtherInstallationError: `DRAGOMAN_URL` is set, but neither `--state` nor a database.
    """
    if state is None and postgres_url is None and load(ClientSettings).url is not None:
        raise OtherInstallationError(
            f"{variable('url')} names a gateway, and this command reads the log itself: set "
            f"{variable('database_url')}, or name a folder with --state."
        )
