"""What no file of the repository may hold, and what no file may be."""

import re
from pathlib import Path

import pytest

from architecture.rooms import ROOT, tracked_files

_LINES_AT_MOST = 500
_GENERATED = (
    "*.lock",
    "docs/reference/*.json",
    "**/asyncapi.yaml",
    "**/static/vendor/**",
    "**/vendor/**",
)
_TEXT = {
    ".py",
    ".toml",
    ".md",
    ".sh",
    ".lock",
    ".json",
    ".yaml",
    ".yml",
    ".html",
    ".css",
    ".js",
    ".srx",
    ".txt",
    "",
}
_VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}

# Written so that they do not match themselves.
_MACHINE_PATHS = re.compile(r"(?<![\w.~/-])/(?:work|root)/[\w.]|/tmp/[b]ash_jobs")
_REGISTRY_HOSTS = re.compile(
    r"[p]ythonhosted\.org|[p]ypi\.org/simple|[p]kg\.dev/|[a]rtifactory|[p]roxy\.golang\.org"
)


def _is_text(path: Path) -> bool:
    return path.suffix in _TEXT


def _is_ours(path: Path) -> bool:
    return not any(path.relative_to(ROOT).match(pattern) for pattern in _GENERATED)


@pytest.mark.parametrize(
    ("what", "pattern"),
    [("paths of a machine", _MACHINE_PATHS), ("hosts of a registry", _REGISTRY_HOSTS)],
)
def test_no_file_names_where_it_was_made(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        if _is_text(path)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]

    assert found == [], what


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(errors="replace").splitlines())
        for path in tracked_files()
        if _is_text(path) and _is_ours(path)
    }

    assert {name: lines for name, lines in lengths.items() if lines > _LINES_AT_MOST} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    modules = [path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".py"]

    assert [str(path) for path in modules if _VAGUE & {path.stem, *path.parts[:-1]}] == []
