"""What a run does: how many jobs, which kills and faults, in which order; all from one seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.points import AT_RANDOM, POINTS


@dataclass(frozen=True)
class Plan:
    """One installation's share of a run.

    `orders` are each service's deaths; `faults` the kinds of what goes wrong outside, in order.
    `replicas` of every service run, and two relays where there are two.
    """

    seed: int
    jobs: int
    orders: dict[str, deque[str]]
    faults: tuple[str, ...]
    replicas: int
    is_twice_and_shuffled: bool


def every_point() -> list[tuple[str, str]]:
    """Each service with each of its points, and the kill at random."""
    return [
        (service, point) for service, points in POINTS.items() for point in (*points, AT_RANDOM)
    ]


def plans(
    seed: int,
    *,
    jobs: int,
    kills: int,
    rounds: int,
    kinds: Sequence[str],
    times: int,
    only_at: Sequence[str] = (),
) -> list[Plan]:
    """The plans of all rounds together: `kills` kills over all points alike, each kind of fault
    `times` times.

    With `only_at`, the kills are at the points of these names alone.

    Rounds differ: in every second one two replicas of each service run, in every third each message
    is sent twice and shuffled.
    """
    chosen = random.Random(seed)  # noqa: S311 - to be repeatable
    points = [each for each in every_point() if not only_at or each[1] in only_at]
    wanted = [
        point
        for _ in range(-(-kills // len(points)))
        for point in chosen.sample(points, len(points))
    ][:kills]
    faults = [*kinds] * times
    chosen.shuffle(faults)
    return [
        Plan(
            seed=seed + number,
            jobs=jobs // rounds + (number < jobs % rounds),
            orders=_by_service(wanted[number::rounds]),
            faults=tuple(faults[number::rounds]),
            replicas=1 + number % 2,
            is_twice_and_shuffled=number % 3 == 2,
        )
        for number in range(rounds)
    ]


def _by_service(wanted: Sequence[tuple[str, str]]) -> dict[str, deque[str]]:
    orders: dict[str, deque[str]] = {service: deque() for service in POINTS}
    for service, point in wanted:
        orders[service].append(point)
    return orders
