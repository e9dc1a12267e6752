"""Run the service: `python -m dragoman_qa`."""

from __future__ import annotations

import asyncio

from dragoman_qa.app import run
from dragoman_qa.settings import QaSettings
from dragoman_runtime.settings import load

if __name__ == "__main__":
    asyncio.run(run(load(QaSettings)))
