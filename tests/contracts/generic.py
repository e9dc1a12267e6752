"""Steps that exist in tests only, pipelines of requirements B and C made of them,
and what their services decide.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from contracts import streams as s
from contracts import workers
from dragoman_contracts import events as e
from dragoman_contracts.deciding import batch_done, finish, plan_phase
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.pipeline import WorkItem, first_kind
from dragoman_contracts.steps import STEPS, Category, Shape, Step
from dragoman_contracts.vocabulary import Queue, Service, WorkKind

TASKS = 3


def _step(
    kind: str,
    shape: Shape,
    service: Service = Service.TRANSLATE,
    queue: Queue = Queue.TRANSLATE_BATCH,
) -> Step:
    return Step(
        kind=kind, service=service, queue=queue, shape=shape, label=kind, category=Category.INDEXING
    )


EXTRA = (
    _step("clear_vectors", Shape.WHOLE),
    _step("index_articles", Shape.CHAIN),
    _step("script", Shape.WHOLE, Service.EXTRACT, Queue.DOCX_EXTRACT),
    _step("ai_tasks", Shape.SPREAD, Service.EXTRACT, Queue.DOCX_EXTRACT),
    _step("approval", Shape.PEOPLE, Service.GATEWAY, Queue.REVIEW_IO),
)


@contextmanager
def extra_steps() -> Generator[None]:
    """The step table with these steps besides, or in the place of those of the same kind."""
    before = dict(STEPS)
    STEPS.update({step.kind: step for step in EXTRA})
    try:
        yield
    finally:
        STEPS.clear()
        STEPS.update(before)


def pipeline(name: str, *phases: tuple[str, str, float]) -> Pipeline:
    """A pipeline of phases, each with name, kind and weight."""
    return Pipeline(
        name=name,
        phases=tuple(Phase(name=n, kind=kind, weight=weight) for n, kind, weight in phases),
    )


def regenerate_source() -> Pipeline:
    """Requirement B's combined job: two phases of one kind, twice."""
    return pipeline(
        "regenerate_source",
        ("clear_online", "clear_vectors", 5),
        ("index_online", "index_articles", 45),
        ("clear_offline", "clear_vectors", 5),
        ("index_offline", "index_articles", 45),
    )


def deed() -> Pipeline:
    """Requirement C's: a script, parallel tasks, a script."""
    return pipeline(
        "deed", ("init", "script", 1), ("extraction", "ai_tasks", 8), ("aggregate", "script", 1)
    )


def crawl() -> Pipeline:
    """A chain alone, of a length that nobody knows before."""
    return pipeline("crawl", ("crawl", "index_articles", 1))


def translate_and_index() -> Pipeline:
    """A translation with a script before it, and its document indexed behind."""
    typed = [
        (kind, kind, 1.0) for kind in ("extraction", "translation", "qa", "review", "reassembly")
    ]
    return pipeline(
        "translate_and_index",
        ("preflight", "preflight", 1),
        ("names", "script", 1),
        *typed,
        ("index", "index_articles", 10),
    )


def count_words() -> Pipeline:
    """The first two phases of a translation alone: what a document holds, and how many words."""
    return pipeline("count_words", ("preflight", "preflight", 1), ("extraction", "extraction", 9))


def submitted(which: Pipeline) -> e.JobSubmitted:
    """A job of this pipeline."""
    first = which.phases[0]
    return s.submitted(which).model_copy(
        update={"first_phase": first.key, "first_kind": first_kind(which)}
    )


def decide(job: Job, item: WorkItem, chain_length: int) -> tuple[e.Event, ...]:
    """What a service decides of a plain outcome."""
    if item.kind == WorkKind.CANCELLATION:
        return (e.JobCancelled(),)
    phase = job.phase_of(item.key)
    assert phase is not None
    assert phase.step is not None
    if phase.step.has_own_result:
        return workers.finish(job, item.key)
    if phase.step.batch_work is None:
        return finish(job, phase, s.ref(phase.name))
    if item.kind != phase.step.batch_work:
        return plan_phase(job, phase, _planned(phase))
    has_next = phase.step.shape is Shape.CHAIN and item.index + 1 < chain_length
    done = e.PhaseBatchDone(
        phase=phase.name,
        kind=item.kind,
        index=item.index,
        output=s.ref(f"{phase.name} {item.index}"),
        item_count=1,
        has_next=has_next,
    )
    return batch_done(job, phase, done, s.ref(phase.name))


def _planned(phase: Phase) -> e.PhasePlanned:
    work = phase.step.batch_work if phase.step else None
    assert work is not None
    return e.PhasePlanned(
        phase=phase.name, kind=work, plan=s.ref("plan"), batch_count=TASKS, item_count=TASKS
    )
