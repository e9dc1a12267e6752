"""Each service can be installed and imported with nothing but what it declares: no sibling,
no borrowed library.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.rooms import ROOT, Room, services


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is missing: run make setup")
    return found


def _named(room: Room) -> str:
    return room.folder.name


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which each service in turn gets its environment, at one path,
    so that they share compiled modules.
    """
    return tmp_path_factory.mktemp("isolation")


@pytest.mark.parametrize("service", services(), ids=_named)
def test_a_service_installs_and_imports_alone(service: Room, nowhere: Path) -> None:
    python = nowhere / "venv/bin/python"
    shed = {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"}
    environment = {name: value for name, value in os.environ.items() if name not in shed}
    environment["PYTHONPYCACHEPREFIX"] = str(nowhere / "compiled")

    def attempt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(part) for part in arguments]
        return subprocess.run(
            command, cwd=nowhere, env=environment, check=False, capture_output=True, text=True
        )

    def run(*arguments: str | Path) -> str:
        done = attempt(*arguments)
        if done.returncode != 0:
            pytest.fail(done.stderr)
        return done.stdout

    shutil.rmtree(nowhere / "venv", ignore_errors=True)
    run(_uv(), "venv", "--quiet", "--python", sys.executable, nowhere / "venv")
    install = [
        _uv(),
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "-c",
        ROOT / "requirements.lock",
    ]
    # The set-up's cache was emptied.
    if attempt(*install, "--offline", "--editable", service.folder).returncode != 0:
        run(*install, "--editable", service.folder)
    module = service.package.name
    loaded = run(python, "-c", f"import sys, {module}.app, {module}.settings; print(*sys.modules)")

    others = {other.package.name for other in services()} - {module}
    assert others & {name.partition(".")[0] for name in loaded.split()} == set()
