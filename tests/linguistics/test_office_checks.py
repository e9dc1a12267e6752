"""Signs, brackets, quotes, ends, starts, lists, dates, and texts of programs: what is said of one
pair by rules 3.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.resources import Term
from dragoman_contracts.text import ResultSource, TagRole, TagSpec, UnitTarget
from dragoman_linguistics import QaProfile, profile_named, verify_units
from dragoman_linguistics.quality.verifying import QA_RULES
from linguistics.units import unit

PAGES = "{n, plural, one {# page} other {# pages}}"
FAULTS = [
    ("symbols.missing", "* Required field", "Pflichtfeld", "de"),
    ("symbols.added", "Required field", "Pflichtfeld *", "de"),
    ("characters.private", "The list of goods", "Die Liste der Waren \ue123", "de"),
    ("brackets.unbalanced", "See the annex (page two).", "Siehe den Anhang (Seite zwei.", "de"),
    ("brackets.missing", "See the annex (page two).", "Siehe den Anhang, Seite zwei.", "de"),
    ("quotes.unbalanced", 'The "goods" are here.', "Die „Waren sind hier.", "de"),
    ("quotes.missing", 'The "goods" are here.', "Die Waren sind hier.", "de"),
    ("punctuation.end", "Do you accept the terms?", "Nehmen Sie die Bedingungen an.", "de"),
    ("punctuation.end", "The customer pays.", "Der Kunde zahlt", "de"),
    ("punctuation.ellipsis", "And so … it goes on.", "Und so geht es weiter.", "de"),
    ("punctuation.doubled", "First, second.", "Erstens,, zweitens.", "de"),
    ("case.start", "The customer pays.", "der Kunde zahlt.", "de"),
    ("list.mark", "a) the goods", "die Waren", "de"),
    ("list.mark", "1. The goods", "Die Waren", "de"),
    ("list.mark", "• The goods", "Die Waren", "de"),
    ("space.lines", "First line\nsecond line", "Erste Zeile zweite Zeile", "de"),
    ("space.tabs", "Name\tTown", "Name Ort", "de"),
    ("placeholders.order", "%s has %d pages", "%d Seiten hat %s", "de"),
    ("placeholders.entities", "&brand; starts now", "Marke startet jetzt", "de"),
    ("accelerators.missing", "&Open the file", "Datei öffnen", "de"),
    ("dates.format", "Due on 12/31/2024.", "Fällig am 12/31/2024.", "de"),
    ("icu.syntax", PAGES, "{n, plural, one {# Seite} other {# Seiten}", "de"),
    ("icu.selectors", "{g, select, male {he} other {they}}", "{g, select, Mann {er} other {sie}}", "de"),
    ("icu.selectors", PAGES, "{zahl, plural, one {# Seite} other {# Seiten}}", "de"),
    ("icu.categories", PAGES, "{n, plural, one {# strona} other {# stron}}", "pl"),
]  # fmt: skip
RIGHT = [
    ("Smith & Sons", "Smith und Söhne", "de"),
    ("Item # of the list", "Posten Nr. der Liste", "de"),
    ("Rate in %", "Satz in Prozent", "de"),
    ("a) the goods b) the price", "a) die Waren b) der Preis", "de"),
    ("a) the goods", "а) товары", "ru"),
    ("1 page selected", "Gewählt ist 1 Seite", "de"),
    ("6 MB", '6 מ"ב', "he"),
    ("Is it open?", "Είναι ανοιχτό;", "el"),
    ("The customer pays.", "顾客付款。", "zh"),
    ("The customer pays.", "ลูกค้าจ่าย", "th"),
    ("Feb.", "Februar", "de"),
    ("It was added", "ተጨምሯል::", "am"),
    ("Wait…", "Warte...", "de"),
    ("%s has %d pages", "%2$d Seiten hat %1$s", "de"),
    ("&amp; so on", "& so weiter", "de"),
    ("&Open", "開く(&O)", "ja"),
    ("R&D costs", "FuE-Kosten", "de"),
    ("Due on 12/31/2024.", "Fällig am 31.12.2024.", "de"),
    (PAGES, "{n, plural, one {# strona} few {# strony} many {# stron} other {# strony}}", "pl"),
    (PAGES, "{n, plural, other {#页}}", "zh"),
    ("{g, select, male {he} other {they}}", "{g, select, male {er} other {sie}}", "de"),
    ("The interval [0, 5) is open.", "Das Intervall [0, 5) ist offen.", "de"),
    ('A 19" screen', "Ein Bildschirm mit 19 Zoll", "de"),
]  # fmt: skip
LATER = {code for code, *_ in FAULTS}


def found(
    source: str,
    target: str,
    to: str,
    *,
    origin: str = "en-US",
    rules: int = QA_RULES,
    profile: QaProfile | None = None,
    terms: tuple[Term, ...] = (),
) -> dict[str, QaFinding]:
    given = UnitTarget(unit_id="u", target=(target,), result_source=ResultSource.ENGINE)
    (verified,) = verify_units(
        [(unit("u", source), given)],
        Locale(origin),
        Locale(to),
        rules=rules,
        profile=profile or profile_named("default"),
        terms=terms,
    )
    return {each.code: each for each in verified.findings}


@pytest.mark.parametrize(("code", "source", "target", "to"), FAULTS)
def test_a_fault_is_found_by_its_code(code: str, source: str, target: str, to: str) -> None:
    assert code in found(source, target, to)


@pytest.mark.parametrize(("source", "target", "to"), RIGHT)
def test_what_a_language_writes_otherwise_is_no_fault(source: str, target: str, to: str) -> None:
    assert not LATER & found(source, target, to).keys()


@pytest.mark.parametrize(("code", "source", "target", "to"), FAULTS)
def test_a_job_of_rules_2_is_judged_without_them(
    code: str, source: str, target: str, to: str
) -> None:
    older = found(source, target, to, rules=2)
    assert not LATER & older.keys()
    assert all(each.cure is None and "cure" not in each.model_dump() for each in older.values())


@pytest.mark.parametrize(("code", "source", "target", "to"), FAULTS)
def test_a_fault_has_its_place_inside_the_target(
    code: str, source: str, target: str, to: str
) -> None:
    place = found(source, target, to)[code]
    assert (place.start is None) == (place.end is None)
    if place.start is not None and place.end is not None:
        assert 0 <= place.start < place.end <= len(target)


def test_a_date_that_was_copied_between_regions_is_another_day() -> None:
    assert "dates.format" in found("Due 03/04/2024.", "Fällig 03/04/2024.", "de-DE")
    assert "dates.format" not in found("Due 03/04/2024.", "Fällig 03/04/2024.", "de", origin="en")
    assert "dates.format" not in found("Due 03/04/2024.", "Due 03/04/2024.", "en-PH")


def test_a_word_behind_a_placeholder_tag_is_doubled() -> None:
    source = unit("u", "Press ", ["#", 1], " now", tags=(TagSpec(id=1, role=TagRole.IMAGE),))
    target = UnitTarget.model_validate(
        {
            "unit_id": "u",
            "target": ["Jetzt drücken ", ["#", 1], " drücken"],
            "result_source": "engine",
        }
    )
    (verified,) = verify_units([(source, target)], Locale("en"), Locale("de"))
    assert "words.across_tags" in {each.code for each in verified.findings}


@pytest.mark.parametrize(
    ("target", "is_there"),
    [
        ("Das UTILISIEREN ist neu.", True),
        ("Das\u00a0utilisieren ist neu.", True),
        ("Das Utilisierende ist neu.", False),
    ],
)
def test_a_forbidden_word_is_found_as_a_word_in_any_case(target: str, is_there: bool) -> None:
    profile = profile_named("default", {"forbidden_words": ["utilisieren"]})
    findings = found("The use is new.", target, "de", profile=profile)
    assert ("terms.forbidden" in findings) is is_there
    if is_there:
        place = findings["terms.forbidden"]
        assert target[place.start : place.end].casefold() == "utilisieren"


def test_forbidden_words_are_bound_by_nothing_where_a_language_has_no_spaces() -> None:
    profile = profile_named("default", {"forbidden_words": ["利用"]})
    assert "terms.forbidden" in found("Terms of use", "ご利用規約", "ja", profile=profile)


@pytest.mark.parametrize(
    ("source", "target", "is_missing"),
    [
        ("Pay the invoice.", "Zahlen Sie die Faktura.", True),
        ("Pay the INVOICE.", "Zahlen Sie die Rechnung.", False),
        ("Pay the invoice.", "Zahlen Sie die Rechnungen.", False),
        ("The invoiced sum", "Die Summe", False),
    ],
)
def test_a_required_term_is_missed_where_its_source_stands(
    source: str, target: str, is_missing: bool
) -> None:
    terms = (Term(term_id=UUID(int=1), source="invoice", target="Rechnung"),)
    assert ("terms.missing" in found(source, target, "de", terms=terms)) is is_missing


def test_options_of_a_profile_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="forbidden_words is a list"):
        profile_named("", {"forbidden_words": "x"})
    with pytest.raises(ValueError, match="schemes are matecat, mqm"):
        profile_named("", {"lqa_scheme": "best"})


def consistency(*texts: tuple[str, str]) -> list[set[str]]:
    pairs = [
        (
            unit(str(number), before),
            UnitTarget(unit_id=str(number), target=(after,), result_source=ResultSource.ENGINE),
        )
        for number, (before, after) in enumerate(texts)
    ]
    return [
        {each.code for each in one.findings if each.code.startswith("consistency.")}
        for one in verify_units(pairs, Locale("en"), Locale("de"))
    ]


def test_one_source_with_two_targets_is_found_at_the_rarer_one() -> None:
    assert consistency(
        ("Payment terms", "Zahlungsbedingungen"),
        ("PAYMENT TERMS.", "Zahlungsfristen"),
        ("Payment  terms", "ZAHLUNGSBEDINGUNGEN"),
    ) == [set(), {"consistency.target"}, set()]


def test_short_words_and_numbers_may_be_translated_as_their_place_asks() -> None:
    assert consistency(("No", "Nein"), ("No", "Nr."), ("4.2", "4.2"), ("4.2", "4,2")) == [set()] * 4


def test_one_target_for_two_sources_only_shows() -> None:
    assert (
        consistency(
            ("Delete the account", "Konto entfernen"), ("Remove the account", "Konto entfernen")
        )
        == [{"consistency.source"}] * 2
    )
