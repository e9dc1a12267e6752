"""Keeps the garbage collector out of the way while a document is walked."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def paused_garbage_collection() -> Generator[None]:
    """Pause cyclic garbage collection, and start it again where it was on.

    A walk makes many long-lived objects and no garbage; looking for some again and again took 40 %
    of its time, and so did looking once at its end. Its objects therefore go to the oldest
    generation, which is looked at least often. Threads may pause at once: who found it running
    starts it again.
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
