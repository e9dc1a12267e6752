"""Findings that a person dismissed stay dismissed while source and target keep their texts.

symbols.missing, "dismissed: the sign is in the picture"    shown as info; the unit passes
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from dragoman_contracts.reports import QaFinding, RememberedDismissal, Severity, UnitVerification
from dragoman_contracts.text import Content, Unit, UnitTarget, plain_text
from dragoman_linguistics.verdicts import unit_verdict


def text_digest(content: Content) -> str:
    """The sha256 of the content's text without tags, in UTF-8."""
    return hashlib.sha256(plain_text(content).encode()).hexdigest()


def dismissal_of(unit: Unit, target: UnitTarget, code: str, reason: str) -> RememberedDismissal:
    """The dismissal of a finding of this unit, for this reason."""
    return RememberedDismissal(
        code=code,
        source_digest=text_digest(unit.source),
        target_digest=text_digest(target.target),
        reason=reason,
    )


def without_dismissed(
    verified: Sequence[UnitVerification],
    pairs: Sequence[tuple[Unit, UnitTarget]],
    dismissals: Collection[RememberedDismissal],
) -> tuple[UnitVerification, ...]:
    """The verifications, in which dismissed findings are infos that say so.

    `verified` are those of `pairs`, in the same order. A dismissal counts for the same code where
    source and target have the texts that the person saw, in whichever unit.
    """
    reasons = {
        (each.code, each.source_digest, each.target_digest): each.reason for each in dismissals
    }
    codes = {each.code for each in dismissals}
    return tuple(
        _judged(each, unit, target, reasons)
        if any(found.code in codes for found in each.findings)
        else each
        for each, (unit, target) in zip(verified, pairs, strict=True)
    )


def with_accepted(
    verified: Sequence[UnitVerification], pairs: Sequence[tuple[Unit, UnitTarget]]
) -> tuple[UnitVerification, ...]:
    """The verifications, in which findings that a person let stand in the previous version, in this
    very translation, are infos that say so. Blockers stay what they are.

    `verified` are those of `pairs`, in the same order.
    """
    return tuple(
        _accepted(each, target.taken_from.accepted) if target.taken_from else each
        for each, (_, target) in zip(verified, pairs, strict=True)
    )


def _accepted(verified: UnitVerification, codes: Collection[str]) -> UnitVerification:
    findings = tuple(
        each.model_copy(
            update={
                "severity": Severity.INFO,
                "message": f"accepted in the previous version ({each.message})",
            }
        )
        if each.severity is Severity.WARNING and each.code in codes
        else each
        for each in verified.findings
    )
    return verified.model_copy(update={"findings": findings, "verdict": unit_verdict(findings)})


def _judged(
    verified: UnitVerification,
    unit: Unit,
    target: UnitTarget,
    reasons: dict[tuple[str, str, str], str],
) -> UnitVerification:
    texts = text_digest(unit.source), text_digest(target.target)
    findings = tuple(_marked(each, reasons.get((each.code, *texts))) for each in verified.findings)
    return verified.model_copy(update={"findings": findings, "verdict": unit_verdict(findings)})


def _marked(found: QaFinding, reason: str | None) -> QaFinding:
    if reason is None:
        return found
    message = f"dismissed: {reason} ({found.message})" if reason else f"dismissed ({found.message})"
    return found.model_copy(update={"severity": Severity.INFO, "message": message})
