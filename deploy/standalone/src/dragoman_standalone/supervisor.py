"""`dragoman worker`: services as processes of their own, ended together."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.vocabulary import Service

MODULES = {
    "relay": "dragoman_runtime.relay",
    **{service.value: f"dragoman_{service.value}" for service in Service if service is not Service.INDEX},
}
"""The services that can be run, each with the module that runs it."""


async def supervise(names: Sequence[str]) -> int:
    """Run the named services until told to stop, or until one ends; the first exit status that is not 0.

    One that ends takes the others with it, so that whoever supervises this process starts them all anew.

    Raises:
        PermanentError: there is no service of a name.
    """
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        raise PermanentError(
            f"There is no service {unknown[0]!r}; choose from {', '.join(MODULES)}.", code="usage.service"
        )
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-m", MODULES[name]) for name in names]
    ends = [asyncio.ensure_future(process.wait()) for process in processes]
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    stopping = asyncio.ensure_future(told.wait())
    await asyncio.wait([stopping, *ends], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for process in processes:
        if process.returncode is None:
            process.terminate()
    statuses = await asyncio.gather(*ends)
    return 0 if told.is_set() else next((status for status in statuses if status), 0)
