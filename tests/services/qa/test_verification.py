"""QA's verdict on a document: by the job's profile, and by the rules its plan names."""

from collections.abc import Sequence

import pytest

from dragoman_contracts.events import QaVerdict
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import canonical_json, from_json
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import TranslationPlan, VerificationResults
from dragoman_contracts.text import ResultSource, TargetList, UnitList, UnitTarget
from dragoman_linguistics import QA_RULES
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.domain import Verified, verified
from linguistics.units import unit

EN, DE = Locale("en"), Locale("de")
ENGLISH = (
    "The supplier delivers the goods within the agreed time.",
    "The customer pays the invoice after delivery.",
    "Both parties keep the contents of this agreement confidential.",
)
GERMAN = (
    "Der Lieferant liefert die Waren in der vereinbarten Zeit.",
    "Der Kunde zahlt die Rechnung nach der Lieferung.",
    "Beide Parteien behandeln den Inhalt dieser Vereinbarung vertraulich.",
)
REFUSAL = ("I'm sorry, but I can't assist with that request.",) * 3


def judged(targets: Sequence[str], *, rules: int = QA_RULES, off: tuple[str, ...] = (), **policy: object) -> Verified:
    units = UnitList(source_locale=EN, units=tuple(unit(str(n), text) for n, text in enumerate(ENGLISH)))
    given = tuple(
        UnitTarget(unit_id=str(n), target=(text,), result_source=ResultSource.ENGINE) for n, text in enumerate(targets)
    )
    plan = TranslationPlan(batches=(("0", "1", "2"),), inapplicable_checks=off, qa_rules=rules)
    return verified(
        BuiltInChecker(),
        Policy.model_validate({"engine": "x", **policy}),
        DE,
        canonical_json(units),
        canonical_json(plan),
        [canonical_json(TargetList(target_locale=DE, targets=given))],
    )


def test_a_right_translation_goes_on() -> None:
    assert judged(GERMAN).report.verdict is QaVerdict.REASSEMBLY_PENDING


@pytest.mark.parametrize(
    "targets",
    [
        REFUSAL,
        ("供应商应在约定时间内交付货物。", "客户在交货后支付发票。", "双方对本协议的内容保密。"),
        tuple(text[: len(text) // 4] for text in GERMAN),
        (" ".join(GERMAN[:2]), *GERMAN[1:]),
        (*GERMAN[1:], GERMAN[2]),
    ],
    ids=["refused", "in another language", "cut to a quarter", "merged", "shifted"],
)
def test_what_no_unit_shows_alone_waits_for_a_person(targets: Sequence[str]) -> None:
    report = judged(targets).report
    assert report.verdict is QaVerdict.NEEDS_REVIEW
    assert report.findings_by_code


def test_the_policy_says_how_much_a_finding_matters() -> None:
    assert judged(REFUSAL, qa_profile="strict").report.verdict is QaVerdict.BLOCKED
    off = dict.fromkeys(judged(REFUSAL).report.findings_by_code, "off")
    assert judged(REFUSAL, qa=off).report.verdict is QaVerdict.REASSEMBLY_PENDING
    assert judged(REFUSAL, qa={"chat.refusal": "blocker"}).report.verdict is QaVerdict.BLOCKED


def test_a_profile_that_meant_nothing_when_it_was_chosen_is_the_default_one() -> None:
    assert judged(REFUSAL, qa_profile="house-rules").report == judged(REFUSAL).report


def test_checks_that_say_nothing_about_the_engine_are_left_out_and_named() -> None:
    report = judged(REFUSAL, off=("chat.refusal", "text.repeated")).report
    assert not {"chat.refusal", "text.repeated"} & set(report.findings_by_code)
    assert report.not_applicable == ("chat.refusal", "text.repeated")


def test_a_job_of_an_older_plan_is_judged_as_it_was() -> None:
    older = from_json(TranslationPlan, b'{"batches": [["0", "1", "2"]], "copied": []}')
    assert older.qa_rules == 1
    assert judged(REFUSAL, rules=1, qa_profile="strict").report.verdict is QaVerdict.REASSEMBLY_PENDING
    found = from_json(VerificationResults, judged(("", *GERMAN[1:]), rules=1).results)
    (finding,) = found.units[0].findings
    assert (finding.code, finding.message) == ("text.empty", "The source has text and the target has none.")
