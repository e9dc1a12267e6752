"""Run the service: `python -m dragoman_extract`."""

from __future__ import annotations

from dragoman_extract.app import run
from dragoman_extract.settings import ExtractSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(ExtractSettings, run)
