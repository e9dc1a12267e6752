"""Build the wheel that users install: `make dist`, or `python deploy/wheel/build.py FOLDER`.

Each room is built by its own backend, so that a wheel holds what the room says it holds. The rooms'
wheels then become one, `dragoman`, which needs of PyPI only what others wrote (ADR-31): packages side
by side as they are, the requirements and programs of all, and beside them

    share/man/man1/dragoman.1
    share/bash-completion/completions/dragoman, share/zsh/site-functions/_dragoman, …
    share/dragoman/systemd/dragoman@.service, …

The same sources give the same bytes. `constraints.txt` beside the wheel has the versions that it was
tested with.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pydantic import BaseModel, Field

from manual import manual

ROOT = Path(__file__).parents[2]
_ROOMS = ("libs/*", "services/*", "deploy/standalone")
_WHEEL = ROOT / "deploy" / "standalone"
_OWN = "dragoman"
_SCRIPTS = Path(sysconfig.get_path("scripts"))
_COMPLETIONS = {
    "bash": "share/bash-completion/completions/dragoman",
    "zsh": "share/zsh/site-functions/_dragoman",
    "fish": "share/fish/vendor_completions.d/dragoman.fish",
}
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?P<extras>\[[\w,.-]+\])?(?P<versions>[^;]*)(?P<when>;.*)?"
)
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


class Project(BaseModel):
    """The table `project` of a room's `pyproject.toml`, as far as the wheel has it."""

    version: str
    description: str
    license: str
    requires_python: str = Field(alias="requires-python")
    dependencies: list[str] = []
    extras: dict[str, list[str]] = Field(default={}, alias="optional-dependencies")
    scripts: dict[str, str] = {}


def main() -> None:
    """Build, and print the paths of what was made."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rooms = [path for each in _ROOMS for path in sorted(ROOT.glob(each)) if _is_room(path)]
    files: dict[str, bytes] = {}
    for room in rooms:
        for name, content in _packages(room):
            if name in files:
                raise SystemExit(f"{name} is in two rooms: rename one")
            files[name] = content
    wheel = _write(folder, _project(_WHEEL), [_project(room) for room in rooms], files)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pinned(_text(ROOT / "requirements.lock"))) + "\n")
    sys.stdout.write(f"{wheel}\n{constraints}\n")


def pinned(lock: str) -> list[str]:
    """The lines of a lock file without hashes, and without the tools that build: `lxml==6.1.0 ; …`."""
    lines = [line.removesuffix("\\").strip() for line in lock.splitlines() if "==" in line]
    return [line for line in lines if line and not line.startswith(("uv==", "uv-build==", "#"))]


def requirements(lists: list[list[str]]) -> list[str]:
    """One requirement for each distribution that the rooms need of others, with every bound that any of
    them sets, sorted; none of our own.
    """
    bounds: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for line in (line for each in lists for line in each):
        found = _REQUIREMENT.fullmatch(line.replace(" ", "") if ";" not in line else line)
        if found is None:
            raise SystemExit(f"{line!r} is not a requirement that this understands")
        name = found["name"].lower().replace("_", "-")
        if name != _OWN and not name.startswith(f"{_OWN}-"):
            key = (name, found["extras"] or "", (found["when"] or "").strip())
            bounds[key].update(
                each.strip() for each in found["versions"].split(",") if each.strip()
            )
    return [
        f"{name}{extras}{','.join(sorted(versions))}{f' {when}' if when else ''}"
        for (name, extras, when), versions in sorted(bounds.items())
    ]


def _is_room(path: Path) -> bool:
    return (path / "pyproject.toml").exists()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _project(room: Path) -> Project:
    return Project.model_validate(tomllib.loads(_text(room / "pyproject.toml"))["project"])


def _packages(room: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a room as its backend packs them, without the room's own metadata."""
    with tempfile.TemporaryDirectory() as folder:
        command = [_SCRIPTS / "uv-build", "build-wheel", folder]
        said = subprocess.run(command, cwd=room, check=False, capture_output=True, text=True)
        if said.returncode:
            raise SystemExit(f"{room.relative_to(ROOT)} cannot be built:\n{said.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        with ZipFile(wheel) as packed:
            for name in packed.namelist():
                if not name.endswith("/") and ".dist-info/" not in name:
                    yield name, packed.read(name)


def _completion(shell: str) -> bytes:
    said = subprocess.run(
        [_SCRIPTS / _OWN],
        env={**os.environ, "_DRAGOMAN_COMPLETE": f"source_{shell}"},
        check=True,
        capture_output=True,
    ).stdout.lstrip()
    # Loaded by name at the first completion, zsh's function has to answer that one too.
    return said + (b'\n_dragoman_completion "$@"\n' if shell == "zsh" else b"")


def _shared() -> Iterator[tuple[str, bytes]]:
    yield "share/man/man1/dragoman.1", manual().encode()
    for shell, path in _COMPLETIONS.items():
        yield path, _completion(shell)
    units = ROOT / "deploy" / "systemd"
    for path in sorted(units.rglob("*")):
        if path.is_file():
            yield f"share/dragoman/systemd/{path.relative_to(units).as_posix()}", path.read_bytes()


def _metadata(own: Project, projects: list[Project]) -> str:
    extras: defaultdict[str, list[str]] = defaultdict(list)
    for project in projects:
        for name, needed in project.extras.items():
            extras[name] += needed
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {_OWN}",
        f"Version: {own.version}",
        f"Summary: {own.description}",
        f"License-Expression: {own.license}",
        "License-File: LICENSE",
        *(f"Classifier: Programming Language :: Python :: {each}" for each in _PYTHONS),
        f"Requires-Python: {own.requires_python}",
        *(
            f"Requires-Dist: {each}"
            for each in requirements([each.dependencies for each in projects])
        ),
    ]
    for name, needed in sorted(extras.items()):
        lines.append(f"Provides-Extra: {name}")
        lines += [f"Requires-Dist: {each} ; extra == '{name}'" for each in requirements([needed])]
    lines += ["Description-Content-Type: text/markdown", "", _text(ROOT / "README.md")]
    return "\n".join(lines)


def _programs(projects: list[Project]) -> str:
    found = {name: call for each in projects for name, call in each.scripts.items()}
    return "\n".join(["[console_scripts]", *(f"{n} = {c}" for n, c in sorted(found.items())), ""])


def _write(folder: Path, own: Project, projects: list[Project], packages: dict[str, bytes]) -> Path:
    stem = f"{_OWN}-{own.version}"
    info = f"{stem}.dist-info"
    last = {
        f"{info}/METADATA": _metadata(own, projects).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: dragoman\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": _programs(projects).encode(),
        f"{info}/licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    shared = {f"{stem}.data/data/{name}": content for name, content in _shared()}
    files = {**dict(sorted(packages.items())), **shared, **last}
    record = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as packed:
        for name, content in files.items():
            entry = ZipInfo(name, _ZIP_EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, ZIP_DEFLATED
            packed.writestr(entry, content)
    return wheel


def _digest(content: bytes) -> str:
    """The hash of a file as RECORD has it (binary distribution format: urlsafe base64 without padding)."""
    encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={encoded.decode().rstrip('=')}"


if __name__ == "__main__":
    main()
