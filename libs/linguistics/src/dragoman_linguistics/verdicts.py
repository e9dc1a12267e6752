"""What follows from findings: a verdict for each unit, and requirement E's verdict for the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from dragoman_contracts.events import QaVerdict
from dragoman_contracts.reports import QaFinding, QaReport, Severity, UnitVerdict, UnitVerification


def unit_verdict(findings: Iterable[QaFinding]) -> UnitVerdict:
    """The worst finding decides: a blocker blocks, a warning needs review."""
    severities = {finding.severity for finding in findings}
    if Severity.BLOCKER in severities:
        return UnitVerdict.BLOCKED
    return UnitVerdict.NEEDS_REVIEW if Severity.WARNING in severities else UnitVerdict.PASSED


def job_verdict(verdicts: Iterable[UnitVerdict]) -> QaVerdict:
    """Blocked if any unit is blocked, needs_review if any still needs review, else
    reassembly_pending (requirement E).
    """
    found = set(verdicts)
    if UnitVerdict.BLOCKED in found:
        return QaVerdict.BLOCKED
    return QaVerdict.NEEDS_REVIEW if UnitVerdict.NEEDS_REVIEW in found else QaVerdict.REASSEMBLY_PENDING


def summarise(units: Sequence[UnitVerification], not_applicable: Iterable[str] = ()) -> QaReport:
    """The QA report of a job: its verdict, how many units stand where, how often each check spoke."""
    verdicts = Counter(unit.verdict for unit in units)
    codes = Counter(finding.code for unit in units for finding in unit.findings)
    return QaReport(
        verdict=job_verdict(verdicts),
        unit_count=len(units),
        passed_count=verdicts[UnitVerdict.PASSED] + verdicts[UnitVerdict.HUMAN_VERIFIED],
        review_count=verdicts[UnitVerdict.NEEDS_REVIEW],
        blocked_count=verdicts[UnitVerdict.BLOCKED],
        findings_by_code=dict(sorted(codes.items())),
        not_applicable=tuple(sorted(not_applicable)),
    )
