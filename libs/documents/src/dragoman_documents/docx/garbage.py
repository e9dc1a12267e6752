"""Keeps Python's garbage collector out of the way while a document is walked.

A document becomes a hundred thousand elements, and there is no garbage among them:

    with paused_garbage_collection():
        package = Package(data, budget)
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def paused_garbage_collection() -> Generator[None]:
    """Pause cyclic garbage collection, and start it again where it was on.

    A walk makes many long-lived objects and no garbage. Collections during the walk took 40 % of
    its time, and so did a single one at its end. The objects therefore go to the oldest generation,
    which is collected least often. Threads may pause at once: the thread that found the collector
    running starts it again.
    """
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.freeze()
            gc.unfreeze()
            gc.enable()
