"""How much is measured: enough for steady figures,
or as little as shows that a table can be made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scale:
    """Sizes of one table. A measurement is repeated up to `runs` times while the
    table's `seconds` last.
    """

    jobs: int = 100
    runs: int = 3
    seconds: float = 60.0
    in_flight: tuple[int, ...] = (1, 20, 100)
    keeping_outcomes: tuple[bool, ...] = (False, True)
    projected_jobs: int = 1500
    replayed_jobs: int = 15_000
    batches: tuple[int, ...] = (50, 100, 200, 400, 800)
    spread: tuple[int, ...] = (100, 1000, 5000)
    live_jobs: int = 10_000
    messages: int = 6000
    model_calls: int = 40
    model_latency_s: float = 2.0
    paragraphs: tuple[int, ...] = (10, 1000, 16_000)
    corpus_files: int = 40
    started: float = field(default_factory=time.perf_counter)

    def has_time(self, share: float) -> bool:
        """Whether less than this share of the table's time has passed."""
        return time.perf_counter() - self.started < self.seconds * share
