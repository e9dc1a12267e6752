"""How the checks say what they found."""

from __future__ import annotations

from dragoman_contracts.reports import QaFinding, Severity


def finding(code: str, message: str, start: int | None = None, end: int | None = None) -> QaFinding:
    """A finding as the check sees it; the profile sets its severity."""
    return QaFinding(code=code, severity=Severity.INFO, message=message, start=start, end=end)
