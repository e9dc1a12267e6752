"""Whole or in pieces, good JSON or not: a model's answer is read generously and never wrongly."""

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_translate.ports import RawTarget
from dragoman_translate.reading import ReplyReader, read_reply

GOOD = '{"units": [{"id": "u1", "target": "Uma"}, {"id": "u2", "target": "Duas"}]}'
DRAFT = '{"units": [{"id": "u1", "target": "Rascunho"}, {"id": "u2", "target": "Rascunho"}]}'
BOTH = {"u1": "Uma", "u2": "Duas"}


def in_pieces(text: str, cuts: list[int]) -> tuple[RawTarget, ...] | None:
    reader = ReplyReader(BOTH)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        reader.feed(text[start:end])
    return reader.close()


def read(text: str, *, is_whole: bool = True) -> dict[str, str] | None:
    targets = read_reply(text, BOTH, is_whole=is_whole)
    return None if targets is None else {target.unit_id: target.target for target in targets}


@pytest.mark.parametrize(
    "text",
    [
        f'{{"target_locale": "pt", {GOOD[1:]}',
        f'{{"note": {{"a": [1, {{"b": null}}]}}, {GOOD[1:-1]}, "confidence": 0.9}}',
        f'{{"result": {GOOD}}}',
        GOOD[len('{"units": ') : -1],
        '{"id": "u1", "target": "Uma"}\n{"id": "u2", "target": "Duas"}',
        '{"id": "u1", "target": "Uma"}, {"id": "u2", "target": "Duas"}',
        '{"u1": "Uma", "u2": "Duas"}',
        '{"units": {"u1": "Uma", "u2": "Duas"}}',
        '{"units": [{"id": "u1", "source": "One", "target": "Uma"} {"id": "u2", "translation": "Duas"},]}',
        f"See [1] for {{details}}.\n```json\n{GOOD}\n```\n[1] {{}}",
        f"{DRAFT}\nBetter:\n{GOOD}",
        f'{GOOD}\nNote: {{"id": "u1", "target": "Rascunho"}}',
        f'{GOOD}\n{{"units": []}}',
    ],
)
def test_other_shapes_of_the_same_answer_are_read(text: str) -> None:
    assert read(text) == BOTH


def test_numbers_are_ids_and_targets_as_they_are_written() -> None:
    assert read('{"units": [{"id": 7, "target": 2024}, {"id": "8", "target": 3.50}]}') == {
        "7": "2024",
        "8": "3.50",
    }


