"""People's acts on the units of a job: each is one save on record, decided on the newest state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID
from weakref import WeakValueDictionary

from dragoman_contracts.events import (
    Event,
    UnitsReviewed,
)
from dragoman_contracts.job import Job
from dragoman_contracts.model import canonical_json
from dragoman_contracts.references import JSON_MEDIA_TYPE
from dragoman_contracts.reports import QaFinding, ReviewStage
from dragoman_contracts.review import (
    Dismissal,
    EditOrigin,
    ReviewEdits,
    ReviewState,
    Save,
    UnitEdit,
    reviewed,
    stage_counts,
)
from dragoman_contracts.text import Content, ResultSource, Unit, UnitTarget
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.desk.desktop import Desktop, Desktops, Saved, replacements, session_of
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.rules.edits import (
    Accepted,
    Check,
    accepted,
    is_version,
    read_target,
    require_open,
    typed,
    undone,
)
from dragoman_gateway.review.rules.searching import Search
from dragoman_gateway.review.rules.sheet import (
    UnitNow,
    pending_ids,
    written,
)
from dragoman_gateway.web.actors import Actors
from dragoman_gateway.web.errors import UnitChangedError
from dragoman_gateway.web.principals import Principal
from dragoman_linguistics import DEFAULT_PROFILE, QaProfile, profile_named, verify_units
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import Decided, Head
from dragoman_runtime.objects import ObjectStore, put_value

_SAVES_BETWEEN_STATES = 64


Edits = Callable[[Desktop], Sequence[UnitEdit]]
"""The edits of an act, given the units as they are now."""

EditsLater = Callable[[Desktop], Awaitable[Sequence[UnitEdit]]]
Behind = Callable[[Desktop, ReviewState, int], Awaitable[Sequence[Event]]]
"""Events that are true with a save: given its state, and how many units are pending then."""

_Told = Callable[[UnitNow, Desktop], Awaitable[Mapping[str, object]]]

_Guard = Callable[[Desktop], Awaitable[None]]
"""Raises where a save may not be."""


@dataclass(slots=True)
class _Act:
    """The outcome of an act that was decided perhaps more than once."""

    desktop: Desktop | None = None
    edits: tuple[UnitEdit, ...] = ()


class Reviewing:
    """The acts of reviewers on units."""

    def __init__(
        self,
        *,
        desktops: Desktops,
        control: JobControl,
        objects: ObjectStore,
        actors: Actors,
        clock: Clock,
        material: Material,
    ) -> None:
        self._desktops = desktops
        self._control = control
        self._objects = objects
        self._actors = actors
        self._clock = clock
        self._material = material
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def edit(
        self,
        job_id: UUID,
        principal: Principal,
        unit_id: str,
        told: _Told,
        *,
        version: int,
        target: str | None,
        stage: ReviewStage | None,
        propagates: bool,
    ) -> Saved:
        """Give a unit a target, as people write it, or a stage, or both.

        Raises:
            JobStateError: the job is not in review.
            UnitMissingError: it has no such unit.
            UnitChangedError: another person was first; the error tells the unit as `told` does.
            UnitTagsError, UnitEmptyError: the target cannot be taken.
        """
        check = await self._check(job_id, principal)

        def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            unit = desktop.sheet.unit(unit_id)
            content = None if target is None else read_target(unit, target, stage)
            if content is None and stage not in {None, ReviewStage.DRAFT}:
                read_target(unit, _text_of(desktop.row(unit_id)), stage)
            return typed(
                desktop.sheet,
                desktop.progress.state,
                unit,
                content,
                stage,
                check,
                propagates=propagates,
            )

        guard = _version_guard(unit_id, version, told)
        return await self._save(job_id, principal, edits, guard=guard)

    async def undo(
        self, job_id: UUID, principal: Principal, unit_id: str, told: _Told, *, version: int
    ) -> Saved:
        """Take the last edit of a unit back.

        Raises:
            JobStateError, UnitMissingError, UnitChangedError: as `edit`.
            NothingToUndoError: nobody changed it.
        """
        check = await self._check(job_id, principal)

        def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            unit = desktop.sheet.unit(unit_id)
            edit = undone(desktop.sheet, desktop.progress.state, unit)
            findings = check(unit, edit.target) if edit.target is not None else None
            return [edit.model_copy(update={"findings": findings})]

        guard = _version_guard(unit_id, version, told)
        return await self._save(job_id, principal, edits, guard=guard)

    async def accept(
        self, job_id: UUID, principal: Principal, chosen: Callable[[Desktop], Iterable[UnitNow]]
    ) -> Saved:
        """Accept the chosen translations as they are; units that are empty or lack tags are
        skipped.

        Raises:
            JobStateError: as `edit`.
        """
        found = Accepted([], [])

        def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            nonlocal found
            found = accepted(desktop.sheet, desktop.progress.state, chosen(desktop))
            return found.edits

        saved = await self._save(job_id, principal, edits)
        return Saved(saved.desktop, saved.unit_ids, tuple(found.skipped))

    async def replace(
        self, job_id: UUID, principal: Principal, search: Search, unit_ids: frozenset[str] | None
    ) -> Saved:
        """Replace a text in all targets, or in those of these units; they become drafts where they
        were not confirmed. Units whose tags would break are skipped.

        Raises:
            JobStateError: as `edit`.
        """
        check = await self._check(job_id, principal)

        def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            found: list[UnitEdit] = []
            for each in replacements(desktop, search, unit_ids):
                stage = each.row.reviewed.stage if each.row.reviewed else None
                found += typed(
                    desktop.sheet,
                    desktop.progress.state,
                    each.row.unit,
                    each.after,
                    stage or ReviewStage.REVIEWED,
                    check,
                    origin=EditOrigin.REPLACED,
                )
            return found

        return await self._save(job_id, principal, edits)

    async def note(
        self,
        job_id: UUID,
        principal: Principal,
        unit_ids: Sequence[str],
        *,
        comment: str = "",
        dismissed: Dismissal | None = None,
        assignee_id: UUID | None = None,
        is_unassigned: bool = False,
    ) -> Saved:
        """Comment on units, dismiss a finding of theirs, or give them to a person.

        Raises:
            JobStateError, UnitMissingError: as `edit`.
        """

        def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            for unit_id in unit_ids:
                desktop.sheet.unit(unit_id)
            return [
                UnitEdit(
                    unit_id=unit_id,
                    origin=EditOrigin.TYPED,
                    comment=comment,
                    dismissed=dismissed,
                    assignee_id=assignee_id,
                    is_unassigned=is_unassigned,
                )
                for unit_id in dict.fromkeys(unit_ids)
            ]

        return await self._save(job_id, principal, edits)

    async def check(
        self, job_id: UUID, principal: Principal, unit_id: str, target: str
    ) -> tuple[Content, tuple[QaFinding, ...]]:
        """The content that a target would be stored as, and QA's findings on it; nothing is saved.

        Raises:
            UnitMissingError, UnitTagsError: as `edit`.
        """
        desktop = await self._desktops.find(job_id, principal)
        check = await self._check(job_id, principal)
        unit = desktop.sheet.unit(unit_id)
        content = read_target(unit, target, ReviewStage.DRAFT)
        return content, check(unit, content)

    async def save_with(
        self, job_id: UUID, principal: Principal, edits: EditsLater, behind: Behind
    ) -> Saved:
        """Save edits together with events `behind` them, which get the state and the number of
        units that are pending then.

        Raises:
            JobStateError: the job is not in review.
        """
        return await self._save(job_id, principal, edits, behind)

    async def check_of(self, job: Job) -> Check:
        """QA's check of one target of the job."""
        policy, plan = await self._material.policy(job), await self._material.plan(job)
        try:
            profile = profile_named(policy.qa_profile, policy.qa)
        except ValueError:
            profile = DEFAULT_PROFILE
        return partial(_findings, job, profile, plan.qa_rules if plan else 1)

    async def _check(self, job_id: UUID, principal: Principal) -> Check:
        return await self.check_of(await self._control.find(job_id, principal))

    async def _save(
        self,
        job_id: UUID,
        principal: Principal,
        edits: Edits | EditsLater,
        behind: Behind | None = None,
        guard: _Guard | None = None,
    ) -> Saved:
        act = _Act()

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            require_open(job)
            desktop = await self._desktops.of(job)
            act.desktop = desktop
            if guard is not None:
                await guard(desktop)
            # Many units take a while; others are served meanwhile.
            given = await asyncio.to_thread(edits, desktop)
            act.edits = tuple(await given if isinstance(given, Awaitable) else given)
            if not act.edits and behind is None:
                return ()
            return await self._events(principal, desktop, head, act.edits, behind)

        # The saves of one job come one after the other here, so that reviewers do not make each
        # other decide again.
        turn = self._turns.setdefault(job_id, asyncio.Lock())
        async with turn:
            decided = await self._control.append(
                job_id, principal, events_of, claims=lambda job, event: _goes_on(event)
            )
            return await self._after(job_id, principal, act, decided)

    async def _events(
        self,
        principal: Principal,
        desktop: Desktop,
        head: Head,
        edits: tuple[UnitEdit, ...],
        behind: Behind | None,
    ) -> Sequence[Event]:
        job = desktop.job
        ref = await self._objects.put(
            job.project_id, canonical_json(ReviewEdits(edits=edits)), JSON_MEDIA_TYPE
        )
        saves = len(job.review.saves) if job.review else 0
        is_long = saves >= max(_SAVES_BETWEEN_STATES, len(desktop.progress.state.units) // 16)
        record = await self._actor_record(principal, job) if is_long else None
        save = Save(head.version + 1, principal.actor, record, self._clock.now(), ref)
        state = reviewed(desktop.progress.state, edits, save)
        changed = {edit.unit_id for edit in edits}
        pending = len(
            (desktop.progress.pending - changed) | pending_ids(desktop.sheet, state, changed)
        )
        confirmed, approved = _confirmed(job, desktop.progress.state, state, changed)
        event = UnitsReviewed(
            session_id=session_of(job),
            edits=ref,
            unit_count=len(edits),
            pending_count=pending,
            reviewed_count=confirmed,
            approved_count=approved,
            state=await put_value(self._objects, job.project_id, state) if is_long else None,
        )
        more = await behind(desktop, state, pending) if behind else ()
        return (event, *more) if edits else more

    async def _actor_record(self, principal: Principal, job: Job) -> str | None:
        """The digest of who acts, as the event will have it: a stored state names the person."""
        origin = await self._actors.origin(
            principal, job.project_id, correlation_id=job.correlation_id, traceparent=None
        )
        return origin.actor_record

    async def _after(
        self, job_id: UUID, principal: Principal, act: _Act, decided: Decided
    ) -> Saved:
        """The units as the events that were just stored made them."""
        job = await self._control.find(job_id, principal)
        before = act.desktop
        for stored in decided.stored:
            recorded = stored.recorded
            if before is not None and isinstance(recorded.data, UnitsReviewed):
                save = Save(
                    recorded.version,
                    recorded.origin.actor,
                    recorded.origin.actor_record,
                    recorded.occurred_at,
                    recorded.data.edits,
                )
                state = reviewed(before.progress.state, act.edits, save)
                progress = self._material.saved(job_id, before.sheet, before.progress, state)
                ids = tuple(edit.unit_id for edit in act.edits)
                return Saved(Desktop(job, before.sheet, progress), ids)
        return Saved(await self._desktops.of(job))


def _version_guard(unit_id: str, version: int, told: _Told) -> _Guard:
    async def guard(desktop: Desktop) -> None:
        if not is_version(unit_id, desktop.progress.state, version):
            raise UnitChangedError(await told(desktop.row(unit_id), desktop))

    return guard


def _confirmed(
    job: Job, before: ReviewState, after: ReviewState, changed: Iterable[str]
) -> tuple[int, int]:
    """For how many units somebody stands after a save, and how many of these are approved: counted
    on from the last save where it said so.
    """

    def counts(state: ReviewState, unit_ids: Iterable[str]) -> tuple[int, int]:
        found = (state.units.get(unit_id) for unit_id in unit_ids)
        return stage_counts(unit.stage if unit else None for unit in found)

    review = job.review
    known = (review.reviewed_count, review.approved_count) if review else (0, 0)
    if known[0] is None or known[1] is None:
        return counts(after, after.units)
    changed = list(changed)
    was, now = counts(before, changed), counts(after, changed)
    return known[0] - was[0] + now[0], known[1] - was[1] + now[1]


def _goes_on(event: Event) -> bool:
    return getattr(event, "next_kind", None) is not None


def _text_of(row: UnitNow) -> str:
    return written(row.target or (), row.unit)


def _findings(
    job: Job, profile: QaProfile, rules: int, unit: Unit, target: Content
) -> tuple[QaFinding, ...]:
    answer = UnitTarget(unit_id=unit.unit_id, target=target, result_source=ResultSource.REVIEW)
    (found,) = verify_units(
        [(unit, answer)],
        job.locales.source,
        job.locales.target,
        profile=profile,
        rules=rules,
    )
    return found.findings
