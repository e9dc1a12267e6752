"""Equal lines of an outage come at growing intervals."""

import logging

import pytest

from dragoman_runtime.telemetry import seldom as messages
from dragoman_runtime.telemetry.seldom import Seldom, SeldomFilter


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_told_at_once_then_ever_more_seldom_with_what_was_left_out() -> None:
    clock = Clock()
    seldom = Seldom(clock)
    told: list[tuple[float, int]] = []
    for second in range(1200):  # the same trouble twice a second, for ten minutes
        clock.now = second / 2
        left_out = seldom.due("broker away")
        if left_out is not None:
            told.append((clock.now, left_out))
    times = [at for at, _ in told]
    assert times == [0, 5, 15, 35, 75, 155, 315]
    assert [left_out for _, left_out in told] == [0, 9, 19, 39, 79, 159, 319]
    for _ in range(3):  # no interval is longer than five minutes
        clock.now += 300
        assert seldom.due("broker away") is not None


def test_another_cause_is_told_at_once_and_so_is_one_that_had_been_over() -> None:
    clock = Clock()
    seldom = Seldom(clock)
    assert (seldom.due("broker away"), seldom.due("store away")) == (0, 0)
    assert seldom.due("broker away") is None
    clock.now = 11.0  # more than twice the interval in which nothing was said
    assert seldom.due("broker away") == 0
    seldom.reset()
    assert seldom.due("broker away") == 0


def test_a_library_that_repeats_itself_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "seldom", Seldom(Clock()))
    records = [
        logging.LogRecord("aiormq", logging.ERROR, __file__, 1, message, (), None)
        for message in ("no connection to %s", "no connection to %s", "closed")
    ]
    assert [SeldomFilter().filter(each) for each in records] == [True, False, True]
