"""What every object store promises; each adapter runs all of it."""

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dragoman_contracts.errors import (
    ObjectCorruptError,
    ObjectMissingError,
    PermanentError,
    RetryableError,
)
from dragoman_contracts.references import ObjectRef
from dragoman_runtime.objects import CachedObjectStore, FileObjectStore, ObjectStore
from dragoman_runtime.objects.s3 import S3Location, S3ObjectStore
from servers.s3 import S3Server

PROJECT = UUID("0192f0c1-0000-7000-8000-000000000001")
OTHER_PROJECT = UUID("0192f0c1-0000-7000-8000-000000000002")
BINARY = "application/octet-stream"
ABSENT = hashlib.sha256(b"never stored").hexdigest()

Damage = Callable[[ObjectRef, bytes], Awaitable[ObjectStore]]


@dataclass(frozen=True)
class Adapter:
    """One kind of store and the folder in which its server keeps a project's files as they are."""

    new: Callable[[], ObjectStore]
    folder: Path

    def object_file(self, project_id: UUID, ref: ObjectRef) -> Path:
        return self.folder / str(project_id) / "objects" / ref.digest[:2] / ref.digest[2:]


def _s3_adapter(server: S3Server) -> Adapter:
    bucket = server.create_bucket()
    location = S3Location(
        server.endpoint, bucket, server.access_key, SecretStr(server.secret_key), is_secure=False
    )
    return Adapter(lambda: S3ObjectStore(location), server.data_folder / bucket)


