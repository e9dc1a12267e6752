"""The rules of verification: every translatable unit gets a verdict, and the job gets one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import Event, QaVerdict, TranslationVerified
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value, canonical_json, from_json
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import QaReport, TranslationPlan, VerificationResults
from dragoman_contracts.text import ResultSource, TargetList, Unit, UnitList, UnitTarget
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_linguistics import DEFAULT_PROFILE, QaProfile, profile_named, summarise
from dragoman_qa.ports import Assignment, DocumentChecker

RULES_VERSION = 2
"""Raised when the same targets of the same plan would get another verdict. By which checks, the plan says."""


class VerificationOutcome(Value):
    """The stored verdicts and report, with the counts the event carries."""

    verdict: QaVerdict
    results: ObjectRef
    qa_report: ObjectRef
    passed_count: int
    review_count: int
    blocked_count: int


class Verified(Value):
    """The yield of the checks: the canonical JSON of the `VerificationResults`, and the report on them."""

    results: bytes
    report: QaReport


def verified(
    checker: DocumentChecker, policy: Policy, target_locale: Locale, units: bytes, plan: bytes, lists: Sequence[bytes]
) -> Verified:
    """Check the translatable units of a `UnitList` against the `TargetList`s of a `TranslationPlan`, all as JSON."""
    planned = from_json(TranslationPlan, plan)
    source = from_json(UnitList, units)
    pairs = paired(source.units, (from_json(TargetList, each) for each in lists), planned.copied)
    assignment = Assignment(
        source_locale=source.source_locale,
        target_locale=target_locale,
        profile=profile_of(policy),
        not_applicable=planned.inapplicable_checks,
        rules=planned.qa_rules,
    )
    checked = tuple(checker.check(pairs, assignment))
    report = summarise(checked, planned.inapplicable_checks)
    return Verified(results=canonical_json(VerificationResults(units=checked)), report=report)


def profile_of(policy: Policy) -> QaProfile:
    """The profile a policy names. Names were not checked before they had a meaning: an unknown one is the default."""
    try:
        return profile_named(policy.qa_profile, policy.qa)
    except ValueError:
        return DEFAULT_PROFILE


def paired(units: Iterable[Unit], lists: Iterable[TargetList], copied: Iterable[str]) -> list[tuple[Unit, UnitTarget]]:
    """Each translatable unit with its target, in document order.

    Units that the plan copies keep their source. A unit that nobody translated has an empty target, which is a finding:
    it must not pass in silence.
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
    """TranslationVerified; reassembly is owed only where nothing blocks and nobody has to look first."""
    verified = TranslationVerified(
        verdict=outcome.verdict,
        results=outcome.results,
        qa_report=outcome.qa_report,
        passed_count=outcome.passed_count,
        review_count=outcome.review_count,
        blocked_count=outcome.blocked_count,
    )
    if outcome.verdict is not QaVerdict.REASSEMBLY_PENDING:
        return (verified,)
    return end_phase(job, job.phase_of_kind(PhaseKind.QA), verified)
