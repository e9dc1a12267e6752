"""Run the service: `python -m dragoman_translate`."""

from __future__ import annotations

from dragoman_runtime.starting import start
from dragoman_translate.app import run
from dragoman_translate.settings import TranslateSettings

if __name__ == "__main__":
    start(TranslateSettings, run)
