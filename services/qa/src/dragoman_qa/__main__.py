"""Run the service: `python -m dragoman_qa`."""

from __future__ import annotations

from dragoman_qa.app import run
from dragoman_qa.settings import QaSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(QaSettings, run)
