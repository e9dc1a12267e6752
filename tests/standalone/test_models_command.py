"""`dragoman models`: lists, and calls to a model server of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dragoman_standalone.cli import app
from services.gateway.playground_server import KEY, PlaygroundServer, playground_server


@pytest.fixture
def server() -> Iterator[PlaygroundServer]:
    with playground_server() as running:
        yield running


@pytest.fixture
def state(tmp_path: Path, server: PlaygroundServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose settings describe the server."""
    monkeypatch.setenv("DRAGOMAN_OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("DRAGOMAN_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("DRAGOMAN_OPENAI_MODEL", "chatty")
    return tmp_path / "state"


def told(state: Path, *arguments: str, given: str | None = None) -> Result:
    """Run `dragoman models …` on the folder, away from a terminal."""
    command = ["models", *arguments, "--state", str(state)]
    return CliRunner().invoke(app, command, input=given, catch_exceptions=False)


def test_the_model_of_the_settings_is_listed_and_answers(
    state: Path, server: PlaygroundServer
) -> None:
    rows = [line.split("\t") for line in told(state, "list").stdout.splitlines()]
    assert [row[0] for row in rows] == [
        "multilingual-e5-small",
        "chatty",
        "PaddleOCR-VL-1.5",
    ]
    assert rows[1][1:5] == ["OpenAI-compatible server at 127.0.0.1", "LLM", "default", "enabled"]
    answer = told(state, "test", "chatty", "hello", "there")
    assert (answer.exit_code, answer.stdout) == (0, "You said: hello there\n")
    assert "chatty-1: 1,000 tokens in, 200 out" in answer.stderr
    piped = told(state, "test", rows[1][5], "--json", given="from a pipe")
    result = json.loads(piped.stdout)
    assert (result["content"], result["usage"]["output_tokens"]) == ("You said: from a pipe", 200)
    listed = json.loads(told(state, "list", "--category", "VL", "--json").stdout)["items"]
    assert [each["model_name"] for each in listed] == ["PaddleOCR-VL-1.5"]
    key_file = state / "encryption.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    holding = [
        path.name
        for path in state.rglob("*")
        if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    assert holding == []


def test_what_cannot_be_tried_says_what_to_do(state: Path) -> None:
    missing = told(state, "test", "chaty", "hello")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "there are PaddleOCR-VL-1.5, chatty, multilingual-e5-small" in missing.stderr
    silent = told(state, "test", "chatty", given=" \n")
    assert silent.exit_code == 2
    assert "Say what the model shall answer" in silent.stderr
    away = told(state, "test", "PaddleOCR-VL-1.5", "hello")
    assert away.exit_code == 1
    assert "127.0.0.1" in away.stderr or "connect" in away.stderr.lower()
