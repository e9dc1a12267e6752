"""The format of the replay package: a finished job in one ZIP that another installation can open,
check and replay.

    manifest.json      what it is, and the sha256 of the next two
    events.ndjson      the job's events, each line a stored state as it is: the digest chain can be checked
    translation.tmx    source and target of each unit, for other tools
    objects/<sha256>   what the events point to: source, policy, units, recorded calls, targets, reports, result

The same job gives the same bytes. Pure.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal
from uuid import UUID

from dragoman_contracts.envelope import RecordedEvent, decode, digest
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import ReplayPackaged
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef, Sha256, references_in
from dragoman_contracts.text import Unit, UnitTarget
from dragoman_exchange import TmxUnit

MEDIA_TYPE = "application/zip"
MANIFEST, EVENTS, TMX, OBJECTS = "manifest.json", "events.ndjson", "translation.tmx", "objects/"
MOST_ENTRIES, MOST_BYTES = 100_000, 4 * 1024**3
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)


class NotVerifiedError(PermanentError):
    """The job has no verified translation yet, so there is nothing to package."""

    default_code = "job.not_verified"


class PackageRefusedError(PermanentError):
    """A file is no replay package, or not a whole one."""

    default_code = "package.refused"


class PackageManifest(Value):
    """The manifest of a package. `absent` are objects that the events point to and that
    were not there any more.
    """

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


def chained(states: Sequence[bytes], manifest: PackageManifest, name: str) -> list[RecordedEvent]:
    """The events of a package, checked to be this job's, whole and unchanged.

    Raises:
        PackageRefusedError: they are not.
    """
    stream = [decode(state) for state in states]
    previous = ""
    for version, (state, recorded) in enumerate(zip(states, stream, strict=True), start=1):
        is_next = (recorded.stream_id, recorded.version) == (manifest.job_id, version)
        if not is_next or recorded.previous_digest != previous:
            raise PackageRefusedError(
                f"Event {version} in {name} does not follow the one before it."
            )
        previous = digest(state)
    if (len(stream), previous) != (manifest.version, manifest.head_digest):
        raise PackageRefusedError(f"The events in {name} do not end where its manifest says.")
    return stream


def without_packagings(states: Sequence[bytes]) -> Sequence[bytes]:
    """The events up to the last that says more than that the job was packaged:
    packaging again changes nothing.
    """
    end = len(states)
    while end and isinstance(decode(states[end - 1]).data, ReplayPackaged):
        end -= 1
    return states[:end]


def references_of(stream: Iterable[RecordedEvent]) -> Iterator[ObjectRef]:
    """Every object that the events point to, each once; other packages are left out."""
    seen: set[str] = set()
    for recorded in stream:
        if isinstance(recorded.data, ReplayPackaged):
            continue
        for ref in references_in(recorded.data):
            if ref.digest not in seen:
                seen.add(ref.digest)
                yield ref


def tmx_unit(unit: Unit, target: UnitTarget, verdict: str) -> TmxUnit:
    """A unit with its target for other tools:
    our verdict and where the target came from are properties.
    """
    properties = {
        "x-dragoman-verdict": verdict,
        "x-dragoman-result-source": str(target.result_source),
    }
    return TmxUnit(unit.unit_id, unit.source, target.target, properties)


def zipped(entries: dict[str, bytes]) -> bytes:
    """The entries as a ZIP, in which nothing but they can differ: no times, no owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, _NEVER_CHANGES)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
