from itertools import pairwise

import pytest

from dragoman_contracts.events import QaVerdict
from dragoman_contracts.reports import Severity, UnitVerdict, UnitVerification
from dragoman_contracts.text import (
    Content,
    ResultSource,
    Segment,
    TagRepair,
    TagRole,
    TagSpec,
    Unit,
    UnitTarget,
)
from dragoman_linguistics import QaProfile, job_verdict, summarise, verify_unit
from linguistics.units import unit

BOLD = TagSpec(id=1, role=TagRole.FORMAT, can_delete=True)
LINK = TagSpec(id=1, role=TagRole.LINK)


def target(
    *parts: object, repair: TagRepair = TagRepair.EXACT, by: ResultSource = ResultSource.ENGINE
) -> UnitTarget:
    content: Content = Segment.model_validate({"segment_id": "t", "source": parts}).source
    return UnitTarget(unit_id="u", target=content, result_source=by, tag_repair=repair)


def codes(source: Unit, translation: UnitTarget) -> list[str]:
    return [finding.code for finding in verify_unit(source, translation).findings]


def test_a_good_translation_passes() -> None:
    verification = verify_unit(
        unit("u", "Two pears cost 1,000.50."), target("Dos peras cuestan 1.000,50.")
    )
    assert verification == UnitVerification(unit_id="u", verdict=UnitVerdict.PASSED)


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("1,000.5", "1.000,5"),
        ("1,000", "1000"),
        ("1,000", "1 000"),
        ("12 500", "12.500"),
        ("3.14", "3,14"),
        ("12 May 2026", "2026年5月12日, 12"),
        ("05/12/2026", "12.05.2026"),
        ("version 2.5.1", "versión 2.5.1"),
        ("10.30", "10:30"),
        ("1,00,000", "100.000"),
        ("50 %", "٥٠ ٪"),
        ("1'000", "1\u202f000"),
        ("0.50", "0,5"),
    ],
)
def test_a_number_may_be_written_as_the_locale_writes_it(source: str, translation: str) -> None:
    found = codes(unit("u", f"a {source} b"), target(f"c {translation} d"))
    assert [code for code in found if code == "numbers.missing"] == []


@pytest.mark.parametrize(
    ("source", "translation"), [("314", "3.14"), ("30 days", "40 days"), ("5", ""), ("1.5", "15")]
)
def test_a_changed_number_is_found(source: str, translation: str) -> None:
    assert "numbers.missing" in codes(unit("u", f"a {source} b"), target(f"c {translation} d"))


def test_an_added_number_says_where_it_stands() -> None:
    (finding,) = verify_unit(unit("u", "In May"), target("En mayo de 2026")).findings
    assert (finding.code, finding.start, finding.end) == ("numbers.added", 11, 15)


def test_no_text_where_the_source_has_some_blocks() -> None:
    verification = verify_unit(unit("u", "Text"), target())
    assert verification.verdict is UnitVerdict.BLOCKED
    assert [finding.code for finding in verification.findings] == ["text.empty"]


def test_a_lost_tag_blocks_unless_it_may_be_deleted() -> None:
    source = ("See ", ["<", 1], "this", ["/", 1])
    lost = target("Véase esto")
    assert verify_unit(unit("u", *source, tags=(LINK,)), lost).verdict is UnitVerdict.BLOCKED
    assert verify_unit(unit("u", *source, tags=(BOLD,)), lost).verdict is UnitVerdict.PASSED


@pytest.mark.parametrize(
    ("rung", "verdict"),
    [
        (TagRepair.EXACT, UnitVerdict.PASSED),
        (TagRepair.REORDERED, UnitVerdict.PASSED),
        (TagRepair.PROJECTED, UnitVerdict.NEEDS_REVIEW),
        (TagRepair.WHOLE_UNIT, UnitVerdict.NEEDS_REVIEW),
    ],
)
def test_tags_that_were_put_back_by_guess_need_review(
    rung: TagRepair, verdict: UnitVerdict
) -> None:
    assert verify_unit(unit("u", "Text"), target("Texto", repair=rung)).verdict is verdict


def test_the_source_as_target_is_untranslated() -> None:
    assert codes(unit("u", "The goods are sold."), target("the goods are sold.")) == [
        "text.untranslated"
    ]


@pytest.mark.parametrize(
    "text", ["https://example.org/a", "info@example.org", "AB12 X4", "{{name}} %s", "Ω", "2.5"]
)
def test_what_is_never_translated_is_not_untranslated(text: str) -> None:
    assert codes(unit("u", text), target(text)) == []


def test_a_name_that_stays_is_only_mentioned() -> None:
    verification = verify_unit(unit("u", "Acme Widgets"), target("Acme Widgets"))
    assert [finding.severity for finding in verification.findings] == [Severity.INFO]
    assert verification.verdict is UnitVerdict.PASSED


def test_a_copy_nobody_was_asked_for_is_not_untranslated() -> None:
    assert codes(unit("u", "some code"), target("some code", by=ResultSource.SOURCE_COPY)) == []


def test_an_engine_may_say_that_a_check_does_not_apply() -> None:
    verification = verify_unit(
        unit("u", "some text"), target("some text"), not_applicable=("text.untranslated",)
    )
    assert verification.verdict is UnitVerdict.PASSED


def test_white_space_and_doubled_words_are_found() -> None:
    source = unit("u", "One two ")
    assert codes(source, target(" Uno  dos dos")) == [
        "space.leading",
        "space.trailing",
        "space.doubled",
        "words.doubled",
    ]


def test_a_target_longer_than_its_place_is_found() -> None:
    limited = unit("u", "Yes").model_copy(update={"max_length_chars": 4})
    assert codes(limited, target("Desde luego")) == ["text.too_long"]


def test_a_profile_decides_what_speaks_and_how_loud() -> None:
    strict = QaProfile(severities={"words.doubled": Severity.BLOCKER})
    verification = verify_unit(unit("u", "Text 1"), target("text text"), strict)
    assert [(finding.code, finding.severity) for finding in verification.findings] == [
        ("words.doubled", Severity.BLOCKER)
    ]


def test_the_worst_unit_decides_the_job() -> None:
    ladder = [UnitVerdict.PASSED, UnitVerdict.NEEDS_REVIEW, UnitVerdict.BLOCKED]
    assert [job_verdict(ladder[: n + 1]) for n in range(3)] == [
        QaVerdict.REASSEMBLY_PENDING,
        QaVerdict.NEEDS_REVIEW,
        QaVerdict.BLOCKED,
    ]
    assert job_verdict([UnitVerdict.HUMAN_VERIFIED]) is QaVerdict.REASSEMBLY_PENDING
    assert job_verdict([]) is QaVerdict.REASSEMBLY_PENDING


def test_the_report_counts_units_and_findings() -> None:
    units = [
        verify_unit(unit("u", "Text 1"), each)
        for each in (target("Texto 1"), target("Texto"), target())
    ]
    report = summarise(units, ["text.untranslated"])
    assert (report.passed_count, report.review_count, report.blocked_count) == (1, 1, 1)
    assert report.findings_by_code == {"numbers.missing": 1, "text.empty": 1}
    assert report.verdict is QaVerdict.BLOCKED


def test_findings_come_in_the_order_of_the_checks() -> None:
    found = codes(
        unit("u", "One 1 ", tags=(LINK,)), target("1 2 Uno Uno", repair=TagRepair.WHOLE_UNIT)
    )
    order = ["tags.whole_unit", "numbers.added", "space.trailing", "words.doubled"]
    assert found == order
    assert all(order.index(left) < order.index(right) for left, right in pairwise(found))
