"""Install the wheel in an empty environment of each Python that is here, and use it: `make dist-check`.

    python -m deployment.dist_check ../dist --database

By pip, as a user does, or by uv, with the versions of `constraints.txt` where asked for (`--tested-versions`).
Nothing of the checkout is on the path. Each line says what was done with which Python; exits with 1
where something failed, and names the Pythons that are not here. Runs on the standard library alone,
but for `--database`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

_INSTALLED = "installed"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_START_S, _LONG_S = 300.0, 900.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_LINKED = re.compile(r'"(/console/static/[^"]+)"')
_LEAST_ANSWERS = 3  # the page and two documents; the rest is static files that the page names
_EVERY_MODULE = """
import importlib, pathlib, sys, sysconfig
root = pathlib.Path(sysconfig.get_path("purelib"))
names = [
    ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    for path in root.glob("dragoman_*/**/*.py")
    if path.name != "__main__.py" and "migrations" not in path.parts
]
for name in names:
    module = importlib.import_module(name)
    assert module.__file__.startswith(str(root)), module.__file__
print(len(names), "modules")
"""
_COMPLETED = """
. share/bash-completion/completions/dragoman
COMP_WORDS=(dragoman tran) COMP_CWORD=1
_dragoman_completion dragoman
printf '%s' "${COMPREPLY[0]}"
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Order:
    """What is installed: the wheel, its constraints where they are to hold, by pip or by a `uv`."""

    wheel: Path
    constraints: Path | None
    uv: Path | None
    steps: frozenset[str] = frozenset()
    """Those to be taken after the installation; empty for all."""


class Venv:
    """An empty environment, and what is run in it: elsewhere than the checkout, with little of this
    process's environment.
    """

    def __init__(self, python: str, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "venv"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_", "SSL_", "HTTP", "http", "LANG")) or name == "HOME"
        }
        self.environment["PATH"] = f"{self.root / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        self.environment["DRAGOMAN_STATE_DIR"] = str(folder / "state")
        self.run(python, "-m", "venv", str(self.root))

    def run(self, *words: str, status: int = 0, **variables: str) -> str:
        """What a program printed.

        Raises:
            ChildProcessError: it ended otherwise than it should.
        """
        program = self.root / "bin" / words[0]
        said = subprocess.run(
            [str(program) if program.exists() else words[0], *words[1:]],
            cwd=self.root if self.root.exists() else self.folder,
            env={**self.environment, **variables},
            check=False,
            capture_output=True,
            text=True,
            timeout=_LONG_S,
        )
        if said.returncode != status:
            output = f"{said.stdout}{said.stderr}"[-3000:]
            raise ChildProcessError(f"{' '.join(words[:3])}: status {said.returncode}\n{output}")
        return said.stdout


def installed(venv: Venv, order: Order) -> str:
    """Install the wheel alone."""
    held = [] if order.constraints is None else ["--constraint", str(order.constraints)]
    python = str(venv.root / "bin" / "python")
    installer = ["python", "-m", "pip"] if order.uv is None else [str(order.uv), "pip"]
    where = [] if order.uv is None else ["--python", python]
    venv.run(*installer, "install", "--quiet", *where, *held, str(order.wheel))
    count = len(venv.run(*installer, "list", *where, "--format=freeze").split())
    venv.run(*installer, "check", *where)
    return f"{count} distributions, {venv.run('dragoman', '--version').strip()}"


def imported(venv: Venv) -> str:
    """Import every module: what a module needs is installed, and lies in the environment."""
    return venv.run("python", "-W", "error::SyntaxWarning", "-c", _EVERY_MODULE).strip()


def translated(venv: Venv, engine: str) -> str:
    """Translate the sample that the wheel brings."""
    (sample,) = venv.root.glob("lib/python*/site-packages/dragoman_standalone/samples/*.docx")
    out = venv.folder / f"{engine}.docx"
    languages = ["--source", "en", "--target", "es", "--engine", engine]
    venv.run("dragoman", "translate", str(sample), "-o", str(out), *languages)
    with ZipFile(out) as made, ZipFile(sample) as given:
        assert made.read("word/document.xml") != given.read("word/document.xml")
        return f"{len(made.read('word/document.xml'))} bytes of document.xml"


def parsed(venv: Venv) -> str:
    """Run the other program, and a pipeline by it."""
    (sample,) = venv.root.glob("lib/python*/site-packages/dragoman_standalone/samples/*.docx")
    venv.run("dragoman", "parse", str(sample), "-o", str(venv.folder / "parsed"))
    made = [path for path in (venv.folder / "parsed").rglob("*.md") if path.stat().st_size]
    assert made, "no Markdown was written"
    return venv.run("dragoman-parse", "--version").strip()


