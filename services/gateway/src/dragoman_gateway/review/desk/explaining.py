"""Tells why a unit reads as it does, from what is on record: nothing is made again.

The calls hold the exact requests. Which of a batch's calls asked for the unit is told by their
answers and their list of units.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.policy import Policy
from dragoman_contracts.previous import PreviousMatches
from dragoman_contracts.resources import MatchList, TermList
from dragoman_contracts.text import ResultSource, Unit, plain_text
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import names_of
from dragoman_gateway.jobs.detail.past import job_as_of
from dragoman_gateway.review.desk.desktop import Desktop, Desktops
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.recorded import JobRecord, RecordedCall
from dragoman_gateway.review.rules.explanation import (
    CallShown,
    CheckShown,
    EditShown,
    Explanation,
    MatchShown,
    PreviousShown,
    RedactionShown,
    TermShown,
)
from dragoman_gateway.review.rules.prompts import sections_of
from dragoman_gateway.review.rules.sheet import UnitNow
from dragoman_gateway.web.principals import Principal
from dragoman_linguistics import Redactor, render, term_hits
from dragoman_runtime.eventstore import EventStore, Stored
from dragoman_runtime.objects import ObjectStore

_V = TypeVar("_V", bound=Value)
_NEIGHBOURS = 2


class Explaining:
    """Answers why units read as they do, now or as of an event of the past."""

    def __init__(self, *, control: JobControl, store: EventStore, objects: ObjectStore) -> None:
        self._control = control
        self._store = store
        self._objects = objects

    async def explain(
        self, job_id: UUID, unit_id: str, principal: Principal, *, at: int | None = None
    ) -> Explanation:
        """The account of the unit after event `at` of its job, or as of now.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            UnitMissingError: the job has no such unit, or had none then.
            NoSuchVersionError: the job has no event of this number.
            ObjectMissingError: its units were erased.
        """
        latest = await self._control.find(job_id, principal)
        stored = (await self._store.read(job_id))[: latest.version]
        job = latest if at is None else job_as_of(latest, stored, at)
        # Material keeps the newest state of a job: a look at the past must not meet it.
        desktop = await Desktops(self._control, Material(self._objects)).of(job)
        row = desktop.row(unit_id)
        record = JobRecord(self._objects, job, [])
        policy = await record.value(job.policy, Policy, "policy") or Policy(engine="")
        terms = await record.value(policy.terms, TermList, "terms")
        before, after = _neighbours(desktop, row.position)
        key = row.key
        return Explanation(
            job_id=job.job_id,
            unit_id=unit_id,
            as_of=job.version,
            position=row.position,
            source=key.text,
            target=None if row.target is None else row.written(row.target),
            result_source=row.result_source,
            engine=policy.engine,
            model=policy.model,
            policy=job.policy.digest,
            glossaries=_glossaries(terms),
            domain_pack=policy.domain_pack_code,
            previous=await self._previous(desktop, record, policy, row),
            matches=await self._matches(desktop, record, policy, row),
            terms=_terms(terms, row.unit, job),
            neighbours_before=before,
            neighbours_after=after,
            redactions=_redactions(policy, row.unit),
            calls=await _calls(record, desktop, row, stored[: job.version], _redactor(policy)),
            verification_state=row.state.value,
            checks=_checks(row),
            tag_repair=_repair(desktop, row),
            edits=await self._edits(job, row),
            missing=tuple(record.missing),
        )

    async def _matches(
        self, desktop: Desktop, record: JobRecord, policy: Policy, row: UnitNow
    ) -> tuple[MatchShown, ...]:
        plan = await Material(self._objects).plan(desktop.job)
        found = await record.value(plan.matches, MatchList, "matches") if plan else None
        if found is None:
            return ()
        names = {pin.memory_id: pin.name for pin in policy.memories}
        target = desktop.sheet.targets.get(row.unit.unit_id)
        is_from_memory = target is not None and target.came_from is ResultSource.MEMORY
        return tuple(
            MatchShown(
                score=match.score,
                kind=match.kind,
                state=match.state,
                origin=match.origin,
                source=render(match.source).text,
                target=render(match.target).text,
                memory_id=match.memory_id,
                memory_name=names.get(match.memory_id, ""),
                memory_unit_id=match.memory_unit_id,
                is_ambiguous=match.is_ambiguous,
                is_used=is_from_memory and target is not None and match.target == target.target,
            )
            for unit in found.units
            if unit.unit_id == row.unit.unit_id
            for match in unit.matches
        )

    async def _previous(
        self, desktop: Desktop, record: JobRecord, policy: Policy, row: UnitNow
    ) -> PreviousShown | None:
        plan, pin = await Material(self._objects).plan(desktop.job), policy.previous_version
        ref = plan.previous if plan else None
        found = await record.value(ref, PreviousMatches, "previous version")
        match = (
            next((each for each in found.units if each.unit_id == row.unit.unit_id), None)
            if found
            else None
        )
        if found is None or match is None:
            return None
        made = desktop.sheet.targets.get(row.unit.unit_id)
        return PreviousShown(
            job_id=found.job_id,
            unit_id=match.previous_unit_id,
            document_version=pin.document_version if pin else None,
            score=match.score,
            source=render(match.source).text,
            target=render(match.target).text,
            is_persons=match.is_persons,
            is_kept=made is not None and made.taken_from is not None,
            is_context_changed=match.is_context_changed,
            is_ambiguous=match.is_ambiguous,
            differences=match.differences,
        )

    async def _edits(self, job: Job, row: UnitNow) -> tuple[EditShown, ...]:
        history = row.reviewed.history if row.reviewed else ()
        records = {each.actor_record for each in history if each.actor_record}
        names = await names_of(self._objects, job, records)
        return tuple(
            EditShown(
                event=each.version,
                by=names.get(each.actor_record or "", "") or each.actor,
                at=each.edited_at,
                how=each.origin.value,
                stage=each.stage.value if each.stage else None,
                target=None if each.target is None else row.written(each.target),
            )
            for each in history
        )


async def _calls(
    record: JobRecord,
    desktop: Desktop,
    row: UnitNow,
    stored: Iterable[Stored],
    redactor: Redactor | None,
) -> tuple[CallShown, ...]:
    """The calls that asked for the unit, in the order in which they were made."""
    unit_id = row.unit.unit_id
    target = desktop.sheet.targets.get(unit_id)
    source = target.call if target else None
    calls = await record.calls_of_batches(stored, unit_id)
    seen = row.unit if redactor is None else redactor.unit(row.unit)[0]
    shown = render(seen.source).text
    return tuple(
        _shown(call, digest, unit_id, is_source=digest == source)
        for digest, call in calls.items()
        if digest == source or call.asks_for(unit_id, shown)
    )


def _shown(call: RecordedCall, digest: str, unit_id: str, *, is_source: bool) -> CallShown:
    reply, signature = call.reply, call.signature
    answers = [each.target for each in reply.targets if each.unit_id == unit_id]
    return CallShown(
        call=digest,
        fingerprint=call.fingerprint,
        engine=signature.name,
        model=reply.model or signature.model,
        prompt_version=signature.prompt_version,
        parameters=signature.parameters,
        is_the_source=is_source,
        sections=sections_of(reply.prompt),
        response=reply.response,
        answer=answers[-1] if answers else None,
        finish_reason=reply.finish_reason,
        usage=reply.usage,
        started_at=reply.circumstances.started_at,
        latency_ms=reply.circumstances.latency_ms,
    )


def _neighbours(desktop: Desktop, position: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    units = desktop.sheet.units
    before = units[max(0, position - _NEIGHBOURS) : position]
    after = units[position + 1 : position + 1 + _NEIGHBOURS]
    return tuple(plain_text(each.source) for each in before), tuple(
        plain_text(each.source) for each in after
    )


def _glossaries(terms: TermList | None) -> tuple[str, ...]:
    return (
        tuple(f"{name}, version {version}" for _, version, name in terms.glossaries)
        if terms
        else ()
    )


def _terms(terms: TermList | None, unit: Unit, job: Job) -> tuple[TermShown, ...]:
    if terms is None:
        return ()
    return tuple(
        TermShown(
            term_id=hit.term.term_id,
            source=hit.term.source,
            target=hit.term.target,
            status=hit.term.status.value,
            note=hit.term.note,
            is_do_not_translate=hit.term.is_do_not_translate,
            start=hit.start,
            end=hit.end,
        )
        for hit in term_hits(plain_text(unit.source), terms.terms, job.locales.source)
    )


def _redactions(policy: Policy, unit: Unit) -> tuple[RedactionShown, ...]:
    redactor = _redactor(policy)
    if redactor is None:
        return ()
    _, vault = redactor.unit(unit)
    return tuple(
        RedactionShown(tag_id=tag_id, found_as=vault.kinds[tag_id], text=text)
        for tag_id, text in vault.texts.items()
    )


def _checks(row: UnitNow) -> tuple[CheckShown, ...]:
    reasons = {each.code: each.reason for each in (row.reviewed.dismissed if row.reviewed else ())}
    return tuple(
        CheckShown(
            code=each.code,
            severity=each.severity.value,
            message=each.message,
            dismissed_reason=reasons.get(each.code),
        )
        for each in row.findings
    )


def _repair(desktop: Desktop, row: UnitNow) -> str | None:
    target = desktop.sheet.targets.get(row.unit.unit_id)
    return target.tag_repair.value if target and target.taken_from is None else None


def _redactor(policy: Policy) -> Redactor | None:
    return None if policy.redaction is None else Redactor(policy.redaction)