@pytest.mark.parametrize(
    "unit",
    [
        '{"id": "u1", "target": null}',
        '{"id": null, "target": "Uma"}',
        '{"id": "u1\\u0000", "target": "Uma"}',
        '{"id": "u1", "target": ["Uma"]}',
        '{"id": "u1", "target": "Uma", "target": "Outra"}',
        '{"id": "u1", "id": "u2", "target": "Uma"}',
        '{"id": "u1", "target": "Uma", "translation": "Outra"}',
        '{"id": "u1", "target": "C:\\Users"}',
        '{"id": "u1", "target": "Ela disse "sim e saiu."}',
        '{"id": "u1", "target": "Ela disse "sim", "não" e saiu."}',
        '{"id": "u1", "target": "Uma"',
        '{"id": "u1" "target": "Uma"}',
        "{'id': 'u1', 'target': 'Uma'}",
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_a_unit_that_can_be_read_in_two_ways_is_left_out_and_costs_no_other(
    unit: str, *, is_last: bool
) -> None:
    others = ['{"id": "a", "target": "A"}', '{"id": "b", "target": "B"}']
    units = [*others, unit] if is_last else [others[0], unit, others[1]]
    for text in (f'{{"units": [{", ".join(units)}]}}', f"[{', '.join(units)}]"):
        assert read(text) == {"a": "A", "b": "B"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('Er sagte "nein" und ging.', 'Er sagte "nein" und ging.'),
        ('"Nein", sagte er.', '"Nein", sagte er.'),
        ('Er sagte „nein" und ging.', 'Er sagte „nein" und ging.'),
        ('Er sagte \\"ja\\" und "nein".', 'Er sagte "ja" und "nein".'),
        ('Er nannte es "X"', 'Er nannte es "X"'),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_quotation_marks_without_their_backslash_are_read_where_no_doubt_is(
    written: str, meant: str, place: int
) -> None:
    units = ['{"id": "a", "target": "A"}', '{"id": "b", "target": "B"}']
    units.insert(place, f'{{"id": "q", "target": "{written}"}}')
    assert read(f'{{"units": [{", ".join(units)}]}}') == {"a": "A", "b": "B", "q": meant}


SHORT = '{"units": ["1|Uma", "2|Duas"]}'
TWO = {"1": "Uma", "2": "Duas"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SHORT, TWO),
        (SHORT[len('{"units": ') : -1], TWO),
        (f"```json\n{SHORT}\n```", TWO),
        ('{"units":["1|Uma","2|Duas",]}', TWO),
        ('{"units":[" 1 |Uma", "2 |Duas"', TWO),
        ('{"units":["1|a | b","2|"]}', {"1": "a | b", "2": ""}),
        ('{"units":["1|Uma",{"id":"2","target":"Duas"}]}', TWO),
        (
            '{"units":["1|Er sagte "nein" und ging.","2|Duas"]}',
            {"1": 'Er sagte "nein" und ging.', "2": "Duas"},
        ),
        ('{"units":["1|Uma","2|Er sagte "nein"."]}', {"1": "Uma", "2": 'Er sagte "nein".'}),
        ('{"units":["1|Sie sagte „nein"","2|Duas"]}', {"1": 'Sie sagte „nein"', "2": "Duas"}),
        # Two readings: nothing is guessed.
        ('{"units":["1|A "b", "c" d","2|Duas"]}', {"2": "Duas"}),
        ('{"units":["Uma","Duas"]}', {}),
        ('["Uma","Duas"]', None),
    ],
)
def test_entries_are_read_by_their_numbers(text: str, found: dict[str, str] | None) -> None:
    assert read(text) == found
    for cut in range(len(text)):
        assert in_pieces(text, [cut]) == read_reply(text, BOTH)


def test_an_entry_counts_once_the_next_has_begun() -> None:
    assert read('{"units":["1|Uma","2|Du', is_whole=False) == {"1": "Uma"}
    assert read('{"units":["1|Uma"', is_whole=False) in ({}, None)
    assert read('{"units":["1|Er sagte ", und', is_whole=False) in ({}, None)


@pytest.mark.parametrize(
    ("opener", "closer"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<Thought>", "</Thought>"),
        ("[THINK]", "[/THINK]"),
        ("◁think▷", "◁/think▷"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_nothing_in_a_thought_is_an_answer(opener: str, closer: str) -> None:
    assert read(f"{opener}Perhaps {DRAFT}") is None
    assert read(f"{opener}Perhaps {DRAFT} Hm.{closer}") is None
    assert read(f"{opener}Perhaps {DRAFT}{closer}\n{GOOD}") == BOTH
    assert read(f"Perhaps {DRAFT}{closer}{GOOD}") == BOTH  # the opener stood in the prompt
    assert read(f'Perhaps {{"units": [{{"id": "x", "target": "cut{closer}{GOOD}') == BOTH
    assert read(f"{GOOD}\n{opener}Or rather {DRAFT}") == BOTH


def test_marks_of_thoughts_inside_of_a_text_are_text() -> None:
    text = '{"units": [{"id": "u1", "target": "Use <think> e </think>, nunca [THINK]."}]}'
    assert read(text) == {"u1": "Use <think> e </think>, nunca [THINK]."}


def test_what_was_cut_off_after_much_talk_may_be_a_thought_and_is_no_answer() -> None:
    talk = (
        "First I translate the heading, which is short. Then I look at the terms that the user demands. "
        * 3
    )
    assert read(f"{talk}{DRAFT} But then", is_whole=False) is None
    assert read(f"{talk}{GOOD}") == BOTH
    assert read(f"Here is the translation:\n{GOOD[:-6]}", is_whole=False) == {"u1": "Uma"}


@pytest.mark.parametrize(
    ("written", "target", "is_damaged"),
    [
        (r"Uma \ud83d", "Uma ", True),
        ("Uma \ud83d", "Uma ", True),
        (r"\ude00 \ud83d", " ", True),
        (r"\ud83d\ude00", "😀", False),
        ("\ud83d\ude00", "😀", False),
        (r"a\u0000b\u001f\uffff", "ab", True),
        (r"a\tb\nc", "a\tb\nc", False),
    ],
)
def test_what_no_document_can_hold_is_left_out_and_said(
    written: str, target: str, *, is_damaged: bool
) -> None:
    text = f'{{"units": [{{"id": "u1", "target": "{written}"}}]}}'
    for cut in range(len(text)):
        targets = in_pieces(text, [cut])
        assert targets is not None
        (unit,) = targets
        assert unit == RawTarget(unit_id="u1", target=target, is_damaged=is_damaged)
        unit.model_dump_json().encode()


def test_units_are_given_as_soon_as_they_are_written() -> None:
    reader = ReplyReader()
    given = [reader.feed(letter) for letter in GOOD]
    assert [GOOD[: index + 1][-16:] for index, units in enumerate(given) if units] == [
        '"target": "Uma"}'[-16:],
        '"target": "Duas"}'[-16:],
    ]
    assert [unit.unit_id for unit in reader.targets] == ["u1", "u2"]


PARTS = st.sampled_from(
    [
        GOOD,
        DRAFT,
        "<think>",
        "</think>",
        "[THINK]",
        "[",
        "]",
        "{",
        "}",
        '"',
        "\\",
        ",",
        ":",
        " ",
        "\n",
        "```json",
        "id",
        '{"id": "u1", "target": "',
        '{"id":',
        '{"units": [',
        '{"units": ["1|Uma',
        '", "2|',
        '"u1|x"',
        "3|",
        '"target": "A "b" c"}',
        '"}',
        '"units"',
        "1",
        "-",
        "nu",
        "ll",
        "u1",
        '{"u1": "x"}',
        "\ud83d",
        "\\ude00",
        "<|channel|>final",
        "Texto. ",
        "\u2028",
        "\x00",
    ]
)
TEXTS = st.one_of(
    st.lists(PARTS, max_size=30).map("".join), st.text(st.characters(codec=None), max_size=200)
)


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cut_gives_what_the_whole_gives_and_nothing_raises(text: str, cuts: list[int]) -> None:
    whole = read_reply(text, BOTH)
    assert in_pieces(text, cuts) == whole
    assert in_pieces(text, list(range(len(text)))) == whole
    for unit in whole or ():
        unit.model_dump_json().encode()


@given(st.lists(st.text(), min_size=1), st.booleans(), st.lists(st.integers(0, 10_000)))
def test_every_reply_that_is_right_is_read_as_a_parser_reads_it(
    texts: list[str], is_ascii: bool, cuts: list[int]
) -> None:
    units = {f"word/document.xml#{index}": text for index, text in enumerate(texts)}
    document = {"units": [{"id": key, "target": text} for key, text in units.items()]}
    text = json.dumps(document, ensure_ascii=is_ascii)
    assert in_pieces(text, cuts) == read_reply(text)
    read_back = {
        target.unit_id: target.target for target in read_reply(text) or () if not target.is_damaged
    }
    assert read_back.items() <= units.items()
    assert len(read_reply(text) or ()) == len(units)


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    def seconds(count: int) -> float:
        unit = '{"id": "u", "target": "' + '}{ [] \\" x' * count + '"}'
        text = '{"units": [' + ", ".join([unit] * 4) + " " * count
        reader = ReplyReader()
        began = time.process_time()
        for start in range(0, len(text), 4):
            reader.feed(text[start : start + 4])
        assert len(reader.targets) == 4
        return time.process_time() - began

    small = seconds(400)
    assert seconds(4_000) < 40 * max(small, 0.005)
