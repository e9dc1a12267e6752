"""No-op phases: every kind of work with the services' own decisions, and nothing to perform.

What is left is the platform's own cost: delivery, fold, lease, append, routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import dragoman_extract.domain as extract
import dragoman_intake.domain as intake
import dragoman_qa.domain as qa
import dragoman_reassemble.domain as reassemble
import dragoman_translate.domain as translate
from bench.noop_phases import phase_tasks
from contracts import streams
from dragoman_contracts.events import Event
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.vocabulary import Service, WorkKind
from dragoman_runtime.service import ServicePart
from dragoman_runtime.worker import Task, WorkContext

STEPS = 6
"""Pieces of work of one no-op job: preflight, extraction, plan, one batch, qa, reassembly."""

_O = TypeVar("_O", bound=Value)


def noop_parts(
    *, keeps_outcomes: bool, batches: int = 1, with_phases: bool = False
) -> list[ServicePart]:
    """Every service with its tasks. With `keeps_outcomes` each outcome is first stored, with its
    pointer.

    With `with_phases` the steps of `noop_phases` are performed too; `noop_steps` puts them into the
    step table.
    """

    def task(
        kind: WorkKind, outcome: _O, decide: Callable[[Job, WorkItem, _O], tuple[Event, ...]]
    ) -> Task[_O]:
        async def perform(context: WorkContext) -> _O:
            return outcome

        return Task(kind, type(outcome), _of_job if keeps_outcomes else None, perform, decide)

    passed = _outcome(intake.PreflightOutcome, streams.preflight_passed())
    extracted = _outcome(extract.ExtractionOutcome, streams.extracted())
    planned = _outcome(translate.PlanOutcome, streams.planned(batch_count=batches))
    translated = _outcome(translate.BatchOutcome, streams.batch(0))
    verified = _outcome(qa.VerificationOutcome, streams.verified())
    reassembled = _outcome(reassemble.ReassemblyOutcome, streams.reassembled())
    plan = task(WorkKind.TRANSLATION_PLAN, planned, translate.decide_plan)
    batch = task(WorkKind.TRANSLATION_BATCH, translated, translate.decide_batch)
    phases = phase_tasks() if with_phases else ()
    return [
        ServicePart(Service.INTAKE, [task(WorkKind.PREFLIGHT, passed, intake.decide_preflight)]),
        ServicePart(
            Service.EXTRACT, [task(WorkKind.EXTRACTION, extracted, extract.decide), *phases]
        ),
        ServicePart(Service.TRANSLATE, [plan, batch]),
        ServicePart(Service.QA, [task(WorkKind.QA, verified, qa.decide)]),
        ServicePart(
            Service.REASSEMBLE, [task(WorkKind.REASSEMBLY, reassembled, reassemble.decide)]
        ),
    ]


def _outcome(cls: type[_O], event: Event) -> _O:
    """A service's outcome with the values of a sample event."""
    return cls.model_validate({name: value for name, value in event if name in cls.model_fields})


def _of_job(job: Job, item: WorkItem) -> Mapping[str, Any]:
    return {"job": job.job_id, "index": item.index}