@pytest.fixture(params=["files", "s3", "cached_files"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Adapter:
    match request.param:
        case "s3":
            return _s3_adapter(request.getfixturevalue("s3"))
        case "cached_files":
            return Adapter(
                lambda: CachedObjectStore(FileObjectStore(tmp_path), max_bytes=4000), tmp_path
            )
        case _:
            return Adapter(lambda: FileObjectStore(tmp_path), tmp_path)


@pytest.fixture
async def store(adapter: Adapter) -> AsyncIterator[ObjectStore]:
    opened = adapter.new()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def damaged(adapter: Adapter) -> Damage:
    """Overwrite a stored object behind the store's back,
    and give a store that has not read it yet.
    """

    async def overwrite(ref: ObjectRef, data: bytes) -> ObjectStore:
        path = adapter.object_file(PROJECT, ref)
        assert path.exists()
        path.write_bytes(data)
        fresh = adapter.new()
        await fresh.open()
        return fresh

    return overwrite


async def _collected(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


async def test_stored_bytes_come_back_under_the_reference_of_their_sha256(
    store: ObjectStore,
) -> None:
    ref = await store.put(PROJECT, b"Once upon a time", "text/plain")
    digest = hashlib.sha256(b"Once upon a time").hexdigest()
    assert ref == ObjectRef(digest=digest, size_bytes=16, media_type="text/plain")
    assert await store.get(PROJECT, ref) == b"Once upon a time"
    assert await store.get(PROJECT, digest) == b"Once upon a time"
    assert await store.exists(PROJECT, ref)


async def test_storing_the_same_bytes_again_gives_the_same_reference(store: ObjectStore) -> None:
    first = await store.put(PROJECT, b"twice", BINARY)
    assert await store.put(PROJECT, b"twice", BINARY) == first
    assert [each.digest async for each in store.list_objects(PROJECT)] == [first.digest]


async def test_an_object_that_was_never_stored_is_missing(store: ObjectStore) -> None:
    assert not await store.exists(PROJECT, ABSENT)
    with pytest.raises(ObjectMissingError) as refusal:
        await store.get(PROJECT, ABSENT)
    assert refusal.value.code == "object.missing"
    with pytest.raises(ObjectMissingError):
        await store.get_range(PROJECT, ABSENT, 0, 1)
    with pytest.raises(ObjectMissingError):
        await _collected(store.open_stream(PROJECT, ABSENT))


async def test_a_changed_object_is_corrupt_however_it_is_read_whole(
    store: ObjectStore, damaged: Damage
) -> None:
    ref = await store.put(PROJECT, b"the truth", BINARY)
    fresh = await damaged(ref, b"the trick")
    with pytest.raises(ObjectCorruptError) as refusal:
        await fresh.get(PROJECT, ref)
    assert refusal.value.code == "object.corrupt"
    with pytest.raises(ObjectCorruptError):
        await _collected(fresh.open_stream(PROJECT, ref))
    await fresh.close()


async def test_a_damaged_download_breaks_off_before_its_last_chunk(
    store: ObjectStore, damaged: Damage
) -> None:
    data = bytes(3_000_000)
    ref = await store.put(PROJECT, data, BINARY)
    fresh = await damaged(ref, data[:-1] + b"x")
    chunks = fresh.open_stream(PROJECT, ref)
    received = [await anext(chunks), await anext(chunks)]
    with pytest.raises(ObjectCorruptError):
        await anext(chunks)
    assert 0 < sum(map(len, received)) < len(data)
    await fresh.close()


async def test_a_cut_object_is_not_given_out_and_storing_it_again_heals_it(
    store: ObjectStore, damaged: Damage
) -> None:
    ref = await store.put(PROJECT, b"whole again", BINARY)
    fresh = await damaged(ref, b"whole")
    # An S3 server that notices it breaks the answer off.
    with pytest.raises((ObjectCorruptError, RetryableError)):
        await fresh.get(PROJECT, ref)
    await fresh.put(PROJECT, b"whole again", BINARY)
    assert await fresh.get(PROJECT, ref) == b"whole again"
    await fresh.close()


@pytest.mark.parametrize("size_bytes", [0, 1, 3 * 1024 * 1024 + 1, 17 * 1024 * 1024])
async def test_a_file_is_stored_as_its_bytes_are(store: ObjectStore, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        ref = await store.put_file(PROJECT, file, BINARY)
        again = await store.put_file(PROJECT, file, BINARY)
    assert (
        ref
        == again
        == ObjectRef(
            digest=hashlib.sha256(data).hexdigest(), size_bytes=size_bytes, media_type=BINARY
        )
    )
    assert await store.get(PROJECT, ref) == data
    assert await store.put(PROJECT, data, BINARY) == ref


async def test_a_cut_object_is_healed_by_its_file(adapter: Adapter, store: ObjectStore) -> None:
    data = os.urandom(2000)
    ref = await store.put(PROJECT, data, BINARY)
    adapter.object_file(PROJECT, ref).write_bytes(data[:1000])
    with tempfile.TemporaryFile() as file:
        file.write(data)
        await adapter.new().put_file(PROJECT, file, BINARY)
    assert await adapter.new().get(PROJECT, ref) == data


async def test_a_project_does_not_see_the_objects_of_another(store: ObjectStore) -> None:
    ref = await store.put(PROJECT, b"ours", BINARY)
    await store.put_pointer(PROJECT, "f1", ref)
    assert not await store.exists(OTHER_PROJECT, ref)
    assert await store.get_pointer(OTHER_PROJECT, "f1") is None
    assert [each.digest async for each in store.list_objects(OTHER_PROJECT)] == []
    with pytest.raises(ObjectMissingError):
        await store.get(OTHER_PROJECT, ref)
    await store.put(OTHER_PROJECT, b"ours", BINARY)
    await store.delete(OTHER_PROJECT, ref)
    assert await store.get(PROJECT, ref) == b"ours"


async def test_a_deleted_object_is_missing_and_may_be_deleted_again(store: ObjectStore) -> None:
    ref = await store.put(PROJECT, b"gone soon", BINARY)
    await store.delete(PROJECT, ref)
    await store.delete(PROJECT, ref)
    assert not await store.exists(PROJECT, ref)
    with pytest.raises(ObjectMissingError):
        await store.get(PROJECT, ref)


async def test_a_range_is_cut_at_the_end_of_the_object(store: ObjectStore) -> None:
    ref = await store.put(PROJECT, b"0123456789", BINARY)
    assert await store.get_range(PROJECT, ref, 2, 3) == b"234"
    assert await store.get_range(PROJECT, ref, 8, 100) == b"89"
    assert await store.get_range(PROJECT, ref, 10, 5) == b""
    assert await store.get_range(PROJECT, ref, 3, 0) == b""


async def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    ref = await store.put(PROJECT, b"", BINARY)
    assert await store.get(PROJECT, ref) == b""
    assert await _collected(store.open_stream(PROJECT, ref)) == []
    assert await store.exists(PROJECT, ref)


async def test_a_large_object_streams_in_chunks(store: ObjectStore) -> None:
    data = bytes(range(256)) * (20 * 1024 * 4)
    ref = await store.put(PROJECT, data, BINARY)
    assert await store.get(PROJECT, ref) == data
    chunks = await _collected(store.open_stream(PROJECT, ref))
    assert b"".join(chunks) == data
    assert len(chunks) >= 20
    assert max(map(len, chunks)) <= 1024 * 1024


async def test_a_stream_that_is_left_early_leaves_the_store_working(store: ObjectStore) -> None:
    ref = await store.put(PROJECT, bytes(3_000_000), BINARY)
    for _ in range(20):
        async for chunk in store.open_stream(PROJECT, ref):
            assert chunk
            break
    assert len(await store.get(PROJECT, ref)) == 3_000_000


async def test_text_of_any_script_comes_back(store: ObjectStore) -> None:
    text = "Grüße, 世界 — Привет 👩‍👩‍👧 \u202eשלום".encode()
    ref = await store.put(PROJECT, text, "text/plain; charset=utf-8")
    assert await store.get(PROJECT, ref) == text


async def test_a_hundred_writers_of_the_same_bytes_agree(store: ObjectStore) -> None:
    data = b"shared" * 1000
    refs = await asyncio.gather(*(store.put(PROJECT, data, BINARY) for _ in range(100)))
    assert len(set(refs)) == 1
    assert await store.get(PROJECT, refs[0]) == data
    assert [each.digest async for each in store.list_objects(PROJECT)] == [refs[0].digest]


async def test_an_old_object_that_is_put_again_is_new(adapter: Adapter, store: ObjectStore) -> None:
    for size in (10, 300_000):
        ref = await store.put(PROJECT, b"x" * size, BINARY)
        long_ago = time.time() - 90_000
        os.utime(adapter.object_file(PROJECT, ref), (long_ago, long_ago))
        await store.put(PROJECT, b"x" * size, BINARY)
        (found,) = [each async for each in store.list_objects(PROJECT) if each.digest == ref.digest]
        assert found.size_bytes == size
        assert (datetime.now(UTC) - found.modified_at).total_seconds() < 3600


async def test_what_pointers_point_to_is_listed(store: ObjectStore) -> None:
    assert [ref async for ref in store.list_pointers(PROJECT)] == []
    refs = [await store.put(PROJECT, data, BINARY) for data in (b"one", b"two")]
    for number, ref in enumerate([*refs, refs[0]]):
        await store.put_pointer(PROJECT, f"pointer-{number}", ref)
    listed = [ref async for ref in store.list_pointers(PROJECT)]
    assert sorted(ref.digest for ref in listed) == sorted(ref.digest for ref in [*refs, refs[0]])
    assert [ref async for ref in store.list_pointers(OTHER_PROJECT)] == []


async def test_all_objects_are_listed_once(store: ObjectStore) -> None:
    refs = await asyncio.gather(
        *(store.put(PROJECT, b"%d" % number, BINARY) for number in range(60))
    )
    await store.put_pointer(PROJECT, "not-an-object", refs[0])
    listed = [each.digest async for each in store.list_objects(PROJECT)]
    assert sorted(listed) == sorted(ref.digest for ref in refs)


async def test_the_first_pointer_wins_and_the_second_writer_learns_of_it(
    store: ObjectStore,
) -> None:
    first = await store.put(PROJECT, b"paid first", BINARY)
    second = await store.put(PROJECT, b"paid second", BINARY)
    assert await store.get_pointer(PROJECT, "inputs-1") is None
    assert await store.put_pointer(PROJECT, "inputs-1", first) == first
    assert await store.put_pointer(PROJECT, "inputs-1", second) == first
    assert await store.get_pointer(PROJECT, "inputs-1") == first


async def test_a_deleted_pointer_can_be_set_anew(store: ObjectStore) -> None:
    first = await store.put(PROJECT, b"one", BINARY)
    second = await store.put(PROJECT, b"two", BINARY)
    await store.put_pointer(PROJECT, "inputs-2", first)
    await store.delete_pointer(PROJECT, "inputs-2")
    await store.delete_pointer(PROJECT, "inputs-2")
    assert await store.get_pointer(PROJECT, "inputs-2") is None
    assert await store.put_pointer(PROJECT, "inputs-2", second) == second


@pytest.mark.parametrize("name", ["", "../../escape", "a/b", "UPPER", ".hidden", "x" * 201, "ü"])
async def test_a_fingerprint_that_could_leave_its_folder_is_refused(
    store: ObjectStore, name: str
) -> None:
    ref = await store.put(PROJECT, b"safe", BINARY)
    with pytest.raises(PermanentError) as refusal:
        await store.put_pointer(PROJECT, name, ref)
    assert refusal.value.code == "storage.bad_name"


@pytest.mark.parametrize("digest", ["", "../" * 10, "A" * 64, "a" * 63, "a" * 65])
async def test_a_text_that_is_no_digest_is_refused(store: ObjectStore, digest: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        await store.get(PROJECT, digest)
    assert refusal.value.code == "storage.bad_name"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects=st.lists(st.binary(max_size=3000), min_size=1, max_size=8))
async def test_whatever_is_stored_comes_back_whole_in_parts_and_listed(
    store: ObjectStore, objects: list[bytes]
) -> None:
    project = uuid4()
    refs = [await store.put(project, data, BINARY) for data in objects]
    for ref, data in zip(refs, objects, strict=True):
        assert await store.get(project, ref) == data
        assert (
            await store.get_range(project, ref, len(data) // 3, 100) == data[len(data) // 3 :][:100]
        )
        assert b"".join(await _collected(store.open_stream(project, ref))) == data
    assert {each.digest async for each in store.list_objects(project)} == {
        ref.digest for ref in refs
    }
