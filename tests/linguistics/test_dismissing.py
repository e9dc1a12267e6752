"""Findings that a person dismissed: the same finding of the same texts only shows."""

from __future__ import annotations

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Severity, UnitVerdict, UnitVerification
from dragoman_contracts.text import Content, ResultSource, UnitTarget, closing, opening
from dragoman_linguistics import dismissal_of, verify_units, without_dismissed
from linguistics.units import unit

SOURCE = unit("u", "* Required field of the form")


def answer(*target: object, unit_id: str = "u") -> UnitTarget:
    content: Content = tuple(target)  # pyright: ignore[reportAssignmentType]
    return UnitTarget(unit_id=unit_id, target=content, result_source=ResultSource.ENGINE)


TARGET = answer("Pflichtfeld des Formulars")


def judged(target: UnitTarget, reason: str = "the sign is a picture") -> UnitVerification:
    pairs = [(SOURCE, target)]
    verified = verify_units(pairs, Locale("en"), Locale("de"))
    dismissed = (dismissal_of(SOURCE, TARGET, "symbols.missing", reason),)
    (found,) = without_dismissed(verified, pairs, dismissed)
    return found


def test_a_dismissed_finding_shows_with_its_reason_and_the_unit_passes() -> None:
    found = judged(TARGET)
    (finding,) = [each for each in found.findings if each.code == "symbols.missing"]
    assert finding.severity is Severity.INFO
    assert finding.message.startswith("dismissed: the sign is a picture (")
    assert found.verdict is UnitVerdict.PASSED


def test_another_text_is_judged_anew() -> None:
    found = judged(answer("Pflichtfeld im Formular"))
    assert found.verdict is UnitVerdict.NEEDS_REVIEW


def test_tags_are_no_part_of_the_text_that_was_seen() -> None:
    tagged = answer(opening(1), "Pflichtfeld", closing(1), " des Formulars")
    codes = {each.code for each in judged(tagged).findings if each.message.startswith("dismissed")}
    assert codes == {"symbols.missing"}


def test_another_finding_of_the_unit_still_counts() -> None:
    target = answer("Pflichtfeld des  Formulars, , 20")
    pairs = [(SOURCE, target)]
    verified = verify_units(pairs, Locale("en"), Locale("de"))
    dismissed = (dismissal_of(SOURCE, target, "symbols.missing", "no sign"),)
    (kept,) = without_dismissed(verified, pairs, dismissed)
    assert kept.verdict is UnitVerdict.NEEDS_REVIEW
    assert "numbers.added" in {
        each.code for each in kept.findings if each.severity is Severity.WARNING
    }
