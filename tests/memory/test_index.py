"""The index: built once, read as it was written, searched with others."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz, process

from dragoman_contracts.locale import Locale
from dragoman_memory import (
    MatchKind,
    MemorySearch,
    MemorySegmentError,
    MemoryUnit,
    build_segment,
    segment_from,
)
from dragoman_memory.search import Fetch
from dragoman_memory.tokens import tokens_of
from memory.entries import DE, EN, asked, entry, id_of
from memory.sentences import mutated, noise_of, sentences

UNITS = [entry(text, f"Ziel {number}.") for number, text in enumerate(sentences(2_000, seed=7))]
SEGMENT = build_segment(UNITS, EN, DE)


def fetching(units: Sequence[MemoryUnit]) -> Fetch:
    by_id = {unit.unit_id: unit for unit in units}

    def fetch(ids: Sequence[UUID]) -> Mapping[UUID, MemoryUnit]:
        return {each: by_id[each] for each in ids if each in by_id}

    return fetch


def test_a_segment_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(SEGMENT.to_bytes())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        read = segment_from(view)
        assert (len(read), read.digest) == (2_000, SEGMENT.digest)
        assert (read.source_locale, read.target_locale) == (EN, DE)
        assert [read.text(place) for place in (0, 1_999)] == [
            SEGMENT.text(place) for place in (0, 1_999)
        ]
        query = asked(mutated(SEGMENT.text(5), noise_of(1)))
        assert MemorySearch([read]).fuzzy(query) == MemorySearch([SEGMENT]).fuzzy(query)
        del read, view


def test_the_arrays_of_a_file_are_aligned() -> None:
    """Numpy copies arrays that are not, whole, for each look-up: 56 bytes come before them."""
    data = SEGMENT.to_bytes()
    assert int.from_bytes(data[48:56], "little") == len(data) - 56
    assert SEGMENT.digest == hashlib.sha256(data[56:]).hexdigest()


def test_equal_units_give_equal_bytes() -> None:
    assert build_segment(iter(UNITS), EN, DE).to_bytes() == SEGMENT.to_bytes()


def broken(kind: str) -> bytes:
    data = SEGMENT.to_bytes()
    match kind:
        case "cut off":
            return data[:-1]
        case "changed":
            return data[:5_000] + b"\0\1\2" + data[5_003:]
        case "another version":
            return data[:8] + b"\x09" + data[9:]
        case "another file":
            return b"PK\3\4" + data
        case _:
            return b""


@pytest.mark.parametrize("kind", ["cut off", "changed", "another version", "another file", "empty"])
def test_bytes_that_are_no_segment_are_refused(kind: str) -> None:
    with pytest.raises(MemorySegmentError, match="build it anew"):
        segment_from(broken(kind))


def test_an_empty_segment_finds_nothing() -> None:
    empty = segment_from(build_segment([], EN, DE).to_bytes())
    search = MemorySearch([empty])
    assert (search.exact(asked("One.")), search.fuzzy(asked("One."))) == ((), ())


def test_units_of_another_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="build one for its pair"):
        build_segment([entry("One.", target_locale=Locale("fr"))], EN, DE)
    with pytest.raises(ValueError, match="search each pair alone"):
        MemorySearch([SEGMENT, build_segment([], EN, Locale("fr"))])


def test_exact_units_are_found_with_their_context_first() -> None:
    units = [entry("OK", f"{n}", before=f"Before {n}.", after="After.") for n in range(500)]
    search = MemorySearch([build_segment(units, EN, DE)])
    matches = search.matches(
        asked("OK", before="Before 321.", after="After."), fetching(units), most=3
    )
    assert (matches[0].kind, matches[0].target) == (MatchKind.DOUBLE_CONTEXT, ("321",))


def test_texts_that_differ_in_numbers_only_are_found_however_short() -> None:
    units = [*UNITS, entry("Page 3 of 10", "Seite 3 von 10")]
    search = MemorySearch([build_segment(units, EN, DE)])
    match = search.matches(asked("Page 12,000 of 24,500"), fetching(units))[0]
    assert (match.score, match.target) == (99, ("Seite 12.000 von 24.500",))


def test_several_segments_are_searched_as_one() -> None:
    halves = [build_segment(UNITS[:900], EN, DE), build_segment(UNITS[900:], EN, DE)]
    noise = noise_of(3)
    for place in (10, 1_500):
        query = asked(mutated(SEGMENT.text(place), noise))
        whole = MemorySearch([SEGMENT]).fuzzy(query, most=3)
        assert MemorySearch(halves).fuzzy(query, most=3)[0] == whole[0]


def test_deleted_units_are_not_found() -> None:
    unit = UNITS[42]
    query = asked(SEGMENT.text(42))
    search = MemorySearch([SEGMENT], deleted=frozenset({unit.unit_id, id_of("nowhere")}))
    assert MemorySearch([SEGMENT]).exact(query)[0].unit_id == unit.unit_id
    assert search.exact(query) == ()
    assert unit.unit_id not in {found.unit_id for found in search.fuzzy(query)}
    assert MemorySearch([SEGMENT]).fuzzy(query)[0].unit_id == unit.unit_id


def test_a_unit_that_is_gone_from_the_store_is_no_match() -> None:
    assert MemorySearch([SEGMENT]).matches(asked(SEGMENT.text(42)), fetching([])) == ()


def test_tokens_are_the_same_on_every_machine() -> None:
    expected = [1_942_461_042, 3_532_044_234, 4_270_793_276]
    assert tokens_of("Pay") == tokens_of("PAY") == expected
    assert len(tokens_of("one two three four five")) == 5


@given(st.lists(st.text(max_size=12), max_size=8), st.text(max_size=12))
def test_any_text_can_be_kept_and_looked_for(texts: list[str], text: str) -> None:
    units = [
        entry("x").model_copy(update={"source": (each,) if each else (), "unit_id": id_of(n)})
        for n, each in enumerate(texts)
    ]
    query = asked("x")
    query = type(query)((text,) if text else (), EN, DE)
    segment = segment_from(build_segment(units, EN, DE).to_bytes())
    found = MemorySearch([segment]).matches(query, fetching(units))
    assert all(50 <= match.score <= 102 for match in found)
    assert bool(found) >= (text in texts and text != "")


def test_the_best_match_is_found_as_by_brute_force() -> None:
    noise = noise_of(11)
    queries = [mutated(SEGMENT.text(noise.randrange(len(SEGMENT))), noise) for _ in range(150)]
    texts = [SEGMENT.text(place) for place in range(len(SEGMENT))]
    search = MemorySearch([SEGMENT])
    wanted, missed = 0, 0
    for text in queries:
        best = process.extractOne(text, texts, scorer=fuzz.ratio)[1]
        if best >= 75:
            wanted += 1
            found = search.fuzzy(asked(text), most=1)
            missed += not found or found[0].similarity < best - 0.01
    assert wanted > 80
    assert missed <= wanted * 0.02
