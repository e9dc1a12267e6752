"""Trials of another engine over the units of a job: opened, compared, chosen from.

A trial is a job of its own, of the scope `what-if` and on no subject: it holds no document, makes
none, and never takes the first job's place. A choice from it is an edit of the first job like any
other, on record as such (ADR 0030).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from dragoman_catalog import Catalog, Project
from dragoman_catalog.values import PolicyOverrides
from dragoman_contracts.errors import ObjectMissingError
from dragoman_contracts.events import Event, JobSubmitted
from dragoman_contracts.identity import job_id_for_key, new_id
from dragoman_contracts.job import Job
from dragoman_contracts.phases import WHAT_IF
from dragoman_contracts.pipeline import first_kind
from dragoman_contracts.policy import Policy
from dragoman_contracts.reports import ReviewStage, TranslationPlan
from dragoman_contracts.review import EditOrigin, ReviewState, UnitEdit
from dragoman_contracts.sampling import UnitSample
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import RESTING
from dragoman_gateway.jobs.desk import JobControl
from dragoman_gateway.jobs.detail.facts import record_of
from dragoman_gateway.jobs.opening import JobOpener, JobOrder, Opening, Submitted
from dragoman_gateway.review.desk.desktop import Desktop, Desktops, Saved
from dragoman_gateway.review.desk.material import Material
from dragoman_gateway.review.desk.recorded import JobRecord
from dragoman_gateway.review.desk.reviewing import Reviewing
from dragoman_gateway.review.desk.sessions import ReviewSessions
from dragoman_gateway.review.rules.comparing import (
    CallShare,
    Choice,
    Comparison,
    Side,
    WhatIfRequest,
    compare,
    in_sum,
)
from dragoman_gateway.review.rules.edits import may_open, typed
from dragoman_gateway.review.rules.sheet import UnitFilter
from dragoman_gateway.web.errors import FieldRefusedError, JobStateError, SourceErasedError
from dragoman_gateway.web.prices import language_models, price_of_engine
from dragoman_gateway.web.principals import Principal
from dragoman_runtime.clock import Clock
from dragoman_runtime.eventstore import EventStore
from dragoman_runtime.objects import ObjectStore, get_value, put_value

SCOPE = "what-if"
_ANY_PACK = "general"  # the policy stays; only the engine is asked for, which no pack decides


class JobTerms(Protocol):
    """The policy that a job would have."""

    async def policy_of(
        self,
        project_code: str,
        domain_pack_code: str,
        locales: LocalePair,
        overrides: PolicyOverrides,
        principal: Principal,
    ) -> tuple[Project, Policy]:
        """The project, and the policy of a job that is submitted to it under these terms.

        Raises:
            ForbiddenError: the principal does not reach the project.
            FieldRefusedError: engine or language pair cannot be taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class WhatIfPorts:
    """Everything that trials need from outside of the review."""

    opener: JobOpener
    terms: JobTerms
    store: EventStore
    objects: ObjectStore
    catalog: Catalog
    clock: Clock


