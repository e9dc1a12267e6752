"""Secrets as `deploy/compose/secrets.sh` makes them, for the tests that only read them."""

import subprocess
from pathlib import Path

import pytest

from deployment.compose import FOLDER


@pytest.fixture(scope="session")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the secrets, made once."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run(["sh", FOLDER / "secrets.sh", folder], check=True, capture_output=True)
    return folder
