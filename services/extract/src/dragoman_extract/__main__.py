"""Run the service: `python -m dragoman_extract`."""

from __future__ import annotations

import asyncio

from dragoman_extract.app import run
from dragoman_extract.settings import ExtractSettings
from dragoman_runtime.settings import load

if __name__ == "__main__":
    asyncio.run(run(load(ExtractSettings)))
