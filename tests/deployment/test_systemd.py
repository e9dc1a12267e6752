"""The units of systemd: their command and settings are Dragoman's, their credentials those that they
name; systemd itself reads them where it is there.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deployment.compose import FOLDER as COMPOSE
from deployment.settings import settings_of, unknown_variables
from docs.test_pages import parse_command
from dragoman_runtime.settings import PREFIX, load

FOLDER = COMPOSE.parent / "systemd"
SERVICE, MIGRATE = FOLDER / "dragoman@.service", FOLDER / "dragoman-migrate.service"
NAMES = ("relay", "intake", "extract", "translate", "qa", "reassemble", "index", "all", "gateway")


def _lines(path: Path) -> list[tuple[str, str]]:
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line[:1] != "#")
    return [(key, value) for key, sign, value in pairs if sign]


def _unit(name: str) -> list[tuple[str, str]]:
    """The lines of a service's unit, with those of its drop-ins."""
    found = _lines(SERVICE)
    for path in sorted(FOLDER.glob(f"dragoman@{name}.service.d/*.conf")):
        found += _lines(path)
    return [(key, value.replace("%i", name)) for key, value in found]


def _environment(unit: list[tuple[str, str]], credentials: Path) -> dict[str, str]:
    words = [word for key, value in unit if key == "Environment" for word in value.split()]
    words += [line for line in (FOLDER / "example.env").read_text().splitlines() if "=" in line]
    found = dict(word.split("=", 1) for word in words)
    for key, value in unit:
        if key == "UnsetEnvironment":
            del found[value]
    return {name: value.replace("%d", str(credentials)) for name, value in found.items()}


def _command(unit: list[tuple[str, str]]) -> list[str]:
    (line,) = [value for key, value in unit if key == "ExecStart"]
    program, *words = line.split()
    assert program == "/opt/dragoman/bin/dragoman"
    return words


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_starts_its_service_with_settings_that_it_reads(
    name: str, made_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, shared = _unit(name), (FOLDER / "example.env").read_text()
    given, command = _environment(unit, made_secrets), _command(unit)

    parse_command(command)
    own = {each for each in given if f"{each}=" not in shared}
    assert unknown_variables(own, settings_of(command)) == set()
    for each in [each for each in os.environ if each.startswith(PREFIX)]:
        monkeypatch.delenv(each)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    load(settings_of(command))


@pytest.mark.parametrize("unit", [*map(_unit, NAMES), _lines(MIGRATE)], ids=[*NAMES, "migrate"])
def test_the_credentials_that_it_reads_are_loaded(unit: list[tuple[str, str]]) -> None:
    loaded = {value.partition(":")[0] for key, value in unit if key == "LoadCredential"}
    read = {
        each
        for key, value in unit
        if key == "Environment"
        for each in re.findall(r"%d/(\w+)", value)
    }

    assert read == loaded


def test_the_shared_settings_are_read_by_some_service() -> None:
    names = {
        line.partition("=")[0]
        for line in (FOLDER / "example.env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    }

    unread = [unknown_variables(names, settings_of(["worker", name])) for name in NAMES]
    assert {name for name in names if all(name in each for each in unread)} == set()


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    analyse = shutil.which("systemd-analyze")
    if analyse is None:
        pytest.skip("there is no systemd")
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("*.service"):
        path.write_text(path.read_text().replace("/opt/dragoman/bin/dragoman", "/bin/true"))

    said = subprocess.run(
        [analyse, "verify", "--man=no", tmp_path / SERVICE.name, tmp_path / MIGRATE.name],
        check=False,
        capture_output=True,
        text=True,
    )

    assert said.stderr == ""
    assert said.returncode == 0
