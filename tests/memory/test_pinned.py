"""Pinned memories: units from their own file, matches of a whole document."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from contracts.streams import ref
from dragoman_contracts.resources import MemoryPin, SegmentPin
from dragoman_contracts.text import Anchor, Segment, StoryKind, Unit, UnitList
from dragoman_memory import (
    MemorySegmentError,
    MemoryState,
    MemoryUnit,
    PinnedMemory,
    UnitsFile,
    UnitsFileBuilder,
    build_segment,
    ids_file,
    ids_in,
    match_list,
)
from memory.entries import DE, EN, entry


def _unit(unit_id: str, *sentences: str) -> Unit:
    return Unit(
        unit_id=unit_id,
        anchor=Anchor(part="word/document.xml", path=unit_id),
        story=StoryKind.BODY,
        content_key=unit_id,
        context_key=unit_id,
        segments=tuple(
            Segment(segment_id=f"{unit_id}.{n}", source=(text,)) for n, text in enumerate(sentences)
        ),
    )


def _memory(*units: MemoryUnit, deleted: frozenset[UUID] = frozenset()) -> PinnedMemory:
    file = UnitsFileBuilder()
    for each in units:
        file.add(each.unit_id, each)
    index = build_segment(units, EN, DE)
    return PinnedMemory(UUID(int=1), "Main", [(index, UnitsFile(file.to_bytes()))], deleted)


def test_a_units_file_gives_what_was_put_in_and_nothing_else() -> None:
    some = [entry(f"Source {n}.", f"Ziel {n}.", notes=("a",)) for n in range(200)]
    file = UnitsFileBuilder()
    for each in some:
        file.add(each.unit_id, each)
    data = file.to_bytes()
    read = UnitsFile(memoryview(data))
    asked = [some[7].unit_id, uuid4(), some[199].unit_id]
    assert [each.target for each in read.units(asked).values()] == [("Ziel 7.",), ("Ziel 199.",)]
    assert read.units(asked)[some[7].unit_id].notes == ()
    for broken in (b"", data[:20], b"x" * 100, data[:-3]):
        with pytest.raises(MemorySegmentError):
            UnitsFile(broken).units([each.unit_id for each in some])


def test_deleted_ids_come_back() -> None:
    ids = sorted(uuid4() for _ in range(9))
    assert list(ids_in(ids_file(ids[::-1]))) == ids


def test_a_document_is_matched_in_context_by_sentence_and_paragraph() -> None:
    units = UnitList(
        source_locale=EN,
        units=(
            _unit("a", "Close the valve."),
            _unit("b", "Turn off the pump."),
            _unit("c", "One. ", "Two."),
            _unit("d", "Turn off the pump."),
        ),
    )
    memory = _memory(
        entry("Turn off the pump.", "Pumpe aus.", before="Close the valve.", after="One. Two."),
        entry("One. Two.", "Eins. Zwei.", segment_type="paragraph"),
        entry("One. Two.", "Falsch.", segment_type="sentence"),
        entry("Close the valves.", "Ventile zu.", state=MemoryState.APPROVED),
    )
    found = {
        each.unit_id: (each.matches[0].score, each.matches[0].target[0])
        for each in match_list(units, [memory], EN, DE).units
    }
    assert found["b"] == (102, "Pumpe aus.")
    assert found["c"] == (100, "Eins. Zwei.")
    assert found["a"][1] == "Ventile zu."
    assert 85 <= found["a"][0] < 100
    # The same sentence elsewhere stands not between the same neighbours.
    assert found["d"] == (100, "Pumpe aus.")


def test_what_was_deleted_is_found_no_more_and_the_first_memory_goes_first() -> None:
    units = UnitList(source_locale=EN, units=(_unit("a", "Close it."),))
    one, two = entry("Close it.", "Zu."), entry("Close it.", "Schließen.")
    assert match_list(units, [_memory(one, deleted=frozenset({one.unit_id}))], EN, DE).units == ()
    (found,) = match_list(units, [_memory(two), _memory(one)], EN, DE).units
    assert [each.target for each in found.matches] == [("Schließen.",), ("Zu.",)]


def test_a_pin_names_its_objects() -> None:
    pin = MemoryPin(
        memory_id=uuid4(),
        name="Main",
        segments=(SegmentPin(index=ref("i"), units=ref("u"), unit_count=2),),
    )
    assert MemoryPin.model_validate_json(pin.model_dump_json()) == pin
