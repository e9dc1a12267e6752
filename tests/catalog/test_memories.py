"""Memories in the catalogue: batches published wholly, units edited, segments built meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from catalog.catalogs import ADA, NOW
from dragoman_catalog import (
    BatchKind,
    BuildPlan,
    Catalog,
    EntryExistsError,
    Memory,
    MemoryBatchGoneError,
    SavedSegment,
    SegmentsChangedError,
    StaleEditError,
    UnitsQuery,
)
from dragoman_contracts.locale import Locale
from dragoman_contracts.references import ObjectRef
from dragoman_memory import MemoryState, MemoryUnit

pytestmark = pytest.mark.parametrize("catalog_url", ["sqlite", "postgres"], indirect=True)

HOME = uuid4()
EN, DE = Locale("en"), Locale("de")
ALL = UnitsQuery()


def unit(
    number: int, target: str = "Ziel", state: MemoryState = MemoryState.REVIEWED
) -> MemoryUnit:
    return MemoryUnit(
        unit_id=UUID(int=number + 1),
        source_locale=EN,
        target_locale=DE,
        source=(f"Source {number}",),
        target=(target,),
        state=state,
    )


async def _memory(catalog: Catalog, name: str = "main") -> Memory:
    return await catalog.memories.create(ADA, NOW, HOME, name)


async def _published(catalog: Catalog, memory: Memory, units: Sequence[MemoryUnit]) -> UUID:
    batch = await catalog.memory_batches.begin(uuid4(), memory, BatchKind.IMPORT, NOW)
    await catalog.memory_batches.stage(batch, units, len(units))
    await catalog.memory_batches.publish(batch, NOW)
    return batch.batch_id


def _ref(letter: str) -> ObjectRef:
    return ObjectRef(digest=letter * 64, size_bytes=1, media_type="application/octet-stream")


async def _built(catalog: Catalog, plan: BuildPlan) -> SavedSegment:
    rows = await catalog.memory_segments.units(plan, 0, 1_000)
    segment = SavedSegment(
        segment_id=uuid4(),
        memory_id=plan.memory.memory_id,
        project_id=HOME,
        source_locale=plan.source_locale,
        target_locale=plan.target_locale,
        index_object=_ref("a"),
        units_object=_ref("b"),
        unit_count=len(rows),
        built_at=NOW,
    )
    await catalog.memory_segments.publish(plan, segment, rows[-1][0], NOW)
    return segment


async def _plan(catalog: Catalog, memory: Memory, *, merging: bool = False) -> BuildPlan:
    plan = await catalog.memory_segments.next_build(
        memory.memory_id,
        lambda fresh, sizes: tuple(one for one, _, _ in sizes) if merging else (),
    )
    assert plan is not None
    return plan


async def test_a_name_is_taken_once_in_a_home(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    with pytest.raises(EntryExistsError):
        await _memory(catalog)
    await catalog.memories.edit(ADA, NOW, memory.memory_id, version=1, name="other")
    with pytest.raises(StaleEditError):
        await catalog.memories.edit(ADA, NOW, memory.memory_id, version=1, name="third")


async def test_what_is_staged_is_seen_by_nobody_until_it_is_published(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    batch = await catalog.memory_batches.begin(uuid4(), memory, BatchKind.IMPORT, NOW)
    await catalog.memory_batches.stage(batch, [unit(n) for n in range(5)], 5)
    # Half an import, begun again by the next worker: the number of entries is on record.
    again = await catalog.memory_batches.begin(batch.batch_id, memory, BatchKind.IMPORT, NOW)
    assert again.entry_count == 5
    assert await catalog.memory_units.list(memory.memory_id, ALL) == []
    assert not await catalog.memories.is_behind(memory.memory_id)
    await catalog.memory_batches.stage(batch, [unit(n) for n in range(3, 8)], 10)
    done = await catalog.memory_batches.publish(batch, NOW)
    assert (done.unit_count, done.new_count) == (8, 8)
    assert len(await catalog.memory_units.list(memory.memory_id, ALL)) == 8
    assert await catalog.memory_batches.publish(batch, NOW) == await catalog.memory_batches.find(
        batch.batch_id
    )


async def test_a_dropped_import_leaves_nothing_and_is_not_published(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    batch = await catalog.memory_batches.begin(uuid4(), memory, BatchKind.IMPORT, NOW)
    await catalog.memory_batches.stage(batch, [unit(1)], 1)
    await catalog.memory_batches.drop(batch.batch_id, NOW)
    with pytest.raises(MemoryBatchGoneError):
        await catalog.memory_batches.publish(batch, NOW)
    with pytest.raises(MemoryBatchGoneError):
        await catalog.memory_batches.stage(batch, [unit(2)], 2)
    assert await catalog.memory_units.count(memory.memory_id, ALL) == 0


async def test_a_second_import_replaces_changes_and_leaves_the_rest(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    await _published(
        catalog, memory, [unit(1), unit(2), unit(3, state=MemoryState.APPROVED), unit(4)]
    )
    batch = await catalog.memory_batches.begin(uuid4(), memory, BatchKind.IMPORT, NOW)
    await catalog.memory_batches.stage(batch, [unit(1), unit(2, "anders"), unit(3), unit(5)], 4)
    dry = await catalog.memory_batches.begin(uuid4(), memory, BatchKind.IMPORT, NOW)
    await catalog.memory_batches.stage(dry, [unit(2, "anders"), unit(6)], 2)
    said = await catalog.memory_batches.publish(dry, NOW, is_dry=True)
    assert (said.new_count, said.changed_count, said.unchanged_count) == (1, 1, 0)
    assert await catalog.memory_units.count(memory.memory_id, ALL) == 4
    done = await catalog.memory_batches.publish(batch, NOW)
    assert (done.new_count, done.changed_count, done.unchanged_count) == (1, 1, 2)
    found = {
        each.unit.unit_id.int - 1: (each.unit.target, each.unit.state)
        for each in await catalog.memory_units.list(memory.memory_id, ALL)
    }
    assert found[2] == (("anders",), MemoryState.REVIEWED)
    assert found[3] == (("Ziel",), MemoryState.APPROVED)  # less trust does not take its place
    assert set(found) == {1, 2, 3, 4, 5}


async def test_an_edit_during_a_build_is_built_next_and_its_old_form_is_deleted(
    catalog: Catalog,
) -> None:
    memory = await _memory(catalog)
    await _published(catalog, memory, [unit(1), unit(2), unit(3)])
    plan = await _plan(catalog, memory)
    rows = await catalog.memory_segments.units(plan, 0, 100)
    await catalog.memory_units.save(ADA, NOW, memory.memory_id, [unit(2, "neu")])
    await catalog.memory_units.remove(ADA, NOW, memory.memory_id, [UUID(int=4)])
    segment = await _built(catalog, plan)
    pinned = await catalog.memories.pinned(memory.memory_id, EN, DE)
    assert [each.segment_id for each in pinned.segments] == [segment.segment_id]
    assert set(pinned.deleted) == {rows[1][1], rows[2][1]}
    plan = await _plan(catalog, memory)
    assert [
        each.unit.target for each in await catalog.memory_units.list(memory.memory_id, ALL)
    ] == [
        ("Ziel",),
        ("neu",),
    ]
    assert [one.target for _, _, one in await catalog.memory_segments.units(plan, 0, 100)] == [
        ("neu",)
    ]
    await _built(catalog, await _plan(catalog, memory, merging=True))
    merged = await catalog.memories.pinned(memory.memory_id, EN, DE)
    assert [each.unit_count for each in merged.segments] == [2]
    assert merged.deleted == ()


async def test_of_two_builds_at_once_one_begins_anew(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    await _published(catalog, memory, [unit(1)])
    first, second = await _plan(catalog, memory), await _plan(catalog, memory)
    await _built(catalog, first)
    with pytest.raises(SegmentsChangedError):
        await catalog.memory_segments.publish(second, None, 0, NOW)


async def test_units_are_found_by_text_state_conflict_and_duplicate(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    same = unit(1).model_copy(update={"unit_id": UUID(int=90)})
    other = unit(1, "Straße 100%_x").model_copy(update={"unit_id": UUID(int=91)})
    await _published(catalog, memory, [unit(1), unit(2), same, other])

    async def ids(**asked: object) -> set[int]:
        query = UnitsQuery.model_validate(asked)
        found = await catalog.memory_units.list(memory.memory_id, query)
        assert len(found) == await catalog.memory_units.count(memory.memory_id, query)
        return {each.unit.unit_id.int for each in found}

    assert await ids(text="STRASSE 100%_") == {91}
    assert await ids(target="0%x") == set()
    assert await ids(is_conflict=True) == {2, 90, 91}
    assert await ids(is_duplicate=True) == {2, 90}
    assert await ids(state="approved") == set()
    assert await ids(source="source 2") == {3}


async def test_a_removed_memory_takes_its_units_along(catalog: Catalog) -> None:
    memory = await _memory(catalog)
    await _published(catalog, memory, [unit(1)])
    await _built(catalog, await _plan(catalog, memory))
    assert len([1 for home, _ in await catalog.object_roots() if home == HOME]) == 2
    await catalog.memories.remove(ADA, NOW, memory.memory_id, 1)
    assert await catalog.memories.all() == []
    assert [1 for home, _ in await catalog.object_roots() if home == HOME] == []
