"""The report beside a draft: what a person must look at first, in words that can be read without
the console. Pure.

    {"number": 7, "verdict": "needs_review", "source": "Fig. 3", "target": "Fig. 3",
     "findings": [{"code": "text.untranslated", ...}]}
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from dragoman_contracts.model import Value
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import plain_text
from dragoman_gateway.review.rules.sheet import UnitNow

_TAG = re.compile(r"</?(\d+)/?>")


class ReportedUnit(Value):
    """A unit of the report; `number` is its place in the document, from 1, as the console counts.

    `target` is None where nothing was translated.
    """

    number: int
    unit_id: str
    verdict: str
    source: str
    target: str | None
    findings: tuple[QaFinding, ...] = ()


class ReviewReport(Value):
    """The report of one file. Units with findings come first, each group in document order."""

    file: str
    job_id: UUID
    status: str
    unit_count: int
    units_with_findings: int
    findings_by_code: dict[str, int]
    units: tuple[ReportedUnit, ...]


def report_of_units(
    file: str, job_id: UUID, status: str, units: Iterable[ReportedUnit]
) -> ReviewReport:
    """The report on these units, which are given in document order."""
    listed = tuple(units)
    found = tuple(each for each in listed if each.findings)
    codes = Counter(finding.code for each in found for finding in each.findings)
    return ReviewReport(
        file=file,
        job_id=job_id,
        status=status,
        unit_count=len(listed),
        units_with_findings=len(found),
        findings_by_code=dict(codes.most_common()),
        units=(*found, *(each for each in listed if not each.findings)),
    )


def units_of_rows(rows: Iterable[UnitNow]) -> list[ReportedUnit]:
    """The units as they are now, after engine, QA and people."""
    return [
        ReportedUnit(
            number=row.position + 1,
            unit_id=row.unit.unit_id,
            verdict=row.state,
            source=plain_text(row.unit.source),
            target=None if row.target is None else plain_text(row.target),
            findings=row.findings,
        )
        for row in rows
    ]


def units_of_answer(items: Iterable[Mapping[str, Any]]) -> list[ReportedUnit]:
    """The units as the API lists them, their texts without tags."""
    return [
        ReportedUnit(
            number=int(each["position"]) + 1,
            unit_id=str(each["unit_id"]),
            verdict=str(each["verification_state"]),
            source=_without_tags(str(each["source"]), each),
            target=None if each["target"] is None else _without_tags(each["target"], each),
            findings=tuple(
                QaFinding.model_validate(found, extra="ignore") for found in each["findings"]
            ),
        )
        for each in items
    ]


def _without_tags(text: str, unit: Mapping[str, Any]) -> str:
    """The text without the tags of its unit, `<1>` and `<2/>`; others are text."""
    numbers = {str(tag["id"]) for tag in unit["tags"]}
    return _TAG.sub(lambda tag: "" if tag[1] in numbers else tag[0], text)