class WhatIf:
    """Opens trials, compares them, and takes over what people choose of them."""

    def __init__(
        self,
        ports: WhatIfPorts,
        *,
        control: JobControl,
        desktops: Desktops,
        acts: Reviewing,
        sessions: ReviewSessions,
    ) -> None:
        self._ports = ports
        self._control = control
        self._desktops = desktops
        self._acts = acts
        self._sessions = sessions

    async def open(
        self,
        job_id: UUID,
        request: WhatIfRequest,
        principal: Principal,
        *,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Submitted:
        """Open a trial over the units of a job, or give the one that the key opened.

        All else is as the first job had it: its source, switches, memories, terms, and what it
        keeps from providers.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            JobStateError: its translation is not checked yet, or it is a trial itself.
            SourceErasedError: its source was erased.
            FieldRefusedError: engine and model are those of the job, or cannot be taken.
            KeyReusedError: the key stands for another request.
        """
        first = await self._control.find(job_id, principal)
        if first.verification is None or _is_trial(first):
            raise JobStateError(
                f"Job {job_id} has no checked translation to be compared with; wait until it has.",
                code="what_if.not_ready",
            )
        digest = _digest(job_id, request)
        trial = job_id_for_key(first.project_id, idempotency_key) if idempotency_key else new_id()
        if idempotency_key and (existing := await self._ports.opener.existing(trial, digest)):
            return existing
        submitted = await self._submitted(first, request, principal, digest)
        opening = Opening(submitted)
        order = JobOrder(
            trial, first.project_id, None, lambda _: opening, digest, idempotency_key is not None
        )
        return await self._ports.opener.open(order, principal, traceparent=traceparent)

    async def _submitted(
        self, first: Job, request: WhatIfRequest, principal: Principal, digest: str
    ) -> JobSubmitted:
        objects, project_id = self._ports.objects, first.project_id
        intake = await record_of(objects, first)
        if intake is None or not await objects.exists(project_id, first.source):
            raise SourceErasedError(first.job_id)
        policy = await get_value(objects, project_id, first.policy, Policy)
        engine = request.engine or policy.engine
        if (engine, request.model) == (policy.engine, policy.model):
            raise FieldRefusedError("engine", "The job has this engine and model; name another.")
        _, chosen = await self._ports.terms.policy_of(
            intake.project_code,
            _ANY_PACK,
            first.locales,
            PolicyOverrides(engine=engine, model=request.model or None),
            principal,
        )
        sample = None if request.sample is None else UnitSample(count=request.sample, seed=request.seed)  # fmt: skip
        policy = policy.model_copy(
            update={
                "engine": chosen.engine,
                "model": chosen.model,
                "fallbacks": (),
                "sample": sample,
                "previous_version": None,
            }
        )
        return JobSubmitted(
            scope=SCOPE,
            inputs=first.submitted.inputs,
            locales=first.locales,
            policy=await put_value(objects, project_id, policy),
            pipeline=WHAT_IF,
            rules=first.submitted.rules.model_copy(update={"is_auto_start": True}),
            first_kind=first_kind(WHAT_IF),
            first_phase=WHAT_IF.phases[0].key,
            request_digest=digest,
            parent_job_id=first.job_id,
            was_encrypted=first.submitted.was_encrypted,
        )

    async def comparison(self, trial_id: UUID, principal: Principal) -> Comparison:
        """The trial beside its job, as far as it has come.

        Raises:
            JobMissingError: there is no such job, or none that the principal sees.
            JobStateError: it is no trial.
            ObjectMissingError: units were erased.
        """
        trial, first = await self._pair(trial_id, principal)
        planned = await _planned(self._ports.objects, trial.job)
        sides = [await self._side(each) for each in (first, trial)]
        units = compare(planned, *sides)
        return Comparison(
            job_id=first.job.job_id,
            what_if_job_id=trial_id,
            status=trial.job.status,
            is_complete=trial.job.verification is not None and trial.job.status in RESTING,
            unit_count=len(units),
            equal_count=sum(each.is_equal for each in units),
            first=in_sum(sides[0], [each.first for each in units]),
            trial=in_sum(sides[1], [each.trial for each in units]),
            units=units,
        )

    async def choose(self, trial_id: UUID, choice: Choice, principal: Principal) -> Saved:
        """Take translations of the trial over into its job, as edits of this person. A completed
        job's review is opened for that. Units chosen by name count as reviewed; of all units at
        once each is a draft, which nobody has looked at.

        Raises:
            JobMissingError, JobStateError: as `comparison`, or the first job cannot be edited.
            UnitMissingError: the job has no such unit.
        """
        trial, first = await self._pair(trial_id, principal)
        planned = await _planned(self._ports.objects, trial.job)
        wanted = planned if choice.all else tuple(choice.unit_ids)
        for unit_id in wanted:
            trial.row(unit_id)
        if may_open(first.job):
            await self._sessions.open(first.job.job_id, principal)
        check = await self._acts.check_of(first.job)
        stage = ReviewStage.DRAFT if choice.all else ReviewStage.REVIEWED

        async def edits(desktop: Desktop) -> Sequence[UnitEdit]:
            made: list[UnitEdit] = []
            for unit_id in dict.fromkeys(wanted):
                target = trial.row(unit_id).target
                unit = desktop.sheet.unit(unit_id)
                if target and target != desktop.row(unit_id).target:
                    state = desktop.progress.state
                    made += typed(
                        desktop.sheet, state, unit, target, stage, check,
                        origin=EditOrigin.RETRANSLATED,
                    )  # fmt: skip
            return made

        return await self._acts.save_with(first.job.job_id, principal, edits, _nothing_behind)

    async def _pair(self, trial_id: UUID, principal: Principal) -> tuple[Desktop, Desktop]:
        trial = await self._control.find(trial_id, principal)
        parent = trial.submitted.parent_job_id
        if parent is None or not _is_trial(trial):
            raise JobStateError(
                f"Job {trial_id} is no what-if of another.", code="what_if.no_trial"
            )
        first = await self._control.find(parent, principal)
        return await self._desktops.of(trial), await self._desktops.of(first)

    async def _side(self, desktop: Desktop) -> Side:
        job, objects = desktop.job, self._ports.objects
        try:
            policy = await get_value(objects, job.project_id, job.policy, Policy)
        except ObjectMissingError:
            policy = Policy(engine="")
        stored = (await self._ports.store.read(job.job_id))[: job.version]
        calls = await JobRecord(objects, job, []).calls_of_batches(stored)
        models = await language_models(self._ports.catalog)
        ids = frozenset(desktop.sheet.places)
        named = next((each.model for each in calls.values() if each.model), policy.model)
        return Side(
            engine=policy.engine,
            model=policy.model or named,
            rows={row.unit.unit_id: row for row in desktop.rows(UnitFilter())},
            calls=[
                CallShare(
                    tuple(each for each in call.asked(ids)),
                    call.reply.usage,
                    call.reply.circumstances.latency_ms,
                )
                for call in calls.values()
            ],
            price=price_of_engine(
                policy.engine, policy.model or named, models, self._ports.clock.now()
            ),
        )


async def _planned(objects: ObjectStore, trial: Job) -> tuple[str, ...]:
    """The units that the trial translates: all that need an engine, or its sample."""
    plan: TranslationPlan | None = await Material(objects).plan(trial)
    return tuple(unit_id for batch in plan.batches for unit_id in batch) if plan else ()


async def _nothing_behind(desktop: Desktop, state: ReviewState, pending: int) -> Sequence[Event]:
    return ()


def _is_trial(job: Job) -> bool:
    return job.submitted.scope == SCOPE


def _digest(job_id: UUID, request: WhatIfRequest) -> str:
    asked = {"what_if_of": str(job_id), **request.model_dump(mode="json")}
    return hashlib.sha256(
        json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
