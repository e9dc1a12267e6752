"""How many calls at once: given what calls saw, when the next is made, then this is the limit."""

import asyncio

import pytest

from dragoman_translate.adapters.turns import Turns
from dragoman_translate.call_limit import CallLimit, CallSeen


def seen(in_flight: int, waited_s: float, size_bytes: int = 4_000) -> CallSeen:
    return CallSeen(in_flight=in_flight, waited_s=waited_s, size_bytes=size_bytes)


def after(limit: CallLimit, *calls: CallSeen) -> CallLimit:
    for call in calls:
        limit = limit.after(call)
    return limit


def test_a_limit_that_is_said_is_never_learnt() -> None:
    limit = after(CallLimit.of(3), seen(1, 1.0), seen(3, 90.0)).with_slots(8).after_refusal()
    assert limit.calls == 3


def test_an_unknown_server_is_asked_one_call_first_and_more_while_none_queues() -> None:
    limit = CallLimit.of(0)
    calls: list[int] = []
    for _ in range(6):
        calls.append(limit.calls)
        limit = limit.after(seen(limit.calls, 2.0))
    assert calls == [1, 2, 3, 4, 4, 4]


def test_the_slots_that_a_server_says_are_the_limit() -> None:
    assert CallLimit.of(0).with_slots(6).calls == 6
    assert after(CallLimit.of(0).with_slots(2), *[seen(2, 1.0)] * 5).calls == 2


def test_a_call_that_waits_for_another_to_end_halves_the_limit() -> None:
    limit = after(CallLimit.of(0), seen(1, 2.0), seen(2, 2.5), seen(3, 2.5))
    assert limit.calls == 4
    assert limit.after(seen(4, 40.0)).calls == 2


def test_a_server_with_one_slot_is_seldom_tried_with_two() -> None:
    limit = CallLimit.of(0)
    tried = 0
    for _ in range(100):
        tried += limit.calls > 1
        limit = limit.after(seen(limit.calls, 2.0 if limit.calls == 1 else 30.0))
    assert 1 <= tried <= 8


def test_several_calls_that_queued_together_count_once() -> None:
    limit = after(CallLimit.of(0), seen(1, 2.0), seen(2, 2.0), seen(3, 2.0))
    at_once = after(limit, seen(4, 40.0), seen(4, 60.0), seen(3, 50.0))
    assert at_once == limit.after(seen(4, 40.0))


def test_a_longer_prompt_takes_longer_to_read_and_is_no_queue() -> None:
    limit = CallLimit.of(0).after(seen(1, 2.0, size_bytes=1_000))
    assert limit.after(seen(2, 18.0, size_bytes=5_000)).calls == 3
    assert limit.after(seen(2, 18.0, size_bytes=1_000)).calls == 1


def test_calls_below_the_limit_do_not_raise_it() -> None:
    limit = CallLimit.of(0).after(seen(1, 2.0))
    assert after(limit, *[seen(1, 2.0)] * 10).calls == limit.calls == 2


@pytest.mark.parametrize(("calls", "left"), [(4, 2), (2, 1), (1, 1)])
def test_a_server_that_asks_to_slow_down_halves_the_limit(calls: int, left: int) -> None:
    assert CallLimit.of(0).with_slots(calls).after_refusal().calls == left


async def test_a_turn_is_waited_for_and_a_higher_limit_lets_the_next_through() -> None:
    turns = Turns(CallLimit.of(1))
    inside: list[int] = []
    leave = asyncio.Event()

    async def work() -> None:
        async with turns.turn() as in_flight:
            inside.append(in_flight)
            await leave.wait()

    tasks = [asyncio.create_task(work()) for _ in range(4)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inside == [1]
    turns.limit = CallLimit.of(3)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inside == [1, 2, 3]
    leave.set()
    await asyncio.gather(*tasks)
    assert inside == [1, 2, 3, inside[3]]


async def test_whoever_gives_up_waiting_keeps_no_turn_from_the_next() -> None:
    turns = Turns(CallLimit.of(1))
    leave, entered = asyncio.Event(), asyncio.Event()

    async def work(mark: asyncio.Event, until: asyncio.Event) -> None:
        async with turns.turn():
            mark.set()
            await until.wait()

    first = asyncio.create_task(work(asyncio.Event(), leave))
    await asyncio.sleep(0)
    tired = asyncio.create_task(work(asyncio.Event(), leave))
    last = asyncio.create_task(work(entered, leave))
    await asyncio.sleep(0)
    leave.set()
    await first
    tired.cancel()  # it was woken by the first, and has not run yet
    await asyncio.wait_for(entered.wait(), 5)
    await last
