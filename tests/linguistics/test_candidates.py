"""Candidates for terms: what comes again, names and abbreviations, without function words."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term
from dragoman_linguistics.candidates import TermCandidate, term_candidates

EN = Locale("en")
MANUAL = [
    "Close the pressure relief valve before you open the housing.",
    "The pressure relief valves (PRV) protect the pump. Check each pressure relief valve daily.",
    "The pump of Acme Hydraulics GmbH is filled with oil. Switch the pump off.",
    "A pump without oil wears out. Ask Acme Hydraulics GmbH for spare parts; spare parts are in stock.",
]


def texts(found: tuple[TermCandidate, ...]) -> dict[str, tuple[str, int]]:
    return {each.text: (each.kind.value, each.count) for each in found}


def test_phrases_that_come_again_names_and_abbreviations_are_found() -> None:
    found = texts(term_candidates(MANUAL, EN))
    assert found["pressure relief valve"] == ("phrase", 3)
    assert found["PRV"] == ("abbreviation", 1)
    assert found["Acme Hydraulics GmbH"] == ("name", 2)
    assert found["spare parts"] == ("phrase", 2)
    assert found["pump"] == ("word", 4)


def test_no_part_of_a_longer_phrase_and_no_function_word_is_one() -> None:
    found = texts(term_candidates(MANUAL, EN))
    assert not {"relief valve", "pressure relief", "Acme", "the pump", "valve"} & found.keys()
    first = term_candidates(MANUAL, EN)[0]
    assert first.example == MANUAL[0]


def test_known_terms_are_left_out() -> None:
    known = (Term(term_id=UUID(int=1), source="pressure relief valve", target="x"),)
    assert "pressure relief valve" not in texts(term_candidates(MANUAL, EN, known))


def test_inflected_forms_count_as_one_in_russian_and_in_german() -> None:
    russian = ["Гарантийный срок истёк.", "В течение гарантийного срока", "Гарантийные сроки"]
    (found,) = [
        each for each in term_candidates(russian, Locale("ru")) if len(each.text.split()) == 2
    ]
    assert found.count == 3
    german = ["Der Vertrag gilt.", "Die Verträge enden.", "Im Vertrag steht nichts."]
    assert texts(term_candidates(german, Locale("de")))["Vertrag"] == ("word", 3)


def test_chinese_words_are_found_without_spaces() -> None:
    found = texts(term_candidates(["买卖合同无效", "本买卖合同有效", "依照买卖合同"], Locale("zh")))
    assert found["买卖合同"] == ("phrase", 3)
    assert "卖合" not in found


@given(st.lists(st.text(alphabet="abAB .é契約-", max_size=60), max_size=8))
def test_any_text_gives_candidates_that_stand_in_it(paragraphs: list[str]) -> None:
    for each in term_candidates(paragraphs, EN):
        assert any(each.text in text for text in paragraphs)
        assert each.count >= 1
