"""The wheel for users: it holds every file of every room, needs of PyPI only what others wrote, and
brings its manual, its completions and its units. `make dist-check` installs it.
"""

import re
import subprocess
import sys
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.core import TyperGroup

from architecture.rooms import ROOT, rooms, tracked_files
from dragoman_standalone.cli import app

_SHARED = re.compile(r"dragoman-[\d.]+\.data/data/(share/.+)")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "deploy/wheel/build.py", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def files(dist: Path) -> dict[str, bytes]:
    (wheel,) = dist.glob("*.whl")
    with ZipFile(wheel) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def shared(files: dict[str, bytes]) -> dict[str, bytes]:
    found = {_SHARED.fullmatch(name): content for name, content in files.items()}
    return {match[1]: content for match, content in found.items() if match is not None}


@pytest.fixture(scope="module")
def metadata(files: dict[str, bytes]) -> Message:
    (content,) = [each for name, each in files.items() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(content)


def test_every_file_of_every_room_is_in_the_wheel_and_no_other(files: dict[str, bytes]) -> None:
    sources = [ROOT / room.folder / "src" for room in rooms()]
    wanted = {
        path.relative_to(source).as_posix()
        for path in tracked_files()
        for source in sources
        if path.is_relative_to(source)
    }
    packed = {name for name in files if PurePosixPath(name).parts[0].startswith("dragoman_")}

    assert {name for name in wanted if name.endswith(".srx")}  # data files are among them
    assert sorted(wanted - packed) == []
    assert sorted(packed - wanted) == []


def test_it_needs_what_the_rooms_need_of_others_and_none_of_them(metadata: Message) -> None:
    given = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    own = {room.distribution for room in rooms()}
    wanted = {canonicalize_name(name) for room in rooms() for name in room.needed_names} - own

    assert {canonicalize_name(each.name) for each in given if each.marker is None} == wanted
    assert metadata["Name"] == "dragoman"
    assert metadata["Requires-Python"] == ">=3.11"


def test_what_it_needs_is_pinned_beside_it(dist: Path, metadata: Message) -> None:
    lines = (dist / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines]

    assert all(str(each.specifier).startswith("==") for each in pins)
    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    names = {canonicalize_name(each.name) for each in needed if each.marker is None}
    assert names - {canonicalize_name(each.name) for each in pins} == set()


def test_it_has_the_programs_of_all_rooms(files: dict[str, bytes]) -> None:
    (text,) = [each for name, each in files.items() if name.endswith("/entry_points.txt")]

    assert text.decode().split() == [
        "[console_scripts]",
        *("dragoman", "=", "dragoman_standalone.command:main"),
        *("dragoman-parse", "=", "dragoman_parsing.program:main"),
    ]


def _commands(command: object, path: str) -> list[str]:
    if isinstance(command, TyperGroup):
        shown = {name: each for name, each in command.commands.items() if not each.hidden}
        return [found for name in shown for found in _commands(shown[name], f"{path} {name}")]
    return [path]


def test_its_manual_has_every_command_and_its_options(shared: dict[str, bytes]) -> None:
    text = shared["share/man/man1/dragoman.1"].decode().replace("\\-", "-")

    commands = _commands(typer.main.get_command(app), "dragoman")
    assert len(commands) > 40
    assert [each for each in commands if f'.SS "{each}' not in text] == []
    assert "\n\\fB--cost-cap\\fR \\fIUSD\\fR\nThe most that the calls may cost" in text
    assert not re.search(r"^[.'](?!TH|SH|SS|TP|PP|B )", text, re.MULTILINE)  # no prose is a macro


def test_it_brings_completions_for_three_shells(shared: dict[str, bytes]) -> None:
    found = [shared[name].decode() for name in sorted(shared) if "dragoman/systemd" not in name]

    assert sum("_DRAGOMAN_COMPLETE=complete_" in each for each in found) == 3
    zsh = shared["share/zsh/site-functions/_dragoman"].decode()
    assert zsh.startswith("#compdef dragoman\n")


def test_it_brings_the_units_of_systemd(shared: dict[str, bytes]) -> None:
    units = ROOT / "deploy" / "systemd"

    assert {name: each for name, each in shared.items() if "dragoman/systemd" in name} == {
        f"share/dragoman/systemd/{path.relative_to(units).as_posix()}": path.read_bytes()
        for path in units.rglob("*")
        if path.is_file()
    }
