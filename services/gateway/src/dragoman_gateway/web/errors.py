"""The refusals of the gateway, with the stable codes that problem details carry
(`docs/operate/runbook.md`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from dragoman_contracts.errors import ConflictError, PermanentError
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline_checks import PipelineFault


class FieldRefusedError(PermanentError):
    """A field of the request has a value that cannot be taken.

    Attributes:
        field: the field's name as the caller wrote it.
    """

    default_code = "request.invalid"

    def __init__(self, field: str, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class FaultsError(PermanentError):
    """Many things of a request are wrong, and all are told at once.

    Attributes:
        faults: what is wrong, each with its place.
    """

    default_code = "request.invalid"

    def __init__(self, what: str, faults: Sequence[PipelineFault], *, code: str) -> None:
        said = "; ".join(f"{'.'.join(map(str, each.place))}: {each.message}" for each in faults)
        super().__init__(f"{what} {said}", code=code)
        self.faults = tuple(faults)


class UnknownParametersError(PermanentError):
    """The query holds parameters that the route does not have.

    Attributes:
        parameters: each of them, and the sentence that says what was perhaps meant.
    """

    default_code = "request.unknown_parameter"

    def __init__(self, parameters: Mapping[str, str]) -> None:
        super().__init__(" ".join(parameters.values()))
        self.parameters = parameters


class UploadTooLargeError(PermanentError):
    """The upload is larger than this installation takes."""

    default_code = "upload.too_large"


class KeyReusedError(PermanentError):
    """The idempotency key stands for another request; use a new key."""

    default_code = "idempotency.key_reused"


class RunningJobError(ConflictError):
    """A job for the same document version, target locale and pipeline is running.

    Attributes:
        job_id: the running job, which the caller may wait for or cancel.
    """

    default_code = "job.already_running"

    def __init__(self, job_id: UUID, message: str = "") -> None:
        super().__init__(
            message
            or f"Job {job_id} is running for the same document version, target language and pipeline, "
            "whatever the source language; wait for it or cancel it."
        )
        self.job_id = job_id


class UnfinishedJobError(ConflictError):
    """A job for the same document version, target locale and pipeline was interrupted and can go
    on.

    Attributes:
        job: the interrupted job, which the caller may resume, or leave and begin anew.
        job_id: its id.
    """

    default_code = "job.unfinished"

    def __init__(self, job: Job) -> None:
        super().__init__(
            f"Job {job.job_id} for the same document version, target language and pipeline, whatever "
            "the source language, was interrupted. "
            "Send on_unfinished=resume to go on with it, or on_unfinished=fresh to give it up and begin anew."
        )
        self.job = job
        self.job_id = job.job_id


class NotParkedError(PermanentError):
    """The work is not parked, or not any more."""

    default_code = "work.not_parked"


class LetterMissingError(PermanentError):
    """There is no such dead letter: it was redriven or discarded, or never was."""

    default_code = "letter.missing"

    def __init__(self, letter_id: UUID) -> None:
        super().__init__(
            f"There is no dead letter {letter_id}: redriven or discarded meanwhile, perhaps."
        )


class DocumentMissingError(PermanentError):
    """There is no such document, or none that the principal sees."""

    default_code = "document.missing"

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"There is no document {document_id}.")


class ObjectUnknownError(PermanentError):
    """There is no such object of the class, or none that the principal sees."""

    default_code = "object.unknown"

    def __init__(self, class_name: str, object_id: UUID) -> None:
        super().__init__(f"There is no object {object_id} of class {class_name!r}.")


class TaskUnknownError(PermanentError):
    """No pipeline of the object has such a task."""

    default_code = "task.unknown"

    def __init__(self, task_name: str) -> None:
        super().__init__(
            f"The object's pipeline has no task {task_name!r}; its class names them, and an object "
            "without a pipeline has none."
        )


class SourceErasedError(PermanentError):
    """The job's document was erased; submit the file again."""

    default_code = "job.source_erased"

    def __init__(self, job_id: UUID | None = None) -> None:
        of_job = f" of job {job_id}" if job_id else ""
        super().__init__(f"The document{of_job} was erased; submit the file again.")


class JobStateError(ConflictError):
    """The job is in a state that does not allow the action; the message says which action does."""

    default_code = "job.state"


class UnitChangedError(ConflictError):
    """Somebody else worked on the unit since it was read.

    Attributes:
        current: the unit as it is now, as the API tells it.
    """

    default_code = "review.changed"

    def __init__(self, current: Mapping[str, Any]) -> None:
        super().__init__(
            "Somebody else worked on this unit since you read it; look at their text, then save again."
        )
        self.current = current


class UnitsPendingError(ConflictError):
    """Units still need a person, so that the review cannot be closed.

    Attributes:
        pending_units: how many.
    """

    default_code = "review.pending"

    def __init__(self, pending_units: int) -> None:
        some = f"{pending_units:,} unit{'s' if pending_units != 1 else ''}"
        super().__init__(
            f"{some} still wait for a person; confirm them, or finish with as_they_are to take them so."
        )
        self.pending_units = pending_units


class NotSignedInError(PermanentError):
    """The request carries no credential, or one that is not valid any more."""

    default_code = "auth.required"


class ForbiddenError(PermanentError):
    """The credential does not allow this."""

    default_code = "auth.forbidden"
