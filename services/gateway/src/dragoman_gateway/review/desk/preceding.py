"""The job that a job on a new version of a document takes over from, found and pinned; and those
whose answers it finds on record.
"""

from __future__ import annotations

from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError
from dragoman_contracts.job import Job
from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import PreviousPin
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.subject_state import Subject
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.earlier import EarlierTexts
from dragoman_gateway.review.desk.desktop import Desktop, Desktops
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.recorded import RecordedCall
from dragoman_gateway.review.rules.preceding import (
    answered_sources,
    engine_call,
    is_on_same_terms,
    previous_version,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import EventStore, Jobs, read_subject
from dragoman_runtime.eventstore.jobs import JobMissingError
from dragoman_runtime.objects import ObjectStore, get_value, put_value

FIELD = "new_version_of"
_MOST_RERUNS = 20
_MOST_ANSWERING = 3


class Preceding:
    """Finds earlier jobs, and pins what they gave."""

    def __init__(
        self, *, control: JobControl, store: EventStore, jobs: Jobs, objects: ObjectStore
    ) -> None:
        self._control = control
        self._store = store
        self._jobs = jobs
        self._objects = objects

    async def latest(self, subject: Subject, before: int, locales: LocalePair) -> Job | None:
        """The newest job that translated the newest version of a document below this one between
        these locales, and was checked; None where there is none.
        """
        for job_id in _candidates(subject, before, locales):
            job = await self._usable(job_id, locales)
            if job is not None:
                return job
        return None

    async def answering(self, subject: Subject, version: int, locales: LocalePair) -> list[Job]:
        """The newest jobs that translated this version of a document or one below it into the target
        locale, checked or not; few of them.
        """
        found: list[Job] = []
        for job_id in _candidates(subject, version + 1, locales)[:_MOST_ANSWERING]:
            stored = await self._jobs.find(job_id)
            if stored is not None and _has_units(stored[0], locales):
                found.append(stored[0])
        return found

    async def named(
        self, wanted: UUID, project_id: UUID, locales: LocalePair, principal: Principal
    ) -> Job:
        """The job of this id, or the newest one of the document of this id.

        Raises:
            FieldRefusedError: the project has neither, or the job has no translation between these
                locales that was checked.
        """
        subject, _ = await read_subject(self._store, wanted)
        if subject is not None and subject.project_id == project_id and subject.sources:
            latest = await self.latest(subject, len(subject.sources) + 1, locales)
            if latest is None:
                raise _unfit(f"Document {wanted}", locales)
            return latest
        try:
            job = await self._control.find(wanted, principal)
        except JobMissingError as error:
            raise _unknown(wanted) from error
        if job.project_id != project_id:
            raise _unknown(wanted)
        if not _is_usable(job, locales):
            raise _unfit(f"Job {wanted}", locales)
        return job

    async def pin(self, job: Job, policy: Policy) -> PreviousPin | None:
        """The translations of a job as people left them, for a job under this policy; None where
        they were erased.

        Raises:
            RetryableError: a store cannot be reached; submit again.
        """
        found = await self.texts(job, policy)
        if found is None:
            return None
        version = found.version
        return PreviousPin(
            job_id=job.job_id,
            document_version=found.document_version,
            units=await put_value(self._objects, job.project_id, version),
            unit_count=len(version.units),
            person_count=sum(each.is_persons for each in version.units),
            made_by=found.made_by,
        )

    async def texts(self, job: Job, policy: Policy) -> EarlierTexts | None:
        """The translations of a job as people left them, and what its engine answered, for a job
        under this policy; None where they were erased. Nothing is stored.

        Raises:
            RetryableError: a store cannot be reached.
        """
        try:
            # Read for this once: a document of many units would be kept in memory twice.
            desktop = await Desktops(self._control, Material(self._objects)).of(job)
        except (ObjectMissingError, ObjectCorruptError):
            return None
        subject = job.submitted.subject
        return EarlierTexts(
            version=previous_version(job.job_id, desktop.sheet, desktop.progress.state),
            document_version=subject.version if subject else None,
            made_by=await self._made_by(desktop, policy),
            answered=answered_sources(desktop.sheet),
        )

    async def _made_by(self, desktop: Desktop, policy: Policy) -> EngineChoice | None:
        """The engine and the model that made what no person touched; None where the new job would
        ask in other words, or the record does not say.
        """
        job = desktop.job
        try:
            earlier = await get_value(self._objects, job.project_id, job.policy, Policy)
            if not is_on_same_terms(earlier, policy):
                return None
            call = engine_call(desktop.sheet)
            if call is None:
                return earlier.previous_version.made_by if earlier.previous_version else None
            data = await self._objects.get(job.project_id, call)
            signature = RecordedCall.model_validate_json(data).signature
        except (ObjectMissingError, ObjectCorruptError, ValidationError):
            return None
        return EngineChoice(engine=signature.name, model=signature.model)

    async def _usable(self, job_id: UUID, locales: LocalePair) -> Job | None:
        """The job, or the one that it runs anew, and so on; None where none was checked."""
        wanted: UUID | None = job_id
        for _ in range(_MOST_RERUNS):
            found = await self._jobs.find(wanted) if wanted else None
            if found is None:
                return None
            if _is_usable(found[0], locales):
                return found[0]
            wanted = found[0].submitted.parent_job_id
        return None


def _is_usable(job: Job, locales: LocalePair) -> bool:
    return job.verification is not None and _has_units(job, locales)


def _has_units(job: Job, locales: LocalePair) -> bool:
    is_extracted = job.extraction is not None and not job.is_removed
    return is_extracted and job.submitted.locales == locales


def _candidates(subject: Subject, before: int, locales: LocalePair) -> list[UUID]:
    """The last jobs of a document's versions below `before` into the target locale, those of the
    newest version first.
    """
    found: list[tuple[int, UUID]] = []
    for scope, job_id in subject.last_jobs.items():
        version, _, rest = scope.partition("/")
        target, _, pipeline = rest.partition("/")
        if pipeline and version.isdecimal() and target == locales.target and int(version) < before:
            found.append((int(version), job_id))
    return [job_id for _, job_id in sorted(found, key=lambda each: -each[0])]


def _unknown(wanted: UUID) -> FieldRefusedError:
    return FieldRefusedError(
        FIELD, f"The project has no job and no document {wanted}.", code="previous.unknown"
    )


def _unfit(what: str, locales: LocalePair) -> FieldRefusedError:
    return FieldRefusedError(
        FIELD,
        f"{what} has no translation from {locales.source} to {locales.target} that was checked; "
        "wait until it has one, or name another.",
        code="previous.unfit",
    )
