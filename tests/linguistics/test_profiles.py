"""QA profiles: by name, changed code by code."""

import pytest

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity, UnitVerdict
from dragoman_contracts.text import ResultSource, UnitTarget
from dragoman_linguistics import DEFAULT_PROFILE, PROFILES, profile_named, verify_units
from linguistics.units import unit


def test_every_profile_knows_every_check() -> None:
    assert {frozenset(profile.severities) for profile in PROFILES.values()} == {
        frozenset(DEFAULT_PROFILE.severities)
    }


def test_strict_is_never_milder_and_lenient_never_stricter() -> None:
    rank = list(Severity).index
    for code, severity in DEFAULT_PROFILE.severities.items():
        assert (
            rank(PROFILES["lenient"].severities[code])
            <= rank(severity)
            <= rank(PROFILES["strict"].severities[code])
        )


def test_an_override_changes_one_check() -> None:
    profile = profile_named("lenient", {"numbers.added": "off", "length.short": "blocker"})
    assert "numbers.added" not in profile.severities
    assert profile.severities["length.short"] is Severity.BLOCKER
    assert profile_named("") == DEFAULT_PROFILE == profile_named("default", {})


@pytest.mark.parametrize(
    ("name", "overrides", "said"),
    [
        ("severe", {}, "profiles are default, lenient, strict"),
        ("strict", {"numbers.lost": "info"}, "no QA check 'numbers.lost'"),
        ("strict", {"numbers.missing": "loud"}, "severities are info, warning, blocker and off"),
        ("strict", {"numbers.missing": 3}, "is no severity"),
    ],
)
def test_unknown_names_are_refused_with_those_that_exist(
    name: str, overrides: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        profile_named(name, overrides)


def test_the_profile_decides_the_verdict_and_the_first_rules_know_only_one() -> None:
    pairs = [
        (
            unit("u", "Pay 20 euros to Smith & Sons."),
            UnitTarget(
                unit_id="u",
                target=("Zahlen Sie 20 Euro an <|x|>.",),
                result_source=ResultSource.ENGINE,
            ),
        )
    ]

    def verdict(name: str, rules: int) -> UnitVerdict:
        (found,) = verify_units(
            pairs, Locale("en"), Locale("de"), profile=profile_named(name), rules=rules
        )
        return found.verdict

    assert verdict("default", 2) is UnitVerdict.NEEDS_REVIEW
    assert verdict("strict", 2) is UnitVerdict.BLOCKED
    assert verdict("strict", 1) is UnitVerdict.PASSED
