"""The rules of submissions: what one may hold, which version and policy follow,
when it is refused. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
)

from dragoman_catalog.values import (
    DismissedFinding,
    LanguagePair,
    OptionName,
    PolicyOverrides,
    Project,
)
from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.events import (
    INTAKE_INPUT,
    SOURCE_INPUT,
    DocumentRegistered,
    Event,
    JobRules,
    JobSubmitted,
    RevisionStrategy,
)
from dragoman_contracts.job import Job
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import SOURCES, NamedObject, ObjectRef
from dragoman_contracts.reports import RememberedDismissal, RememberedDismissals
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair, SubjectKind, SubjectRef, document_scope
from dragoman_contracts.subject_state import Subject, decide_version
from dragoman_gateway.web.depth import MOST_DEEP, TOO_DEEP, depth_of
from dragoman_gateway.web.errors import FieldRefusedError, JobStateError, SourceErasedError
from dragoman_gateway.web.uploads import Upload
from dragoman_linguistics.registry import require_registered

_MAX_METADATA_BYTES = 64 * 1024

NO_VERSION = "none"
"""The word of a submission that takes nothing over from an earlier version."""


def _without_controls(text: str) -> str:
    if any(
        ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in text
    ):
        raise ValueError("control characters and lone surrogates are not allowed")
    return text.strip()


def job_or_document(text: str) -> str:
    """An id of a job or a document in its usual form, or `none`.

    Raises:
        ValueError: it is neither.
    """
    wanted = text.strip().lower()
    if wanted == NO_VERSION:
        return wanted
    try:
        return str(UUID(wanted))
    except ValueError as error:
        raise ValueError(f"it is neither the id of a job or document nor {NO_VERSION!r}") from error


def _storable(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if depth_of(metadata) > MOST_DEEP:
        raise ValueError(TOO_DEEP)
    try:
        encoded = json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "it holds text or numbers that JSON in UTF-8 cannot hold, or nests too deep"
        ) from error
    if len(encoded) > _MAX_METADATA_BYTES or b"\\u0000" in encoded:
        raise ValueError(
            f"it must be at most {_MAX_METADATA_BYTES} bytes and hold no NUL characters"
        )
    return metadata


Line = Annotated[str, AfterValidator(_without_controls), Field(max_length=500)]
"""One line of text that a person typed."""


class PairCheck(Protocol):
    """Whether an engine can translate between two locales, as far as known without a paid call."""

    async def __call__(self, engine: str, model: str, locales: LocalePair) -> None:
        """Return where it can.

        Raises:
            PermanentError: it cannot, with what to install or choose instead.
        """
        ...


@dataclass(frozen=True, slots=True)
class SubmissionRules:
    """The limits of this installation. `engines` are the names a request may choose from; empty
    means any, as where they are on other machines. `check_pair` knows what can be known here.
    """

    pipeline: Pipeline
    default_engine: str
    engines: frozenset[str] = frozenset()
    max_upload_bytes: int = 100 * 1024 * 1024
    check_pair: PairCheck | None = None


class SubmissionRequest(Value):
    """The wishes of a person for a file: requirement E's fields, then ours. None where nothing was
    said.

    `submitted_by` is kept as a note; who acts is the credential's word. `idempotency_key` makes the
    job's id, so that asking twice gives one job. `new_version_of` is the id of the job, or of the
    document, whose translations are taken over; `none` takes none over, and without it the newest
    earlier version of the same document counts.
    """

    project_code: Annotated[Line, Field(min_length=1)]
    domain_pack_code: Annotated[Line, Field(min_length=1)]
    source_language: Locale
    target_language: Locale
    external_reference: Line | None = None
    document_title: Line = ""
    version_label: Annotated[Line, Field(max_length=200)] | None = None
    family_key: Line = ""
    revision_strategy: RevisionStrategy = RevisionStrategy.AUTO
    submitted_by: Line = ""
    idempotency_key: Annotated[Line, Field(min_length=1, max_length=255)] | None = None
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_storable)] = Field(
        default_factory=dict
    )
    overrides: PolicyOverrides = PolicyOverrides()
    is_auto_start: bool | None = None
    pipeline: Annotated[Line, Field(min_length=1, max_length=80)] | None = None
    submission_id: UUID | None = None
    new_version_of: Annotated[str, AfterValidator(job_or_document)] | None = None

    @field_validator("target_language")
    @classmethod
    def _differs_from_source(cls, target: Locale, info: ValidationInfo) -> Locale:
        if target == info.data.get("source_language"):
            raise ValueError("it is the same as the source language")
        return target


class DocumentRun(BaseModel):
    """A wish to run a pipeline on a document that is here already."""

    model_config = ConfigDict(extra="forbid")

    document_id: UUID
    pipeline_id: str = Field(
        "", max_length=80, description="The project's pipeline for documents where empty."
    )
    force_reparse: bool = Field(
        False, description="Nothing that an equal run of the pipeline made before is used."
    )
    source_language: str = Field(
        "", max_length=64, description="BCP-47 tag, for a pipeline that translates."
    )
    target_language: str = Field(
        "", max_length=64, description="BCP-47 tag, for a pipeline that translates."
    )
    new_version_of: str = Field(
        "", max_length=64, description="As in the form, for a pipeline that translates."
    )


class RerunRequest(Value):
    """How a job is run anew: with other choices than it was asked with,
    or with every model call made again.
    """

    refresh: bool = False
    engine: OptionName | None = None
    model: OptionName | None = None


def engine_choices(names: Iterable[str]) -> tuple[EngineChoice, ...]:
    """The engines of names such as `apertium` and `openai/gpt-5-mini`; empty names are left out."""
    parts = (name.strip().partition("/") for name in names)
    return tuple(EngineChoice(engine=engine, model=model) for engine, _, model in parts if engine)


def registered_model(choice: EngineChoice) -> UUID | None:
    """The id of the registered model that a choice names; None where it names none."""
    for name in (choice.engine, choice.model):
        try:
            return UUID(name)
        except ValueError:
            continue
    return None


def request_digest(request: SubmissionRequest, upload: Upload) -> str:
    """The sha256 of what was asked, file included and idempotency key left out:
    equal requests, equal digests.
    """
    asked: dict[str, object] = json.loads(
        request.model_dump_json(exclude={"idempotency_key", "overrides"})
    )
    # Digests of requests from before it could be said stay as they are.
    for name in ("pipeline", "new_version_of"):
        if asked[name] is None:
            del asked[name]
    asked["overrides"] = request.overrides.as_asked()
    asked["file"] = {"name": upload.file_name, "sha256": upload.sha256()}
    if upload.was_encrypted:
        asked["file"] |= {"was_encrypted": True}
    return hashlib.sha256(
        json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def require_open_pair(pair: LanguagePair | None, *, accepts_unlisted: bool) -> None:
    """Refuse a language pair that the project closed, or did not enter where only entered ones are
    taken.

    Raises:
        FieldRefusedError: no jobs are taken for this pair.
    """
    if pair is None and not accepts_unlisted:
        raise FieldRefusedError(
            "target_language",
            "The project has no such language pair; enter it first.",
            code="pair.unknown",
        )
    if pair is not None and not pair.is_active:
        raise FieldRefusedError(
            "target_language",
            "The language pair is inactive in this project.",
            code="pair.inactive",
        )


def require_registered_locales(locales: LocalePair) -> None:
    """Refuse locales that no registry knows: no engine could translate them.

    Raises:
        FieldRefusedError: one is unregistered; the message says what was perhaps meant.
    """
    for field, locale in (("source_language", locales.source), ("target_language", locales.target)):
        try:
            require_registered(locale)
        except InvalidLocaleError as error:
            raise FieldRefusedError(field, error.message, code=error.code) from error


def field_of_refusal(code: str) -> str:
    """The field to change where an engine refuses a submission with this code."""
    return "target_language" if code == "engine.pair_unsupported" else "engine"


def intake_record(request: SubmissionRequest, upload: Upload, now: datetime) -> IntakeRecord:
    """The request with E's defaults filled in: the reference from the file name's stem,
    the label from the time.
    """
    name = upload.base_name
    return IntakeRecord(
        project_code=request.project_code,
        domain_pack_code=request.domain_pack_code,
        file_name=name,
        external_reference=request.external_reference or reference_of(name),
        document_title=request.document_title,
        version_label=request.version_label or now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        family_key=request.family_key,
        revision_strategy=request.revision_strategy,
        submitted_by=request.submitted_by,
        idempotency_key=request.idempotency_key or "",
        metadata=request.metadata,
        choices=request.overrides.model_dump(mode="json", exclude_none=True),
    )


def reference_of(file_name: str) -> str:
    """The external reference of a file for which none was said."""
    return PurePath(file_name).stem.strip() or file_name


def decide_opening(
    document: Subject | None, *, source: ObjectRef, record: ObjectRef, request: SubmissionRequest
) -> tuple[int, tuple[Event, ...]]:
    """The version number that this file is, and the document's events that make it so.

    Raises:
        VersionRefusedError: the revision strategy does not allow this content.
    """
    version, events = decide_version(document, source, record, request.revision_strategy)
    if request.family_key:
        digest = hashlib.sha256(request.family_key.encode()).hexdigest()
        events = tuple(
            event.model_copy(update={"family_key_digest": digest})
            if isinstance(event, DocumentRegistered)
            else event
            for event in events
        )
    return version, events


def remembered_dismissals(found: Iterable[DismissedFinding]) -> RememberedDismissals:
    """The findings that people dismissed for a project, as a job keeps them."""
    return RememberedDismissals(
        dismissals=tuple(
            RememberedDismissal(
                code=each.code,
                source_digest=each.source_digest,
                target_digest=each.target_digest,
                reason=each.reason,
            )
            for each in found
        )
    )


def on_document(job: JobSubmitted, document_id: UUID, version: int) -> JobSubmitted:
    """A translation as it is submitted for this version of a document.

    Raises:
        ValueError: the job has no locales.
    """
    if job.locales is None:
        raise ValueError(f"A job of pipeline {job.pipeline.name} on a document needs locales.")
    subject = SubjectRef(kind=SubjectKind.DOCUMENT, id=document_id, version=version)
    scope = document_scope(version, job.locales.target, job.pipeline.name)
    return job.model_copy(update={"subject": subject, "scope": scope})


def overrides_again(first: PolicyOverrides, request: RerunRequest) -> PolicyOverrides:
    """The overrides of a rerun: its own, else those of the first request.
    A model belongs to its engine.
    """
    keeps_model = request.engine is None or request.engine == first.engine
    model = request.model or (first.model if keeps_model else None)
    return first.model_copy(update={"engine": request.engine or first.engine, "model": model})


def is_on_document(job: Job) -> bool:
    """Whether the job is about a version of a document."""
    subject = job.submitted.subject
    return subject is not None and subject.kind is SubjectKind.DOCUMENT


def require_document(job: Job) -> tuple[UUID, int]:
    """The document and the version that a job can be run anew on.

    Raises:
        JobStateError: the job is not about a version of a document.
        SourceErasedError: there is nothing left to translate.
    """
    subject = job.submitted.subject
    if subject is None or subject.kind is not SubjectKind.DOCUMENT or subject.version is None:
        raise JobStateError(
            f"Job {job.job_id} translates no document; submit it again where it came from.",
            code="job.not_rerunnable",
        )
    if all(artifact.kind not in SOURCES for artifact in job.artifacts):
        raise SourceErasedError(job.job_id)
    return subject.id, subject.version


def rerun_digest(parent: UUID, request: RerunRequest) -> str:
    """The sha256 of what was asked: equal requests, equal digests."""
    asked = {"rerun_of": str(parent), **request.model_dump(mode="json")}
    return hashlib.sha256(
        json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def job_rules(project: Project, is_auto_start: bool | None = None) -> JobRules:
    """The rules of a new job in the project;
    `is_auto_start` is the request's wish, where it has one.
    """
    settings = project.settings
    return JobRules(
        max_attempts=settings.max_attempts,
        retention_days=settings.retention_days,
        is_auto_start=settings.is_auto_start if is_auto_start is None else is_auto_start,
    )


def job_inputs(
    source: ObjectRef, record: ObjectRef, dismissals: ObjectRef | None
) -> tuple[NamedObject, ...]:
    """The inputs of a job. Dismissals are among them, besides in its policy, because an object is
    kept as long as an event points to it.
    """
    named = {SOURCE_INPUT: source, INTAKE_INPUT: record, "dismissals": dismissals}
    return tuple(NamedObject(name=name, object=ref) for name, ref in named.items() if ref)
