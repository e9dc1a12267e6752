"""Run what the Dockerfile runs, in a root folder of Debian that `setup/bare.sh` makes, and the
image's command and probes as its user: `make image-check`, as root, with debootstrap.

It shows that every RUN line works on a bare Debian and that the result starts. It cannot show the
engine's part: that the second stage needs nothing of the first but what it copies, caching, labels.
"""

from __future__ import annotations

import os
import subprocess
import sys

from deployment.dockerfile import DOCKERFILE, ROOT, packages, shell_commands, started, steps

_CONTEXT = "/srv/dragoman"  # where setup/bare.sh has its clone
_NOT_NEEDED = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
_PROBE = "/opt/dragoman/bin/python /opt/dragoman/share/healthcheck.py"


def commands() -> list[str]:
    """The steps, then what shows that the result works, each a line of shell."""
    found = steps(DOCKERFILE.read_text())
    as_user = started(found, [])
    return [
        *shell_commands(found, _CONTEXT),
        "echo MiB: $(du -sm /opt/dragoman)",
        f"echo MiB of Debian: $({_debian_mib(' '.join(sorted(packages(found) - {'python3-venv'})))})",
        started(found, ["--help"]) + " >/dev/null",
        started(found, ["doctor"]),
        f"{started(found, ['worker', 'nonsense'])}; test $? = 2",
        f"{started(found, ['worker', 'gateway'])} 2>&1 | grep DRAGOMAN_SIGNING_KEY",
        f"{as_user.rpartition(' ')[0]} {_PROBE} ready; test $? = 1",
        "! find /opt/dragoman -user 10001 | grep .",
        "test ! -e /opt/dragoman/bin/uv && test ! -e /opt/dragoman/bin/pip",
        "python3 -c \"import json; bom = json.load(open('/opt/dragoman/share/sbom.cdx.json')); "
        "print(len(bom['components']), 'components in the SBOM')\"",
    ]


def _debian_mib(names: str) -> str:
    """A command that adds up what Debian's packages of the image take, as installed: those that every
    Debian has, and those named with all that they depend on.
    """
    without = " ".join(f"--no-{each}" for each in _NOT_NEEDED)
    closure = f"apt-cache depends --recurse --installed {without} {names} | grep '^[a-z]'"
    required = (
        "dpkg-query -W -f '${Essential} ${Priority} ${Package}\n' | grep -E '^yes| required '"
    )
    every = f"{{ {closure}; {required} | sed 's/.* //'; }} | sort -u"
    sizes = "xargs dpkg-query -W -f '${Installed-Size}\n' 2>/dev/null"
    return f"{every} | {sizes} | awk '{{ sum += $1 }} END {{ print int(sum / 1024) }}'"


if __name__ == "__main__":
    os.chdir(ROOT)
    script = ["sh", "setup/bare.sh", *(sys.argv[1:] or commands())]
    raise SystemExit(subprocess.run(script, check=False).returncode)
