"""Which answers an engine is asked for again, and in which words."""

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity
from dragoman_linguistics import DEFAULT_PROFILE, QaProfile, doubts
from dragoman_linguistics.quality.doubting import REASONS
from linguistics.units import unit

EN, DE = Locale("en"), Locale("de")
PAIRS = (
    (unit("a", "The customer pays 20 euros."), ("Der Kunde zahlt 20 Euro.",)),
    (
        unit("b", "Send it to info@example.org."),
        ("Es tut mir leid, aber ich kann dabei nicht helfen.",),
    ),
    (unit("c", "Acme Widgets"), ("Acme Widgets",)),
    (unit("d", "Less than 20 ppb of lead"), ("Weniger als 20 ppm Blei",)),
)


def test_only_units_with_a_doubt_are_named_and_nothing_of_the_document_is_said() -> None:
    found = doubts(PAIRS, EN, DE)
    assert list(found) == ["b", "d"]
    assert {each.code for each in found["b"]} >= {"chat.refusal", "addresses.missing"}
    assert [each.code for each in found["d"]] == ["amounts.unit"]
    for each in (*found["b"], *found["d"]):
        assert each.message == REASONS[each.code]
        assert each.severity is Severity.WARNING


def test_what_the_profile_only_shows_or_an_engine_rules_out_is_not_asked_again() -> None:
    shown = QaProfile(severities={**DEFAULT_PROFILE.severities, "addresses.missing": Severity.INFO})
    assert {each.code for each in doubts(PAIRS, EN, DE, profile=shown)["b"]} == {"chat.refusal"}
    ruled_out = ("chat.refusal", "addresses.missing", "amounts.unit")
    assert doubts(PAIRS, EN, DE, not_applicable=ruled_out) == {}


def test_every_code_with_a_reason_is_one_of_the_profile() -> None:
    assert set(REASONS) <= set(DEFAULT_PROFILE.severities)


def test_nothing_to_judge_is_no_doubt() -> None:
    assert doubts((), EN, DE) == {}
