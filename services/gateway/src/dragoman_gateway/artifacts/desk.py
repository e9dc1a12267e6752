"""Use cases of artifacts: give them out under signed addresses,
pack a job up to be replayed elsewhere.
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.envelope import RecordedEvent, decode, digest
from dragoman_contracts.errors import ConflictError, ObjectCorruptError, ObjectMissingError
from dragoman_contracts.events import ReplayPackaged
from dragoman_contracts.job import Job, fold
from dragoman_contracts.model import canonical_json
from dragoman_contracts.policy import IntakeRecord
from dragoman_contracts.references import Artifact, ArtifactKind, ObjectRef
from dragoman_contracts.reports import VerificationResults
from dragoman_contracts.text import TargetList, UnitList, UnitTarget
from dragoman_exchange import TmxHeader, write_tmx
from dragoman_gateway.artifacts.results import LEFT_OUT, ZipWriter, left_out_text, results_of
from dragoman_gateway.artifacts.rules import (
    EVENTS,
    MANIFEST,
    MEDIA_TYPE,
    MOST_BYTES,
    MOST_ENTRIES,
    OBJECTS,
    TMX,
    NotVerifiedError,
    PackageManifest,
    PackageRefusedError,
    chained,
    references_of,
    tmx_unit,
    without_packagings,
    zipped,
)
from dragoman_gateway.jobs.desk import require_visible
from dragoman_gateway.jobs.detail.answers import artifact_views
from dragoman_gateway.jobs.detail.facts import job_records
from dragoman_gateway.jobs.schemas import ArtifactView
from dragoman_gateway.jobs.view.queries import JobQueries
from dragoman_gateway.jobs.view.rows import JobFilter
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.downloads import (
    ArtifactErasedError,
    DownloadSigner,
    artifact_file_name,
    served_media_type,
)
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_gateway.web.ranges import Part, part_of
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Append, EventStore, Head, Jobs, decide_on_job
from dragoman_runtime.objects import ObjectStore, get_value
from dragoman_runtime.objects.addresses import digest_of, missing, verified

MOST_RESULTS = 500
"""The most jobs whose results are put in one ZIP."""
_PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """An artifact that is given out: its name and kind for the person who saves it, and its bytes,
    or `part` of them.
    """

    file_name: str
    media_type: str
    size_bytes: int
    chunks: AsyncIterator[bytes]
    part: Part | None = None


class ArtifactDesk:
    """Lists, gives out and makes artifacts."""

    def __init__(
        self,
        *,
        store: EventStore,
        jobs: Jobs,
        objects: ObjectStore,
        clock: Clock,
        actors: Actors,
        downloads: DownloadSigner,
        queries: JobQueries,
    ) -> None:
        self._store = store
        self._queries = queries
        self._jobs = jobs
        self._objects = objects
        self._clock = clock
        self._actors = actors
        self._downloads = downloads

    async def views(self, job_id: UUID, principal: Principal) -> list[ArtifactView]:
        """The job's artifacts in the order they were made, with fresh download addresses.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
        """
        return await self._views(await self._find(job_id, principal))

    async def address(
        self, job_id: UUID, kind: ArtifactKind, digest: str, principal: Principal, name: str = ""
    ) -> str:
        """A signed address of the artifact, which expires; `name` as for `download`.

        Raises:
            JobMissingError: as `views`.
            ArtifactErasedError: the job has no such artifact, or has it no more.
        """
        artifact = _artifact(
            await self._find(job_id, principal),
            kind,
            digest,
            "The artifact was erased, or never was one of this job.",
            name,
        )
        return self._downloads.sign(job_id, artifact, self._clock.now()).url

    async def download(
        self,
        job_id: UUID,
        kind: ArtifactKind,
        digest: str,
        *,
        expires: int,
        signature: str,
        name: str = "",
        range_: str | None = None,
        is_head: bool = False,
    ) -> Download:
        """The artifact that a signed address leads to, or the part of it that `range_` asks for;
        with `is_head` without its bytes.

        `name` chooses among artifacts of one kind with equal bytes, which nobody could tell apart
        but for the name of the download.

        Raises:
            BadSignatureError, DownloadExpiredError: the address is none of ours, or its time is
                over.
            ArtifactErasedError: the artifact was erased since.
            ObjectMissingError: its bytes are gone.
            RangeRefusedError: the range lies behind its end.
        """
        now = self._clock.now()
        self._downloads.require_valid(
            job_id, kind, digest, expires=expires, signature=signature, now=now
        )
        job, _ = await self._jobs.load(job_id)
        artifact = _artifact(
            job, kind, digest, "This artifact was erased; the job's events say when.", name
        )
        part = part_of(range_, artifact.object.size_bytes)
        chunks = (
            self._none(job.project_id, artifact.object)
            if is_head
            else self._objects.open_stream(job.project_id, artifact.object)
            if part is None
            else self._part(job.project_id, artifact.object, part)
        )
        # Before the answer begins, so that a missing object is a problem and no torso.
        first = await anext(chunks, b"")
        records = await job_records(self._objects, job)
        name = artifact_file_name(job, artifact, records.intake)
        media_type, size_bytes = served_media_type(artifact, name), artifact.object.size_bytes
        return Download(name, media_type, size_bytes, _all(first, chunks), part)

    async def results(self, which: JobFilter) -> AsyncIterator[bytes]:
        """The results of the jobs that a filter gives, in one ZIP, the oldest first; jobs that have
        none, or whose result was erased, are named in a text beside them.

        Raises:
            FieldRefusedError: the filter gives more jobs than one ZIP takes.
        """
        found = await self._queries.list_jobs(which, limit=MOST_RESULTS)
        if found.next_cursor is not None:
            message = f"More than {MOST_RESULTS} jobs match; narrow the filter, to a submission or to days."
            raise FieldRefusedError("q", message)
        return self._zipped([row.job_id for row in reversed(found.rows)])

    async def _zipped(self, job_ids: Sequence[UUID]) -> AsyncGenerator[bytes]:
        writer, left_out = ZipWriter(), list[str]()
        for job_id in job_ids:
            job, _ = await self._jobs.load(job_id)
            record = (await job_records(self._objects, job)).intake
            results = [
                each
                for each in results_of(job)
                if await self._objects.exists(job.project_id, each.object)
            ]
            for each in results:
                chunks = self._objects.open_stream(job.project_id, each.object)
                async for piece in writer.entry(_entry_name(job, each, record), chunks):
                    yield piece
            if not results:
                name = record.file_name if record else str(job_id)
                left_out.append(f"{name}: {job.status} ({job_id})")
        if left_out or not job_ids:
            told = _all(left_out_text(left_out), _no_more())
            async for piece in writer.entry(LEFT_OUT, told):
                yield piece
        yield writer.end()

    async def _none(self, project_id: UUID, ref: ObjectRef) -> AsyncGenerator[bytes]:
        if not await self._objects.exists(project_id, ref):
            raise missing(ref.digest)
        yield b""

    async def _part(self, project_id: UUID, ref: ObjectRef, part: Part) -> AsyncGenerator[bytes]:
        start, end = part.start, part.start + part.length
        while start < end:
            length = min(_PART_BYTES, end - start)
            chunk = await self._objects.get_range(project_id, ref, start, length)
            if not chunk:
                return
            start += len(chunk)
            yield chunk

    async def package(self, job_id: UUID, principal: Principal) -> ArtifactView:
        """The replay package of the job, which becomes one of its artifacts. The same state gives
        the same package.

        Raises:
            JobMissingError: as `views`.
            NotVerifiedError: its translation is not verified yet.
            ObjectMissingError: its units or targets were erased.
        """
        packed = ""

        async def appends(job: Job, head: Head) -> Sequence[Append]:
            nonlocal packed
            require_visible(job, principal)
            if job.verification is None:
                raise NotVerifiedError(
                    f"Job {job_id} has no verified translation yet; package it when QA has seen it."
                )
            states = (await self._store.read_states(job_id))[: head.version]
            ref = await self._objects.put(
                job.project_id, await write_package(states, self._objects), MEDIA_TYPE
            )
            packed = ref.digest
            if _package(job, packed) is not None:
                return ()
            origin = await self._actors.origin(
                principal,
                job.project_id,
                correlation_id=job.correlation_id,
                traceparent=job.traceparent,
            )
            return (
                Append(
                    job_id,
                    job.project_id,
                    head,
                    (ReplayPackaged(artifact=ref),),
                    origin,
                    self._clock.now(),
                ),
            )

        await decide_on_job(self._store, self._jobs, job_id, appends)
        job, _ = await self._jobs.load(job_id)
        for view in await self._views(job):
            if view.sha256 == packed:
                return view
        raise ConflictError(f"Job {job_id} is changing too fast; ask again when it rests.")

    async def _find(self, job_id: UUID, principal: Principal) -> Job:
        job, _ = await self._jobs.load(job_id)
        require_visible(job, principal)
        return job

    async def _views(self, job: Job) -> list[ArtifactView]:
        return artifact_views(
            job, await job_records(self._objects, job), self._downloads, self._clock.now()
        )


def _artifact(
    job: Job, kind: ArtifactKind, digest: str, otherwise: str, name: str = ""
) -> Artifact:
    found = [each for each in job.artifacts if each.kind is kind and each.object.digest == digest]
    if not found:
        raise ArtifactErasedError(otherwise)
    return next((each for each in found if each.name == name), found[0])


def _entry_name(job: Job, artifact: Artifact, record: IntakeRecord | None) -> str:
    """The name in the ZIP; files that a command wrote are in a folder named for the document."""
    name = artifact_file_name(job, artifact, record)
    if artifact.kind is not ArtifactKind.FILE:
        return PurePath(name).name
    folder = PurePath(record.file_name).stem if record else str(job.job_id)
    return f"{folder}/{name}"


async def _no_more() -> AsyncIterator[bytes]:
    for nothing in ():
        yield nothing


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _package(job: Job, digest: str) -> Artifact | None:
    return next(
        (
            each
            for each in job.artifacts
            if (each.kind, each.object.digest) == (ArtifactKind.REPLAY_PACKAGE, digest)
        ),
        None,
    )


async def write_package(states: Sequence[bytes], objects: ObjectStore) -> bytes:
    """The package of the job whose stored events these are.

    Raises:
        NotVerifiedError: its translation is not verified yet.
    """
    states = without_packagings(states)
    stream = [decode(state) for state in states]
    job = fold(stream)
    if job is None or job.extraction is None or job.verification is None:
        raise NotVerifiedError(
            "The job's translation is not verified yet; package it when QA has seen it."
        )
    found: dict[str, bytes] = {}
    absent: list[str] = []
    for ref in references_of(stream):
        try:
            found[ref.digest] = await objects.get(job.project_id, ref)
        except (ObjectMissingError, ObjectCorruptError):
            absent.append(ref.digest)
    events = b"".join(state + b"\n" for state in states)
    producer = stream[-1].origin.producer
    tmx = await _tmx(job, objects, producer)
    manifest = PackageManifest(
        job_id=job.job_id,
        project_id=job.project_id,
        version=job.version,
        head_digest=digest(states[-1]),
        source_locale=job.locales.source,
        target_locale=job.locales.target,
        producer=producer,
        events=digest(events),
        tmx=digest(tmx),
        absent=tuple(absent),
    )
    entries = {MANIFEST: canonical_json(manifest), EVENTS: events, TMX: tmx}
    return zipped({**entries, **{OBJECTS + name: data for name, data in sorted(found.items())}})


class ReplayPackage:
    """A package that was opened, its events checked. Gives its objects as an object store does."""

    def __init__(
        self, archive: zipfile.ZipFile, manifest: PackageManifest, stream: Sequence[RecordedEvent]
    ) -> None:
        self._archive = archive
        self.manifest = manifest
        self.stream = stream

    @classmethod
    def open(cls, path: Path) -> ReplayPackage:
        """Open a package and check manifest, events and their chain.

        Raises:
            PackageRefusedError: it is none, or was changed.
        """
        try:
            archive = zipfile.ZipFile(path)
            entries = archive.infolist()
            if (
                len(entries) > MOST_ENTRIES
                or sum(entry.file_size for entry in entries) > MOST_BYTES
            ):
                raise PackageRefusedError(f"{path.name} is larger than a replay package can be.")
            manifest = PackageManifest.model_validate_json(archive.read(MANIFEST), extra="ignore")
            events = archive.read(EVENTS)
        except (
            OSError,
            KeyError,
            zipfile.BadZipFile,
            ValidationError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise PackageRefusedError(
                f"{path.name} is no replay package that this version can read."
            ) from error
        if digest(events) != manifest.events:
            raise PackageRefusedError(
                f"The events in {path.name} are not those that were packaged."
            )
        return cls(archive, manifest, chained(events.splitlines(), manifest, path.name))

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked.

        Raises:
            ObjectMissingError: the package does not hold it.
            ObjectCorruptError: it holds other bytes.
        """
        name = digest_of(ref)
        try:
            return verified(self._archive.read(OBJECTS + name), name)
        except KeyError:
            raise missing(name) from None
        except zipfile.BadZipFile as error:
            raise ObjectCorruptError(
                f"Object {name} is damaged in the package; ask for it again."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._archive.close()


async def _tmx(job: Job, objects: ObjectStore, tool_version: str) -> bytes:
    """The job's units with their targets; a review's count before the engine's."""
    if job.extraction is None or job.plan is None or job.verification is None:
        raise NotVerifiedError(f"Job {job.job_id} has no verified translation.")
    units = (await get_value(objects, job.project_id, job.extraction.units, UnitList)).units
    results = await get_value(
        objects, job.project_id, job.verification.results, VerificationResults
    )
    verdicts = {each.unit_id: str(each.verdict) for each in results.units}
    targets: dict[str, UnitTarget] = {}
    for ref in (*job.plan.batches, *job.reviewed_targets):
        if ref is not None:
            found = await get_value(objects, job.project_id, ref, TargetList)
            targets |= {target.unit_id: target for target in found.targets}
    header = TmxHeader(job.locales.source, job.locales.target, tool_version, job.submitted_at)
    return write_tmx(
        header,
        (
            tmx_unit(unit, targets[unit.unit_id], verdicts.get(unit.unit_id, ""))
            for unit in units
            if unit.unit_id in targets and targets[unit.unit_id].target
        ),
    )
