"""Run the relay: `python -m dragoman_runtime.relay`.

Two of them are safe: one leads, the other waits.
"""

from __future__ import annotations

from dragoman_runtime.relay.app import run
from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(ServiceSettings, run)
