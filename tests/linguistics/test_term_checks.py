"""What QA says of terms: right translations in any form pass, wrong ones are found."""

from uuid import UUID, uuid5

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import UnitVerdict, UnitVerification
from dragoman_contracts.resources import Term, TermStatus
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import profile_named, verify_units
from linguistics.units import unit


def term(source: str, target: str, **options: object) -> Term:
    term_id = uuid5(UUID(int=1), source + target)
    fields = {"term_id": term_id, "source": source, "target": target, **options}
    return Term.model_validate(fields)


FORBIDDEN = {"status": TermStatus.FORBIDDEN}


def verified(
    source: str, target: str, to: str, *terms: Term, profile: str = "default"
) -> UnitVerification:
    given = UnitTarget(unit_id="u", target=(target,), result_source=ResultSource.ENGINE)
    (found,) = verify_units(
        [(unit("u", source), given)],
        Locale("en"),
        Locale(to),
        profile=profile_named(profile),
        terms=terms,
    )
    return found


def codes(source: str, target: str, to: str, *terms: Term) -> list[str]:
    findings = verified(source, target, to, *terms).findings
    return [each.code for each in findings if each.code.startswith("terms.")]


@pytest.mark.parametrize(
    ("to", "source", "target", "term_source", "term_target"),
    [
        ("es", "Both parties sign.", "Ambas partes firman.", "party", "parte"),
        (
            "es",
            "the framework agreements",
            "los acuerdos marco",
            "framework agreement",
            "acuerdo marco",
        ),
        ("es", "It is liable.", "Es responsable.", "liable", "responsable"),
        (
            "es",
            "the assignments of rights",
            "las cesiones de los derechos",
            "assignment of rights",
            "cesión de derechos",
        ),
        ("fr", "the notice periods", "les délais de préavis", "notice period", "délai de préavis"),
        (
            "fr",
            "confidential informations",
            "des informations strictement confidentielles",
            "confidential information",
            "information confidentielle",
        ),
        ("fr", "Legal journals", "Les journaux juridiques", "journal", "journal"),
        ("de", "the contracts", "die Verträge", "contract", "Vertrag"),
        ("de", "of the contract", "des Vertrages", "contract", "Vertrag"),
        ("de", "the contract partner", "der Vertragspartner", "contract", "Vertrag"),
        ("de", "Pump housings", "die Pumpengehäuse", "housing", "Gehäuse"),
        (
            "de",
            "Confidential information stays here.",
            "Informationen, die vertraulich sind, bleiben hier.",
            "confidential information",
            "vertrauliche Informationen",
        ),
        ("ru", "under the contract", "по условиям договора", "contract", "договор"),
        ("ru", "the parties of contracts", "стороны договоров", "contract", "договор"),
        (
            "ru",
            "within the warranty period",
            "в течение гарантийного срока",
            "warranty period",
            "гарантийный срок",
        ),
        ("ru", "with the supplier", "с поставщиком", "supplier", "поставщик"),
        ("pl", "the agreements", "na podstawie umowy", "agreement", "umowa"),
        ("ja", "the contract", "本契約書は", "contract", "契約"),
        ("zh", "power supply", "电源 适配器", "power supply", "电源"),
    ],
)
def test_a_right_translation_in_another_form_is_no_alarm(
    to: str, source: str, target: str, term_source: str, term_target: str
) -> None:
    assert codes(source, target, to, term(term_source, term_target)) == []


@pytest.mark.parametrize(
    ("to", "source", "target", "term_source", "term_target"),
    [
        ("es", "Both parties sign.", "Ambos lados firman.", "party", "parte"),
        ("fr", "the notice periods", "les périodes d'avis", "notice period", "délai de préavis"),
        ("de", "the contracts", "die Abkommen", "contract", "Vertrag"),
        ("ru", "under the contract", "по условиям контракта", "contract", "договор"),
        ("ja", "the contract", "本協定は", "contract", "契約"),
    ],
)
def test_another_word_in_place_of_a_term_is_found(
    to: str, source: str, target: str, term_source: str, term_target: str
) -> None:
    assert codes(source, target, to, term(term_source, term_target)) == ["terms.missing"]


def test_an_admitted_term_will_do_and_a_forbidden_one_is_found_where_it_stands() -> None:
    terms = (
        term("invoice", "Rechnung"),
        term("invoice", "Abrechnung", status=TermStatus.ADMITTED),
        term("invoice", "Faktura", **FORBIDDEN),
    )
    assert codes("the invoices", "die Rechnungen", "de", *terms) == []
    assert codes("the invoices", "die Abrechnungen", "de", *terms) == []
    text = "Die Rechnung, also die Faktura."
    found = verified("The invoice, so the invoice.", text, "de", *terms)
    (place,) = [each for each in found.findings if each.code == "terms.forbidden"]
    assert text[place.start : place.end] == "Faktura"
    assert found.verdict is UnitVerdict.NEEDS_REVIEW
    assert codes("the order", "die Faktura", "de", *terms) == []


def test_a_forbidden_word_inside_a_right_term_is_none() -> None:
    terms = (term("pro forma invoice", "Proforma Faktura"), term("invoice", "Faktura", **FORBIDDEN))
    text = "The pro forma invoice and the invoice"
    assert codes(text, "Die Proforma Faktura und die Rechnung", "de", *terms) == []
    assert codes(text, "Die Proforma Faktura und die Faktura", "de", *terms) == ["terms.forbidden"]


def test_a_name_that_stays_must_stay_letter_for_letter() -> None:
    word = term("Word", "Word", is_do_not_translate=True, is_case_sensitive=True)
    assert codes("Open Word and a word.", "Öffnen Sie Word und ein Wort.", "de", word) == []
    assert codes("Open Word.", "Öffnen Sie Wort.", "de", word) == ["terms.translated"]
    assert codes("A word.", "Ein Wort.", "de", word) == []


def test_the_longest_term_decides() -> None:
    terms = (term("contract", "Vertrag"), term("contract of sale", "Kauf"))
    assert codes("A contract of sale", "Ein Kauf", "de", *terms) == []


def test_the_terms_of_a_unit_are_on_record_and_a_strict_profile_blocks() -> None:
    one, other = term("pump", "Pumpe"), term("valve", "Ventil", **FORBIDDEN)
    found = verified("Pumps with a valve", "Pumpen mit Ventil", "de", one, other, profile="strict")
    assert found.terms == (one.term_id, other.term_id)
    assert found.verdict is UnitVerdict.BLOCKED
    assert "terms" not in verified("No such words", "Keine solchen Worte", "de", one).model_dump()
