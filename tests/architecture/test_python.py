"""The code keeps to the oldest Python that README promises, also where a later patch of 3.11 knows
more.

`make bare` runs it on that very Python; this is what can be told without. What later minor versions
brought is told by the type check, which reads the library as of 3.11.
"""

import ast
from collections.abc import Iterator, Mapping

import pytest

from architecture.rooms import ROOT, tracked_files

_OLDEST = "3.11.2"

# The patch of 3.11 that brought a name of the library, an argument, or a method or attribute of its
# objects.
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("tarfile.data_filter", "tarfile.tar_filter", "tarfile.fully_trusted_filter"), "3.11.4"
    ),
    **dict.fromkeys(
        ("tarfile.FilterError", "tarfile.SpecialFileError", "tarfile.OutsideDestinationError"),
        "3.11.4",
    ),
    **dict.fromkeys(("tarfile.AbsolutePathError", "tarfile.AbsoluteLinkError"), "3.11.4"),
    "tarfile.LinkOutsideDestinationError": "3.11.4",
    "tarfile.LinkFallbackError": "3.11.13",
    "os.path.ALLOW_MISSING": "3.11.13",
    "posixpath.ALLOW_MISSING": "3.11.13",
    "email.errors.HeaderWriteError": "3.11.10",
}
_ARGUMENTS: Mapping[tuple[str, str], str] = {
    ("extract", "filter"): "3.11.4",
    ("extractall", "filter"): "3.11.4",
    ("unpack_archive", "filter"): "3.11.4",
    ("getaddresses", "strict"): "3.11.10",
    ("parseaddr", "strict"): "3.11.10",
}
_MEMBERS: Mapping[str, str] = {
    "extraction_filter": "3.11.4",
    "GetReparseDeferralEnabled": "3.11.9",
    "SetReparseDeferralEnabled": "3.11.9",
    "verify_generated_headers": "3.11.10",
}


def _dotted(node: ast.expr) -> str:
    """The dotted name that an expression is, or nothing."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name) if before := _dotted(value):
            return f"{before}.{name}"
        case _:
            return ""


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `from os import path as p` → `p` is `os.path`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
            }
    return names


def _newer(source: str) -> Iterator[str]:
    """What the source uses that Python 3.11.2 does not have,
    each with its line and the patch that brought it.
    """
    tree = ast.parse(source)
    imported = _imported(tree)
    for name in imported.values():
        if name in _NAMES:
            yield f"1: {name} is of {_NAMES[name]}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = _dotted(node).partition(".")
            name = f"{imported.get(first, first)}.{rest}"
            if patch := _NAMES.get(name) or _MEMBERS.get(node.attr):
                yield f"{node.lineno}: {name} is of {patch}"
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else _dotted(node.func)
            called = imported.get(called, called).rpartition(".")[2]
            for keyword in node.keywords:
                if patch := _ARGUMENTS.get((called, keyword.arg or "")):
                    yield f"{node.lineno}: {called}({keyword.arg}=…) is of {patch}"


def test_no_code_needs_a_later_patch_than_the_oldest_promised() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{use}"
        for path in tracked_files()
        if path.suffix == ".py"
        for use in _newer(path.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import tarfile\ntarfile.open('a').extractall('b', filter='data')",
        "import tarfile as t\nt.data_filter",
        "from tarfile import tar_filter as f",
        "from shutil import unpack_archive as unpack\nunpack('a.tar', filter='data')",
        "import os\nos.path.realpath('a', strict=os.path.ALLOW_MISSING)",
        "from os import path\npath.ALLOW_MISSING",
        "from email import utils\nutils.parseaddr('a', strict=True)",
        "def f(parser):\n    parser.SetReparseDeferralEnabled(False)",
    ],
)
def test_a_use_of_a_later_patch_is_found(source: str) -> None:
    assert len(list(_newer(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import tarfile\ntarfile.open('a', 'w').add('b', filter=str)",
        "import tarfile\ntarfile.open('a').extractall('b')",
        "import os\nos.path.realpath('a', strict=True)",
        "from .tarfile import data_filter",
    ],
)
def test_what_the_oldest_python_has_is_no_find(source: str) -> None:
    assert list(_newer(source)) == []


@pytest.mark.parametrize("page", ["README.md", "docs/develop/set-up.md"])
def test_the_pages_promise_the_python_that_the_code_is_held_to(page: str) -> None:
    assert f"Python {_OLDEST}" in (ROOT / page).read_text()


def test_the_set_up_takes_no_older_python() -> None:
    version = ", ".join(_OLDEST.split("."))

    assert f"sys.version_info < ({version})" in (ROOT / "setup/setup.sh").read_text()
