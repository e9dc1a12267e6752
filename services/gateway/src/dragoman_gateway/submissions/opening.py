"""The demands that a policy makes on the installation, and the earlier jobs that it takes over from:
looked at before a job is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

from dragoman_catalog import Catalog, Project
from dragoman_contracts.events import RevisionStrategy
from dragoman_contracts.identity import document_id
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Pipeline
from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import PreviousPin
from dragoman_contracts.references import DOCX_MEDIA_TYPE, ObjectRef
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.subject_state import Subject, decide_version
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_documents import DocumentError, require_package
from dragoman_gateway.jobs.earlier import Candidate, EarlierTexts, EarlierWork
from dragoman_gateway.submissions.rules import (
    NO_VERSION,
    SubmissionRequest,
    SubmissionRules,
    job_or_document,
    reference_of,
    registered_model,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.uploads import Upload
from dragoman_runtime.eventstore import EventStore, Jobs, read_subject

_OF_WORD = frozenset({PhaseKind.PREFLIGHT, PhaseKind.EXTRACTION})


async def require_word_file(upload: Upload, pipeline: Pipeline) -> None:
    """Return where the file may be a Word document, or the pipeline reads none.

    Raises:
        FieldRefusedError: its first bytes are those of another format.
    """
    if _OF_WORD.isdisjoint(phase.kind for phase in pipeline.phases):
        return
    try:
        await asyncio.to_thread(require_package, upload.file())
    except DocumentError as error:
        raise FieldRefusedError("file", error.message, code=error.code) from error


async def require_engines(catalog: Catalog, offered: Collection[str], policy: Policy) -> None:
    """Return where all engines of the policy are offered (nothing: any is) or registered.

    Raises:
        FieldRefusedError: one is neither.
    """
    first = EngineChoice(engine=policy.engine, model=policy.model)
    for choice in (first, *policy.fallbacks):
        field = "engine" if choice is first else "fallbacks"
        model_id = registered_model(choice)
        if model_id is not None:
            if await catalog.models.linked(model_id) is None:
                message = f"There is no enabled registered model {model_id}."
                raise FieldRefusedError(field, message, code="engine.unknown")
        elif offered and choice.engine not in offered:
            names = ", ".join(sorted(offered))
            message = (
                f"Engine {choice.engine!r} is not one of {names}, or the id of a registered model."
            )
            raise FieldRefusedError(field, message, code="engine.unknown")


async def engine_texts(
    catalog: Catalog, projects: Iterable[Project], rules: SubmissionRules
) -> dict[str, str]:
    """The engine of each project by its code, with its model, as people call the two: a registered
    model by its name. A language pair, a domain pack or a request may name another.
    """
    texts: dict[str, str] = {}
    for project in projects:
        settings = project.settings
        engine = settings.default_engine or rules.default_engine
        choice = EngineChoice(engine=engine, model=settings.model)
        model_id = registered_model(choice)
        linked = None if model_id is None else await catalog.models.linked(model_id)
        named = f"{engine} {settings.model}".strip()
        texts[project.code] = named if linked is None else f"{linked.provider} {linked.model_name}"
    return texts


class EarlierJobs(Protocol):
    """The jobs that a job on a new version of a document can take over from."""

    async def latest(self, subject: Subject, before: int, locales: LocalePair) -> Job | None:
        """The newest checked job on the newest version below `before`; None where there is none."""
        ...

    async def named(
        self, wanted: UUID, project_id: UUID, locales: LocalePair, principal: Principal
    ) -> Job:
        """The job of this id, or the newest one of the document of this id.

        Raises:
            FieldRefusedError: there is neither, or it has no checked translation of these locales.
        """
        ...

    async def pin(self, job: Job, policy: Policy) -> PreviousPin | None:
        """The job's translations as they are now; None where they were erased."""
        ...

    async def texts(self, job: Job, policy: Policy) -> EarlierTexts | None:
        """The same, and what the job's engine answered, without storing it."""
        ...

    async def answering(self, subject: Subject, version: int, locales: LocalePair) -> list[Job]:
        """The newest jobs on this version of a document or one below it, checked or not."""
        ...


