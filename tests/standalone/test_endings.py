"""How commands end that cannot begin: one line with the cure, status 2, nothing done."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from documents.wordml import document, paragraph, run
from dragoman_contracts.errors import ObjectMissingError
from dragoman_standalone.cli import app
from dragoman_standalone.ending import foreseen

_PSEUDO = ("--engine", "pseudo")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: two documents, and a file that is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.docx", "b.docx"):
        (tmp_path / name).write_bytes(document(paragraph(run("Some words."))))
    (tmp_path / "afile").touch()
    return tmp_path


def told(*arguments: str) -> Result:
    """Run a command; a stack fails the test."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def one_line(result: Result) -> str:
    """What stderr says, which is a line."""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.strip()


@pytest.mark.parametrize(
    ("arguments", "line", "code"),
    [
        ("a.docx -o o --source en --target en", "both en; choose another", "usage.input"),
        ("a.docx -o o --source english --target es", "Did you mean en?", "locale.unregistered"),
        (
            "a.docx -o afile --source en --target es",
            "afile is a file; name a folder",
            "usage.input",
        ),
        ("a.docx -o /proc/x --source en --target es", "Results cannot be written", "usage.input"),
        ("a.docx -o b.docx/x --source en --target es", "b.docx is a file", "usage.input"),
        ("a.docx b.docx -o one.docx --source en --target es", "one name for 2", "usage.input"),
        ("a.docx -o new.txt --source en --target es", "name it new.docx", "usage.input"),
        ("a.docx -o o --source en --target fi", "Apertium has no pair", "engine.pair_unsupported"),
        (
            "a.docx -o o --source en --target es --engine openai",
            "set DRAGOMAN_OPENAI_MODEL",
            "engine.not_configured",
        ),
        (
            "a.docx -o o --source en --target es --exclude comets",
            "--exclude comets: there is no such part. Did you mean comments? Choose from headers,",
            "usage.part",
        ),
        (
            "a.docx -o o --source en --target es --do-not-translate-colour red",
            "--do-not-translate-colour red: write a colour as six hexadecimal digits",
            "usage.part",
        ),
        (
            "a.docx -o o --source en --target es --do-not-translate-highlight yelow",
            "Did you mean yellow?",
            "usage.part",
        ),
        ("a.docx -o o --source en --target es --resume --fresh", "not both", "usage.refused"),
        (
            "a.docx -o o --source en --target es --url http://x.invalid",
            "DRAGOMAN_TOKEN",
            "api.no_token",
        ),
        (
            "a.docx -o o --source en --target es --state afile",
            "afile cannot be written",
            "state.unwritable",
        ),
    ],
)
def test_a_translation_that_cannot_begin_costs_nothing(
    folder: Path, arguments: str, line: str, code: str
) -> None:
    state = () if "--state" in arguments else ("--state", "st")
    result = told("translate", *arguments.split(), *state, "--json")
    assert line in one_line(result)
    assert result.exit_code == (1 if code.startswith("api.") else 2)
    problem = json.loads(result.stdout)
    assert problem == {
        "code": code,
        "detail": result.stderr.strip(),
        "exit_code": result.exit_code,
    }
    assert not list(folder.glob("o*"))
    assert not list(folder.glob("st/objects/*/*"))
    assert not list(folder.glob(".dragoman-*"))


def test_what_the_parser_refuses_is_a_problem_in_json_too(folder: Path) -> None:
    result = told("translate", "a.docx", "-o", "o", "--source", "en", "--json")
    assert result.exit_code == 2
    assert "--target" in json.loads(result.stdout)["detail"]


def _catalog(state: Path) -> None:
    (state / "catalog.db").write_bytes(b"no database at all" * 100)


def _events(state: Path) -> None:
    (state / "events.db").write_bytes(b"no database at all" * 100)


_COMMANDS = ("translate", "jobs list", "up --port 0", "owed", "maintenance")


@pytest.mark.parametrize(
    ("command", "damaged", "name"),
    [
        *((command, _catalog, "catalog.db") for command in (*_COMMANDS, "admin create")),
        *((command, _events, "events.db") for command in _COMMANDS),
    ],
)
def test_a_damaged_database_is_named_with_its_cure(
    folder: Path, command: str, damaged: Callable[[Path], None], name: str
) -> None:
    (folder / "st").mkdir()
    damaged(folder / "st")
    more = ("a.docx", "-o", "o", "--source", "en", "--target", "es", *_PSEUDO)
    words = [*command.split(), *(more if command == "translate" else ())]
    result = told(*words, "--state", "st")
    assert result.exit_code == 2
    said = one_line(result)
    assert said.startswith(f"{name} of the state folder is damaged. Restore the folder")


