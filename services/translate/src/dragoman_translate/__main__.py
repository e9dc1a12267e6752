"""Run the service: `python -m dragoman_translate`."""

from __future__ import annotations

import asyncio

from dragoman_runtime.settings import load
from dragoman_translate.app import run
from dragoman_translate.settings import TranslateSettings

if __name__ == "__main__":
    asyncio.run(run(load(TranslateSettings)))
