"""Run the service: `python -m dragoman_intake`."""

from __future__ import annotations

import asyncio

from dragoman_intake.app import run
from dragoman_intake.settings import IntakeSettings
from dragoman_runtime.settings import load

if __name__ == "__main__":
    asyncio.run(run(load(IntakeSettings)))
