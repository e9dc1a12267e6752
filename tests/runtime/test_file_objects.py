"""What only files promise: nothing half-written is seen, crashes leave nothing,
a full disk is named.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects import FileObjectStore

PROJECT = UUID("0192f0c1-0000-7000-8000-000000000001")

_WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from uuid import UUID
from dragoman_runtime.objects import FileObjectStore

async def main():
    store = FileObjectStore(Path(sys.argv[1]))
    await store.open()
    for number in itertools.count():
        ref = await store.put(UUID(sys.argv[2]), b"%08d" % number * 2_000_000, "application/octet-stream")
        print(ref.digest, flush=True)

asyncio.run(main())
"""

_FILLER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from dragoman_contracts.errors import RetryableError
from dragoman_runtime.objects import FileObjectStore

async def main():
    store, project = FileObjectStore(Path(sys.argv[1])), UUID(sys.argv[2])
    await store.open()
    kept = await store.put(project, b"small", "text/plain")
    try:
        await store.put(project, bytes(4_000_000), "application/octet-stream")
    except RetryableError as error:
        listed = [each.digest async for each in store.list_objects(project)]
        print(error.code, await store.get(project, kept), listed == [kept.digest])
    print(len(list((Path(sys.argv[1]) / "incoming").iterdir())), "left over")

asyncio.run(main())
"""

_OPENER = """
import asyncio, sys
from pathlib import Path
from dragoman_contracts.errors import PermanentError
from dragoman_runtime.objects import FileObjectStore

try:
    asyncio.run(FileObjectStore(Path(sys.argv[1])).open())
except PermanentError as error:
    print(error.code)
"""


def _wait_for_a_half_written_file(root: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if any(file.stat().st_size for file in _incoming(root)):
            return
    raise TimeoutError("the writer wrote nothing")


def _incoming(root: Path) -> list[Path]:
    folder = root / "incoming"
    return list(folder.iterdir()) if folder.is_dir() else []


def _write_until_killed(root: Path) -> set[str]:
    """The digests that a writer reported as stored before it was killed in the
    middle of the next one.
    """
    arguments = [sys.executable, "-c", _WRITER, str(root), str(PROJECT)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        _wait_for_a_half_written_file(root)
        writer.kill()
        return {first.strip(), *writer.stdout.read().split()}


async def test_a_writer_that_is_killed_leaves_whole_objects_only(tmp_path: Path) -> None:
    promised = set[str]().union(*(_write_until_killed(tmp_path) for _ in range(3)))
    store = FileObjectStore(tmp_path)
    await store.open()
    seen = {each.digest async for each in store.list_objects(PROJECT)}
    assert promised <= seen
    for digest in seen:
        assert len(await store.get(PROJECT, digest)) == 16_000_000


async def test_what_a_killed_writer_left_is_swept_at_the_next_start(tmp_path: Path) -> None:
    store = FileObjectStore(tmp_path)
    await store.open()
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    old.write_bytes(b"half of someth")
    young.write_bytes(b"perhaps being written at this mome")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    await FileObjectStore(tmp_path).open()
    assert [file.name for file in _incoming(tmp_path)] == ["young"]


async def test_nothing_is_left_over_after_a_put_that_went_well(tmp_path: Path) -> None:
    store = FileObjectStore(tmp_path)
    await store.open()
    ref = await store.put(PROJECT, b"well", "text/plain")
    other = await store.put(PROJECT, b"other", "text/plain")
    await store.put_pointer(PROJECT, "f", ref)
    await store.put_pointer(PROJECT, "f", other)
    assert _incoming(tmp_path) == []


def _run_on_a_file_system(folder: Path, options: str, program: str) -> list[str]:
    """The lines that the program prints when the folder is a file system of its own,
    mounted with these options.
    """
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-ec"]
    mount = f"mount -t tmpfs -o {options} tmpfs {folder}; "
    try:
        subprocess.run([*mounted, mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system of its own needs unprivileged user namespaces")
    arguments = [
        *mounted,
        mount + 'exec "$@"',
        "sh",
        sys.executable,
        "-c",
        program,
        str(folder),
        str(PROJECT),
    ]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_full_disk_is_a_fault_that_may_pass_and_harms_nothing(tmp_path: Path) -> None:
    assert _run_on_a_file_system(tmp_path, "size=2m", _FILLER) == [
        "storage.full b'small' True",
        "0 left over",
    ]


def test_a_folder_that_may_not_be_written_needs_a_person(tmp_path: Path) -> None:
    assert _run_on_a_file_system(tmp_path, "ro", _OPENER) == ["storage.unauthorised"]


async def test_an_object_and_its_pointer_lie_where_an_operator_looks_for_them(
    tmp_path: Path,
) -> None:
    store = FileObjectStore(tmp_path)
    await store.open()
    ref = await store.put(PROJECT, b"findable", "text/plain")
    await store.put_pointer(PROJECT, "fingerprint", ref)
    assert (
        tmp_path / str(PROJECT) / "objects" / ref.digest[:2] / ref.digest[2:]
    ).read_bytes() == b"findable"
    pointer = (tmp_path / str(PROJECT) / "outcomes" / "fingerprint").read_bytes()
    assert ObjectRef.model_validate_json(pointer) == ref
