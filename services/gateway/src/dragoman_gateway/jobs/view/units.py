"""The projection of units: the text of every unit, its translation and QA's word on it, from the objects of a job.

The events of a batch are joined in memory by job, so that a job that is read from the beginning is written once; what
comes later, a batch of targets at a time, updates rows that are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import MetaData, Table, Update, bindparam, delete, insert, update

from dragoman_contracts.envelope import RecordedEvent
from dragoman_contracts.events import BatchTranslated, DocumentExtracted, ReviewImported, TranslationVerified
from dragoman_contracts.model import Value
from dragoman_contracts.reports import UnitVerdict, UnitVerification, VerificationResults
from dragoman_contracts.text import TargetList, Unit, UnitList, UnitTarget, plain_text
from dragoman_gateway.jobs.view.rows import VerificationState
from dragoman_gateway.jobs.view.tables import UNITS_VERSION, units, units_metadata
from dragoman_gateway.web.records import Records
from dragoman_runtime.eventstore import Stored
from dragoman_runtime.projection import Write
from dragoman_runtime.rebuild import Row, beside

_UNITS_A_PLACE = 40  # 500 places of a batch are then at most 20,000 units in memory
_Row = dict[str, object]
_UnitEvent = DocumentExtracted | BatchTranslated | TranslationVerified | ReviewImported


class UnitsProjection:
    """Writes `view_units`."""

    name = "units"
    version = UNITS_VERSION

    def __init__(self, records: Records, suffix: str = "") -> None:
        """Tables whose names end with `suffix` are those of a rebuild."""
        self._records = records
        self._metadata = beside(units_metadata, suffix)
        self._units = self._metadata.tables[units.name + suffix]
        self.incomplete: set[UUID] = set()

    @property
    def metadata(self) -> MetaData:
        """The table of units."""
        return self._metadata

    def cost(self, stored: Stored) -> int:
        """One place, and one more for every forty units the event's object holds."""
        match stored.recorded.event:
            case DocumentExtracted(unit_count=count) | BatchTranslated(unit_count=count):
                return 1 + count // _UNITS_A_PLACE
            case TranslationVerified(passed_count=passed, review_count=review, blocked_count=blocked):
                return 1 + (passed + review + blocked) // _UNITS_A_PLACE
            case _:
                return 1

    async def prepare(self, batch: Sequence[Stored]) -> Sequence[Write]:
        """Inserts for the documents extracted in the batch, updates for what was extracted before it."""
        return (await self._changes(batch)).writes()

    async def rows_of(self, streams: Sequence[Sequence[Stored]]) -> Sequence[tuple[Table, Sequence[Row]]]:
        """A row for each unit of these jobs."""
        self.incomplete = set()
        changes = await self._changes([each for stream in streams for each in stream])
        return ((self._units, changes.new_rows()),)

    def committed(self) -> None:
        """Nothing is kept between batches."""

    async def _changes(self, batch: Sequence[Stored]) -> _Changes:
        told = [(each.recorded, each.recorded.event) for each in batch if isinstance(each.recorded.event, _UnitEvent)]
        objects = await asyncio.gather(*(self._fetch(recorded, event) for recorded, event in told))
        changes = _Changes(self._units)
        for (recorded, event), value in zip(told, objects, strict=True):
            if value is None:
                self.incomplete.add(recorded.envelope.stream_id)
            changes.apply(recorded.envelope.stream_id, event, value)
        return changes

    async def _fetch(self, recorded: RecordedEvent, event: _UnitEvent) -> Value | None:
        project_id = recorded.envelope.project_id
        match event:
            case DocumentExtracted():
                return await self._records.find(project_id, event.units, UnitList)
            case BatchTranslated() | ReviewImported():
                return await self._records.find(project_id, event.targets, TargetList)
            case TranslationVerified():
                return await self._records.find(project_id, event.results, VerificationResults)


class _Changes:
    """The effect of a batch on the units: whole rows of new documents, and updates of known ones."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._new: dict[UUID, dict[str, _Row]] = {}
        self._writes: list[Write] = []

    def apply(self, job_id: UUID, event: _UnitEvent, value: Value | None) -> None:
        """Take in the next event with its object; without one, nothing is known of its units."""
        match value:
            case UnitList():
                self._new[job_id] = {unit.unit_id: _new_row(job_id, i, unit) for i, unit in enumerate(value.units)}
            case TargetList():
                self._apply_targets(job_id, value.targets, is_review=isinstance(event, ReviewImported))
            case VerificationResults():
                self._apply_verdicts(job_id, value.units)
            case _:
                return

    def writes(self) -> list[Write]:
        """The statements, documents before their updates."""
        if not self._new:
            return self._writes
        writes = [Write(delete(self._table).where(self._table.c.job_id.in_(list(self._new))))]
        if rows := self.new_rows():
            writes.append(Write(insert(self._table), rows))
        return [*writes, *self._writes]

    def new_rows(self) -> list[_Row]:
        """The rows of the documents that were extracted in the batch."""
        return [row for of_job in self._new.values() for row in of_job.values()]

    def _apply_targets(self, job_id: UUID, targets: Iterable[UnitTarget], *, is_review: bool) -> None:
        later: list[_Row] = []
        for target in targets:
            row: _Row = {"target_text": plain_text(target.target), "result_source": target.result_source.value}
            if is_review:
                row["verification_state"] = UnitVerdict.HUMAN_VERIFIED.value
            if not self._merge(job_id, target.unit_id, row):
                later.append(_renamed(job_id, target.unit_id, row))
        if later:
            names = ("target_text", "result_source", *(("verification_state",) if is_review else ()))
            self._writes.append(Write(_updating(self._table, *names), later))

    def _apply_verdicts(self, job_id: UUID, verdicts: Iterable[UnitVerification]) -> None:
        later: list[_Row] = []
        for verdict in verdicts:
            findings = [finding.model_dump(mode="json") for finding in verdict.findings]
            row: _Row = {"verification_state": verdict.verdict.value, "findings": findings}
            if not self._merge(job_id, verdict.unit_id, row):
                later.append(_renamed(job_id, verdict.unit_id, row))
        if later:
            self._writes.append(Write(_updating(self._table, "verification_state", "findings"), later))

    def _merge(self, job_id: UUID, unit_id: str, changed: _Row) -> bool:
        """Put the change into a row that is about to be inserted; False where the job is known already."""
        rows = self._new.get(job_id)
        if rows is None:
            return False
        if unit_id in rows:
            rows[unit_id].update(changed)
        return True


def _updating(table: Table, *names: str) -> Update:
    """Sets these columns of the unit that the parameters of `_renamed` name."""
    of_unit = (table.c.job_id == bindparam("of_job")) & (table.c.unit_id == bindparam("of_unit"))
    return (
        update(table)
        .where(of_unit)
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
    )


def _renamed(job_id: UUID, unit_id: str, changed: _Row) -> _Row:
    return {"of_job": job_id, "of_unit": unit_id, **{f"new_{name}": value for name, value in changed.items()}}


def _new_row(job_id: UUID, position: int, unit: Unit) -> _Row:
    return {
        "job_id": job_id,
        "position": position,
        "unit_id": unit.unit_id,
        "story": unit.story.value,
        "part": unit.anchor.part,
        "is_translatable": unit.is_translatable,
        "source_text": plain_text(unit.source),
        "target_text": None,
        "result_source": None,
        "verification_state": VerificationState.PENDING.value,
        "findings": [],
    }
