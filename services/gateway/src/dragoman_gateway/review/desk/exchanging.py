"""Files for reviewers: a job's translations written in an exchange format, and read back in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dragoman_catalog import MemoryBatch
from dragoman_contracts.deciding import end_phase
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Event, ReviewExported, ReviewImported
from dragoman_contracts.job import Job
from dragoman_contracts.references import Artifact, ObjectRef
from dragoman_contracts.reports import ReviewStage, UnitVerdict
from dragoman_contracts.review import EditOrigin, ReviewState, UnitEdit
from dragoman_contracts.text import ResultSource, TargetList
from dragoman_contracts.vocabulary import PhaseKind
from dragoman_exchange import (
    ExchangeFormat,
    ImportedUnit,
    Reading,
    Rejection,
    ReviewComment,
    ReviewDocument,
    ReviewUnit,
    read_review,
    target_digest,
    write_review,
)
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import names_of, record_of
from dragoman_gateway.review.desk.candidates import CandidateWriter
from dragoman_gateway.review.desk.desktop import Desktop, Desktops, reviewed_targets, session_of
from dragoman_gateway.review.desk.reviewing import Reviewing
from dragoman_gateway.review.rules.edits import Check, require_open, require_whole, typed
from dragoman_gateway.review.rules.sheet import UnitFilter, UnitNow
from dragoman_gateway.web.errors import JobStateError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import Head
from dragoman_runtime.objects import ObjectStore, put_value


class OnConflict(StrEnum):
    """The fate of a unit that was edited here and in the file since the export."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A unit that was edited on both sides."""

    row: UnitNow
    theirs: ImportedUnit


@dataclass(frozen=True, slots=True)
class Imported:
    """The changes that a file makes, or made. `unchanged_count` are units that say what was known."""

    reading: Reading
    edits: tuple[UnitEdit, ...]
    unchanged_count: int
    conflicts: tuple[Conflict, ...]
    refused: tuple[Rejection, ...]
    pending_count: int
    artifact: Artifact | None = None


