"""The rooms of the workspace as they lie in the repository,
for the tests that hold them to their rules.
"""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

import pytest

ROOT = Path(__file__).parents[2]
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class _Project(TypedDict):
    name: str
    dependencies: list[str]


@dataclass(frozen=True)
class Room:
    """One distribution: its folder, its package, and what it declares to need."""

    folder: Path
    distribution: str
    dependencies: tuple[str, ...]

    @property
    def package(self) -> Path:
        """The folder of its one import package."""
        return next((self.folder / "src").iterdir())

    @property
    def needed_names(self) -> frozenset[str]:
        """The distributions it declares to need, without versions and extras."""
        return frozenset(
            match.group() for entry in self.dependencies if (match := _NAME.match(entry))
        )


def rooms() -> list[Room]:
    """Every room, services and libraries and the command."""
    projects = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    return [_room(path) for path in sorted([*projects, ROOT / "deploy/standalone/pyproject.toml"])]


def services() -> list[Room]:
    """The rooms of the services."""
    return [room for room in rooms() if room.folder.parent.name == "services"]


def tracked_files() -> list[Path]:
    """The files of the repository, those not yet committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _room(path: Path) -> Room:
    project = cast("_Project", tomllib.loads(path.read_text())["project"])
    return Room(path.parent, project["name"], tuple(project["dependencies"]))
