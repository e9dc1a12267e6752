"""The objects that events point to and people read: preflight report, manifests,
translation plan, QA results.
"""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from dragoman_contracts.events import Count, PreflightVerdict, QaVerdict, Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef, Sha256


class Severity(StrEnum):
    """How much a finding matters: `blocker` stops the job, `warning` asks for a look."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


class PreflightFinding(Value):
    """Something found in the source: what it means for the translation, and what to do about it."""

    code: str
    severity: Severity
    message: str
    action: str = ""
    part: str = ""
    count: Count = 0


class PreflightReport(Value):
    """The findings of preflight. `facts` are counts and lists by name,
    as the format's room defines them.
    """

    verdict: PreflightVerdict
    source_digest: Sha256
    findings: tuple[PreflightFinding, ...]
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    detected_locale: Locale | None = None
    detection_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0


class ExtractionManifest(Value):
    """The account of an extraction: the units taken out of a document, by story and by part."""

    source_digest: Sha256
    units: Sha256
    unit_count: Count
    translatable_count: Count
    segment_count: Count
    word_count: Count
    character_count: Count
    units_by_story: dict[str, int]
    units_by_part: dict[str, int]


class TranslationPlan(Value):
    """Which units each batch translates, in order. Units of no batch are copied from the source.

    `inapplicable_checks` are codes of QA checks that the planned engine declares to say nothing
    about its targets. `qa_rules` are the version of QA's rules that judges the job: a replay must
    judge as was judged. A plan of an older version names none and means the first. `matches` point
    to the `MatchList` that was found in the job's memories.
    """

    batches: tuple[tuple[str, ...], ...]
    copied: tuple[str, ...] = ()
    inapplicable_checks: tuple[str, ...] = ()
    qa_rules: Annotated[int, Field(ge=1)] = 1
    matches: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    previous: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    counts_savings: Annotated[bool, Field(exclude_if=not_)] = False


class UnitVerdict(StrEnum):
    """QA's word on one unit; review can make it `human_verified`."""

    PASSED = "passed"
    NEEDS_REVIEW = "needs_review"
    BLOCKED = "blocked"
    HUMAN_VERIFIED = "human_verified"


class ReviewStage(StrEnum):
    """How far people are with one unit's translation.

    The stages are XLIFF 2.1's segment states (§4.3.1.29), where a draft is `initial` and what is
    approved is `final`.
    """

    DRAFT = "draft"
    TRANSLATED = "translated"
    REVIEWED = "reviewed"
    APPROVED = "approved"


class Cure(StrEnum):
    """The way to be rid of a finding: a certain change, another translation, or a person's look."""

    AUTOFIX = "autofix"
    RETRANSLATE = "retranslate"
    PERSON = "person"


class QaFinding(Value):
    """One thing a check found in a unit's target.
    Offsets count characters of the target's plain text.

    `cure` is left out of what is stored by rules that knew none. `mqm` is the severity that a model
    gave its advice, whose own severity is always `info`.
    """

    code: str
    severity: Severity
    message: str
    start: int | None = None
    end: int | None = None
    cure: Annotated[Cure | None, Field(exclude_if=not_)] = None
    mqm: Annotated[Literal["minor", "major", "critical"] | None, Field(exclude_if=not_)] = None


class RememberedDismissal(Value):
    """A person's word that a finding is none, as long as source and target keep their texts.

    The digests are sha256 of the texts without tags, in UTF-8.
    """

    code: str
    source_digest: Sha256
    target_digest: Sha256
    reason: str


class RememberedDismissals(Value):
    """The dismissals of a project, as a job's policy points to them."""

    dismissals: tuple[RememberedDismissal, ...]


class UnitVerification(Value):
    """The findings of one unit and what follows from them.

    `terms` are the ids of the job's terms whose source stands in the unit.
    """

    unit_id: str
    verdict: UnitVerdict
    findings: tuple[QaFinding, ...] = ()
    terms: Annotated[tuple[UUID, ...], Field(exclude_if=not_)] = ()


class VerificationResults(Value):
    """The verdict of every unit, in document order."""

    units: tuple[UnitVerification, ...]


class LqaScore(Value):
    """The linguistic quality of a job by its findings (MQM 2.0).

    `points` are penalty points per thousand words of the source; the job passes where they are at
    most `limit`. `points_by_category` are without that scaling.
    """

    scheme: str
    word_count: Count
    points: Annotated[float, Field(ge=0)]
    limit: Annotated[float, Field(ge=0)]
    is_passed: bool
    points_by_category: dict[str, float]
    findings_by_severity: dict[str, int]


class JudgeReport(Value):
    """The part of a model that judged a job: advice, which no verdict is made of.

    `model` is its id in the registry. `left_out` counts the units that it did not judge, by the code of
    the reason. `refused_count` remarks of its answers fitted no unit, place or category. `usage` is that
    of its calls, also of those on record; `score` is that of its remarks alone.
    """

    model: str
    unit_count: Count
    left_out: dict[str, int] = Field(default_factory=dict)
    refused_count: Count = 0
    usage: Usage = Usage()
    score: LqaScore


class QaReport(Value):
    """QA's summary: the job's verdict, how many units stand where, how often each check spoke.

    `lqa` is left out of what is stored by rules that knew none, and `judge` where no model judged.
    """

    verdict: QaVerdict
    unit_count: Count
    passed_count: Count
    review_count: Count
    blocked_count: Count
    findings_by_code: dict[str, int]
    not_applicable: tuple[str, ...] = ()
    lqa: Annotated[LqaScore | None, Field(exclude_if=not_)] = None
    judge: Annotated[JudgeReport | None, Field(exclude_if=not_)] = None


class ReassemblyManifest(Value):
    """Which source and targets made the final document, and which of its parts changed."""

    source_digest: Sha256
    final_digest: Sha256
    target_lists: tuple[Sha256, ...]
    unit_count: Count
    changed_parts: tuple[str, ...]
