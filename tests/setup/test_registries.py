"""The settings by which this machine reaches package archives are carried into another root,
and nothing else is.
"""

from pathlib import Path

import pytest

from setup.machines import REGISTRIES, run


def _carry(script: str, root: Path, **variables: str) -> list[str]:
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    path = Path("/usr/bin:/bin")
    return run(
        script, root, path=path, prelude=REGISTRIES, **{"HOME": str(home), **variables}
    ).splitlines()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_variables_that_tell_of_archives_are_carried_and_no_others(root: Path) -> None:
    of_archives = {
        "PIP_INDEX_URL": "https://a.invalid/simple",
        "PIP_EXTRA_INDEX_URL": "https://b.invalid",
        "UV_DEFAULT_INDEX": "https://c.invalid",
        "UV_INDEX_INTERNAL_USERNAME": "d",
        "https_proxy": "http://e.invalid:3128",
        "SSL_CERT_FILE": "/f.pem",
    }
    others = {
        "PIP_TARGET": "/g",
        "UV_CACHE_DIR": "/h",
        "UV_PYTHON": "3.13",
        "VIRTUAL_ENV": "/i",
        "TARGET": "de",
    }

    assert sorted(_carry("archive_names", root, **of_archives, **others)) == sorted(of_archives)


@pytest.mark.parametrize(
    ("setting", "paths"),
    [
        ("find-links = /srv/wheels", ["/srv/wheels"]),
        (
            "extra-index-url = file:///srv/a/simple file:///srv/b/simple",
            ["/srv/a/simple", "/srv/b/simple"],
        ),
        ("index-url = https://user@host.invalid/simple/", []),
        ('constraint="/etc/pins.txt"', ["/etc/pins.txt"]),
        ("find-links = ['/srv/one', '/srv/two']", ["/srv/one", "/srv/two"]),
        ("index-url = https://host.invalid/simple /srv/wheels", ["/srv/wheels"]),
        ("timeout = 180", []),
    ],
)
def test_paths_are_read_out_of_settings(root: Path, setting: str, paths: list[str]) -> None:
    assert _carry('printf "%s\\n" "$SETTING" | named_paths || true', root, SETTING=setting) == paths


def test_pips_settings_and_the_files_they_name_are_copied_and_folders_are_told(
    root: Path, tmp_path: Path
) -> None:
    wheels, pins, index = tmp_path / "wheels", tmp_path / "pins.txt", tmp_path / "index"
    (index / "simple").mkdir(parents=True)
    wheels.mkdir()
    pins.write_text("a==1\n")
    settings = tmp_path / "home/.config/pip/pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"[global]\nfind-links = {wheels}\nextra-index-url = file://{index}/simple\n"
    )

    told = _carry("carry_python", root, PIP_CONSTRAINT=str(pins))

    assert {str(wheels), str(index)} <= set(told)
    assert (root / "root/.config/pip/pip.conf").read_text() == settings.read_text()
    assert Path(f"{root}{pins}").read_text() == "a==1\n"


def test_sources_of_the_release_are_taken_and_those_of_others_left(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    apt = tmp_path / "bin/apt-get"
    apt.write_text(
        "#!/bin/sh\n"
        "echo 'Debian http://mirror.invalid/debian/ bookworm main'\n"
        "echo 'Debian http://mirror.invalid/debian/ bookworm-updates main'\n"
        "echo 'Debian http://mirror.invalid/debian/ trixie main'\n"
        "echo 'Node Source http://node.invalid/ bookworm main'\n"
    )
    apt.chmod(0o755)
    (root / "etc/apt/apt.conf.d").mkdir(parents=True)

    _carry(f"PATH={tmp_path}/bin:$PATH; carry_apt bookworm", root)

    assert (root / "etc/apt/sources.list").read_text().splitlines() == [
        "deb http://mirror.invalid/debian/ bookworm main",
        "deb http://mirror.invalid/debian/ bookworm-updates main",
    ]


def test_a_machine_without_the_release_leaves_the_sources_as_they_are(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apt-get").write_text(
        "#!/bin/sh\necho 'Ubuntu http://mirror.invalid/ubuntu/ noble main'\n"
    )
    (tmp_path / "bin/apt-get").chmod(0o755)
    (root / "etc/apt/apt.conf.d").mkdir(parents=True)
    (root / "etc/apt/sources.list").write_text("deb http://first.invalid/debian bookworm main\n")

    _carry(f"PATH={tmp_path}/bin:$PATH; carry_apt bookworm", root)

    assert "first.invalid" in (root / "etc/apt/sources.list").read_text()
