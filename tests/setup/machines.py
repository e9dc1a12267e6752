"""Machines that have only the programs a test gives them, on which parts of the set-up run."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = "set -eu; tier=$1; shift; say() { printf '%s\\n' \"$*\"; }; . setup/packages.sh; "
REGISTRIES = "set -eu; root=$1; shift; say() { printf '%s\\n' \"$*\"; }; . setup/registries.sh; "


def run(
    script: str, *arguments: str | Path, path: Path, prelude: str = PACKAGES, **variables: str
) -> str:
    """Run a line with the functions of one part of the set-up, where only the programs of one
    folder are.

    The first argument is the tier of the packages, or the root that registries are carried to.
    """
    done = subprocess.run(
        ["/bin/sh", "-c", prelude + script, "sh", *arguments],
        cwd=ROOT,
        env={"PATH": str(path), **variables},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def machine_with(folder: Path, programs: Sequence[str] = (), **scripts: str) -> Path:
    """A folder of programs: some of this machine's, and some that are shell lines."""
    folder.mkdir(exist_ok=True)
    for program in (*programs, "awk", "grep", "id"):
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    for name, line in scripts.items():
        (folder / name.replace("_", "-")).unlink(missing_ok=True)
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return folder
