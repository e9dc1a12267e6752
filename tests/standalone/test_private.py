"""The state folder's rights, and what is said where it cannot be written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman_standalone.delivery import write
from dragoman_standalone.lock import StateDamagedError, StateFolderError, StateLock
from dragoman_standalone.platform import opened
from dragoman_standalone.private import is_open_to_others
from dragoman_standalone.settings import StandaloneSettings


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022


def _modes(folder: Path) -> set[str]:
    paths = (folder, *folder.rglob("*"))
    return {stat.filemode(each.stat().st_mode)[4:] for each in paths}


async def test_all_of_a_state_folder_is_its_owners_alone_and_results_are_as_usual(
    tmp_path: Path,
) -> None:
    old = tmp_path / "state"
    (old / "objects" / "ab").mkdir(parents=True)
    (old / "objects" / "ab" / "cd").write_bytes(b"a document")
    (old / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"")
    assert is_open_to_others(old)
    async with opened(StandaloneSettings(state_dir=old)) as platform:
        await platform.ports.catalog.users.all()
        (old / "new").write_bytes(b"")
        write(tmp_path / "out" / "result.docx", b"a result")
    (old / "link").unlink()
    assert _modes(old) == {"------"}
    assert not is_open_to_others(old)
    assert _modes(tmp_path / "out") == {"r-xr-x", "r--r--"}
    assert stat.filemode((tmp_path / "elsewhere").stat().st_mode)[4:] == "r--r--"


def test_a_folder_that_cannot_be_written_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StateFolderError, match="choose another folder with --state"):
        StateLock(tmp_path / "file" / "state").acquire()


@pytest.mark.parametrize("name", ["events.db", "catalog.db"])
async def test_a_damaged_database_is_named_with_the_cure(tmp_path: Path, name: str) -> None:
    settings = StandaloneSettings(state_dir=tmp_path / "state")
    async with opened(settings):
        pass
    file = tmp_path / "state" / name
    file.write_bytes(b"x" * 100 + file.read_bytes()[100:])
    with pytest.raises(StateDamagedError, match=f"^{name} of the state folder .* backup"):
        async with opened(settings) as platform:
            await platform.ports.catalog.users.all()
