"""The rules of verification: every translatable unit gets a verdict, and the job gets one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dragoman_contracts.counting import count_text
from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import Event, QaVerdict, TranslationVerified
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value, canonical_json, from_json
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import (
    Cure,
    JudgeReport,
    LqaScore,
    QaFinding,
    QaReport,
    RememberedDismissal,
    TranslationPlan,
    UnitVerification,
    VerificationResults,
)
from dragoman_contracts.resources import Term
from dragoman_contracts.text import (
    ResultSource,
    TargetList,
    Unit,
    UnitList,
    UnitTarget,
    plain_text,
)
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_linguistics import (
    DEFAULT_PROFILE,
    JUDGED,
    SCHEMES,
    QaProfile,
    Redactor,
    lqa_score,
    profile_named,
    shown,
    summarise,
    unit_verdict,
    with_accepted,
    without_dismissed,
)
from dragoman_qa.judge_rules import JudgedText
from dragoman_qa.ports import (
    Assignment,
    DocumentChecker,
    GrammarFindings,
    GrammarText,
    Judgement,
)

RULES_VERSION = 2
"""Raised when the same targets of the same plan would get another verdict.
By which checks, the plan says.
"""

GRAMMAR = "grammar.languagetool"
"""The code of what a LanguageTool server finds."""

_SCORED_RULES = 3


class VerificationOutcome(Value):
    """The stored verdicts and report, with the counts the event carries."""

    verdict: QaVerdict
    results: ObjectRef
    qa_report: ObjectRef
    grammar: ObjectRef | None = None
    dismissals: ObjectRef | None = None
    judgement: ObjectRef | None = None
    calls: tuple[ObjectRef, ...] = ()
    passed_count: int
    review_count: int
    blocked_count: int


class Beside(Value):
    """The statements that a verification takes in beside units and targets: the findings of people
    of a grammar checker, and of a model that judges.

    `dismissals` are findings that a person dismissed, `grammar` and `judgement` are None where none was
    asked, and `terms` are those that the translation must use.
    """

    dismissals: tuple[RememberedDismissal, ...] = ()
    grammar: GrammarFindings | None = None
    judgement: Judgement | None = None
    terms: tuple[Term, ...] = ()


NOTHING = Beside()
"""Nothing beside units and targets."""


class Verified(Value):
    """The yield of the checks: the canonical JSON of the `VerificationResults`,
    and the report on them.
    """

    results: bytes
    report: QaReport


def verified(
    checker: DocumentChecker,
    policy: Policy,
    target_locale: Locale,
    units: bytes,
    plan: bytes,
    lists: Sequence[bytes],
    beside: Beside = NOTHING,
) -> Verified:
    """Check the translatable units of a `UnitList` against the `TargetList`s of a
    `TranslationPlan`, all as JSON.
    """
    planned = from_json(TranslationPlan, plan)
    source = from_json(UnitList, units)
    pairs = paired(source.units, (from_json(TargetList, each) for each in lists), planned.copied)
    profile = profile_of(policy)
    assignment = Assignment(
        source_locale=source.source_locale,
        target_locale=target_locale,
        profile=profile,
        not_applicable=planned.inapplicable_checks,
        rules=planned.qa_rules,
        terms=beside.terms,
    )
    checked = tuple(checker.check(pairs, assignment))
    skipped = list(planned.inapplicable_checks)
    if beside.grammar is not None:
        checked = _with_others(checked, beside.grammar.findings, profile)
        skipped += [] if beside.grammar.is_supported else [GRAMMAR]
    if beside.judgement is not None:
        checked = _with_others(checked, beside.judgement.findings, profile)
    checked = with_accepted(checked, pairs)
    if beside.dismissals:
        checked = without_dismissed(checked, pairs, beside.dismissals)
    report = summarise(checked, skipped)
    if planned.qa_rules >= _SCORED_RULES:
        words = sum(count_text(unit.source, unit.tags).words for unit, _ in pairs)
        findings = [found for each in checked for found in each.findings]
        scheme = SCHEMES[profile.lqa_scheme]
        ours = (found for found in findings if found.mqm is None)
        report = report.model_copy(update={"lqa": lqa_score(ours, words, scheme)})
        if beside.judgement is not None:
            score = lqa_score((found for found in findings if found.mqm), words, scheme)
            judge = _judge_report(beside.judgement, score)
            report = report.model_copy(update={"judge": judge})
    return Verified(results=canonical_json(VerificationResults(units=checked)), report=report)


def is_grammar_asked(policy: Policy, plan: TranslationPlan) -> bool:
    """Whether a grammar checker has a say in this job: its rules know it, and its profile does not
    leave it out.
    """
    has_check = GRAMMAR in profile_of(policy).severities
    return plan.qa_rules >= _SCORED_RULES and has_check and GRAMMAR not in plan.inapplicable_checks


def grammar_texts(
    units: bytes, plan: bytes, lists: Sequence[bytes], policy: Policy
) -> tuple[GrammarText, ...] | None:
    """The targets whose grammar is checked, in document order, without empty and copied ones; None
    where the job asks for no such check. All as JSON.
    """
    planned = from_json(TranslationPlan, plan)
    if not is_grammar_asked(policy, planned):
        return None
    source = from_json(UnitList, units)
    pairs = paired(source.units, (from_json(TargetList, each) for each in lists), planned.copied)
    return tuple(
        GrammarText(unit_id=unit.unit_id, text=text)
        for unit, target in pairs
        if target.result_source is not ResultSource.SOURCE_COPY
        and any(map(str.isalpha, text := shown(target.target)))
    )


def judged_texts(
    units: bytes, plan: bytes, lists: Sequence[bytes], policy: Policy
) -> tuple[JudgedText, ...]:
    """The units that a model judges, in document order: those with a translation that has letters;
    none where the job names no judge. All as JSON.
    """
    profile = profile_of(policy)
    if not profile.judge or profile.severities.keys().isdisjoint(JUDGED):
        return ()
    planned = from_json(TranslationPlan, plan)
    source = from_json(UnitList, units)
    pairs = paired(source.units, (from_json(TargetList, each) for each in lists), planned.copied)
    hidden = Redactor(policy.redaction) if policy.redaction else None
    return tuple(
        JudgedText(
            unit_id=unit.unit_id,
            target=text,
            shown_source=hidden.marked(original) if hidden else original,
            shown_target=hidden.marked(text) if hidden else text,
        )
        for unit, target in pairs
        if target.result_source is not ResultSource.SOURCE_COPY
        and any(map(str.isalpha, text := plain_text(target.target)))
        and (original := plain_text(unit.source))
    )


def _judge_report(judgement: Judgement, score: LqaScore) -> JudgeReport:
    return JudgeReport(
        model=judgement.model,
        unit_count=len(judgement.unit_ids),
        left_out=dict(sorted(Counter(judgement.left_out.values()).items())),
        refused_count=judgement.refused_count,
        usage=judgement.usage,
        score=score,
    )


def _with_others(
    checked: Iterable[UnitVerification],
    findings: Mapping[str, tuple[QaFinding, ...]],
    profile: QaProfile,
) -> tuple[UnitVerification, ...]:
    """The units with findings that others than our checks made."""
    return tuple(_with_more(each, findings.get(each.unit_id, ()), profile) for each in checked)


def _with_more(
    checked: UnitVerification, more: Iterable[QaFinding], profile: QaProfile
) -> UnitVerification:
    levelled = (
        each.model_copy(update={"severity": profile.severities[each.code], "cure": Cure.PERSON})
        for each in more
        if each.code in profile.severities
    )
    findings = (*checked.findings, *levelled)
    return checked.model_copy(update={"findings": findings, "verdict": unit_verdict(findings)})


def profile_of(policy: Policy) -> QaProfile:
    """The profile a policy names. Names were not checked before they had a meaning:
    an unknown one is the default.
    """
    try:
        return profile_named(policy.qa_profile, policy.qa)
    except ValueError:
        return DEFAULT_PROFILE


def paired(
    units: Iterable[Unit], lists: Iterable[TargetList], copied: Iterable[str]
) -> list[tuple[Unit, UnitTarget]]:
    """Each translatable unit with its target, in document order.

    Units that the plan copies keep their source. A unit that nobody translated has an empty target,
    which is a finding: it must not pass in silence.
    """
    targets = {target.unit_id: target for each in lists for target in each.targets}
    kept = set(copied)
    return [(unit, _target_of(unit, targets, kept)) for unit in units if unit.is_translatable]


def _target_of(unit: Unit, targets: dict[str, UnitTarget], copied: set[str]) -> UnitTarget:
    if unit.unit_id in targets:
        return targets[unit.unit_id]
    target = unit.source if unit.unit_id in copied else ()
    return UnitTarget(unit_id=unit.unit_id, target=target, result_source=ResultSource.SOURCE_COPY)


def decide(job: Job, item: WorkItem, outcome: VerificationOutcome) -> tuple[Event, ...]:
    """TranslationVerified; reassembly is owed only where nothing blocks and
    nobody has to look first. A trial, which makes no document, ends here whatever was found.
    """
    verified = TranslationVerified(
        verdict=outcome.verdict,
        results=outcome.results,
        qa_report=outcome.qa_report,
        grammar=outcome.grammar,
        dismissals=outcome.dismissals,
        judgement=outcome.judgement,
        calls=outcome.calls,
        passed_count=outcome.passed_count,
        review_count=outcome.review_count,
        blocked_count=outcome.blocked_count,
    )
    if job.makes_document and outcome.verdict is not QaVerdict.REASSEMBLY_PENDING:
        return (verified,)
    return end_phase(job, job.phase_of_kind(PhaseKind.QA), verified)
