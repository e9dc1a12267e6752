"""Which segments are built anew together with new units."""

from __future__ import annotations

from uuid import UUID

from dragoman_index.domain import SEGMENT_UNITS, merged

A, B, C = (UUID(int=each) for each in (1, 2, 3))


def test_nothing_is_built_of_nothing() -> None:
    assert merged(0, []) is None
    assert merged(0, [(A, 100, 20)]) is None


def test_small_segments_are_merged_and_large_ones_stay() -> None:
    assert merged(50, [(A, 100_000, 0), (B, 150, 0), (C, 600, 0)]) == (B, C)
    assert merged(1, [(A, 100_000, 0)]) == ()


def test_a_segment_of_which_a_fifth_was_deleted_is_built_anew() -> None:
    assert merged(0, [(A, 100, 21), (B, 100_000, 0)]) == (A,)
    assert merged(1, [(A, 100_000, 30_000)]) == (A,)


def test_a_segment_does_not_grow_beyond_what_one_build_takes() -> None:
    assert merged(SEGMENT_UNITS, [(A, 10, 0)]) == ()
    assert merged(60_000, [(A, 180_000, 0), (B, 100_000, 0)]) == (B,)


def test_units_are_built_a_few_times_only() -> None:
    sizes: list[tuple[UUID, int, int]] = []
    built = 0
    for number in range(1, 2_001):
        replaced = merged(1, sizes)
        assert replaced is not None
        count = 1 + sum(units for one, units, _ in sizes if one in replaced)
        sizes = [each for each in sizes if each[0] not in replaced]
        sizes.append((UUID(int=number), count, 0))
        built += count
        assert len(sizes) <= 8
    assert built <= 2_000 * 12
