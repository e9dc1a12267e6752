"""QA's verdict on a document: by the job's profile, and by the rules its plan names."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from dragoman_contracts.events import QaVerdict
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import canonical_json, from_json
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import (
    Cure,
    QaFinding,
    Severity,
    TranslationPlan,
    VerificationResults,
)
from dragoman_contracts.resources import Term
from dragoman_contracts.text import ResultSource, TargetList, UnitList, UnitTarget
from dragoman_linguistics import QA_RULES, dismissal_of
from dragoman_qa.adapters.built_in import BuiltInChecker
from dragoman_qa.domain import GRAMMAR, NOTHING, Beside, Verified, verified
from dragoman_qa.ports import GrammarFindings
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


def judged(
    targets: Sequence[str],
    *,
    rules: int = QA_RULES,
    off: tuple[str, ...] = (),
    beside: Beside = NOTHING,
    **policy: object,
) -> Verified:
    units = UnitList(
        source_locale=EN, units=tuple(unit(str(n), text) for n, text in enumerate(ENGLISH))
    )
    given = tuple(
        UnitTarget(unit_id=str(n), target=(text,), result_source=ResultSource.ENGINE)
        for n, text in enumerate(targets)
    )
    plan = TranslationPlan(batches=(("0", "1", "2"),), inapplicable_checks=off, qa_rules=rules)
    return verified(
        BuiltInChecker(),
        Policy.model_validate({"engine": "x", **policy}),
        DE,
        canonical_json(units),
        canonical_json(plan),
        [canonical_json(TargetList(target_locale=DE, targets=given))],
        beside,
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
    assert (
        judged(REFUSAL, rules=1, qa_profile="strict").report.verdict is QaVerdict.REASSEMBLY_PENDING
    )
    found = from_json(VerificationResults, judged(("", *GERMAN[1:]), rules=1).results)
    (finding,) = found.units[0].findings
    assert (finding.code, finding.message) == (
        "text.empty",
        "The source has text and the target has none.",
    )


def test_a_job_has_a_score_and_its_findings_a_cure_by_rules_3() -> None:
    found = judged(GERMAN)
    assert found.report.lqa is not None
    assert found.report.lqa.word_count == sum(len(text.split()) for text in ENGLISH)
    assert found.report.lqa.is_passed
    worse = judged(("", *GERMAN[1:]), qa={"lqa_scheme": "matecat"})
    assert worse.report.lqa is not None
    assert (worse.report.lqa.scheme, worse.report.lqa.is_passed) == ("matecat", False)
    (finding,) = from_json(VerificationResults, worse.results).units[0].findings
    assert finding.cure is Cure.RETRANSLATE


def test_a_job_of_rules_2_has_no_score_and_its_report_keeps_its_bytes() -> None:
    older = judged(REFUSAL, rules=2)
    assert older.report.lqa is None
    assert b"lqa" not in canonical_json(older.report)
    assert b"cure" not in older.results


def test_a_forbidden_word_of_the_policy_asks_for_a_look() -> None:
    found = judged(GERMAN, qa={"forbidden_words": ["Rechnung"]})
    assert found.report.findings_by_code == {"terms.forbidden": 1}


def test_terms_are_handed_over() -> None:
    beside = Beside(terms=(Term(term_id=UUID(int=1), source="invoice", target="Faktura"),))
    assert judged(GERMAN, beside=beside).report.findings_by_code == {"terms.missing": 1}


def test_a_dismissed_finding_only_shows() -> None:
    shortened = ("Der Lieferant.", *GERMAN[1:])
    assert judged(shortened).report.verdict is QaVerdict.NEEDS_REVIEW
    dismissals = tuple(
        dismissal_of(
            unit("0", ENGLISH[0]),
            UnitTarget(unit_id="0", target=(text,), result_source=ResultSource.ENGINE),
            code,
            "a heading",
        )
        for text in (shortened[0], GERMAN[0])
        for code in ("length.short", "text.merged")
    )
    found = judged(shortened, beside=Beside(dismissals=dismissals))
    assert found.report.verdict is QaVerdict.REASSEMBLY_PENDING
    assert found.report.findings_by_code["length.short"] == 1


def grammar(*, is_supported: bool = True) -> Beside:
    said = QaFinding(code=GRAMMAR, severity=Severity.INFO, message="RULE: x", start=0, end=3)
    findings = {"1": (said,)} if is_supported else {}
    return Beside(
        grammar=GrammarFindings(
            checker="languagetool", locale=DE, is_supported=is_supported, findings=findings
        )
    )


def test_what_a_grammar_checker_finds_is_judged_by_the_profile() -> None:
    assert judged(GERMAN, beside=grammar()).report.verdict is QaVerdict.REASSEMBLY_PENDING
    strict = judged(GERMAN, beside=grammar(), qa_profile="strict").report
    assert (strict.verdict, strict.findings_by_code) == (QaVerdict.NEEDS_REVIEW, {GRAMMAR: 1})
    assert not judged(GERMAN, beside=grammar(), qa={GRAMMAR: "off"}).report.findings_by_code


def test_a_language_the_grammar_checker_lacks_is_named_in_the_report() -> None:
    assert judged(GERMAN, beside=grammar(is_supported=False)).report.not_applicable == (GRAMMAR,)