class WorkBefore:
    """Tells what a job on a file would find done, before there is one."""

    def __init__(self, earlier: EarlierJobs, store: EventStore) -> None:
        self._earlier = earlier
        self._store = store

    async def on(
        self, file: Candidate, policy: Policy, locales: LocalePair, principal: Principal
    ) -> EarlierWork:
        """The work of earlier jobs that a job on this file would use under this policy.

        Raises:
            FieldRefusedError: what it is said to be a new version of is not there, or was erased.
        """
        asked = _asked(file.new_version_of)
        reference = file.external_reference.strip() or reference_of(file.upload.base_name)
        known, _ = await read_subject(self._store, document_id(file.project_id, reference))
        version = await asyncio.to_thread(_version_of, file, known)
        jobs = [] if known is None else await self._earlier.answering(known, version, locales)
        previous: Job | None = None
        if asked is not None and asked != NO_VERSION:
            previous = await self._earlier.named(UUID(asked), file.project_id, locales, principal)
        elif asked is None and known is not None:
            previous = await self._earlier.latest(known, version, locales)
        by_id = {each.job_id: each for each in (*([previous] if previous else []), *jobs)}
        found = {key: await self._earlier.texts(job, policy) for key, job in by_id.items()}
        taken = found[previous.job_id] if previous is not None else None
        if asked not in (None, NO_VERSION) and taken is None:
            raise _erased(str(asked))
        return EarlierWork(taken, tuple(each for each in found.values() if each is not None))


def _asked(said: str) -> str | None:
    """The job or the document that is said, or `none`; None where nothing is said."""
    try:
        return job_or_document(said) if said.strip() else None
    except ValueError as error:
        message = f"This is neither the id of a job or document nor {NO_VERSION!r}."
        raise FieldRefusedError("new_version_of", message) from error


def _version_of(file: Candidate, known: Subject | None) -> int:
    """The version of its document that the file would be."""
    upload = file.upload
    source = ObjectRef(
        digest=upload.sha256(), size_bytes=upload.size_bytes, media_type=DOCX_MEDIA_TYPE
    )
    strategy = RevisionStrategy.NEW_VERSION if file.is_new_version else RevisionStrategy.AUTO
    return decide_version(known, source, source, strategy)[0]


def _erased(asked: str) -> FieldRefusedError:
    message = f"The translations of {asked} were erased; name another job, or `{NO_VERSION}`."
    return FieldRefusedError("new_version_of", message, code="previous.unfit")


async def taken_over(
    earlier: EarlierJobs,
    request: SubmissionRequest,
    policy: Policy,
    principal: Principal,
    project_id: UUID,
    place: tuple[Subject | None, int],
) -> Policy:
    """The policy with the previous version that a submission takes over: the one it asked for, or
    the newest of the same document, of which it is the version at `place`; none where it asked for
    `none`.

    Raises:
        FieldRefusedError: what it asked for is not there, or was erased.
    """
    asked, (known, version) = request.new_version_of, place
    if asked == NO_VERSION:
        return policy
    locales = LocalePair(source=request.source_language, target=request.target_language)
    if asked is not None:
        job = await earlier.named(UUID(asked), project_id, locales, principal)
    else:
        job = await earlier.latest(known, version, locales) if known is not None else None
    pin = await earlier.pin(job, policy) if job is not None else None
    if pin is None and asked is not None:
        raise _erased(asked)
    return policy.model_copy(update={"previous_version": pin}) if pin is not None else policy


async def taken_over_again(
    earlier: EarlierJobs, jobs: Jobs, before: Policy, policy: Policy
) -> Policy:
    """The policy of a rerun, with the previous version that the first run took over: as it is now,
    or as it was where it was erased.
    """
    pin = before.previous_version
    if pin is None:
        return policy
    found = await jobs.find(pin.job_id)
    again = await earlier.pin(found[0], policy) if found is not None else None
    kept = again or pin.model_copy(update={"made_by": None})
    return policy.model_copy(update={"previous_version": kept})