@pytest.mark.parametrize(
    "command", ["events verify", "events list", "events tail", "events export", "replay"]
)
def test_a_damaged_log_is_named_by_the_commands_that_read_all_of_it(
    folder: Path, command: str
) -> None:
    (folder / "st").mkdir()
    _events(folder / "st")
    result = told(*command.split(), "--state", "st")
    assert result.exit_code == 2
    said = one_line(result)
    assert said.startswith("events.db of the state folder is damaged. Restore the folder")


@pytest.mark.parametrize("command", ["jobs list", "up --port 0", "maintenance", "watch a.docx"])
def test_a_state_folder_that_cannot_be_written_is_named(folder: Path, command: str) -> None:
    result = told(*command.split(), "--state", "/proc/x")
    assert result.exit_code == 2
    assert "The state folder /proc/x cannot be written" in one_line(result)


def test_a_port_that_is_taken_is_named_with_its_cure(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = told("up", "--port", port, "--state", "st")
    assert result.exit_code == 2
    assert one_line(result) == f"Port {port} is taken; --port 0 takes a free one."


def test_a_result_that_is_lost_is_said_of_its_file_and_the_others_come(folder: Path) -> None:
    terms = ("--source", "en", "--target", "ru", *_PSEUDO, "--state", "st", "--json")
    assert told("translate", "a.docx", "-o", "o", *terms).exit_code == 0
    for path in folder.glob("st/objects/**/*"):
        if path.is_file():
            path.unlink()
    result = told("translate", "a.docx", "b.docx", "-o", "o", *terms)
    first, second = json.loads(result.stdout)["files"]
    assert (result.exit_code, first["code"], second["status"]) == (1, "object.missing", "completed")
    assert "--fresh" in first["message"]
    assert told("translate", "a.docx", "-o", "o", *terms, "--fresh").exit_code == 0


def test_a_file_that_is_no_word_document_becomes_no_job_and_the_others_come(folder: Path) -> None:
    (folder / "notes.docx").write_text("just text")
    terms = ("--source", "en", "--target", "ru", *_PSEUDO, "--state", "st", "--json")
    result = told("translate", "a.docx", "notes.docx", "-o", "o", *terms)
    first, second = json.loads(result.stdout)["files"]
    assert (result.exit_code, first["status"], second["status"]) == (3, "completed", "blocked")
    assert (second["code"], second["job_id"]) == ("document.not_zip", None)
    assert "save it as DOCX" in second["message"]
    listed = json.loads(told("jobs", "list", "--state", "st", "--json").stdout)["items"]
    assert [each["job_id"] for each in listed] == [first["job_id"]]


def test_the_foreseen_error_in_groups_of_tasks_speaks_for_them() -> None:
    error = ObjectMissingError("It is gone.")
    ended = asyncio.CancelledError()
    group = BaseExceptionGroup("workers", [ended, ExceptionGroup("one", [error])])
    assert foreseen(group) is error
    assert foreseen(ExceptionGroup("workers", [error, KeyError("a bug")])) is None
    assert foreseen(KeyError("a bug")) is None
    full = foreseen(sqlite3.OperationalError("database or disk is full"))
    assert full is not None
    assert "Make room on the disk" in full.message
    plain = foreseen(OSError(28, "No space left on device", "out/a.docx"))
    assert plain is not None
    assert plain.message == (
        "out/a.docx cannot be used: No space left on device. Make room on the disk, and begin again."
    )


_INTERRUPTING = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "dragoman_standalone.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from dragoman_standalone.command import main
main()
"""


def test_an_interruption_while_the_command_is_loaded_is_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted. Nothing was begun.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [("--version", "dragoman 0."), ("-h", "--show-completion"), ("jobs list -h", "--cursor")],
)
def test_version_and_help_are_told(arguments: str, said: str) -> None:
    result = told(*arguments.split())
    assert (result.exit_code, said in result.stdout) == (0, True)


def test_options_are_whole_on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    for command in ("translate", "submit"):
        shown = told(command, "--help").stdout
        for option in ("style", "highlight", "colour"):
            assert f"--do-not-translate-{option} " in shown
