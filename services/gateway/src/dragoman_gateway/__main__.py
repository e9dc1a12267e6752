"""Run the gateway: `python -m dragoman_gateway`."""

from __future__ import annotations

from dragoman_gateway.app import run
from dragoman_gateway.settings import GatewaySettings
from dragoman_runtime.starting import start

if __name__ == "__main__":
    start(GatewaySettings, run)
