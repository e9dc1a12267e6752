"""The lock files are in step with what the rooms declare; checked without any network."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; .+?)? \\$", re.MULTILINE)


class _Project(TypedDict):
    name: str
    dependencies: list[str]


def _pyprojects() -> list[dict[str, object]]:
    found = [ROOT / "pyproject.toml", *ROOT.glob("*/*/pyproject.toml")]
    return [cast("dict[str, object]", tomllib.loads(path.read_text())) for path in found]


def _rooms() -> set[str]:
    return {
        canonicalize_name(cast("_Project", content["project"])["name"]) for content in _pyprojects()
    }


def _declared(*groups: str) -> list[Requirement]:
    """What the rooms need to run and to be built,
    and what the named groups of the workspace add.
    """
    entries: list[str] = []
    for content in _pyprojects():
        entries += cast("_Project", content["project"])["dependencies"]
        entries += cast("Mapping[str, list[str]]", content.get("build-system", {"requires": []}))[
            "requires"
        ]
        of_room = cast("Mapping[str, list[str]]", content.get("dependency-groups", {}))
        entries += [entry for group in groups for entry in of_room.get(group, [])]
    return [
        wanted
        for entry in entries
        if canonicalize_name((wanted := Requirement(entry)).name) not in _rooms()
    ]


def _pins(lock: str) -> dict[str, set[str]]:
    """The versions that a lock file pins; more than one where it depends on the Python version."""
    pins: dict[str, set[str]] = {}
    for name, version in _PIN.findall((ROOT / lock).read_text()):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


@pytest.mark.parametrize(
    ("lock", "groups"),
    [("requirements.lock", ["setup"]), ("requirements-test.lock", ["setup", "dev"])],
)
def test_every_declared_dependency_is_locked_at_a_version_that_satisfies_it(
    lock: str, groups: list[str]
) -> None:
    pins = _pins(lock)

    unmet = [
        f"{wanted}: {sorted(versions) or 'not locked'}"
        for wanted in _declared(*groups)
        if not (versions := pins.get(canonicalize_name(wanted.name), set()))
        or not all(wanted.specifier.contains(version, prereleases=True) for version in versions)
    ]

    assert unmet == [], "run make lock"


def test_the_tests_run_on_the_versions_that_the_command_runs_on() -> None:
    tested = _pins("requirements-test.lock")

    assert {
        name: versions
        for name, versions in _pins("requirements.lock").items()
        if tested[name] != versions
    } == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[A-Za-z])", text.strip())

    assert len(entries) == sum(len(versions) for versions in _pins(lock).values())
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert "://" not in text
