"""The command of a pipeline: placeholders are known when it is saved, and fill in one argument each."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman_contracts.commands import (
    TEMPLATE_VARIABLES,
    CommandConfig,
    placeholders,
    rendered,
)
from dragoman_contracts.phases import (
    BUILT_IN_PIPELINES,
    PADDLEOCR_PARSE_COMMAND,
    Phase,
    Pipeline,
)
from dragoman_contracts.pipeline_checks import check

_VALUES = st.fixed_dictionaries({name: st.text(max_size=20) for name in TEMPLATE_VARIABLES})
_PIECES = st.lists(
    st.one_of(
        st.sampled_from(sorted(TEMPLATE_VARIABLES)).map(lambda name: ("name", name)),
        st.text(string.printable, max_size=8).map(lambda text: ("text", text)),
    ),
    max_size=6,
)


def pipeline(**config: object) -> Pipeline:
    return Pipeline.model_validate(
        {"name": "mine", "phases": [{"name": "run", "kind": "command", "config": config}]}
    )


def faults(**config: object) -> list[tuple[str, str]]:
    return [
        (".".join(map(str, each.place)), each.message) for each in check(pipeline(**config)).faults
    ]


@given(words=st.lists(_PIECES, min_size=1, max_size=4), values=_VALUES)
def test_an_argument_is_one_word_whatever_is_filled_in(
    words: list[list[tuple[str, str]]], values: dict[str, str]
) -> None:
    template = [
        "".join(
            f"{{{piece}}}" if kind == "name" else piece.replace("{", "{{").replace("}", "}}")
            for kind, piece in word
        )
        for word in words
    ]
    config = CommandConfig.model_validate({"command": template})
    wanted = tuple(
        "".join(values[piece] if kind == "name" else piece for kind, piece in word)
        for word in words
    )
    assert rendered(config.command, values) == wanted
    assert placeholders(template) == {
        piece for word in words for kind, piece in word if kind == "name"
    }


def test_a_value_with_braces_is_not_filled_in_again() -> None:
    assert rendered(["{input}"], {"input": "{job_id}", "job_id": "1"}) == ("{job_id}",)


def test_a_placeholder_without_a_value_stays() -> None:
    assert rendered(["{input}", "a{{b}}"], {}) == ("{input}", "a{b}")


@pytest.mark.parametrize(
    ("config", "place", "word"),
    [
        ({"command": ["cat", "{inputs}"]}, "phases.0.config.command.1", "{inputs}"),
        ({"command": ["cat", "{"]}, "phases.0.config.command.1", "{{"),
        ({"command": ["cat", "a\0"]}, "phases.0.config.command.1", "pattern"),
        ({"command": []}, "phases.0.config.command", "at least 1"),
        ({"command": ["cat"], "timeout_s": 0}, "phases.0.config.timeout_s", "greater"),
        ({"command": ["cat"], "shell": True}, "phases.0.config.shell", "Extra"),
        ({}, "phases.0.config.command", "required"),
    ],
)
def test_a_command_that_cannot_be_is_refused_when_it_is_saved(
    config: dict[str, object], place: str, word: str
) -> None:
    ((found, message),) = faults(**config)
    assert found == place
    assert word in message


def test_a_command_needs_a_document_and_no_languages() -> None:
    found = check(pipeline(command=["cat", "{input}"]))
    assert (found.faults, found.needs) == ((), {"source"})
    assert Phase(name="run", kind="command").first_work == "command"


def test_the_config_of_a_command_is_at_most_a_day_long() -> None:
    with pytest.raises(ValidationError, match="86400"):
        CommandConfig(command=("sleep",), timeout_s=86_401)


def test_the_commands_that_come_with_dragoman_can_be_saved() -> None:
    for each in BUILT_IN_PIPELINES.values():
        assert check(each).faults == ()
    assert faults(command=list(PADDLEOCR_PARSE_COMMAND)) == []
    assert placeholders(PADDLEOCR_PARSE_COMMAND) == {
        *("input", "output_dir", "vlm_url", "model_name")
    }
