"""A class as a folder: read as the API takes it, written as the API shows it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman_gateway.objects.desk import checked_class
from dragoman_standalone.class_folder import read_class, write_class
from dragoman_standalone.ending import UsageRefusedError
from services.gateway.deed import DEED, DEED_FILES, deed


def shown() -> dict[str, Any]:
    return {**deed(), "project_code": None}


async def test_a_class_written_into_a_folder_is_the_same_class_when_it_is_read(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "deed"
    written = write_class(folder, shown(), is_forced=False)
    assert {each.relative_to(folder).as_posix() for each in written} == {"class.yaml", *DEED_FILES}
    body = read_class(folder)
    files = body.pop("files")
    assert body == DEED
    checked = await checked_class(body, files)
    assert checked.faults == ()
    assert checked.files == (await checked_class(DEED, DEED_FILES)).files


def test_files_are_not_written_over_unless_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageRefusedError, match="--force"):
        write_class(tmp_path, shown(), is_forced=False)
    write_class(tmp_path, shown(), is_forced=True)
    outside = shown()
    outside["files"] = {"../outside": "x"}
    with pytest.raises(UsageRefusedError, match="outside of a class"):
        write_class(tmp_path, outside, is_forced=True)
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no class.yaml"),
        ({"class.yaml": "name: a", "class.json": "{}"}, "several declarations"),
        ({"class.yaml": "name: ["}, "This is no YAML"),
        ({"class.json": '{"name": }'}, "line 1 column"),
        ({"class.yaml": "- 1"}, "names and values"),
        ({"class.yaml": "files: {}"}, "lie beside it"),
        ({"class.yaml": "name: a", "prompts/x": b"\xff\xfe"}, "no text in UTF-8"),
    ],
)
def test_a_folder_that_is_no_class_is_refused_with_its_cure(
    tmp_path: Path, files: dict[str, str | bytes], said: str
) -> None:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageRefusedError, match=said):
        read_class(tmp_path)
