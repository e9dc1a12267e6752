"""Run the service: `python -m dragoman_reassemble`."""

from __future__ import annotations

from dragoman_reassemble.app import run
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(ReassembleSettings, run)
