import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.text import (
    Content,
    ResultSource,
    Tag,
    TagRepair,
    TagRole,
    TagSpec,
    UnitTarget,
    closing,
    normalised,
    opening,
    placeholder,
    plain_text,
)
from dragoman_linguistics import (
    align_tags,
    is_mark,
    parse,
    render,
    repair,
    settle_inside_words,
    verify_unit,
)
from dragoman_linguistics.words import inside_offset
from linguistics.contents import damaged, nested_content
from linguistics.units import text_of, unit

FORMAT = tuple(
    TagSpec(id=each, role=TagRole.FORMAT, can_delete=True, can_copy=True) for each in range(1, 9)
)


def read(text: str) -> Content:
    """Content written as protocol text."""
    return parse(text, render(()))


def settled(source: str, target: str) -> str:
    return text_of(settle_inside_words(read(source), read(target), FORMAT))


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ("The CO<1>2</1> of it", "El <1>CO2</1> de ello", "El CO<1>2</1> de ello"),
        ("10<1>3</1> kilos", "<1>103</1> kilos", "10<1>3</1> kilos"),
        ("10<1>−3</1> m", "<1>10</1>−3 m", "10<1>−3</1> m"),
        ("of <1>14</1>C", "de <1>14C</1>", "de <1>14</1>C"),
        ("x<1>1,2</1> is", "es <1>x1,2</1>", "es x<1>1,2</1>"),
        ("Ca<1>2+</1>", "<1>Ca2+</1>", "Ca<1>2+</1>"),
        ("CO<1>2</1>eq", "<1>CO2eq</1>", "CO<1>2</1>eq"),
        (
            "C<1>6</1>H<2>12</2>O<3>6</3>",
            "<1>C6</1>H<2>12</2><3>O6</3>",
            "C<1>6</1>H<2>12</2>O<3>6</3>",
        ),
        ("<1>CO</1><2>2</2> falls", "cae <1>CO2</1><2></2>", "cae <1>CO</1><2>2</2>"),
        ("<1>the CO</1><2>2</2> falls", "cae <1>el CO2</1>", "cae <1>el CO</1>2"),
        ("The co<1/>op is", "El <1/>coop es", "El co<1/>op es"),
        ("<1>T</1>otal", "<1>TOTAL</1>", "<1>T</1>OTAL"),
        ("CO<1>2</1> and CO<2>2</2>", "<1>CO2</1> y <2>CO2</2>", "CO<1>2</1> y CO<2>2</2>"),
    ],
)
def test_a_tag_in_an_unchanged_word_comes_to_the_same_characters(
    source: str, target: str, wanted: str
) -> None:
    assert settled(source, target) == wanted


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("the 5<1>th</1> house", "la 5<1>.ª</1> casa"),
        ("the <1>big</1> house", "la casa <1>grande</1>"),
        ("<1>Note</1>: see", "<1>Nota</1>: ver"),
        ("<1>T</1>otal", "<1>Todo</1>"),
        ("CO<1>2</1>", "(CO<1>2</1>)"),
        ("第<1>二</1>章", "<1>第二</1>章"),
    ],
)
def test_a_tag_in_a_changed_word_or_around_words_stays(source: str, target: str) -> None:
    assert settled(source, target) == target


def test_lost_tags_of_a_word_are_put_back_inside_it() -> None:
    source = read("The CO<1>2</1> of 10<2>3</2> kilos")
    target, rung = repair(source, ("103 kilos de CO2",), FORMAT)
    assert text_of(target) == "10<2>3</2> kilos de CO<1>2</1>"
    assert rung is TagRepair.PROJECTED


@pytest.mark.parametrize(
    ("source", "target", "is_found"),
    [
        ("The CO<1>2</1> falls.", "El CO<1>2</1> cae.", False),
        ("The CO<1>2</1> falls.", "El <1>CO2</1> cae.", True),
        ("The CO<1>2</1> falls.", "El CO2 cae.", True),
        ("The CO<1>2</1> falls.", "El CO₂ cae.", True),
        ("The 5<1>th</1> falls.", "La 5<1>.ª</1> cae.", True),
        ("The house<1>1</1> falls.", "La casa<1>1</1> cae.", True),
        ("The <1>house</1> falls.", "La <1>casa</1> cae.", False),
        ("<1>Note</1>: falls.", "<1>Nota</1>: cae.", False),
        ("Name<1>:</1> falls.", "Nombre<1>:</1> cae.", False),
        ("It falls.<1>3</1>", "Cae.<1>3</1>", False),
    ],
)
def test_other_letters_than_the_source_s_are_found(
    source: str, target: str, is_found: bool
) -> None:
    made = UnitTarget(unit_id="u", target=read(target), result_source=ResultSource.ENGINE)
    found = verify_unit(unit("u", *read(source), tags=FORMAT), made).findings
    assert ("tags.inside_word" in {finding.code for finding in found}) is is_found


