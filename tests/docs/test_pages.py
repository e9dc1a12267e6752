"""What the pages name is there: commands, files, links, variables, routes, tests, make targets."""

import re
from functools import cache

import pytest
import typer
from typer.core import TyperGroup

from develop.write_configure_md import DOCUMENT as CONFIGURE
from docs.pages import ROOT, Page, pages, tracked_names
from dragoman_gateway.app import openapi_document
from dragoman_standalone.cli import app

_FOLDERS = ("libs/", "services/", "deploy/", "tests/", "docs/", "setup/")
_TEST = re.compile(r"test_[a-z0-9_]+")
_ROUTE = re.compile(r"(GET|POST|PUT|DELETE) (/(?:api/v1|health)\S*)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_STAND_INS: dict[str, str] = dict.fromkeys(
    ("JOB", "LETTER"), "25e85430-cf0e-5ba5-9969-16a578c762e0"
)
_ENDS_OF_A_COMMAND = frozenset({"|", "&&", ">", ";"})


def _named(page: Page) -> str:
    return page.name


every_page = pytest.mark.parametrize("page", pages(), ids=_named)


def _commands(page: Page, program: str) -> list[list[str]]:
    """What follows the program in each shell line that runs it, up to a pipe or a redirection."""
    found: list[list[str]] = []
    for words in page.shell_lines:
        starts = [
            place
            for place, word in enumerate(words)
            if word == program or word.endswith(f"/bin/{program}")
        ]
        if starts:
            rest = words[starts[0] + 1 :]
            end = next(
                (place for place, word in enumerate(rest) if word in _ENDS_OF_A_COMMAND), len(rest)
            )
            found.append(rest[:end])
    return found


def parse_command(words: list[str]) -> None:
    """Parse a command line as typer does, without running it."""
    command = typer.main.get_command(app)
    names: list[str] = []
    while isinstance(command, TyperGroup):
        name, *words = words
        names.append(name)
        assert name in command.commands, f"there is no command {' '.join(names)}"
        command = command.commands[name]
    command.make_context(" ".join(names), [_STAND_INS.get(word, word) for word in words])


@cache
def _served() -> frozenset[tuple[str, str]]:
    """Method and path of every route of the API."""
    paths = openapi_document()["paths"].items()
    return frozenset((method.upper(), path) for path, methods in paths for method in methods)


@cache
def _test_sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))


@every_page
def test_every_dragoman_command_that_is_shown_parses(page: Page) -> None:
    for words in _commands(page, "dragoman"):
        parse_command(list(words))


def test_a_command_that_does_not_parse_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse_command(["translate", "in.docx", "-o", "out", "--from", "en"])


@every_page
def test_every_make_target_that_is_shown_exists(page: Page) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    shown = {word for words in _commands(page, "make") for word in words if "=" not in word}
    named = {code.split()[1] for code in page.code if re.fullmatch(r"make [a-z-]+", code)}

    assert sorted((shown | named) - targets) == []


@every_page
def test_every_link_leads_somewhere(page: Page) -> None:
    broken: list[str] = []
    for link in page.links:
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (page.path.parent / path).resolve() if path else page.path
        if not target.exists() or (anchor and anchor not in Page(target).anchors):
            broken.append(link)

    assert broken == []


@every_page
def test_every_file_that_is_named_exists(page: Page) -> None:
    tracked = tracked_names()
    shown = {word for words in page.shell_lines for word in words}
    named = {each.rstrip("/") for each in {*page.code, *shown} if each.startswith(_FOLDERS)}
    plain = {each for each in named if not set(each) & set("*{} =…")}

    assert sorted(plain - tracked) == []


@every_page
def test_every_variable_that_is_named_is_a_setting(page: Page) -> None:
    if page.path == CONFIGURE:
        return
    documented = CONFIGURE.read_text(encoding="utf-8")

    secrets = {f"{name}_FILE" for name in re.findall(r"`(DRAGOMAN_\w+)` \| secret", documented)}
    unknown = {each for each in page.variables if f"`{each}`" not in documented}
    assert sorted(unknown - secrets) == []


@every_page
def test_every_route_that_is_named_is_served(page: Page) -> None:
    named = {match for code in page.code for match in _ROUTE.findall(code)}

    assert sorted(named - _served()) == []


@every_page
def test_every_test_that_is_named_exists(page: Page) -> None:
    if page.name == "docs/develop/tests.md":
        return  # shows what a name looks like
    named = {code for code in page.code if _TEST.fullmatch(code)}

    assert sorted(name for name in named if f"def {name}(" not in _test_sources()) == []


def test_every_route_is_on_the_page_of_the_api() -> None:
    text = (ROOT / "docs/use/api.md").read_text(encoding="utf-8")
    missing = [path for _, path in _served() if path not in text and "/projects/" not in path]

    assert missing == []


def test_every_page_under_docs_is_led_to() -> None:
    led_to = {
        (page.path.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in page.links
        if link[0] != "#"
    }
    under_docs = {page.path.resolve() for page in pages() if page.name.startswith("docs/")}

    assert sorted(str(path) for path in under_docs - led_to) == []
