"""Run the service: `python -m dragoman_index`."""

from __future__ import annotations

from dragoman_index.app import run
from dragoman_index.settings import IndexSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(IndexSettings, run)
