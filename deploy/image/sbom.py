"""Print what this machine and this Python hold, as CycloneDX 1.6 in JSON: `sbom.py`.

Debian's packages as dpkg lists them, and the distributions of the environment that runs this. Runs
on the standard library alone. The order is that of the names, so that the same contents print the
same bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from urllib.parse import quote

_FIELDS = "${binary:Package}\t${Version}\t${Architecture}\n"


def main() -> None:
    """Print it."""
    found = sorted([*_debian(), *_python()], key=lambda each: each["purl"])
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": found}
    json.dump(bom, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _python() -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for each in distributions():
        name, version = each.metadata["Name"].lower().replace("_", "-"), each.version
        if name not in seen:  # the first on the path is the one that is imported
            seen.add(name)
            yield _component(name, version, f"pkg:pypi/{name}@{quote(version)}")


def _debian() -> Iterator[dict[str, str]]:
    command = ["dpkg-query", "--show", f"--showformat={_FIELDS}"]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return
    for line in said.splitlines():
        package, version, architecture = line.split("\t")
        name = package.partition(":")[0]
        purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}"
        yield _component(name, version, purl)


def _component(name: str, version: str, purl: str) -> dict[str, str]:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


if __name__ == "__main__":
    main()
