"""Each program that the code, the tests or a page calls is on a bare Debian,
or is installed by the set-up.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from architecture.rooms import ROOT, tracked_files
from docs.pages import pages
from setup.machines import machine_with, run

# The package of a program; those of an empty name are on the smallest Debian with Python, make and
# git.
_PACKAGES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "/bin/sh",
            "sh",
            "bash",
            "cd",
            "cp",
            "dpkg-query",
            "export",
            "git",
            "make",
            "mkdir",
            "python3",
            "setpriv",
            "sleep",
            "unshare",
        ),
        "",
    ),
    "apertium": "apertium-eng-spa",
    "apertium-wblank-mode": "apertium-eng-spa",
    "chromium": "chromium",
    "epmd": "rabbitmq-server",  # with Erlang
    "pdfinfo": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "createdb": "postgresql",
    "pg_dump": "postgresql",
    "pg_restore": "postgresql",
    "curl": "curl",
    "openssl": "openssl",
    "postgres": "postgresql",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "psql": "postgresql",
    "soffice": "libreoffice-writer-nogui",
    "sqlite3": "sqlite3",
}

# Programs that no test needs, and why they may be missing.
_EXCUSED: Mapping[str, str] = {
    "/opt/dragoman/bin/pip": "of an environment that the page makes",
    "caddy": "the check of Compose goes without TLS where it is missing",
    "debootstrap": "asked for by make bare",
    "docker": "an engine; the checks of deploy/ go without",
    "google-chrome": "in the place of Chromium",
    "dragoman": "the product",
    "kubectl": "tests with it are left out where it is missing",
    "man": "the check of the wheel leaves the manual unread where it is missing",
    "nanio": "in .venv",
    "omegat": "tests with it are left out where it is missing",
    "pipx": "one of the ways to install the wheel",
    "rclone": "asked for by make disaster",
    "systemctl": "the machine's own supervisor",
    "systemd-analyze": "a test with it is left out where it is missing",
    "uv": "in .venv",
}
_STARTERS = {"subprocess.run", "Popen", "create_subprocess_exec", "which", "require_binary"}


def _called(source: str) -> Iterator[str]:
    """The programs that a source names where it starts or seeks one: `run(["psql", url])`,
    `which("soffice")`.
    """
    if not any(starter in source for starter in _STARTERS):
        return
    tree = ast.parse(source)
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    values = {
        target.id: node.value
        for node in assigned
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = ast.unparse(node.func)
            if {function, function.rpartition(".")[2]} & _STARTERS:
                yield from _words(node.args[0], values, only_first=function != "require_binary")


def _words(node: ast.expr, values: Mapping[str, ast.expr], *, only_first: bool) -> Iterator[str]:
    """The words of a command line as far as they are written out,
    names replaced by their values.
    """
    match node:
        case ast.Constant(str(word)):
            yield word
        case ast.Name(name) if isinstance(values.get(name), (ast.List, ast.Tuple)):
            yield from _words(values[name], values, only_first=only_first)
        case ast.Starred(value):
            yield from _words(value, values, only_first=only_first)
        case ast.List(elements) | ast.Tuple(elements):
            for element in elements[:1] if only_first else elements:
                yield from _words(element, values, only_first=only_first)
        case _:
            return


def _program(words: list[str]) -> str:
    """The word of a shell line that is run: of `DIR=there make bare` it is `make`."""
    return next((word for word in words if "=" not in word), words[0])


def _programs() -> dict[str, str]:
    """Every program that is called, and a place where it is."""
    places = {
        program: str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix == ".py" and ROOT / "tests/setup" not in path.parents
        for program in _called(path.read_text(encoding="utf-8"))
    }
    shown = {_program(words): page.name for page in pages() for words in page.shell_lines}
    return places | {
        program: place for program, place in shown.items() if "/.venv/" not in f"/{program}"
    }


def test_every_program_that_is_called_is_installed_by_the_set_up() -> None:
    unknown = {
        program: place
        for program, place in _programs().items()
        if program not in {*_PACKAGES, *_EXCUSED}
    }

    assert unknown == {}, "enter its package here, and let setup/packages.sh want it"


def test_the_set_up_wants_the_package_of_each_program(tmp_path: Path) -> None:
    script = 'want_file() { want "$1"; }; want_packages; say $wanted'
    wanted = run(script, "test", path=machine_with(tmp_path)).split()

    assert {package for package in _PACKAGES.values() if package} - set(wanted) == set()


@pytest.mark.parametrize(
    ("source", "programs"),
    [
        ("subprocess.run(['psql', url])", ["psql"]),
        ("subprocess.Popen(('ps', '-e'))", ["ps"]),
        (
            "def f():\n    command = ['unzip', name]\n    subprocess.run([*command, '-l'])",
            ["unzip"],
        ),
        ("await asyncio.create_subprocess_exec('apertium', mode)", ["apertium"]),
        ("require_binary(['initdb', 'postgres'], 'postgresql')", ["initdb", "postgres"]),
        ("shutil.which('chromium') or shutil.which('chrome')", ["chromium", "chrome"]),
        ("subprocess.run([sys.executable, '-m', 'x'])", []),
    ],
)
def test_a_program_that_is_called_is_seen(source: str, programs: list[str]) -> None:
    assert list(_called(source)) == programs
