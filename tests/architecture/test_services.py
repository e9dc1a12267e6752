"""Every service has the same files, so that who knows one knows all."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from architecture.rooms import ROOT, Room, services

_FILES = (
    "__init__.py",
    "__main__.py",
    "app.py",
    "settings.py",
    "handlers.py",
    "domain.py",
    "ports.py",
    "adapters/__init__.py",
    "errors.py",
    "py.typed",
)
_README_ENTRIES = ("Reacts to", "Emits", "Reads", "Writes", "Settings", "What goes wrong")

# What a service goes without, and why.
_DOES_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "gateway": {
        "handlers.py": "it answers requests and takes no work items",
        "domain.py": "each area has its rules.py",
        "ports.py": "an area's desk.py says what it needs",
        "errors.py": "every area raises those of web/",
    },
}


def _named(room: Room) -> str:
    return room.folder.name


@pytest.mark.parametrize("service", services(), ids=_named)
def test_a_service_has_the_files_that_every_service_has(service: Room) -> None:
    excused = _DOES_WITHOUT.get(service.folder.name, {})

    missing = [file for file in _FILES if not (service.package / file).is_file()]

    assert sorted(missing) == sorted(excused)


@pytest.mark.parametrize("service", services(), ids=_named)
def test_a_service_says_in_ten_lines_what_it_does(service: Room) -> None:
    text = (service.folder / "README.md").read_text()

    assert [entry for entry in _README_ENTRIES if entry not in text] == []
    assert len(text.partition("\n## ")[0].splitlines()) <= 15


@pytest.mark.parametrize("service", services(), ids=_named)
def test_a_service_is_held_to_the_import_contracts(service: Room) -> None:
    contracts = (ROOT / ".importlinter").read_text()
    name = service.package.name

    assert f"    {name}\n" in contracts
    pure = [
        ".".join(path.relative_to(service.package.parent).with_suffix("").parts)
        for path in _pure_modules(service)
    ]
    assert pure
    assert [module for module in pure if f"    {module}\n" not in contracts] == []
    if (service.package / "adapters").is_dir():
        assert f"    {name}.adapters\n" in contracts


def test_services_need_no_other_service() -> None:
    names = {service.distribution for service in services()}

    assert [service.distribution for service in services() if service.needed_names & names] == []


def test_pure_modules_import_paths_without_a_file_system_only() -> None:
    pure = [
        *(ROOT / "libs/contracts/src").rglob("*.py"),
        *(path for service in services() for path in _pure_modules(service)),
    ]

    assert [str(path) for path in pure if _imports_real_paths(path)] == []


def _pure_modules(service: Room) -> list[Path]:
    """The rules of a service: its domain, and those of its areas where it is filed by area."""
    domain = service.package / "domain.py"
    return [*([domain] if domain.is_file() else []), *sorted(service.package.glob("*/rules.py"))]


def _imports_real_paths(path: Path) -> bool:
    lines = [line.strip() for line in path.read_text().splitlines() if "pathlib" in line]
    return any(
        line not in ("from pathlib import PurePath", "from pathlib import PurePosixPath")
        for line in lines
    )


def test_every_area_of_the_gateway_has_a_readme_and_a_line_on_the_map() -> None:
    gateway = next(service for service in services() if service.folder.name == "gateway")
    areas = [
        each.parent
        for each in gateway.package.glob("*/__init__.py")
        if each.parent.name != "adapters"
    ]
    plan = (gateway.folder / "README.md").read_text()

    assert areas
    assert [area.name for area in areas if not (area / "README.md").is_file()] == []
    assert [area.name for area in areas if f"| `{area.name}/` |" not in plan] == []