class Exchanging:
    """Exports and imports of reviews."""

    def __init__(
        self,
        *,
        desktops: Desktops,
        control: JobControl,
        acts: Reviewing,
        objects: ObjectStore,
        candidates: CandidateWriter,
        tool_version: str,
    ) -> None:
        self._candidates = candidates
        self._desktops = desktops
        self._control = control
        self._acts = acts
        self._objects = objects
        self._tool_version = tool_version
        self.turn = asyncio.Semaphore(1)
        """A file is read in memory; those of other requests wait on disk meanwhile."""

    async def export(
        self, job_id: UUID, principal: Principal, format_: ExchangeFormat
    ) -> tuple[Job, Artifact]:
        """Write the translations as they are now; the file becomes an artifact. The same state
        gives the same file, and the same artifact.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            JobStateError: its translation is not checked yet.
        """
        written: ObjectRef | None = None

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            nonlocal written
            _require_verified(job)
            desktop = await self._desktops.of(job)
            document = await self._document(desktop)
            data = await asyncio.to_thread(write_review, format_, document)
            written = await self._objects.put(job.project_id, data, format_.media_type)
            if _artifact(job, written) is not None:
                return ()
            session_id = job.review.session_id if job.review else session_of(job)
            return (
                ReviewExported(
                    session_id=session_id,
                    artifact=written,
                    unit_count=len(document.units),
                    format=format_.value,
                ),
            )

        await self._control.append(job_id, principal, events_of)
        job = await self._control.find(job_id, principal)
        artifact = _artifact(job, written) if written else None
        if artifact is None:
            raise JobStateError(f"Job {job_id} is changing too fast; ask again.")
        return job, artifact

    async def read(
        self, job_id: UUID, principal: Principal, data: bytes, on_conflict: OnConflict
    ) -> Imported:
        """The changes that a file would make; nothing is saved.

        Raises:
            JobMissingError: as `export`.
            JobStateError: the job is not in review.
            ExchangeRefusedError: the file is of another job, or cannot be read.
        """
        desktop = await self._desktops.find(job_id, principal)
        require_open(desktop.job)
        check = await self._acts.check_of(desktop.job)
        return await self._held(desktop, data, on_conflict, check)

    async def import_(
        self, job_id: UUID, principal: Principal, data: bytes, on_conflict: OnConflict
    ) -> Imported:
        """Take what a reviewer changed. Where nothing is left to review, the document is
        reassembled.

        Raises:
            JobMissingError, JobStateError, ExchangeRefusedError: as `read`.
        """
        job = await self._control.find(job_id, principal)
        require_open(job)
        check = await self._acts.check_of(job)
        found: Imported | None = None
        staged: MemoryBatch | None = None

        async def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            nonlocal found
            found = await self._held(desktop, data, on_conflict, check)
            return found.edits

        async def behind(
            desktop: Desktop, state: ReviewState, pending_count: int
        ) -> Sequence[Event]:
            nonlocal staged
            if found is None:
                return ()
            if not pending_count:
                targets = reviewed_targets(desktop.job, desktop.sheet, state)
                staged = await self._candidates.stage(desktop, targets, principal)
            return await self._imported(desktop, state, pending_count, found, data)

        saved = await self._acts.save_with(job_id, principal, edits, behind)
        if found is None:
            raise JobStateError(f"Job {job_id} is changing too fast; ask again.")
        await self._candidates.publish(staged, principal)
        ref = await self._objects.put(job.project_id, data, found.reading.format.media_type)
        return Imported(
            found.reading,
            found.edits,
            found.unchanged_count,
            found.conflicts,
            found.refused,
            len(saved.desktop.progress.pending),
            _artifact(saved.desktop.job, ref),
        )

    async def _imported(
        self,
        desktop: Desktop,
        state: ReviewState,
        pending_count: int,
        found: Imported,
        data: bytes,
    ) -> Sequence[Event]:
        job = desktop.job
        artifact = await self._objects.put(job.project_id, data, found.reading.format.media_type)
        if pending_count and not found.edits and _artifact(job, artifact) is not None:
            return ()  # the same file again
        changed = {edit.unit_id for edit in found.edits if edit.target is not None}
        targets = reviewed_targets(job, desktop.sheet, state)
        if pending_count:
            mine = tuple(each for each in targets.targets if each.unit_id in changed)
            targets = TargetList(target_locale=targets.target_locale, targets=mine)
        event = ReviewImported(
            session_id=session_of(job),
            artifact=await self._objects.put(job.project_id, data, found.reading.format.media_type),
            targets=await put_value(self._objects, job.project_id, targets),
            changed_count=len(changed),
            pending_count=pending_count,
            format=found.reading.format.value,
        )
        if pending_count:
            return (event,)
        return end_phase(job, job.phase_of_kind(PhaseKind.REVIEW), event)

    async def _held(
        self, desktop: Desktop, data: bytes, on_conflict: OnConflict, check: Check
    ) -> Imported:
        document = await self._document(desktop)
        return await asyncio.to_thread(_held, desktop, document, data, on_conflict, check)

    async def _document(self, desktop: Desktop) -> ReviewDocument:
        job, subject = desktop.job, desktop.job.submitted.subject
        found = [row for row in desktop.rows(UnitFilter()) if row.unit.is_translatable]
        records = {
            each.actor_record
            for row in found
            if row.reviewed
            for each in row.reviewed.comments
            if each.actor_record
        }
        names = await names_of(self._objects, job, records)
        intake = await record_of(self._objects, job)
        return ReviewDocument(
            job_id=job.job_id,
            document_id=subject.id if subject else None,
            version=(subject.version or 1) if subject else 1,
            source_locale=job.locales.source,
            target_locale=job.locales.target,
            tool_version=self._tool_version,
            created_at=_changed_at(desktop),
            title=intake.file_name if intake else "",
            units=tuple(_review_unit(row, names) for row in found),
        )


