"""The linguistic quality of a job as a score: findings by MQM's categories, with weights.

Categories are the core dimensions of MQM (Multidimensional Quality Metrics 2.0), whose penalty
multipliers are 0, 1, 5 and 25. Two findings in 500 words, by the scheme `mqm`:

    terms.missing    terminology   major    5 points
    space.doubled    design        minor    1 point      6 points, 12 a thousand words
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from dragoman_contracts.model import Value
from dragoman_contracts.reports import LqaScore, QaFinding, Severity


class LqaCategory(StrEnum):
    """The core dimensions of MQM."""

    TERMINOLOGY = "terminology"
    ACCURACY = "accuracy"
    LINGUISTIC_CONVENTIONS = "linguistic conventions"
    STYLE = "style"
    LOCALE_CONVENTIONS = "locale conventions"
    AUDIENCE_APPROPRIATENESS = "audience appropriateness"
    DESIGN_AND_MARKUP = "design and markup"


class LqaSeverity(StrEnum):
    """How much an error costs the reader."""

    NEUTRAL = "neutral"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class LqaScheme(Value):
    """The weights of severities, and the most points per thousand words with which a job passes."""

    name: str
    weights: Mapping[LqaSeverity, float]
    limit: float


MQM = LqaScheme(
    name="mqm",
    weights={
        LqaSeverity.NEUTRAL: 0.0,
        LqaSeverity.MINOR: 1.0,
        LqaSeverity.MAJOR: 5.0,
        LqaSeverity.CRITICAL: 25.0,
    },
    limit=25.0,
)
"""MQM's multipliers. MQM leaves the threshold open; a critical error in a thousand words is one."""

MATECAT = LqaScheme(
    name="matecat",
    weights={
        LqaSeverity.NEUTRAL: 0.0,
        LqaSeverity.MINOR: 0.5,
        LqaSeverity.MAJOR: 2.0,
        LqaSeverity.CRITICAL: 2.0,
    },
    limit=8.0,
)
"""MateCat's weights of neutral, minor and major errors, and its limit of a first revision."""

SCHEMES: Mapping[str, LqaScheme] = {scheme.name: scheme for scheme in (MQM, MATECAT)}
"""The schemes by name."""

_SEVERITY_OF = {
    Severity.INFO: LqaSeverity.NEUTRAL,
    Severity.WARNING: LqaSeverity.MAJOR,
    Severity.BLOCKER: LqaSeverity.CRITICAL,
}
_MINORS = (
    "space.doubled words.doubled words.across_tags space.leading space.trailing space.punctuation"
    " space.missing space.lines space.tabs punctuation.doubled punctuation.end punctuation.ellipsis"
    " case.start list.mark brackets.unbalanced quotes.unbalanced brackets.missing quotes.missing"
    " text.markdown text.entities symbols.missing symbols.added consistency.target context.changed"
    " addresses.capitals codes.capitals"
)
_MINOR = frozenset(_MINORS.split())
_BY_ROOM = {
    "terms": LqaCategory.TERMINOLOGY,
    "consistency": LqaCategory.TERMINOLOGY,
    "text": LqaCategory.ACCURACY,
    "numbers": LqaCategory.ACCURACY,
    "amounts": LqaCategory.ACCURACY,
    "addresses": LqaCategory.ACCURACY,
    "codes": LqaCategory.ACCURACY,
    "length": LqaCategory.ACCURACY,
    "chat": LqaCategory.ACCURACY,
    "language": LqaCategory.ACCURACY,
    "symbols": LqaCategory.ACCURACY,
    "list": LqaCategory.ACCURACY,
    "context": LqaCategory.ACCURACY,
    "words": LqaCategory.LINGUISTIC_CONVENTIONS,
    "punctuation": LqaCategory.LINGUISTIC_CONVENTIONS,
    "brackets": LqaCategory.LINGUISTIC_CONVENTIONS,
    "quotes": LqaCategory.LINGUISTIC_CONVENTIONS,
    "grammar": LqaCategory.LINGUISTIC_CONVENTIONS,
    "case": LqaCategory.LINGUISTIC_CONVENTIONS,
    "dates": LqaCategory.LOCALE_CONVENTIONS,
    "tags": LqaCategory.DESIGN_AND_MARKUP,
    "space": LqaCategory.DESIGN_AND_MARKUP,
    "characters": LqaCategory.DESIGN_AND_MARKUP,
    "placeholders": LqaCategory.DESIGN_AND_MARKUP,
    "icu": LqaCategory.DESIGN_AND_MARKUP,
    "accelerators": LqaCategory.DESIGN_AND_MARKUP,
}
_JUDGED = {f"judge.{each.value.replace(' ', '_')}": each for each in LqaCategory}
_APART = {
    "terms.forbidden": LqaCategory.AUDIENCE_APPROPRIATENESS,
    "consistency.source": LqaCategory.STYLE,
    "icu.categories": LqaCategory.LOCALE_CONVENTIONS,
    "space.punctuation": LqaCategory.LOCALE_CONVENTIONS,
    "text.too_long": LqaCategory.DESIGN_AND_MARKUP,
    "text.markdown": LqaCategory.DESIGN_AND_MARKUP,
    "text.html": LqaCategory.DESIGN_AND_MARKUP,
    "text.entities": LqaCategory.DESIGN_AND_MARKUP,
    **_JUDGED,
}


def lqa_category(code: str) -> LqaCategory:
    """The category of a finding's code.

    Raises:
        KeyError: there is no such code.
    """
    return _APART.get(code) or _BY_ROOM[code.partition(".")[0]]


def lqa_severity(found: QaFinding) -> LqaSeverity:
    """The severity of an error: an info costs nothing, and what only disturbs is minor. Advice has the
    severity that its model gave.
    """
    if found.mqm is not None:
        return LqaSeverity(found.mqm)
    severity = _SEVERITY_OF[found.severity]
    is_minor = severity is LqaSeverity.MAJOR and found.code in _MINOR
    return LqaSeverity.MINOR if is_minor else severity


def lqa_score(findings: Iterable[QaFinding], word_count: int, scheme: LqaScheme = MQM) -> LqaScore:
    """The score of the findings of a job whose source has so many words.

    A job without words has the points of one word.
    """
    severities: Counter[LqaSeverity] = Counter()
    by_category: dict[str, float] = {}
    for each in findings:
        severity = lqa_severity(each)
        severities[severity] += 1
        category = lqa_category(each.code).value
        by_category[category] = by_category.get(category, 0.0) + scheme.weights[severity]
    total = sum(by_category.values())
    scaled = round(1000 * total / max(word_count, 1), 3)
    return LqaScore(
        scheme=scheme.name,
        word_count=word_count,
        points=scaled,
        limit=scheme.limit,
        is_passed=scaled <= scheme.limit,
        points_by_category=dict(
            sorted((key, value) for key, value in by_category.items() if value)
        ),
        findings_by_severity={
            each.value: severities[each] for each in LqaSeverity if severities[each]
        },
    )
