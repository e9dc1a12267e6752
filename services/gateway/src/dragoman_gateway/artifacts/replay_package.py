"""The replay package: a finished job in one ZIP that another installation can open, check and replay.

    manifest.json      what it is, and the sha256 of the next two
    events.ndjson      the job's events, each line a stored state as it is: the digest chain can be checked
    translation.tmx    source and target of each unit, for other tools
    objects/<sha256>   what the events point to: source, policy, units, recorded calls, targets, reports, result

The same job gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import ValidationError

from dragoman_contracts.envelope import RecordedEvent, decode, digest
from dragoman_contracts.errors import ObjectCorruptError, ObjectMissingError, PermanentError
from dragoman_contracts.events import ReplayPackaged
from dragoman_contracts.job import Job, fold
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value, canonical_json
from dragoman_contracts.references import ObjectRef, Sha256, references_in
from dragoman_contracts.reports import VerificationResults
from dragoman_contracts.text import TargetList, Unit, UnitList, UnitTarget
from dragoman_linguistics import TmxHeader, TmxUnit, write_tmx
from dragoman_runtime.objects import ObjectStore, get_value
from dragoman_runtime.objects.addresses import digest_of, missing, verified

MEDIA_TYPE = "application/zip"
_MANIFEST, _EVENTS, _TMX, _OBJECTS = "manifest.json", "events.ndjson", "translation.tmx", "objects/"
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)
_MOST_ENTRIES, _MOST_BYTES = 100_000, 4 * 1024**3


class NotVerifiedError(PermanentError):
    """The job has no verified translation yet, so there is nothing to package."""

    default_code = "job.not_verified"


class PackageRefusedError(PermanentError):
    """A file is no replay package, or not a whole one."""

    default_code = "package.refused"


class PackageManifest(Value):
    """What a package holds. `absent` are objects that the events point to and that were not there any more."""

    format: Literal["dragoman-replay"] = "dragoman-replay"
    format_version: Literal[1] = 1
    job_id: UUID
    project_id: UUID
    version: int
    head_digest: Sha256
    source_locale: Locale
    target_locale: Locale
    producer: str
    events: Sha256
    tmx: Sha256
    absent: tuple[Sha256, ...] = ()


async def write_package(states: Sequence[bytes], objects: ObjectStore) -> bytes:
    """The package of the job whose stored events these are.

    Raises:
        NotVerifiedError: its translation is not verified yet.
    """
    states = _without_packagings(states)
    stream = [decode(state) for state in states]
    job = fold(stream)
    if job is None or job.extraction is None or job.verification is None:
        raise NotVerifiedError("The job's translation is not verified yet; package it when QA has seen it.")
    found: dict[str, bytes] = {}
    absent: list[str] = []
    for ref in _references(stream):
        try:
            found[ref.digest] = await objects.get(job.project_id, ref)
        except (ObjectMissingError, ObjectCorruptError):
            absent.append(ref.digest)
    events = b"".join(state + b"\n" for state in states)
    producer = stream[-1].envelope.origin.producer
    tmx = await _tmx(job, objects, producer)
    manifest = PackageManifest(
        job_id=job.job_id,
        project_id=job.project_id,
        version=job.version,
        head_digest=digest(states[-1]),
        source_locale=job.source_locale,
        target_locale=job.target_locale,
        producer=producer,
        events=digest(events),
        tmx=digest(tmx),
        absent=tuple(absent),
    )
    entries = {_MANIFEST: canonical_json(manifest), _EVENTS: events, _TMX: tmx}
    return _zipped({**entries, **{_OBJECTS + name: data for name, data in sorted(found.items())}})


class ReplayPackage:
    """A package that was opened, its events checked. Gives its objects as an object store does."""

    def __init__(self, archive: zipfile.ZipFile, manifest: PackageManifest, stream: Sequence[RecordedEvent]) -> None:
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
            if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise PackageRefusedError(f"{path.name} is larger than a replay package can be.")
            manifest = PackageManifest.model_validate_json(archive.read(_MANIFEST), extra="ignore")
            events = archive.read(_EVENTS)
        except (OSError, KeyError, zipfile.BadZipFile, ValidationError, NotImplementedError, RuntimeError) as error:
            raise PackageRefusedError(f"{path.name} is no replay package that this version can read.") from error
        if digest(events) != manifest.events:
            raise PackageRefusedError(f"The events in {path.name} are not those that were packaged.")
        return cls(archive, manifest, _chained(events.splitlines(), manifest, path.name))

    async def get(self, project_id: UUID, ref: ObjectRef | str) -> bytes:
        """The object's bytes, whose digest was checked.

        Raises:
            ObjectMissingError: the package does not hold it.
            ObjectCorruptError: it holds other bytes.
        """
        name = digest_of(ref)
        try:
            return verified(self._archive.read(_OBJECTS + name), name)
        except KeyError:
            raise missing(name) from None
        except zipfile.BadZipFile as error:
            raise ObjectCorruptError(f"Object {name} is damaged in the package; ask for it again.") from error

    def close(self) -> None:
        """Close the file."""
        self._archive.close()


def _chained(states: Sequence[bytes], manifest: PackageManifest, name: str) -> list[RecordedEvent]:
    stream = [decode(state) for state in states]
    previous = ""
    for version, (state, recorded) in enumerate(zip(states, stream, strict=True), start=1):
        envelope = recorded.envelope
        is_next = (envelope.stream_id, envelope.version) == (manifest.job_id, version)
        if not is_next or envelope.previous_digest != previous:
            raise PackageRefusedError(f"Event {version} in {name} does not follow the one before it.")
        previous = digest(state)
    if (len(stream), previous) != (manifest.version, manifest.head_digest):
        raise PackageRefusedError(f"The events in {name} do not end where its manifest says.")
    return stream


def _without_packagings(states: Sequence[bytes]) -> Sequence[bytes]:
    """The events up to the last that says more than that the job was packaged: packaging again changes nothing."""
    end = len(states)
    while end and isinstance(decode(states[end - 1]).event, ReplayPackaged):
        end -= 1
    return states[:end]


def _references(stream: Iterable[RecordedEvent]) -> Iterator[ObjectRef]:
    """Every object that the events point to, each once; other packages are left out."""
    seen: set[str] = set()
    for recorded in stream:
        if isinstance(recorded.event, ReplayPackaged):
            continue
        for ref in references_in(recorded.event):
            if ref.digest not in seen:
                seen.add(ref.digest)
                yield ref


async def _tmx(job: Job, objects: ObjectStore, tool_version: str) -> bytes:
    """The job's units with their targets; a review's count before the engine's."""
    if job.extraction is None or job.plan is None or job.verification is None:
        raise NotVerifiedError(f"Job {job.job_id} has no verified translation.")
    units = (await get_value(objects, job.project_id, job.extraction.units, UnitList)).units
    results = await get_value(objects, job.project_id, job.verification.results, VerificationResults)
    verdicts = {each.unit_id: str(each.verdict) for each in results.units}
    targets: dict[str, UnitTarget] = {}
    for ref in (*job.plan.batches, *job.reviewed_targets):
        if ref is not None:
            found = await get_value(objects, job.project_id, ref, TargetList)
            targets |= {target.unit_id: target for target in found.targets}
    header = TmxHeader(job.source_locale, job.target_locale, tool_version, job.submitted_at)
    return write_tmx(
        header,
        (
            _tmx_unit(unit, targets[unit.unit_id], verdicts.get(unit.unit_id, ""))
            for unit in units
            if unit.unit_id in targets and targets[unit.unit_id].target
        ),
    )


def _tmx_unit(unit: Unit, target: UnitTarget, verdict: str) -> TmxUnit:
    properties = {"x-dragoman-verdict": verdict, "x-dragoman-result-source": str(target.result_source)}
    return TmxUnit(unit.unit_id, unit.source, target.target, properties)


def _zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, _NEVER_CHANGES)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