def _held(
    desktop: Desktop,
    document: ReviewDocument,
    data: bytes,
    on_conflict: OnConflict,
    check: Check,
) -> Imported:
    """The edits of a file, its conflicts, and the units that cannot be taken."""
    reading = read_review(document, data)
    edits: list[UnitEdit] = []
    conflicts: list[Conflict] = []
    refused: list[Rejection] = []
    unchanged = 0
    for each in reading.imported:
        row = desktop.row(each.unit_id)
        if _is_conflict(row, each):
            conflicts.append(Conflict(row, each))
            if on_conflict is OnConflict.OURS:
                continue
        try:
            edit = _edit_of(desktop, row, each, check)
        except PermanentError as error:
            refused.append(
                Rejection(unit_id=each.unit_id, place="", code=error.code, reason=error.message)
            )
            continue
        if edit is None:
            unchanged += 1
        else:
            edits.append(edit)
    ids = {edit.unit_id for edit in edits}
    pending = len(desktop.progress.pending - ids)
    return Imported(reading, tuple(edits), unchanged, tuple(conflicts), tuple(refused), pending)


def _is_conflict(row: UnitNow, theirs: ImportedUnit) -> bool:
    """Whether a unit was changed here and in the file since the export, to different texts."""
    ours, said = target_digest(row.target or ()), target_digest(theirs.target)
    return theirs.base is not None and len({theirs.base, ours, said}) == 3


def _edit_of(desktop: Desktop, row: UnitNow, each: ImportedUnit, check: Check) -> UnitEdit | None:
    """The edit that a unit of a file makes; None where it says what was known (E: unchanged keeps
    its state, unless the file says that a person verified it).
    """
    is_changed = target_digest(each.target) != target_digest(row.target or ())
    stage = each.stage
    if stage is None and (is_changed or each.is_verified):
        stage = ReviewStage.REVIEWED
    if stage not in {None, ReviewStage.DRAFT}:
        require_whole(row.unit, each.target)
    if not is_changed and row.reviewed is not None and row.reviewed.stage is stage:
        stage = None
    found = typed(
        desktop.sheet,
        desktop.progress.state,
        row.unit,
        each.target if is_changed else None,
        stage,
        check,
        origin=EditOrigin.IMPORTED,
    )
    if not each.comment:
        return found[0] if found else None
    edit = found[0] if found else UnitEdit(unit_id=each.unit_id, origin=EditOrigin.IMPORTED)
    return edit.model_copy(update={"comment": each.comment})


def _review_unit(row: UnitNow, names: dict[str, str]) -> ReviewUnit:
    reviewed = row.reviewed
    return ReviewUnit(
        unit_id=row.unit.unit_id,
        source=row.unit.source,
        target=row.target or (),
        tags=row.unit.tags,
        stage=row.stage,
        verification_state=UnitVerdict(row.state.value),
        result_source=ResultSource(row.result_source or ResultSource.ENGINE),
        findings=row.findings,
        comments=tuple(
            ReviewComment(
                author=names.get(each.actor_record or "", "") or each.actor,
                text=each.text,
                written_at=each.written_at,
            )
            for each in (reviewed.comments if reviewed else ())
        ),
        max_length_chars=row.unit.max_length_chars,
    )


def _changed_at(desktop: Desktop) -> datetime:
    """When the translations were changed last: equal states are written as equal files."""
    edits = (unit.last for unit in desktop.progress.state.units.values())
    times = [each.edited_at for each in edits if each]
    return max(times, default=desktop.job.submitted_at)


def _artifact(job: Job, ref: ObjectRef) -> Artifact | None:
    return next(
        (each for each in reversed(job.artifacts) if each.object.digest == ref.digest), None
    )


def _require_verified(job: Job) -> None:
    if job.verification is None:
        raise JobStateError(
            f"Job {job.job_id} has no checked translation yet; export it when QA has seen it.",
            code="job.not_verified",
        )
