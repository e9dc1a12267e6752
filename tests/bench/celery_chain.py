"""A Celery worker and its chain of six tasks: `python -m bench.celery_chain`.

Acknowledged late, published with confirms, on RabbitMQ, without a result backend; otherwise its own
defaults.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.noop_tasks import STEPS

AMQP_URL = "BENCH_AMQP_URL"
QUEUE = "BENCH_QUEUE"
ENDED_FILE = "BENCH_ENDED_FILE"

_PROCESSES = 2


class CeleryChain:
    """An application with six steps; the last one adds a byte to the file `ended`."""

    def __init__(self, url: str, queue: str, ended: Path) -> None:
        self._celery: Any = import_module("celery")  # it brings no types
        self.app = self._celery.Celery("bench", broker=url)
        self.app.conf.update(
            task_acks_late=True,
            task_ignore_result=True,
            task_default_queue=queue,
            broker_transport_options={"confirm_publish": True},
            worker_hijack_root_logger=False,
        )

        def step(number: int) -> None:
            if number == STEPS:
                with ended.open("ab") as file:
                    file.write(b".")

        self._step = self.app.task(step, name="bench.step")

    def submit(self) -> None:
        """Send one more chain on its way."""
        self._celery.chain(*(self._step.si(number) for number in range(1, STEPS + 1))).apply_async()


def main() -> None:
    """Work until told to stop."""
    chain = CeleryChain(os.environ[AMQP_URL], os.environ[QUEUE], Path(os.environ[ENDED_FILE]))
    chain.app.worker_main(["worker", "--concurrency", str(_PROCESSES), "--loglevel", "WARNING"])


if __name__ == "__main__":
    main()
