"""An answer that does not come to an end is given up, and no answer that may be right is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_translate.ports import FinishReason, RawTarget
from dragoman_translate.unit_reading import UnitReader

NAMES = {"1": "a", "2": "b"}
LENGTHS = {"1": 10, "2": 100}
FIRST = '{"units":[{"id":"1","target":"Uma"},'


def reader() -> UnitReader:
    return UnitReader(NAMES, LENGTHS)


def chars_until_given_up(text: str, more: str) -> int:
    """The characters of `more`, repeated, that are read behind a text."""
    reading, count = reader(), 0
    reading.feed(text)
    while not reading.does_not_end:
        reading.feed(more)
        count += len(more)
        assert count < 100_000
    return count


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (FIRST + '{"id":"2","target":"', "1, 2, 3, "),
        (FIRST + '{"id":"2",', "\n\t"),
        (FIRST, "   "),
        (FIRST + '{"id":"2","target":"x" y "', "not to be read "),
        (FIRST[:-1], ',{"id":"1","target":"Uma"}'),
        ('["1|Uma", "2|', "23, "),
        ('{"1": "Uma", "2": "', "Duas "),
    ],
)
def test_what_goes_on_for_ever_is_given_up(text: str, more: str) -> None:
    assert chars_until_given_up(text, more) < 4_000


def test_a_short_source_is_given_up_before_a_long_one() -> None:
    short, long = '{"units":[{"id":"1","target":"', FIRST + '{"id":"2","target":"'
    assert chars_until_given_up(short, "x") < 1_300
    assert chars_until_given_up(long, "x") > 2_900


def test_thoughts_and_talk_may_be_long() -> None:
    reading = reader()
    reading.feed("<think>" + "Perhaps. " * 10_000)
    assert not reading.does_not_end
    reading.feed("</think>" + "Well. " * 10_000)
    assert not reading.does_not_end


def test_the_unit_that_did_not_end_is_named_and_has_no_text() -> None:
    reading = reader()
    reading.feed(FIRST + '{"id":"2","target":"' + "1, 2, 3, " * 1_000)
    assert reading.close(FinishReason.INTERRUPTED) == (
        (
            RawTarget(unit_id="a", target="Uma"),
            RawTarget(unit_id="b", target="", is_endless=True),
        ),
        FinishReason.LENGTH,
    )


def test_an_answer_that_the_model_ended_is_read_as_it_is() -> None:
    reading, texts = reader(), ["x" * 9_000, "y"]
    units = [{"id": number, "target": text} for number, text in zip(NAMES, texts, strict=True)]
    reading.feed(json.dumps({"units": units * 9}))
    targets, finish = reading.close(FinishReason.STOP)
    assert finish is FinishReason.STOP
    assert [each.target for each in targets] == texts * 9


@given(st.lists(st.text(max_size=200), min_size=2, max_size=2), st.integers(1, 40))
def test_no_answer_up_to_five_times_as_long_as_its_source_is_given_up(
    texts: list[str], step: int
) -> None:
    lengths = {number: len(text) // 5 for number, text in zip(NAMES, texts, strict=True)}
    reading = UnitReader(NAMES, lengths)
    units = [{"id": number, "target": text} for number, text in zip(NAMES, texts, strict=True)]
    answer = json.dumps({"units": units}, ensure_ascii=True)
    for start in range(0, len(answer), step):
        reading.feed(answer[start : start + step])
        assert not reading.does_not_end
