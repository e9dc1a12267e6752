"""The words of `dragoman worker`: which processes they make."""

from __future__ import annotations

import os
import sys

import pytest
from typer.testing import CliRunner

import dragoman_extract.app
import dragoman_reassemble.app
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.vocabulary import Service
from dragoman_extract.settings import TaskSettings
from dragoman_runtime.service import ServicePart, with_queues
from dragoman_runtime.settings import SettingsError, load
from dragoman_standalone.cli import app
from dragoman_standalone.supervisor import WORKERS, commands


def modules(*words: str) -> list[list[str]]:
    """What `python -m` is given for each process."""
    made = commands(words)
    assert all(command[:2] == [sys.executable, "-m"] for command in made)
    return [command[2:] for command in made]


def test_each_word_is_a_process() -> None:
    assert modules("relay", "qa", "gateway") == [
        ["dragoman_runtime.relay"],
        ["dragoman_qa"],
        ["dragoman_gateway"],
    ]


def test_names_with_a_comma_between_them_share_one() -> None:
    assert modules("extract,qa", "translate") == [
        ["dragoman_standalone.together", "extract", "qa"],
        ["dragoman_translate"],
    ]
    assert modules("qa,qa") == [["dragoman_standalone.together", "qa"]]


def test_all_is_one_process_of_every_service_but_the_gateway() -> None:
    assert modules("all", "gateway") == [
        ["dragoman_standalone.together", *WORKERS],
        ["dragoman_gateway"],
    ]
    assert set(WORKERS) == {"relay", *(set(Service) - {Service.GATEWAY})}


@pytest.mark.parametrize(
    ("word", "said"),
    [("quality", "choose from"), ("qa,", "choose from"), ("qa,gateway", "of its own")],
)
def test_a_word_that_names_no_process_says_what_would(word: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        commands([word])


def test_a_process_may_take_some_queues_alone() -> None:
    settings = load(TaskSettings)
    parts = [dragoman_extract.app.part(settings), dragoman_reassemble.app.part()]
    relay = ServicePart("relay")
    (extract, kept) = with_queues([*parts, relay], frozenset({"command_run"}))
    assert [task.kind for task in extract.tasks] == ["command"]
    assert kept.name == "relay"
    assert with_queues(parts, frozenset()) == parts
    assert with_queues([relay], frozenset({"command_run"})) == [relay]
    with pytest.raises(SettingsError, match="DRAGOMAN_QUEUES: nothing is no queue"):
        with_queues(parts, frozenset({"nothing"}))


def test_the_queues_of_the_command_line_are_those_of_the_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[list[str]] = []

    def start(program: str, command: list[str]) -> None:
        started.append(command)

    monkeypatch.setenv("DRAGOMAN_QUEUES", "")
    monkeypatch.setattr("os.execv", start)
    result = CliRunner().invoke(app, ["worker", "extract", "--queue", "command_run"])
    assert started[0][2:] == ["dragoman_extract"], result.output
    assert os.environ["DRAGOMAN_QUEUES"] == "command_run"
