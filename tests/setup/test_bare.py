"""`make bare` says what it lacks before it begins, and leaves nothing where it ends early."""

import subprocess
from pathlib import Path

from setup.machines import ROOT, machine_with


def _bare(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call it on a machine that has the programs of a folder before those of this one."""
    path = f"{machine}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "TMPDIR": str(machine.parent), **variables}
    command = ["/bin/sh", ROOT / "setup/bare.sh", "true"]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def _machine(folder: Path, **scripts: str) -> Path:
    """Root on a machine that may mount, whose debootstrap fails: nothing is ever installed here."""
    least = {
        "id": "echo 0",
        "debootstrap": "echo no archive; exit 1",
        "unshare": 'while [ "$1" != true ]; do shift; done',
    }
    return machine_with(folder / "bin", **{**least, **scripts})


def test_it_needs_root(tmp_path: Path) -> None:
    done = _bare(_machine(tmp_path, id="echo 1000"))

    assert done.returncode == 1
    assert "sudo make bare" in done.stderr


def test_it_needs_debootstrap(tmp_path: Path) -> None:
    machine = _machine(tmp_path)
    (machine / "debootstrap").unlink()
    for program in ("sh", "uname", "dirname"):
        (machine / program).symlink_to(f"/usr/bin/{program}")

    done = _bare(machine, PATH=str(machine))

    assert done.returncode == 1
    assert "debootstrap is missing: apt-get install debootstrap" in done.stderr


def test_it_needs_the_right_to_mount(tmp_path: Path) -> None:
    done = _bare(_machine(tmp_path, unshare="exit 1"))

    assert done.returncode == 1
    assert "privileged" in done.stderr


def test_it_is_not_made_inside_the_repository(tmp_path: Path) -> None:
    done = _bare(_machine(tmp_path), DIR=str(ROOT / "docs" / "bare"))

    assert done.returncode == 1
    assert "outside" in done.stderr
    assert not (ROOT / "docs" / "bare").exists()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()

    done = _bare(_machine(tmp_path), DIR=str(tmp_path / "full"))

    assert done.returncode == 1
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


def test_a_root_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    machine = _machine(
        tmp_path, unshare='while [ "$1" != true ] && [ "$1" != env ]; do shift; done; exec "$@"'
    )

    done = _bare(machine, MIRROR="http://mirror.invalid/debian")

    assert done.returncode == 1
    assert "no archive" in done.stderr
    assert "debootstrap failed" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
