"""The image: what its Dockerfile names is there, and what it runs is held to the rules of safe
containers. `make image-check` runs its lines.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.dockerfile import (
    DOCKERFILE,
    ROOT,
    arguments,
    copies,
    environment,
    filled,
    ignore_patterns,
    is_sent,
    packages,
    shell_commands,
    steps,
)
from docs.pages import tracked_names
from dragoman_runtime.settings import PREFIX, variable
from setup.machines import machine_with, run

STEPS = steps(DOCKERFILE.read_text())
_OF_THE_IMAGE = {"ca-certificates", "python3", "python3-venv"}


def _last(word: str) -> str:
    return [each.rest for each in STEPS if each.word == word][-1]


def test_its_packages_are_those_that_the_set_up_installs_for_running(tmp_path: Path) -> None:
    wanted = run("want_packages; say $wanted", "run", path=machine_with(tmp_path))

    assert packages(STEPS) - _OF_THE_IMAGE <= set(wanted.split())
    text = (ROOT / "setup" / "setup.sh").read_text()
    assert "python3-venv" in text
    assert "requirements.lock" in text


def test_what_it_copies_is_in_the_repository_and_sent_to_the_build() -> None:
    sources = [each for found, _, from_stage in copies(STEPS) if not from_stage for each in found]

    assert sorted(set(sources) - tracked_names()) == []
    assert [each for each in sources if not is_sent(each, ignore_patterns())] == []


def test_every_room_is_installed() -> None:
    rooms = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*/pyproject.toml")}
    (line,) = [each.rest for each in STEPS if each.word == "RUN" and "./libs/*" in each.rest]
    globs = re.findall(r"\./(\S+)", line.partition("&&")[0])

    found = {path.relative_to(ROOT).as_posix() for each in globs for path in ROOT.glob(each)}
    assert rooms <= found
    assert all((ROOT / each / "pyproject.toml").exists() for each in found)


@pytest.mark.parametrize(
    ("path", "is_there"),
    [
        ("libs/runtime/src/dragoman_runtime/settings.py", True),
        ("deploy/standalone/pyproject.toml", True),
        ("deploy/compose/secrets/signing_key", False),
        (".git/config", False),
        (".env", False),
        ("tests/conftest.py", False),
        ("libs/runtime/src/dragoman_runtime/__pycache__/settings.pyc", False),
    ],
)
def test_nothing_is_sent_to_the_build_that_the_image_does_not_need(
    path: str, *, is_there: bool
) -> None:
    assert is_sent(path, ignore_patterns()) is is_there


def test_the_base_is_an_argument_that_can_be_pinned_by_digest() -> None:
    bases = [each.rest.partition(" AS ")[0] for each in STEPS if each.word == "FROM"]
    given = arguments(STEPS)

    assert {filled(each, given) for each in bases} == {"debian:12-slim"}
    pinned = {**given, "BASE_DIGEST": "sha256:0"}
    assert {filled(each, pinned) for each in bases} == {"debian:12-slim@sha256:0"}


def test_it_runs_as_nobody_that_is_known_and_writes_to_tmp_alone() -> None:
    uid, _, gid = _last("USER").partition(":")
    assert uid.isdecimal()
    assert int(uid) >= 10_000  # Kubernetes' runAsNonRoot wants a number
    assert f"--uid {uid} --gid {gid}" in DOCKERFILE.read_text()
    assert _last("WORKDIR") == "/tmp"
    found = environment(STEPS)
    assert found["HOME"] == "/tmp"
    assert found["DRAGOMAN_STATE_DIR"].startswith("/tmp/")


def test_the_variables_it_sets_are_settings() -> None:
    from develop.write_configure_md import settings_classes

    known = {variable(name) for cls in settings_classes() for name in cls.model_fields}
    ours = {name for name in environment(STEPS) if name.startswith(PREFIX)}

    assert ours - known == set()


def test_its_command_and_its_probe_are_what_is_installed() -> None:
    (entry,) = json.loads(_last("ENTRYPOINT"))
    probe = json.loads(_last("HEALTHCHECK").partition("CMD ")[2])
    copied = {f"{target}{Path(each).name}" for found, target, _ in copies(STEPS) for each in found}

    assert entry == "/opt/dragoman/bin/dragoman"
    assert probe[0] == "/opt/dragoman/bin/python"
    assert probe[1] in copied
    assert json.loads(_last("CMD")) == ["worker", "all", "gateway"]


def test_it_says_what_it_is_by_the_labels_of_oci() -> None:
    labels = set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", _last("LABEL")))

    assert {"title", "licenses", "version", "revision", "source", "base.name"} <= labels


def test_no_secret_and_no_host_of_an_index_is_built_in() -> None:
    text = DOCKERFILE.read_text()

    assert not re.search(r"(?i)password|token|secret|_KEY=", text)
    assert not re.search(r"https?://|index-url", text)


def test_character_recognition_is_what_make_installs() -> None:
    (line,) = [each.rest for each in STEPS if each.word == "RUN" and "rapidocr" in each.rest]
    makefile = (ROOT / "Makefile").read_text()

    wanted = re.findall(r"'([a-z]+>=[\d.]+)'", line)
    assert wanted
    assert all(f"'{each}'" in makefile for each in wanted)
    assert arguments(STEPS)["OCR"] == ""


def test_every_step_becomes_a_command_that_a_shell_can_read() -> None:
    for command in shell_commands(STEPS, "/srv/dragoman"):
        read = subprocess.run(["sh", "-n", "-c", command], check=False, capture_output=True)
        assert read.returncode == 0, command


def test_the_sbom_names_python_s_packages_by_purl() -> None:
    said = subprocess.run(
        [sys.executable, DOCKERFILE.parent / "sbom.py"], check=True, capture_output=True
    )
    bom = json.loads(said.stdout)

    purls = [each["purl"] for each in bom["components"]]
    assert any(each.startswith("pkg:pypi/dragoman-runtime@") for each in purls)
    assert any(each.startswith("pkg:pypi/pydantic@") for each in purls)
    assert purls == sorted(set(purls))
