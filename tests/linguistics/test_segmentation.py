import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import (
    Content,
    Segment,
    TagRole,
    TagSpec,
    Unit,
    closing,
    opening,
    placeholder,
)
from dragoman_linguistics import segment, sentences
from linguistics.contents import nested_content
from linguistics.units import unit

CASES = [
    ("en", ["Mr. Smith met J. R. Tolkien at 5 p.m.", "They talked, e.g. about the U.S. Government."]),
    ("en", ["See Art. 5 and Fig. 2.", '"Really?" he asked.', '"Yes."', "The end... or not?", "Version 2.5.1 is out."]),
    ("en", ["1. Introduction to this.", "It was in the U.S.", "The end."]),
    ("de", ["Am 3. Oktober kam Hr. Müller, z. B. mit Dr. Meier.", "Siehe Abs. 2 S. 3.", "»Gut.«", "Ja."]),
    ("es", ["El Sr. Pérez llegó a las 5.", "¿Qué dijo?", "¡Hola!", "Véase pág. 5."]),
    ("fr", ["M. Dupont est arrivé.", "« Bonjour ! »", "Il partit.", "Voir p. 12."]),
    ("it", ["Il Sig. Rossi arrivò.", "Vedi art. 3."]),
    ("pt-BR", ["O Sr. Silva chegou.", "Que bom!"]),
    ("ru", ["Г-н Иванов А. С. приехал в 2005 г. в Москву, т. е. домой.", "См. п. 5.", "Всё."]),
    ("uk", ["Див. рис. 5.", "Ім. Шевченка, вул. Довга.", "Так."]),
    ("ar", ["مرحبا.", "كيف حالك؟", "أنا بخير."]),
    ("xx", ["Foo bar.", "Baz qux."]),
]


def pieces(unit: Unit) -> list[Content]:
    return [piece.source for piece in segment(unit, Locale("en")).segments]


@pytest.mark.parametrize(("locale", "expected"), CASES)
def test_sentences_end_where_a_reader_ends_them(locale: str, expected: list[str]) -> None:
    assert [sentence.strip() for sentence in sentences(" ".join(expected), Locale(locale))] == expected


@pytest.mark.parametrize("locale", ["zh-Hans", "ja"])
def test_chinese_and_japanese_need_no_space(locale: str) -> None:
    assert sentences("今日は。元気ですか？はい。", Locale(locale)) == ["今日は。", "元気ですか？", "はい。"]


def test_white_space_between_sentences_is_an_ignorable_segment() -> None:
    cut = segment(unit("u", "One.  Two."), Locale("en"))
    assert [(piece.segment_id, piece.source, piece.is_ignorable) for piece in cut.segments] == [
        ("u.1", ("One.",), False),
        ("u.2", ("  ",), True),
        ("u.3", ("Two.",), False),
    ]


def test_closing_tags_stay_behind_and_opening_tags_go_ahead() -> None:
    source = (["<", 1], "One.", ["/", 1], ["#", 3], " ", ["<", 2], "Two.", ["/", 2])
    assert pieces(unit("u", *source)) == [
        (opening(1), "One.", closing(1), placeholder(3)),
        (" ",),
        (opening(2), "Two.", closing(2)),
    ]


def test_a_line_break_tag_parts_sentences_as_white_space_does() -> None:
    line_break = TagSpec(id=1, role=TagRole.BREAK, equivalent="\n")
    assert pieces(unit("u", "One.", ["#", 1], "Two.", tags=(line_break,))) == [("One.", placeholder(1)), ("Two.",)]
    assert pieces(unit("u", "One.", ["#", 1], "Two.")) == [("One.", placeholder(1), "Two.")]


def test_a_pair_around_two_sentences_is_cut() -> None:
    assert pieces(unit("u", ["<", 1], "One. Two.", ["/", 1])) == [(opening(1), "One."), (" ",), ("Two.", closing(1))]


@given(nested_content(), st.sampled_from(["en", "de", "zh", "ar", "xx"]))
def test_segments_joined_are_the_source(content: Content, locale: str) -> None:
    whole = unit("u").model_copy(update={"segments": (Segment(segment_id="u.1", source=content),)})
    cut = segment(whole, Locale(locale))
    assert cut.source == content
    assert segment(cut, Locale(locale)) == cut


@given(st.text(alphabet="aB.?! \n\u00a0。）”»1", max_size=40))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text, Locale("en"))) == text
