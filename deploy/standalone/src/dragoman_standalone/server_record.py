"""How the command line on this machine finds the server that holds the state folder."""

from __future__ import annotations

from pathlib import Path

from dragoman_contracts.model import Value


class ServerRecord(Value):
    """The address of the running server, and a token for it."""

    url: str
    token: str


def record_path(state_dir: Path) -> Path:
    """Where the running server leaves its record, readable by its owner alone."""
    return state_dir / "server.json"
