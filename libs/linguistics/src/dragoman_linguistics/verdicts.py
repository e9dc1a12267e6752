"""Verdicts from findings: one for each unit, and from these one for the job.

The worst finding decides on a unit, and the worst unit on the job:

    findings of a unit    info, warning             needs_review
    units of a job        passed, needs_review      needs_review
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from dragoman_contracts.events import QaVerdict
from dragoman_contracts.reports import QaFinding, QaReport, Severity, UnitVerdict, UnitVerification


def unit_verdict(findings: Iterable[QaFinding]) -> UnitVerdict:
    """The verdict of a unit. A blocker blocks it, a warning asks for review."""
    severities = {finding.severity for finding in findings}
    if Severity.BLOCKER in severities:
        return UnitVerdict.BLOCKED
    return UnitVerdict.NEEDS_REVIEW if Severity.WARNING in severities else UnitVerdict.PASSED


def job_verdict(verdicts: Iterable[UnitVerdict]) -> QaVerdict:
    """The verdict of a job (requirement E).

    It is blocked if a unit is blocked, needs_review if a unit needs review, else
    reassembly_pending.
    """
    found = set(verdicts)
    if UnitVerdict.BLOCKED in found:
        return QaVerdict.BLOCKED
    return (
        QaVerdict.NEEDS_REVIEW
        if UnitVerdict.NEEDS_REVIEW in found
        else QaVerdict.REASSEMBLY_PENDING
    )


def summarise(units: Sequence[UnitVerification], not_applicable: Iterable[str] = ()) -> QaReport:
    """The QA report of a job: its verdict, the units by verdict, the findings by code."""
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
