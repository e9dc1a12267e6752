"""The rules of preflight and cancellation: what a report says, and which events follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import JsonValue

from dragoman_contracts.deciding import end_phase
from dragoman_contracts.events import (
    ArtifactErased,
    Event,
    JobCancelled,
    PreflightBlocked,
    PreflightPassed,
    PreflightVerdict,
)
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.reports import PreflightFinding, PreflightReport, Severity
from dragoman_contracts.vocabulary import RESTING, PhaseKind
from dragoman_intake.ports import SourceInspector
from dragoman_linguistics import identify

RULES_VERSION = 3
"""Raised when the same source would get another report."""

SURE_PCT = 80
"""From which confidence on a language that differs from the declared one is worth a warning."""


_WAS_ENCRYPTED = PreflightFinding(
    code="was_encrypted",
    severity=Severity.INFO,
    message="The file was encrypted and was opened with the password that came with it. The translation is not.",
    action="Protect the result in Word where that is needed: File > Info > Protect Document.",
)


class PreflightOutcome(Value):
    """The stored report and what its event carries."""

    report: ObjectRef
    verdict: PreflightVerdict
    finding_codes: tuple[str, ...]
    detected_locale: Locale | None


class CancellationOutcome(Value):
    """Nothing of the job is under way any more."""


class LanguageFound(Value):
    """The language the source seems to be written in;
    no locale where there is too little text to tell.
    """

    locale: Locale | None
    confidence: float


class Inspected(Value):
    """The result of a look into a document, and the language of the document's text."""

    findings: tuple[PreflightFinding, ...]
    facts: dict[str, JsonValue]
    language: LanguageFound


def inspected(
    inspector: SourceInspector, source: bytes, options: Mapping[str, JsonValue]
) -> Inspected:
    """The findings in a document, where the policy's `options` say which parts are translated."""
    inspection = inspector.inspect(source, options)
    guess = identify(inspection.texts)
    language = LanguageFound(locale=guess.locale, confidence=guess.confidence)
    return Inspected(findings=inspection.findings, facts=inspection.facts, language=language)


def report_on(
    source_digest: str,
    findings: Iterable[PreflightFinding],
    facts: Mapping[str, JsonValue],
    declared: Locale,
    found: LanguageFound,
    *,
    was_encrypted: bool = False,
) -> PreflightReport:
    """The preflight report: the findings, more where the language is not the declared one or the
    file was encrypted, and a verdict.
    """
    encryption = (_WAS_ENCRYPTED,) if was_encrypted else ()
    all_findings = (*encryption, *findings, *_language_finding(declared, found))
    severities = {finding.severity for finding in all_findings}
    verdict = PreflightVerdict.ACCEPTED
    if Severity.BLOCKER in severities:
        verdict = PreflightVerdict.BLOCKED
    elif Severity.WARNING in severities:
        verdict = PreflightVerdict.ACCEPTED_WITH_WARNINGS
    return PreflightReport(
        verdict=verdict,
        source_digest=source_digest,
        findings=all_findings,
        facts=dict(facts),
        detected_locale=found.locale,
        detection_confidence=found.confidence,
    )


def _language_finding(declared: Locale, found: LanguageFound) -> tuple[PreflightFinding, ...]:
    sure = found.confidence * 100 >= SURE_PCT
    if found.locale is None or not sure or found.locale.language == declared.language:
        return ()
    return (
        PreflightFinding(
            code="language.differs",
            severity=Severity.WARNING,
            message=f"The text looks like {found.locale}, but the job says it is {declared}.",
            action="If the source language was mistyped, cancel the job and submit the file with the right one.",
        ),
    )


def decide_preflight(job: Job, item: WorkItem, outcome: PreflightOutcome) -> tuple[Event, ...]:
    """PreflightPassed, which makes extraction owed, or PreflightBlocked, the end."""
    if outcome.verdict is PreflightVerdict.BLOCKED:
        return (PreflightBlocked(report=outcome.report, finding_codes=outcome.finding_codes),)
    passed = PreflightPassed(
        verdict=outcome.verdict,
        report=outcome.report,
        finding_codes=outcome.finding_codes,
        detected_locale=outcome.detected_locale,
    )
    return end_phase(job, job.phase_of_kind(PhaseKind.PREFLIGHT), passed)


def decide_cancellation(
    job: Job, item: WorkItem, outcome: CancellationOutcome
) -> tuple[Event, ...]:
    """JobCancelled, once no lease lives."""
    return (JobCancelled(),)


def decide_expiry(job: Job, now: datetime) -> tuple[ArtifactErased, ...]:
    """ArtifactErased for the bytes of each artifact whose days are over; none while the job moves,
    for it may need them.
    """
    if job.status not in RESTING:
        return ()
    over = dict.fromkeys(
        (artifact.kind, artifact.object.digest)
        for artifact in job.artifacts
        if artifact.retention_expires_at is not None and artifact.retention_expires_at <= now
    )
    return tuple(ArtifactErased(kind=kind, digest=digest) for kind, digest in over)
