"""Run the service: `python -m dragoman_reassemble`."""

from __future__ import annotations

import asyncio

from dragoman_reassemble.app import run
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.settings import load

if __name__ == "__main__":
    asyncio.run(run(load(ReassembleSettings)))
