"""Has the services die at every point in turn, and starts them again as a supervisor would."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos.points import AT_RANDOM, RESEND, calls_in_flight
from chaos.processes import Process

_LOOK_S = 0.05
_PATIENCE_S = 12.0
_LONGEST_COUNT = 4
_RANDOM_WITHIN_S = 1.5
_SIGKILL = -9
_MOST_ENDS = 50


@dataclass(frozen=True)
class Kill:
    """One kill: of what, where, which model calls were in flight,
    and under which name the process ran.
    """

    service: str
    point: str
    calls_in_flight: frozenset[str]
    name: str


@dataclass
class Member:
    """One process of the installation. `order` is where it is to die next;
    empty while it is left alone.
    """

    name: str
    service: str
    process: Process
    order: str = ""
    ordered_at: float = 0.0


@dataclass
class Supervisor:
    """Keeps the processes running and gives them their deaths.

    `orders` are the points at which each service still has to die. `may_kill` says, after so many
    kills of so many in all, whether it is time for another one.
    """

    folder: Path
    members: Sequence[Member]
    orders: Mapping[str, deque[str]]
    seed: int
    may_kill: Callable[[float], bool]
    kills: list[Kill] = field(default_factory=list[Kill])
    ends: list[str] = field(default_factory=list[str])
    """Ends that nobody ordered: bugs."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - to be repeatable
        self._planned = sum(map(len, self.orders.values()))

    @property
    def is_done(self) -> bool:
        """Whether every order was carried out."""
        return len(self.kills) >= self._planned

    @property
    def by_point(self) -> Counter[tuple[str, str]]:
        """How often each service died at each point."""
        return Counter((kill.service, kill.point) for kill in self.kills)

    def waits_for(self, step: str) -> bool:
        """Whether a process has yet to die before or after this step."""
        left = [point for points in self.orders.values() for point in points]
        return any(point.endswith(step) for point in (*left, *(m.order for m in self.members)))

    async def run(self) -> None:
        """Look after the processes for ever.

        Raises:
            AssertionError: they end by themselves again and again, so that the run would only wait
                for its time limit.
        """
        while True:
            for member in self.members:
                status = member.process.exit_status
                if status is not None:
                    self._ended(member, status)
                elif member.order:
                    self._press(member)
                elif self.orders[member.service] and self.may_kill(
                    len(self.kills) / max(self._planned, 1)
                ):
                    self._order(member, self.orders[member.service].popleft())
            await asyncio.sleep(_LOOK_S)

    def _order(self, member: Member, point: str) -> None:
        member.order, member.ordered_at = point, time.monotonic()
        if point == AT_RANDOM:
            member.ordered_at += self._random.uniform(0, _RANDOM_WITHIN_S)
            return
        armed = self.folder / f"{member.name}.armed"
        # A resend is too rare to be passed several times within the patience.
        count = 1 if point.endswith(RESEND) else self._random.randint(1, _LONGEST_COUNT)
        armed.with_suffix(".new").write_text(f"{point} {count}")
        armed.with_suffix(".new").replace(armed)

    def _press(self, member: Member) -> None:
        """Carry out a kill at random, and give up an order whose point the process
        does not pass for long.
        """
        now = time.monotonic()
        if member.order == AT_RANDOM:
            if now > member.ordered_at:
                member.process.kill()
        elif now > member.ordered_at + _PATIENCE_S:
            with suppress(FileNotFoundError):  # else it is just dying there
                self._take_back(member)

    def _take_back(self, member: Member) -> None:
        """Let it live, and have the service die there later.

        Raises:
            FileNotFoundError: it was not told, or has seen it.
        """
        (self.folder / f"{member.name}.armed").unlink()
        self.orders[member.service].append(member.order)
        member.order = ""

    def _ended(self, member: Member, status: int) -> None:
        in_flight = calls_in_flight(self.folder, member.name, member.process.pid)
        if status == _SIGKILL and member.order:
            self.kills.append(Kill(member.service, member.order, frozenset(in_flight), member.name))
        else:
            self.ends.append(f"{member.name} ended by itself with {status}")
            assert len(self.ends) < _MOST_ENDS, (
                f"{self.ends[-1]}; see {self.folder / member.name}.log"
            )
            with suppress(FileNotFoundError):
                self._take_back(member)
        member.order = ""
        member.process.kill()
        member.process.start()
