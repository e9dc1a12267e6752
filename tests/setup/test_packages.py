"""The set-up names what a machine lacks and goes on, where it cannot install it."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PRELUDE = "set -eu; tier=$1; shift; say() { printf '%s\\n' \"$*\"; }; . setup/packages.sh; "


def _run(script: str, *, tier: str, path: Path, **variables: str) -> str:
    """Run a line with the functions of setup/packages.sh on a machine that has only the programs of one folder."""
    done = subprocess.run(
        ["/bin/sh", "-c", _PRELUDE + script, "sh", tier],
        cwd=ROOT,
        env={"PATH": str(path), **variables},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _machine_with(folder: Path, *programs: str, **scripts: str) -> Path:
    """A folder of programs: some of this machine's, and some that are shell lines."""
    for program in (*programs, "awk", "grep", "id"):
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    for name, line in scripts.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return folder


def test_without_apt_the_missing_is_named_and_the_set_up_goes_on(tmp_path: Path) -> None:
    said = _run("want_packages; install_wanted", tier="run", path=_machine_with(tmp_path), TARGET="es")

    assert "missing: apertium-eng-spa" in said
    assert "Going on with what works" in said


def test_without_root_the_command_to_run_as_root_is_said(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path, apt_get="exit 1")
    (machine / "id").unlink()
    (machine / "id").write_text("#!/bin/sh\necho 1000\n")
    (machine / "id").chmod(0o755)

    said = _run("want_packages; install_wanted", tier="run", path=machine, TARGET="ca")

    assert "apt-get install --no-install-recommends apertium-eng-cat" in said


def test_a_machine_that_has_the_pair_lacks_nothing(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path, apertium="echo '  eng-spa'")

    assert _run("want_packages; install_wanted; say done", tier="run", path=machine) == "done\n"


def test_regions_do_not_change_the_pair(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path, apertium="echo '  eng-spa'")

    assert _run("want_packages; say $wanted", tier="run", path=machine, SOURCE="en-GB", TARGET="es-419") == "\n"


def test_engines_other_than_apertium_need_no_package(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path)

    assert _run("want_packages; say $wanted", tier="run", path=machine, ENGINE="pseudo") == "\n"


def test_a_pair_is_sought_under_each_name_that_debian_may_give_it(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path)

    wanted = _run("want_packages; say $wanted", tier="run", path=machine, SOURCE="es", TARGET="gl")

    assert wanted.split() == ["apertium-spa-glg", "apertium-glg-spa", "apertium-es-gl", "apertium-gl-es"]


def test_the_tests_want_the_servers_that_they_start(tmp_path: Path) -> None:
    machine = _machine_with(tmp_path)

    wanted = _run("want_packages; say $wanted", tier="test", path=machine, ENGINE="pseudo")

    assert {"libreoffice-writer-nogui", "poppler-utils", "chromium"} <= set(wanted.split())
