"""The checks of the chaos run see what they are there to see;
`--sabotage` shows the same of whole runs.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from chaos.checks import Findings, judge_calls
from chaos.model import Request
from chaos.points import WrongClock

_RECORDED_AT = {"recorded": 10.0}


def _judged(*requests: Request, in_flight: tuple[str, ...] = ()) -> Findings:
    findings = Findings()
    judge_calls(findings, requests, _RECORDED_AT, Counter(in_flight))
    return findings


def _answered(key: str, at: float) -> Request:
    return Request(key, at, is_answered=True)


def test_a_call_made_after_its_answer_was_recorded_is_wrong() -> None:
    found = _judged(_answered("recorded", 9.0), _answered("recorded", 10.5))

    assert found.wrong == {"repeated_recorded_calls": ["recorded"]}


def test_a_call_made_twice_before_it_was_recorded_is_right_only_after_a_kill_at_it() -> None:
    twice = (_answered("recorded", 8.0), _answered("recorded", 9.0))

    assert _judged(*twice).wrong == {"repeated_out_of_flight": ["recorded"]}
    assert _judged(*twice, in_flight=("another",)).wrong == {"repeated_out_of_flight": ["recorded"]}
    assert _judged(*twice, in_flight=("recorded",)).wrong == {}
    assert _judged(*twice, in_flight=("recorded",)).repeated_unrecorded_calls == 1


def test_as_many_repetitions_are_right_as_there_were_kills() -> None:
    thrice = tuple(_answered("recorded", at) for at in (7.0, 8.0, 9.0))

    assert _judged(*thrice, in_flight=("recorded",)).wrong == {
        "repeated_out_of_flight": ["recorded"]
    }
    assert _judged(*thrice, in_flight=("recorded", "recorded")).wrong == {}


def test_an_answer_that_is_never_recorded_is_wrong() -> None:
    assert _judged(_answered("forgotten", 9.0)).wrong == {"unrecorded_calls": ["forgotten"]}


def test_a_request_that_was_refused_costs_nothing() -> None:
    assert (
        _judged(Request("recorded", 8.0, is_answered=False), _answered("recorded", 9.0)).wrong == {}
    )


def test_every_list_of_findings_is_told() -> None:
    lists = [name for name, value in vars(Findings()).items() if isinstance(value, list)]

    for name in lists:
        found = Findings()
        getattr(found, name).append("x")
        assert list(found.wrong) == [name]


def test_a_wrong_clock_tells_whether_it_was_read(tmp_path: Path) -> None:
    clock = WrongClock(tmp_path, "intake")
    assert clock.read() == 0
    clock.set(-3600)
    assert not clock.was_read()
    assert clock.read() == -3600
    assert clock.was_read()
    clock.clear()
    assert clock.read() == 0


def test_every_sabotage_finds_what_it_breaks() -> None:
    """In a process of its own, for nothing mends it again. That its finding tells of it,
    only a whole run can show.
    """
    program = (
        "from chaos.sabotage import SABOTAGES, commit\nfor name in SABOTAGES:\n    commit(name)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=True)
