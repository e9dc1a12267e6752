"""Units translated again by another engine: asked for here, done by the translate service as work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.events import Event, RetranslationRequested
from dragoman_contracts.job import Job, WorkKey
from dragoman_contracts.review import RetranslationRequest
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.review.desk.desktop import Desktop, Desktops, session_of
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.rules.edits import require_open
from dragoman_gateway.review.rules.errors import RetranslationMissingError
from dragoman_gateway.review.rules.retranslations import Progress, asked_units, progress_of
from dragoman_gateway.web.errors import FieldRefusedError
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.eventstore import Head
from dragoman_runtime.objects import ObjectStore, get_value, put_value


class EngineCheck(Protocol):
    """Whether an engine can translate between two locales, as far as known without a paid call."""

    async def __call__(self, engine: str, model: str, locales: LocalePair) -> None:
        """Return where it can.

        Raises:
            PermanentError: it cannot, with what to install or choose instead.
        """
        ...


@dataclass(frozen=True, slots=True)
class EngineRules:
    """The engines to choose from, empty for any, and what they can translate; without `check` the
    engines are on other machines.
    """

    engines: frozenset[str] = frozenset()
    check: EngineCheck | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A retranslation that was asked for: the job, its number, how far it is, and its units."""

    desktop: Desktop
    index: int
    progress: Progress
    unit_ids: tuple[str, ...]


class Retranslating:
    """Asks for units to be translated again, and tells how far that is."""

    def __init__(
        self,
        *,
        desktops: Desktops,
        control: JobControl,
        material: Material,
        objects: ObjectStore,
        rules: EngineRules,
    ) -> None:
        self._desktops = desktops
        self._control = control
        self._material = material
        self._objects = objects
        self._rules = rules

    async def ask(
        self,
        job_id: UUID,
        principal: Principal,
        unit_ids: Sequence[str],
        engine: str | None,
        model: str | None,
    ) -> Asked:
        """Let units be translated again; without an engine, by the job's own. The same wish, while
        it is under way, is one.

        Raises:
            JobStateError: the job is not in review.
            UnitMissingError: it has no such unit.
            FieldRefusedError: there is no such engine, or the engine cannot translate the pair.
        """
        job = await self._control.find(job_id, principal)
        require_open(job)
        policy = await self._material.policy(job)
        wanted = engine or policy.engine
        own_model = model if model is not None else policy.model if wanted == policy.engine else ""
        await self._require_able(job, wanted, own_model)
        index = 0

        async def events_of(job: Job, head: Head) -> Sequence[Event]:
            nonlocal index
            require_open(job)
            desktop = await self._desktops.of(job)
            units = asked_units(desktop.sheet, desktop.progress.state, unit_ids)
            request = RetranslationRequest(units=units, engine=wanted, model=own_model)
            ref = await put_value(self._objects, job.project_id, request)
            before = job.review.retranslations if job.review else ()
            for key in job.retranslations_owed:
                if before[key.index].request == ref:
                    index = key.index
                    return ()
            index = len(before)
            return (
                RetranslationRequested(
                    session_id=session_of(job), index=index, request=ref, unit_count=len(units)
                ),
            )

        await self._control.append(job_id, principal, events_of)
        return await self.find(job_id, principal, index)

    async def find(self, job_id: UUID, principal: Principal, index: int) -> Asked:
        """The retranslation of this number.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            RetranslationMissingError: nobody asked for it.
        """
        desktop = await self._desktops.find(job_id, principal)
        job = desktop.job
        asked = job.review.retranslations if job.review else ()
        if index >= len(asked):
            raise RetranslationMissingError(index)
        request = await get_value(
            self._objects, job.project_id, asked[index].request, RetranslationRequest
        )
        progress = progress_of(job, WorkKey(WorkKind.RETRANSLATION, index))
        return Asked(desktop, index, progress, tuple(each.unit_id for each in request.units))

    async def _require_able(self, job: Job, engine: str, model: str) -> None:
        if self._rules.engines and engine not in self._rules.engines:
            offered = ", ".join(sorted(self._rules.engines))
            raise FieldRefusedError(
                "engine", f"Engine {engine!r} is not one of {offered}.", code="engine.unknown"
            )
        if self._rules.check is None:
            return
        try:
            await self._rules.check(engine, model, job.locales)
        except PermanentError as error:
            raise FieldRefusedError("engine", error.message, code=error.code) from error