def served(venv: Venv) -> str:
    """Start API and console, and fetch a page of each kind: templates, static files, documents."""
    log = venv.folder / "up.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [venv.root / "bin" / "dragoman", "up", "--port", "0"],
            cwd=venv.folder,
            env=venv.environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        base = _address(log, process)
        page = _fetched(f"{base}/console/sign-in").decode()
        paths = [*_LINKED.findall(page), "/api/v1/asyncapi.yaml", "/api/v1/openapi.json"]
        sizes = [len(page), *(len(_fetched(f"{base}{path}")) for path in paths)]
        assert len(sizes) > _LEAST_ANSWERS, paths
        return f"{len(sizes)} answers of {sum(sizes)} bytes: {' '.join(paths)}"
    finally:
        process.terminate()
        process.wait(_START_S)


def migrated(venv: Venv, url: str) -> str:
    """Make the tables of the services in PostgreSQL."""
    venv.run("dragoman", "migrate", DRAGOMAN_DATABASE_URL=url)
    return "tables made in PostgreSQL"


def shared(venv: Venv) -> str:
    """Read the man page, complete a command, look at the units."""
    page = venv.root / "share/man/man1/dragoman.1"
    if shutil.which("man"):
        said = venv.run("man", "--warnings", "-l", str(page), MANWIDTH="100", MANPAGER="cat")
        assert "dragoman translate" in said
    completed = venv.run("bash", "-c", _COMPLETED).strip()
    assert completed == "translate", completed
    units = list((venv.root / "share/dragoman/systemd").rglob("*.service"))
    assert units
    return f"man page of {page.stat().st_size} bytes, completion, {len(units)} units"


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < _START_S:
        found = _ADDRESS.search(log.read_text(errors="replace"))
        if found is not None:
            return found[0]
        time.sleep(0.2)
    raise ChildProcessError(f"dragoman up says no address:\n{log.read_text(errors='replace')}")


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_START_S) as answer:  # noqa: S310  our own server
        return answer.read()


def pythons() -> dict[str, str]:
    """The programs of each version that are on the path and run."""
    found: dict[str, str] = {}
    for each in VERSIONS:
        for name in (f"python{each}", "python3"):
            ask = [name, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
            try:
                said = subprocess.run(ask, check=False, capture_output=True, text=True)
            except FileNotFoundError:
                continue
            version, _, program = said.stdout.strip().partition(" ")
            if version == each:
                found.setdefault(each, program)
    return found


def tried(python: str, order: Order, url: str | None) -> list[str]:
    """Install and use the wheel with one Python; what failed."""
    with tempfile.TemporaryDirectory(prefix="dragoman-dist-") as folder:
        venv = Venv(python, Path(folder))
        steps: dict[str, Callable[[], str]] = {
            _INSTALLED: lambda: installed(venv, order),
            "imported": lambda: imported(venv),
            "translated, pseudo": lambda: translated(venv, "pseudo"),
            "parsed": lambda: parsed(venv),
            "served": lambda: served(venv),
            "shared": lambda: shared(venv),
        }
        if shutil.which("apertium"):
            steps["translated, apertium"] = lambda: translated(venv, "apertium")
        if url is not None:
            steps["migrated"] = lambda: migrated(venv, url)
        say(venv.run("python", "--version").strip())
        failed: list[str] = []
        for name, step in steps.items():
            if order.steps and name not in {*order.steps, _INSTALLED}:
                continue
            began = time.monotonic()
            try:
                said = step()
            except (ChildProcessError, AssertionError, OSError) as error:
                say(f"  {name:<22} FAILED: {error}")
                failed.append(name)
                if name == _INSTALLED:
                    break
            else:
                say(f"  {name:<22} {time.monotonic() - began:6.1f} s  {said}")
        return failed


def main() -> None:
    """Try every Python, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m deployment.dist_check")
    parser.add_argument("dist", type=Path, help="the folder that `make dist` made")
    parser.add_argument("--tested-versions", action="store_true", help="those of constraints.txt")
    parser.add_argument("--step", action="append", help="this step alone; may be repeated")
    parser.add_argument("--uv", type=Path, help="install by this uv, which is quicker than pip")
    parser.add_argument("--database", action="store_true", help="migrate a private PostgreSQL")
    given = parser.parse_args()
    folder = given.dist.resolve()
    (wheel,) = folder.glob("dragoman-*.whl")
    constraints = folder / "constraints.txt" if given.tested_versions else None
    uv = given.uv and given.uv.absolute()
    order = Order(wheel, constraints, uv, frozenset(given.step or ()))
    found = pythons()
    failed: list[str] = []
    with ExitStack() as stack:
        server = None
        if given.database:
            from servers.postgres import PostgresServer

            server = PostgresServer()
            stack.callback(server.close)
            server.start()
        for version, program in found.items():
            url = None
            if server is not None:
                name = f"dist_{version.replace('.', '_')}"
                server.execute(f"CREATE DATABASE {name}")
                url = server.url_of(name)
            failed += [f"{version}: {each}" for each in tried(program, order, url)]
    say(f"well: {', '.join(each for each in found if not _any(failed, each)) or 'none'}")
    say(f"not here: {', '.join(each for each in VERSIONS if each not in found) or 'none'}")
    for each in failed:
        say(f"FAILED: {each}")
    raise SystemExit(1 if failed or not found else 0)


def _any(failed: list[str], version: str) -> bool:
    return any(each.startswith(f"{version}:") for each in failed)


if __name__ == "__main__":
    main()
