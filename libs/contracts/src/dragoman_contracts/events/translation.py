"""Events of the phases of a translation, each of which has a type of its own."""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated, ClassVar

from pydantic import Field

from dragoman_contracts.events.base import Count, ErrorCode, Event, PhaseResult, Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.vocabulary import Service, WorkKind, WorkName


class PreflightVerdict(StrEnum):
    """Requirement E's preflight statuses."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    BLOCKED = "blocked"


class PreflightPassed(PhaseResult):
    """The document can be translated; `report` says what was found and what to do about it."""

    name: ClassVar[str] = "preflight.passed"
    producer: ClassVar[Service | None] = Service.INTAKE
    work: ClassVar[WorkKind | None] = WorkKind.PREFLIGHT

    verdict: PreflightVerdict
    report: ObjectRef
    finding_codes: tuple[ErrorCode, ...] = ()
    detected_locale: Locale | None = None


class PreflightBlocked(Event):
    """The document cannot be translated as it is; `report` names the cure.
    Only a rerun can follow.
    """

    name: ClassVar[str] = "preflight.blocked"
    producer: ClassVar[Service | None] = Service.INTAKE
    work: ClassVar[WorkKind | None] = WorkKind.PREFLIGHT

    report: ObjectRef
    finding_codes: tuple[ErrorCode, ...]


class DocumentExtracted(PhaseResult):
    """The document's units were stored, with a manifest of where they stand."""

    name: ClassVar[str] = "document.extracted"
    producer: ClassVar[Service | None] = Service.EXTRACT
    work: ClassVar[WorkKind | None] = WorkKind.EXTRACTION

    units: ObjectRef
    manifest: ObjectRef
    unit_count: Count
    translatable_count: Count
    segment_count: Count
    word_count: Count


class TranslationPlanned(Event):
    """The units were cut into batches, each of which is now owed.

    `matches`, and `previous` of the previous version, are those that the plan names, so that they are
    kept with the job; left out of what is stored where there are none.
    """

    name: ClassVar[str] = "translation.planned"
    producer: ClassVar[Service | None] = Service.TRANSLATE

    plan: ObjectRef
    batch_count: Count
    unit_count: Count
    matches: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    previous: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None


class UnitsAndWords(Value):
    """A number of units, and the words of their sources."""

    unit_count: Count = 0
    word_count: Count = 0

    def __add__(self, other: UnitsAndWords) -> UnitsAndWords:
        return UnitsAndWords(
            unit_count=self.unit_count + other.unit_count,
            word_count=self.word_count + other.word_count,
        )


class Savings(Value):
    """The units of a job by where their translation came from; each is counted once, but for those of
    `context_changed`, which are among `previous_version`.

    `previous_version` were taken over, of which `context_changed` stand among other neighbours now.
    `memory` are approved translations, `on_record` have their answer from calls that were paid for
    earlier, `repetitions` that of an equal unit of this job. `translated` were asked for.
    """

    previous_version: UnitsAndWords = UnitsAndWords()
    context_changed: UnitsAndWords = UnitsAndWords()
    memory: UnitsAndWords = UnitsAndWords()
    on_record: UnitsAndWords = UnitsAndWords()
    repetitions: UnitsAndWords = UnitsAndWords()
    translated: UnitsAndWords = UnitsAndWords()

    def __add__(self, other: Savings) -> Savings:
        names = Savings.model_fields
        return Savings(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def is_nothing(self) -> bool:
        """Whether every unit was asked for."""
        return self == Savings(translated=self.translated)

    def paid_by_another(self) -> Savings:
        """The same where another job paid for all that was asked for."""
        found = self.on_record + self.translated
        return self.model_copy(update={"on_record": found, "translated": UnitsAndWords()})


class BatchTranslated(Event):
    """The targets of one batch were stored;
    `calls` are the recorded model calls that gave them, in order.

    `usage` is that of the calls which were paid for this job. `reused_count` units have their
    answer from calls that were paid for earlier; `reused` points to the `AnswerPage` of those that
    were found unit by unit. `savings` are there where the plan counts them. All three are left out of
    what is stored where there are none.
    """

    name: ClassVar[str] = "translation.batch_translated"
    producer: ClassVar[Service | None] = Service.TRANSLATE
    work: ClassVar[WorkKind | None] = WorkKind.TRANSLATION_BATCH

    index: Count
    targets: ObjectRef
    unit_count: Count
    calls: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()
    reused_count: Annotated[Count, Field(exclude_if=not_)] = 0
    reused: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    savings: Annotated[Savings | None, Field(exclude_if=not_)] = None


class TranslationCompleted(PhaseResult):
    """Every batch of the plan is translated; said by whoever's append completed it."""

    name: ClassVar[str] = "translation.completed"
    producer: ClassVar[Service | None] = Service.TRANSLATE


class QaVerdict(StrEnum):
    """The decision of QA on a job (requirement E)."""

    BLOCKED = "blocked"
    NEEDS_REVIEW = "needs_review"
    REASSEMBLY_PENDING = "reassembly_pending"


class TranslationVerified(PhaseResult):
    """Each unit has a verdict and the job has one.

    `grammar` points to the answers of a grammar checker, `dismissals` to those that were taken in, and
    `judgement` to the advice of a model, which `calls` gave; they are left out of what is stored where
    there are none.
    """

    name: ClassVar[str] = "translation.verified"
    producer: ClassVar[Service | None] = Service.QA
    work: ClassVar[WorkKind | None] = WorkKind.QA

    verdict: QaVerdict
    results: ObjectRef
    qa_report: ObjectRef
    passed_count: Count
    review_count: Count
    blocked_count: Count
    grammar: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    dismissals: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    judgement: Annotated[ObjectRef | None, Field(exclude_if=not_)] = None
    calls: Annotated[tuple[ObjectRef, ...], Field(exclude_if=not_)] = ()


class DocumentReassembled(PhaseResult):
    """The targets were put back into the source document."""

    name: ClassVar[str] = "document.reassembled"
    producer: ClassVar[Service | None] = Service.REASSEMBLE
    work: ClassVar[WorkKind | None] = WorkKind.REASSEMBLY

    next_kind: Annotated[WorkName | None, Field(exclude_if=not_)] = None
    final_docx: ObjectRef
    manifest: ObjectRef
