import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_models.windows import Breaker, Window

SECOND = 1_000_000


@given(st.integers(1, 50), st.lists(st.integers(0, 3 * SECOND // 10), min_size=1, max_size=120))
def test_no_minute_holds_more_than_the_limit(limit: int, gaps: list[int]) -> None:
    window, filled, now = Window(limit, period_s=1.0), 0, 1_000 * SECOND
    granted: list[int] = []
    for gap in gaps:
        now += gap
        now += window.wait_us(filled, now, 1)
        assert window.wait_us(filled, now, 1) == 0
        filled = window.after(filled, now, 1)
        granted.append(now)
    for first in granted:
        # Times are rounded to microseconds, each by half a one.
        assert sum(1 for each in granted if 0 <= each - first < SECOND - limit) <= limit


@given(st.integers(1, 1_000))
def test_a_full_limit_is_let_through_in_a_minute(limit: int) -> None:
    window, filled, now = Window(limit), 0, 1_000 * SECOND
    start = now
    for _ in range(limit):
        now += window.wait_us(filled, now, 1)
        filled = window.after(filled, now, 1)
    assert now - start <= 60 * SECOND + limit


def test_a_request_larger_than_what_may_come_at_once_waits_for_an_empty_window() -> None:
    window, now = Window(1_000), 1_000 * SECOND
    assert window.wait_us(0, now, 5_000) == 0
    filled = window.after(0, now, 5_000)
    assert window.wait_us(filled, now, 5_000) == filled - now > 60 * SECOND


def test_what_was_not_used_is_given_back() -> None:
    window, now = Window(1_000), 1_000 * SECOND
    filled = window.after(0, now, 800)
    assert window.after(filled, now, -800) == now


def test_a_clock_that_was_wrong_holds_nobody_up_for_long() -> None:
    window, now = Window(10), 1_000 * SECOND
    assert window.wait_us(now + 3_600 * SECOND, now, 1) == 0


def tried(breaker: Breaker, now: float, *, answers: bool) -> Breaker:
    assert breaker.wait_s(now) == 0
    trying = breaker.trying(now)
    return trying.after_success() if answers else trying.after_failure(now)


def test_a_breaker_opens_after_failures_in_a_row_and_tries_one_call_later() -> None:
    breaker = Breaker(failures=2, rest_s=30)
    breaker = tried(breaker, 0, answers=False)
    breaker = tried(breaker, 1, answers=True)
    breaker = tried(tried(breaker, 2, answers=False), 3, answers=False)
    assert breaker.wait_s(4) == 29
    trying = breaker.trying(33)
    assert breaker.wait_s(33) == 0
    assert trying.wait_s(33) == 30  # one trial at a time
    assert trying.after_success() == Breaker(failures=2, rest_s=30)
    assert trying.after_nothing().wait_s(34) == 0
    again = trying.after_failure(34)
    assert again.wait_s(34) == pytest.approx(60)  # twice as long
    # A call from before it opened says nothing new.
    assert again.after_failure(35).wait_s(35) == pytest.approx(59)


def test_a_breaker_never_rests_longer_than_its_longest() -> None:
    breaker, now = Breaker(failures=1, rest_s=30, longest_rest_s=100), 0.0
    for _ in range(9):
        breaker = tried(breaker, now, answers=False)
        now += breaker.wait_s(now)
    assert breaker.rests_for_s == 100
