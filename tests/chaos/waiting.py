"""Waiting for what happens elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LOOK_S = 0.1


async def until(condition: Callable[[], bool], *, timeout_s: float = float("inf")) -> bool:
    """Return when the condition holds, or after `timeout_s`; whether it holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        if condition():
            return True
        if loop.time() > deadline:
            return False
        await asyncio.sleep(_LOOK_S)
