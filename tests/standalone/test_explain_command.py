"""Why a unit reads as it does is told from the record: what was sent is what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from documents.wordml import document, paragraph, run
from dragoman_gateway.review.rules.prompts import sections_of
from dragoman_standalone.cli import app
from ports.model_server import ModelServer

TEXTS = (
    "The supplier shall deliver the goods to the customer.",
    "The customer shall pay within thirty days.",
    "This agreement is governed by the law of Ireland.",
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    made = ModelServer()
    yield made
    made.close()


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with one job, translated by the server."""
    monkeypatch.setenv("DRAGOMAN_OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("DRAGOMAN_OPENAI_API_KEY", "sk-never-shown")
    monkeypatch.setenv("DRAGOMAN_OPENAI_MODEL", "m")
    file = tmp_path / "terms.docx"
    file.write_bytes(document("".join(paragraph(run(text)) for text in TEXTS)))
    result = invoke(
        "translate", file, "--out", tmp_path / "out", "--source", "en", "--target", "es",
        "--engine", "openai", "--state", tmp_path / "state",
    )  # fmt: skip
    assert result.exit_code in {0, 3}, result.output
    return tmp_path / "state"


def explained(folder: Path, unit: str, *more: str) -> dict[str, Any]:
    result = invoke("explain", "terms.docx", unit, "--state", folder, "--json", *more)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_the_requests_of_a_unit_are_told_by_sections_as_they_were_sent(
    folder: Path, server: ModelServer
) -> None:
    told = explained(folder, "2")
    assert told["source"] == TEXTS[1]
    sent: list[Any] = [each["body"] for each in server.seen]
    assert told["calls"]
    for call in told["calls"]:
        names = [each["name"] for each in call["sections"]]
        assert {"instructions", "units", "parameters"} <= set(names)
        system = [each["text"] for each in call["sections"] if each["role"] == "system"]
        said = "\n\n".join(system)
        assert any(said == body["messages"][0]["content"] for body in sent)
        assert TEXTS[1] in json.dumps(call["sections"])
    assert [each for each in told["calls"] if each["is_the_source"]]
    assert told["calls"][0]["answer"] == TEXTS[1].upper()
    assert told["neighbours_before"] == [TEXTS[0]]
    assert told["neighbours_after"] == [TEXTS[2]]
    assert "sk-never-shown" not in json.dumps(told)


def test_a_look_at_the_past_knows_nothing_of_what_followed(folder: Path) -> None:
    now = explained(folder, "2")
    planned = 6  # after preflight and extraction, each begun and done
    past = explained(folder, "2", "--at", str(planned))
    assert past["as_of"] == planned
    assert past["target"] is None
    assert past["calls"] == []
    assert now["calls"]


def test_people_read_it(folder: Path) -> None:
    result = invoke("explain", "terms.docx", "1", "--state", folder)
    assert result.exit_code == 0, result.output
    for text in (TEXTS[0], "gave the text", "[instructions]", "no match of the job's memories"):
        assert text in result.stdout


def test_a_unit_that_is_not_there_is_said(folder: Path) -> None:
    for unit in ("9", "nowhere"):
        result = invoke("explain", "terms.docx", unit, "--state", folder)
        assert result.exit_code != 0
        assert "no unit" in result.output


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}], "model": "m"}, ["units", "parameters"]),
        (
            {"system": [{"type": "text", "text": "Do.\n\nThe documents are about: law."}],
             "messages": [{"role": "user", "content": [{"type": "text", "text": '{"units": []}'}]}]},
            ["instructions", "subject", "units"],
        ),
        (
            {"systemInstruction": {"parts": [{"text": "Do."}]},
             "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
            ["instructions", "units"],
        ),
        ({"text": ["Hi"], "target_lang": "ES"}, ["request"]),
        ("free text", ["request"]),
        (None, ["request"]),
    ],
)  # fmt: skip
def test_every_form_of_request_is_told_whole(prompt: object, names: list[str]) -> None:
    assert [each.name for each in sections_of(prompt)] == names


def test_what_is_named_like_a_key_is_never_shown() -> None:
    prompt = {"api_key": "sk-1", "headers": {"Authorization": "Bearer sk-1"}, "text": ["Hi"]}
    assert "sk-1" not in sections_of(prompt)[0].text
