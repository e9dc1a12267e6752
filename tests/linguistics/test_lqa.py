"""The score of a job by MQM: categories, weights, points per thousand words, and the limit."""

from __future__ import annotations

import pytest

from dragoman_contracts.model import canonical_json, from_json
from dragoman_contracts.reports import QaFinding, QaReport, Severity
from dragoman_linguistics import DEFAULT_PROFILE, SCHEMES, lqa_score
from dragoman_linguistics.quality.lqa import LqaCategory, lqa_category

MQM = SCHEMES["mqm"]


def finding(code: str, severity: Severity) -> QaFinding:
    return QaFinding(code=code, severity=severity, message="")


FOUND = (
    finding("terms.missing", Severity.WARNING),
    finding("space.leading", Severity.WARNING),
    finding("text.empty", Severity.BLOCKER),
    finding("case.start", Severity.INFO),
)


def test_every_finding_has_a_category_and_every_category_a_finding() -> None:
    assert {lqa_category(code) for code in DEFAULT_PROFILE.severities} == set(LqaCategory)


def test_points_are_those_of_severities_for_a_thousand_words() -> None:
    score = lqa_score(FOUND, 500)
    assert score.points == 1000 * (5 + 1 + 25 + 0) / 500
    assert not score.is_passed
    assert score.points_by_category == {
        "accuracy": 25.0,
        "design and markup": 1.0,
        "terminology": 5.0,
    }
    assert score.findings_by_severity == {"neutral": 1, "minor": 1, "major": 1, "critical": 1}


def test_matecat_weighs_otherwise() -> None:
    score = lqa_score(FOUND, 1000, SCHEMES["matecat"])
    assert (score.points, score.limit, score.is_passed) == (4.5, 8.0, True)


def test_the_limit_itself_passes() -> None:
    assert lqa_score([finding("text.empty", Severity.BLOCKER)], 1000).is_passed
    assert not lqa_score([finding("text.empty", Severity.BLOCKER)], 999).is_passed


@pytest.mark.parametrize("words", [0, 1, 1000])
def test_a_job_without_findings_has_no_points(words: int) -> None:
    score = lqa_score([], words)
    assert (score.points, score.is_passed, score.points_by_category) == (0.0, True, {})


OLD = (
    b'{"blocked_count":0,"findings_by_code":{},"not_applicable":[],"passed_count":1,"review_count":0,'
    b'"unit_count":1,"verdict":"reassembly_pending"}'
)


def test_a_report_without_a_score_keeps_its_bytes_and_one_with_it_comes_back() -> None:
    older = from_json(QaReport, OLD)
    assert older.lqa is None
    assert canonical_json(older) == OLD
    scored = older.model_copy(update={"lqa": lqa_score(FOUND, 500)})
    assert from_json(QaReport, canonical_json(scored)) == scored
