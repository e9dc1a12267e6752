"""The words of `dragoman worker`: which processes they make."""

from __future__ import annotations

import sys

import pytest

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.vocabulary import Service
from dragoman_standalone.supervisor import WORKERS, commands


def modules(*words: str) -> list[list[str]]:
    """What `python -m` is given for each process."""
    made = commands(words)
    assert all(command[:2] == [sys.executable, "-m"] for command in made)
    return [command[2:] for command in made]


def test_each_word_is_a_process() -> None:
    assert modules("relay", "qa", "gateway") == [["dragoman_runtime.relay"], ["dragoman_qa"], ["dragoman_gateway"]]


def test_names_with_a_comma_between_them_share_one() -> None:
    assert modules("extract,qa", "translate") == [
        ["dragoman_standalone.together", "extract", "qa"],
        ["dragoman_translate"],
    ]
    assert modules("qa,qa") == [["dragoman_standalone.together", "qa"]]


def test_all_is_one_process_of_every_service_but_the_gateway() -> None:
    assert modules("all", "gateway") == [["dragoman_standalone.together", *WORKERS], ["dragoman_gateway"]]
    assert set(WORKERS) == {"relay", *(set(Service) - {Service.GATEWAY})}


@pytest.mark.parametrize(
    ("word", "said"), [("quality", "choose from"), ("qa,", "choose from"), ("qa,gateway", "of its own")]
)
def test_a_word_that_names_no_process_says_what_would(word: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        commands([word])