def test_a_tab_or_break_parts_words() -> None:
    tab = TagSpec(id=1, role=TagRole.TAB, equivalent="\t")
    source: Content = ("Name", placeholder(1), opening(2), "House", closing(2))
    target: Content = ("Nombre", placeholder(1), opening(2), "Casa", closing(2))
    made = UnitTarget(unit_id="u", target=target, result_source=ResultSource.ENGINE)
    found = verify_unit(unit("u", *source, tags=(tab, *FORMAT[1:])), made).findings
    assert "tags.inside_word" not in {finding.code for finding in found}


@pytest.mark.parametrize(
    ("source", "offset", "target", "wanted"),
    [
        ("5th", 1, "5.ª", 1),
        ("house1", 5, "casa1", 4),
        ("Quality", 1, "Calidad", 1),
        ("ab", 1, "x", 0),
    ],
)
def test_an_edge_in_a_changed_word_keeps_to_what_the_words_share(
    source: str, offset: int, target: str, wanted: int
) -> None:
    assert inside_offset(source, offset, target) == wanted


def test_numbers_and_signs_are_marks_and_punctuation_is_not() -> None:
    assert all(map(is_mark, ("2", "1,2", "−3", "-3", "(1)", "®", "2+", "†")))
    assert not any(map(is_mark, ("", ":", ",", "th", "a1", "1 2", "*", "-")))


@st.composite
def marked_words(draw: st.DrawFn) -> list[list[str | Tag]]:
    """Different words, some with a pair around some of their characters."""
    words = draw(
        st.lists(
            st.from_regex(r"[a-zA-Z]{1,4}[0-9]{1,3}[a-z]{0,2}", fullmatch=True),
            min_size=1,
            unique_by=str.lower,
            max_size=7,
        )
    )
    made: list[list[str | Tag]] = []
    for number, word in enumerate(words, 1):
        start = draw(st.integers(0, len(word) - 1))
        end = draw(st.integers(start + 1, len(word)))
        is_marked = draw(st.booleans()) and end - start < len(word)
        parts: list[str | Tag] = [
            word[:start],
            opening(number),
            word[start:end],
            closing(number),
            word[end:],
        ]
        made.append(parts if is_marked else [word])
    return made


def spread(word: list[str | Tag]) -> list[str | Tag]:
    """The word with its pair around all of it."""
    return [word[1], plain_text(word), word[3]] if len(word) > 1 else word


def joined(words: Sequence[Sequence[str | Tag]]) -> Content:
    return normalised(
        part for number, word in enumerate(words) for part in (" " if number else "", *word)
    )


@given(
    marked_words(), st.randoms(use_true_random=False), st.sampled_from(["spread", "lose", "keep"])
)
def test_tags_come_back_at_the_same_characters_in_whatever_order_the_words_come(
    words: list[list[str | Tag]], rng: random.Random, engine: str
) -> None:
    order = rng.sample(words, len(words))
    answer: Sequence[Sequence[str | Tag]] = order
    if engine == "spread":  # over the whole word, as engines do that move tags with words
        answer = [spread(word) for word in order]
    elif engine == "lose":
        answer = [[part for part in word if isinstance(part, str)] for word in order]
    repaired, _ = repair(joined(words), joined(answer), FORMAT)
    assert repaired == joined(order)


_PIECES = st.sampled_from(["r", "r", "R2", "是", " "])


@st.composite
def repeated_words(draw: st.DrawFn) -> Content:
    """Few short words again and again, with and without spaces, with tags anywhere."""
    parts: list[str | Tag] = []
    for number in range(1, draw(st.integers(2, 8))):
        inside = draw(st.lists(_PIECES, max_size=2))
        pair = [opening(number), *inside, closing(number)]
        parts += draw(st.lists(_PIECES, max_size=2))
        parts += pair if draw(st.booleans()) else [placeholder(number)]
    return normalised(parts)


@given(repeated_words())
def test_the_tags_of_a_text_that_was_left_as_it_is_stay(source: Content) -> None:
    assert settle_inside_words(source, source) == source


def test_words_end_where_a_script_without_spaces_begins() -> None:
    source = "指标是<1>r<2/>p</1>，条件是<3>p</3>=<4>r<5/>p</4>"
    assert settled(source, source) == source
    moved = "指标是<1><2/>rp</1>，条件是<3>p</3>=<4>r<5/>p</4>"
    assert settled(source, moved) == source


@given(st.data())
def test_settling_moves_tags_only_and_makes_nothing_worse(data: st.DataObject) -> None:
    source = data.draw(nested_content())
    target = data.draw(damaged(source))
    moved = settle_inside_words(source, target)
    assert plain_text(moved) == plain_text(target)
    assert sorted(map(str, filter(lambda part: isinstance(part, Tag), moved))) == sorted(
        map(str, filter(lambda part: isinstance(part, Tag), target))
    )
    if align_tags(source, target, ()).is_clean:
        assert align_tags(source, moved, ()).is_clean
    assert settle_inside_words(source, moved) == moved
