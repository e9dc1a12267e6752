"""Run the service: `python -m dragoman_intake`."""

from __future__ import annotations

from dragoman_intake.app import run
from dragoman_intake.settings import IntakeSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(IntakeSettings, run)
