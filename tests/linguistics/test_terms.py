"""Terms found in texts: forms, longest first, places, scripts without spaces, speed."""

import time
import unicodedata
from typing import Literal
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term, TermStatus
from dragoman_linguistics.terms import TermIndex, term_hits

_SPACE = UUID(int=5)


def term(source: str, target: str = "x", **options: object) -> Term:
    return Term.model_validate(
        {"term_id": uuid5(_SPACE, source + target), "source": source, "target": target, **options}
    )


def found(text: str, *terms: Term, locale: str = "en") -> list[str]:
    return [text[hit.start : hit.end] for hit in term_hits(text, terms, Locale(locale))]


@pytest.mark.parametrize(
    ("locale", "source", "text", "form"),
    [
        ("en", "contract", "All Contracts are void.", "Contracts"),
        ("en", "party", "The parties agree.", "parties"),
        ("en", "use", "By using it.", "using"),
        ("en", "stop valve", "Two stop-valves.", "stop-valves"),
        ("en", "company", "The company’s seat", "company"),
        ("de", "Vertrag", "Nach den Verträgen gilt", "Verträgen"),
        ("de", "Gehäuse", "des Gehäuses", "Gehäuses"),
        ("fr", "contrat", "l’objet des contrats", "contrats"),
        ("fr", "assurance", "d'assurances", "assurances"),
        ("es", "acuerdo marco", "los acuerdos marco", "acuerdos marco"),
        ("ru", "договор", "по условиям договора", "договора"),
        ("ru", "гарантийный срок", "в течение гарантийного срока", "гарантийного срока"),
        ("pl", "umowa", "na podstawie umowy", "umowy"),
        ("tr", "sözleşme", "sözleşmelerin", "sözleşmelerin"),
        ("fi", "sopimus", "sopimukset ja sopimus", "sopimus"),
    ],
)
def test_an_inflected_form_of_a_term_is_found(
    locale: str, source: str, text: str, form: str
) -> None:
    assert form in found(text, term(source), locale=locale)


@pytest.mark.parametrize(
    ("locale", "source", "text"),
    [
        ("en", "organ", "an organization"),
        ("en", "universe", "the university"),
        ("en", "policy", "the police"),
        ("en", "us", "use of it"),
        ("en", "art", "artful parts"),
        ("en", "sale price", "a sale. Price it"),
        ("es", "contrato", "la contratación"),
        ("fr", "développer", "le développement"),
    ],
)
def test_a_word_that_only_looks_like_a_term_is_no_hit(locale: str, source: str, text: str) -> None:
    assert found(text, term(source), locale=locale) == []


def test_the_longest_term_stands_and_none_inside_it() -> None:
    text = "Two contracts of sale and one contract."
    terms = (term("contract"), term("contract of sale"), term("sale"))
    assert found(text, *terms) == ["contracts of sale", "contract"]


def test_all_targets_of_a_source_are_given_at_its_place() -> None:
    terms = (term("invoice", "Rechnung"), term("invoice", "Faktura", status=TermStatus.FORBIDDEN))
    hits = term_hits("the invoices", terms, Locale("en"))
    assert [(hit.term.target, hit.start, hit.end) for hit in hits] == [
        ("Rechnung", 4, 12),
        ("Faktura", 4, 12),
    ]


def test_a_case_sensitive_term_is_found_in_its_case_only() -> None:
    it = term("IT", is_case_sensitive=True)
    assert found("IT is what it is. It was.", it) == ["IT"]
    assert found("Our apple, Apple’s", term("Apple", is_case_sensitive=True)) == ["Apple"]


def test_a_term_that_is_not_inflected_is_found_as_it_is() -> None:
    assert found("Windows and a window", term("window", is_inflected=False)) == ["window"]


@pytest.mark.parametrize(
    ("locale", "source", "text", "hits"),
    [
        ("ja", "契約", "この契約書は契約です", ["契約", "契約"]),
        ("zh", "合同", "买卖合同无效", ["合同"]),
        ("th", "สัญญา", "ตามสัญญานี้", ["สัญญา"]),
        ("ja", "API", "このAPIは", ["API"]),
        ("ja", "サーバー", "サーバーとサーバ", ["サーバー"]),
        ("en", "C++", "in C++, not C", ["C++"]),
        ("en", ".NET", "the .NET runtime, ASP.NETs", [".NET"]),
        ("ko", "계약", "계약 조건", ["계약"]),
    ],
)
def test_terms_of_scripts_without_spaces_and_with_signs(
    locale: str, source: str, text: str, hits: list[str]
) -> None:
    assert found(text, term(source), locale=locale) == hits


def test_the_longest_term_stands_in_chinese_too() -> None:
    terms = (term("合同"), term("买卖合同"), term("合同法"))
    assert found("买卖合同和合同法", *terms, locale="zh") == ["买卖合同", "合同法"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_offsets_are_those_of_the_text_as_it_came(form: Literal["NFC", "NFD"]) -> None:
    text = unicodedata.normalize(form, "Nach Verträgen, Ärzte: Verträge!")
    places = [
        text[hit.start : hit.end] for hit in term_hits(text, (term("Vertrag"),), Locale("de"))
    ]
    assert [unicodedata.normalize("NFC", each) for each in places] == ["Verträgen", "Verträge"]


_texts = st.text(alphabet="abAB Éé\u0301-.,+契約ßİ\u00ad'", max_size=40)


@given(_texts, st.lists(st.tuples(_texts, st.booleans(), st.booleans()), max_size=6))
def test_hits_lie_in_the_text_in_order_and_do_not_overlap(
    text: str, sources: list[tuple[str, bool, bool]]
) -> None:
    terms = tuple(
        term(source, is_case_sensitive=case, is_inflected=inflected)
        for source, case, inflected in sources
    )
    previous = (0, 0)
    for hit in term_hits(text, terms, Locale("en")):
        assert 0 <= hit.start < hit.end <= len(text)
        assert hit.start >= previous[1] or (hit.start, hit.end) == previous
        previous = (hit.start, hit.end)


@given(st.text(alphabet="abc DÉ契-", min_size=1, max_size=12))
def test_a_term_is_found_in_its_own_text(source: str) -> None:
    if any(character.isalnum() for character in source):
        (hit,) = term_hits(f"( {source} )", (term(source),), Locale("en"))
        assert f"( {source} )"[hit.start : hit.end] == source.strip()


def test_five_thousand_terms_cost_little_for_each_unit() -> None:
    words = [f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{n}" for n in range(5_000)]
    terms = tuple(term(f"{word} part" if n % 2 else word) for n, word in enumerate(words))
    index = TermIndex(terms, Locale("en"))
    text = "The supplier delivers worda and wordab27 part within ten days of the signed order."
    index.hits(text)
    started = time.perf_counter()
    for _ in range(200):
        index.hits(text)
    # About 20 µs on a quiet machine; a scan over the terms would take milliseconds.
    assert (time.perf_counter() - started) / 200 < 0.0005
