"""The work of earlier jobs on a document, as it is looked at before another job is opened on it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from dragoman_contracts.previous import PreviousVersion
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.text import Content
from dragoman_gateway.web.uploads import Upload


@dataclass(frozen=True, slots=True)
class EarlierTexts:
    """An earlier job's translations as people left them, and the sources for which its engine has
    answers on record.

    `made_by` is the engine and the model that gave the answers; None where a new job would ask in
    other words, or the record does not say.
    """

    version: PreviousVersion
    document_version: int | None = None
    made_by: EngineChoice | None = None
    answered: tuple[Content, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierWork:
    """The version that a job on a document would take over, None where there is none; and the jobs,
    the newest first, whose answers it would find.
    """

    previous: EarlierTexts | None = None
    jobs: tuple[EarlierTexts, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may become a version of a document: the one of this reference, or of the file's
    name. `new_version_of` is the job or the document that is taken over, as in a submission.
    """

    project_id: UUID
    upload: Upload
    external_reference: str = ""
    new_version_of: str = ""
    is_new_version: bool = False
