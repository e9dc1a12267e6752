"""The objects kept in memory: bounded, aged, and never in the way of a write."""

from pathlib import Path
from uuid import UUID

import pytest

from dragoman_contracts.errors import ObjectMissingError
from dragoman_runtime.objects import CachedObjectStore, FileObjectStore

PROJECT = UUID("0192f0c1-0000-7000-8000-000000000001")
OTHER_PROJECT = UUID("0192f0c1-0000-7000-8000-000000000002")
BINARY = "application/octet-stream"


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
async def files(tmp_path: Path) -> FileObjectStore:
    store = FileObjectStore(tmp_path)
    await store.open()
    return store


@pytest.fixture
def cached(files: FileObjectStore, clock: _Clock) -> CachedObjectStore:
    return CachedObjectStore(files, max_bytes=400, max_age_s=60, clock=clock)


async def test_what_was_written_or_read_is_read_from_memory(
    files: FileObjectStore, cached: CachedObjectStore
) -> None:
    written = await cached.put(PROJECT, b"written", BINARY)
    read = await files.put(PROJECT, b"read once", BINARY)
    await cached.get(PROJECT, read)
    await files.delete(PROJECT, written)
    await files.delete(PROJECT, read)
    assert await cached.get(PROJECT, written) == b"written"
    assert await cached.get(PROJECT, read) == b"read once"
    assert await cached.get_range(PROJECT, read, 5, 4) == b"once"


async def test_memory_does_not_make_a_deleted_object_exist(
    files: FileObjectStore, cached: CachedObjectStore
) -> None:
    ref = await cached.put(PROJECT, b"erased elsewhere", BINARY)
    await files.delete(PROJECT, ref)
    assert not await cached.exists(PROJECT, ref)
    await cached.put(PROJECT, b"erased elsewhere", BINARY)
    assert await files.get(PROJECT, ref) == b"erased elsewhere"


async def test_an_object_deleted_through_the_cache_is_gone_at_once(
    cached: CachedObjectStore,
) -> None:
    ref = await cached.put(PROJECT, b"erased here", BINARY)
    await cached.delete(PROJECT, ref)
    with pytest.raises(ObjectMissingError):
        await cached.get(PROJECT, ref)


async def test_nothing_is_kept_longer_than_its_age(
    files: FileObjectStore, cached: CachedObjectStore, clock: _Clock
) -> None:
    ref = await cached.put(PROJECT, b"erased elsewhere", BINARY)
    await files.delete(PROJECT, ref)
    clock.now = 59.9
    assert await cached.get(PROJECT, ref) == b"erased elsewhere"
    clock.now = 60.1
    with pytest.raises(ObjectMissingError):
        await cached.get(PROJECT, ref)


async def test_the_object_used_longest_ago_makes_room(
    files: FileObjectStore, cached: CachedObjectStore
) -> None:
    refs = [await cached.put(PROJECT, bytes([number]) * 100, BINARY) for number in range(4)]
    await cached.get(PROJECT, refs[0])
    await cached.put(PROJECT, bytes([9]) * 100, BINARY)
    for ref in refs:
        await files.delete(PROJECT, ref)
    for kept in (refs[0], refs[2], refs[3]):
        assert len(await cached.get(PROJECT, kept)) == 100
    with pytest.raises(ObjectMissingError):
        await cached.get(PROJECT, refs[1])


async def test_one_large_object_does_not_push_out_all_others(
    files: FileObjectStore, cached: CachedObjectStore
) -> None:
    small = await cached.put(PROJECT, b"small", BINARY)
    large = await cached.put(PROJECT, bytes(101), BINARY)
    await files.delete(PROJECT, small)
    await files.delete(PROJECT, large)
    assert await cached.get(PROJECT, small) == b"small"
    with pytest.raises(ObjectMissingError):
        await cached.get(PROJECT, large)


async def test_memory_keeps_projects_apart(cached: CachedObjectStore) -> None:
    ref = await cached.put(PROJECT, b"ours", BINARY)
    with pytest.raises(ObjectMissingError):
        await cached.get(OTHER_PROJECT, ref)
