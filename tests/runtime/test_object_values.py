"""Values as objects: equal values have equal bytes."""

import weakref
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue, ValidationError

from dragoman_contracts.model import Value, canonical_json
from dragoman_contracts.references import JSON_MEDIA_TYPE
from dragoman_runtime.objects import FileObjectStore, get_value, put_value
from dragoman_runtime.worker.task import ValueCache

PROJECT = UUID("0192f0c1-0000-7000-8000-000000000001")


class _Finding(Value):
    code: str
    counts: dict[str, JsonValue]


class _Other(Value):
    number: int


@pytest.fixture
async def store(tmp_path: Path) -> FileObjectStore:
    opened = FileObjectStore(tmp_path)
    await opened.open()
    return opened


async def test_a_value_comes_back_equal(store: FileObjectStore) -> None:
    value = _Finding(code="naïve — 世界", counts={"b": 1, "a": [None, 1.5, {"z": True, "y": "x"}]})
    ref = await put_value(store, PROJECT, value)
    assert ref.media_type == JSON_MEDIA_TYPE
    assert await get_value(store, PROJECT, ref, _Finding) == value


async def test_equal_values_have_one_object_whatever_the_order_of_their_keys(
    store: FileObjectStore,
) -> None:
    one = await put_value(
        store, PROJECT, _Finding(code="c", counts={"a": 1, "b": {"x": 1, "y": 2}})
    )
    two = await put_value(
        store, PROJECT, _Finding(code="c", counts={"b": {"y": 2, "x": 1}, "a": 1})
    )
    assert one == two


def test_the_bytes_of_a_value_are_sorted_utf8_without_white_space() -> None:
    assert (
        canonical_json(_Finding(code="ü", counts={"b": 1, "a": 2}))
        == '{"code":"ü","counts":{"a":2,"b":1}}'.encode()
    )


async def test_a_value_of_another_type_is_refused(store: FileObjectStore) -> None:
    ref = await put_value(store, PROJECT, _Other(number=1))
    with pytest.raises(ValidationError):
        await get_value(store, PROJECT, ref, _Finding)


async def test_parsed_values_are_shared_while_they_are_used_and_the_last_one_is_kept(
    store: FileObjectStore,
) -> None:
    cache = ValueCache(capacity_bytes=1)
    refs = [await put_value(store, PROJECT, _Finding(code=code, counts={})) for code in "ab"]
    used = [await cache.get(store, PROJECT, ref, _Finding) for ref in refs]
    again = [await cache.get(store, PROJECT, ref, _Finding) for ref in refs]
    assert [id(each) for each in again] == [id(each) for each in used]
    left = [weakref.ref(each) for each in used]
    del used, again
    assert [each() is None for each in left] == [True, False]


async def test_a_value_larger_than_the_cache_is_kept_beside_the_small_ones(
    store: FileObjectStore,
) -> None:
    cache = ValueCache(capacity_bytes=100)
    large = await put_value(store, PROJECT, _Finding(code="x" * 10_000, counts={}))
    kept = weakref.ref(await cache.get(store, PROJECT, large, _Finding))
    for number in range(10):
        small = await put_value(store, PROJECT, _Finding(code="y" * 50, counts={"n": number}))
        await cache.get(store, PROJECT, small, _Finding)
    assert kept() is not None
    larger = await put_value(store, PROJECT, _Finding(code="z" * 10_001, counts={}))
    await cache.get(store, PROJECT, larger, _Finding)
    assert kept() is None, "of large values one is kept"
