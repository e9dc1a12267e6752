"""The rows of the view of jobs, the states of units, and which of them a list shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.reports import UnitVerdict
from dragoman_contracts.subject import SubjectKind, SubjectRef
from dragoman_contracts.vocabulary import JobStatus


class VerificationState(StrEnum):
    """How far the verification of a unit is, requirement E's word: QA's verdict (`UnitVerdict`),
    once there is one.

    A unit with nothing to translate is `left_as_is`: nobody translates or checks it. The others
    begin as `pending`.
    """

    PENDING = "pending"
    PASSED = UnitVerdict.PASSED.value
    NEEDS_REVIEW = UnitVerdict.NEEDS_REVIEW.value
    BLOCKED = UnitVerdict.BLOCKED.value
    HUMAN_VERIFIED = UnitVerdict.HUMAN_VERIFIED.value
    LEFT_AS_IS = "left_as_is"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list shows. `project_ids` None means every project, an empty set none.

    `text` is looked for, case folded, in file name, title and external reference. `is_interrupted`
    None means either, `parent_job_id` the job whose reruns are asked for, `submission_id` the
    upload of several files that opened the jobs. `needs_attention` leaves out jobs in whose place a
    later one was submitted. `submitter` is looked for in the names of those who submitted; an empty
    text of the others asks for none in particular. The days are UTC's, both included.
    """

    project_ids: frozenset[UUID] | None = None
    statuses: frozenset[JobStatus] = frozenset()
    stage: str | None = None
    text: str = ""
    is_interrupted: bool | None = None
    needs_attention: bool | None = None
    parent_job_id: UUID | None = None
    submission_id: UUID | None = None
    target_locale: str = ""
    engine: str = ""
    pipeline_name: str = ""
    submitter: str = ""
    first_day: date | None = None
    last_day: date | None = None


class JobRow(Value):
    """A job as the list shows it. `version` is that of the stream when the row was written."""

    job_id: UUID
    project_id: UUID
    subject: SubjectRef | None
    version: int
    status: JobStatus
    stage: str
    progress_pct: float
    pipeline_name: str
    engine: str
    source_locale: Locale | None
    target_locale: Locale | None
    project_code: str
    file_name: str
    document_title: str
    external_reference: str
    version_label: str
    submitted_by: str
    submitted_by_name: str
    submitted_at: datetime
    updated_at: datetime
    unit_count: int | None
    translated_count: int
    review_count: int
    blocked_count: int
    trouble_code: str | None
    parent_job_id: UUID | None
    submission_id: UUID | None
    finished_phases: tuple[str, ...]
    stopped_at: datetime | None
    is_interrupted: bool
    needs_attention: bool

    @property
    def title(self) -> str:
        """The name of the job's file, or that of its pipeline where it has none;
        empty where the name was erased.
        """
        is_of_document = self.subject is not None and self.subject.kind is SubjectKind.DOCUMENT
        return self.file_name or ("" if is_of_document else self.pipeline_name)
