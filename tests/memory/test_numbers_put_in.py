"""Numbers put into the target of a unit, in the target's own form, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import plain_text
from dragoman_memory import Difference, score_match
from memory.entries import asked, entry

PUT_IN = [
    ("de", "Pay 80.", "Pay 90.", "Zahlen Sie 80.", "Zahlen Sie 90."),
    (
        "de",
        "Pay 80 by May 7.",
        "Pay 90 by May 9.",
        "Bis 7. Mai 80 zahlen.",
        "Bis 9. Mai 90 zahlen.",
    ),
    ("de", "Pay 80.", "Pay 1,250.50.", "Zahlen Sie 80.", "Zahlen Sie 1.250,50."),
    ("de", "Pay 1,000.00.", "Pay 2,250.50.", "Zahlen Sie 1.000,00.", "Zahlen Sie 2.250,50."),
    ("de", "Pay 1,000.", "Pay 2,500.", "Zahlen Sie 1.000.", "Zahlen Sie 2.500."),
    ("de", "Pay 1,000.", "Pay 2,500,000.", "Zahlen Sie 1.000.", "Zahlen Sie 2.500.000."),
    (
        "de",
        "Pay 1,000.",
        "Pay 900.",
        "Zahlen Sie 1 000.".replace(" 000", "\u00a0000"),
        "Zahlen Sie 900.",
    ),
    ("de-CH", "Pay 1,000.00.", "Pay 2,250.50.", "Zahlen Sie 1’000.00.", "Zahlen Sie 2’250.50."),
    ("fr", "Pay 1,000.", "Pay 2,500.5.", "Payez 1\u00a0000.", "Payez 2\u00a0500,5."),
    ("fr", "Pay 80.", "Pay 2,500.", "Payez 80.", "Payez 2\u202f500."),
    ("es-MX", "Pay 1,000.00.", "Pay 2,250.50.", "Pague 1,000.00.", "Pague 2,250.50."),
    ("de", "Version 2.5.1 is out.", "Version 2.5.12 is out.", "2.5.1 ist da.", "2.5.12 ist da."),
    ("de", "In the year 1999 it was.", "In the year 2024 it was.", "1999 war es.", "2024 war es."),
    ("ja", "Page 3 of 10", "Page 4 of 12", "10ページ中3ページ", "12ページ中4ページ"),
    ("ar", "Page 3", "Page 4", "صفحة 3", "صفحة 4"),
    ("de", "Pay 5 to 5 people.", "Pay 6 to 6 people.", "Zahle 5 an 5.", "Zahle 6 an 6."),
]


@pytest.mark.parametrize(("locale", "known", "text", "target", "made"), PUT_IN)
def test_a_number_is_put_in_as_the_target_writes_it(
    locale: str, known: str, text: str, target: str, made: str
) -> None:
    where = Locale(locale)
    match = score_match(asked(text, target_locale=where), entry(known, target, target_locale=where))
    assert match is not None
    assert (match.score, match.differences) == (99, (Difference.NUMBERS,))
    assert plain_text(match.target) == made
    assert match.put_in


DOUBTFUL = [
    ("the target lacks it", "de", "Pay 80.", "Pay 90.", "Zahlen Sie achtzig."),
    ("the target has it twice", "de", "Pay 80.", "Pay 90.", "Zahlen Sie 80 von 80."),
    ("two become one", "de", "Pay 5 to 5 men.", "Pay 6 to 7 men.", "Zahle 5 an 5 Leute."),
    ("one of two equal ones", "de", "Pay 5 to 5 men.", "Pay 5 to 7 men.", "Zahle 5 an 5 Leute."),
    ("the target was not converted", "de", "Pay 1.5.", "Pay 2,500.", "Zahlen Sie 1.5."),
    ("other groups", "de", "Pay 10,00,000.", "Pay 90.", "Zahlen Sie 1.000.000."),
    ("unknown form of the target", "xx", "Pay 80.", "Pay 1,250.50.", "Foo 80."),
    ("digits of another script", "ar", "Page 3", "Page 4", "صفحة ٣"),
    (
        "a date that was reordered",
        "de",
        "On 5/14 it ends.",
        "On 6/14 it ends.",
        "Am 14.5. endet es.",
    ),
    ("a number in two tags", "de", "Pay 80.", "Pay 90.", "Zahlen Sie 8<1/>0."),
]


@pytest.mark.parametrize(
    ("locale", "known", "text", "target"),
    [row[1:] for row in DOUBTFUL],
    ids=[row[0] for row in DOUBTFUL],
)
def test_a_number_in_doubt_is_not_put_in(locale: str, known: str, text: str, target: str) -> None:
    where = Locale(locale)
    match = score_match(asked(text, target_locale=where), entry(known, target, target_locale=where))
    assert match is None or match.score <= 84
    assert match is None or match.put_in == ()


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(["de", "fr", "es-MX", "pl"]))
def test_whole_numbers_keep_their_value(old: int, new: int, locale: str) -> None:
    where = Locale(locale)
    unit = entry(f"Pay {old} euros today.", f"{old} Euro.", target_locale=where)
    match = score_match(asked(f"Pay {new} euros today.", target_locale=where), unit)
    assert match is not None
    assert plain_text(match.target) == f"{new} Euro."
