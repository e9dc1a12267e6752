"""The set-up names what a machine lacks and goes on, where it cannot install it."""

from importlib.metadata import distributions
from pathlib import Path

from setup.machines import machine_with, run


def test_without_apt_the_missing_is_named_and_the_set_up_goes_on(tmp_path: Path) -> None:
    said = run("want_packages; install_wanted", "run", path=machine_with(tmp_path), TARGET="es")

    assert "missing: apertium-eng-spa" in said
    assert "Going on with what works" in said


def test_without_root_the_command_to_run_as_root_is_said(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, apt_get="exit 1", id="echo 1000")

    said = run("want_packages; install_wanted", "run", path=machine, TARGET="ca")

    assert "apt-get install --no-install-recommends apertium-eng-cat" in said


def test_a_machine_that_has_the_pair_lacks_nothing(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, apertium="echo '  eng-spa'")

    assert run("want_packages; install_wanted; say done", "run", path=machine) == "done\n"


def test_regions_do_not_change_the_pair(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, apertium="echo '  eng-spa'")

    assert (
        run("want_packages; say $wanted", "run", path=machine, SOURCE="en-GB", TARGET="es-419")
        == "\n"
    )


def test_engines_other_than_apertium_need_no_package(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)

    assert run("want_packages; say $wanted", "run", path=machine, ENGINE="pseudo") == "\n"


def test_a_pair_is_sought_under_each_name_that_debian_may_give_it(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)

    wanted = run("want_packages; say $wanted", "run", path=machine, SOURCE="es", TARGET="gl")

    assert wanted.split() == [
        "apertium-spa-glg",
        "apertium-glg-spa",
        "apertium-es-gl",
        "apertium-gl-es",
    ]


def test_the_tests_want_the_servers_that_they_start(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)

    wanted = run("want_packages; say $wanted", "test", path=machine, ENGINE="pseudo")

    assert {"libreoffice-writer-nogui", "poppler-utils", "chromium"} <= set(wanted.split())


def test_a_file_that_one_of_its_patterns_finds_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "lib64").mkdir()
    (tmp_path / "lib64" / "libatomic.so.1").touch()
    machine = machine_with(tmp_path / "bin")
    patterns = f"'{tmp_path}/lib/*/libatomic.so.1' '{tmp_path}/lib*/libatomic.so.1'"

    assert run(f"want_file libatomic1 {patterns}; say $wanted", "test", path=machine) == "\n"
    assert (
        run(f"want_file there '{tmp_path}/lib/*' '/nowhere/*'; say $wanted", "test", path=machine)
        == "there\n"
    )


def test_nothing_is_installed_that_no_lock_file_pins() -> None:
    root = Path(__file__).parents[2]
    pinned = {
        line.partition("==")[0]
        for line in (root / "requirements-test.lock").read_text().splitlines()
        if "==" in line and line[0] != " "
    }
    names = {each.metadata["Name"].lower().replace("_", "-") for each in distributions()}
    own = {name for name in names if name.startswith("dragoman")}
    assert names - own - pinned - {"pip"} == set()
