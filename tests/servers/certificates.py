"""Certificates of the test's own making, for servers on 127.0.0.1."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers.process import require_binary


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, so that it is its own authority, with its key."""

    file: Path
    key: Path


def certificate(folder: Path, name: str = "server") -> Certificate:
    """A new certificate for 127.0.0.1 in this folder."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    openssl = require_binary(["openssl"], "openssl")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", made.key, "-out", made.file),
        ],
        check=True,
        capture_output=True,
    )
    return made
