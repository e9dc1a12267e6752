"""Run the gateway: `python -m dragoman_gateway`."""

from __future__ import annotations

import asyncio

from dragoman_gateway.app import run
from dragoman_gateway.settings import GatewaySettings
from dragoman_runtime.settings import load

if __name__ == "__main__":
    asyncio.run(run(load(GatewaySettings)))
