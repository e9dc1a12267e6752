"""The step table: everything that is to be known of one kind of phase, in one place.

A step is a kind of phase that some service can perform; a phase is one use of a step in a pipeline,
as a call is of a function. Queue, service, first work, batches, start rules, the console's words,
the job builder's forms and the docs' tables are read from here. Adding a step is one row, one
config model and one handler (docs/develop/add-a-step.md).

A step's shape says how a phase of it is cut into work, and so what its pieces of work are called:

    whole    one piece                                        `qa`
    spread   a plan, then n batches that are owed at once     `translation_plan`, `translation_batch`
    chain    batches, each of which says whether one follows  `index`, `index`, …
    people   nothing that a service performs                  –
"""

from __future__ import annotations

from enum import StrEnum

from dragoman_contracts.ai import AiTasksConfig, ScriptConfig
from dragoman_contracts.commands import CommandConfig
from dragoman_contracts.model import Value
from dragoman_contracts.vocabulary import PhaseKind, Queue, Service, WorkKind


class Shape(StrEnum):
    """How a phase is cut into work."""

    WHOLE = "whole"
    SPREAD = "spread"
    CHAIN = "chain"
    PEOPLE = "people"


class Category(StrEnum):
    """Requirement B's groups of job types."""

    DOCUMENT = "document"
    CONTENT = "content"
    INDEXING = "indexing"
    MAINTENANCE = "maintenance"
    CLOUD = "cloud"


class Checkpoint(StrEnum):
    """Requirement B's words for what a step can go on from."""

    IMPLEMENTED = "implemented"
    INCREMENTAL = "incremental"
    NOT_NEEDED = "not needed"
    FAST = "no (fast)"


class NoConfig(Value):
    """The config of a step that has nothing to set."""


class Step(Value):
    """One kind of phase.

    `label` is what people call it, `work_label` what they call its work where that has another
    name. `config` is the model of a phase's config; its JSON Schema is the job builder's form.
    `needs` and `gives` are names of things that a phase reads and makes (`metadata`, `index:768`):
    warnings about the order come from them. The result of a step that `is_free` is made again
    rather than kept when it comes late. A step that `has_own_result` ends with an event of its own
    type, which names no phase: so a pipeline has it once at most. A step that `is_before_start`
    runs though nobody said start (requirement E's local path). Of a step that `parks_alone` a batch
    that is parked stops the job only once all its other batches are done or parked too.
    """

    kind: str
    service: Service
    queue: Queue
    shape: Shape
    label: str
    work_label: str = ""
    category: Category = Category.DOCUMENT
    config: type[Value] = NoConfig
    needs: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    checkpoint: Checkpoint = Checkpoint.NOT_NEEDED
    is_free: bool = False
    has_own_result: bool = False
    is_before_start: bool = False
    parks_alone: bool = False

    @property
    def first_work(self) -> str | None:
        """The kind of work a phase begins with; None where people do it."""
        match self.shape:
            case Shape.WHOLE | Shape.CHAIN:
                return self.kind
            case Shape.SPREAD:
                return self.kind + _PLAN
            case Shape.PEOPLE:
                return None

    @property
    def batch_work(self) -> str | None:
        """The kind of work a phase is cut into; None where it is not."""
        match self.shape:
            case Shape.CHAIN:
                return self.kind
            case Shape.SPREAD:
                return self.kind + _BATCH
            case Shape.WHOLE | Shape.PEOPLE:
                return None


_PLAN, _BATCH = "_plan", "_batch"


def _translation(
    kind: PhaseKind, service: Service, queue: Queue, label: str, **more: object
) -> Step:
    return Step.model_validate(
        {"shape": Shape.WHOLE, "has_own_result": True}
        | {"kind": kind.value, "service": service, "queue": queue, "label": label}
        | more
    )


STEPS: dict[str, Step] = {
    step.kind: step
    for step in (
        _translation(
            PhaseKind.PREFLIGHT,
            Service.INTAKE,
            Queue.JOB_CONTROL,
            "Preflight",
            is_before_start=True,
            needs={"source", "locales"},
            gives={"preflight"},
        ),
        _translation(
            PhaseKind.EXTRACTION,
            Service.EXTRACT,
            Queue.DOCX_EXTRACT,
            "Extraction",
            work_label="Extraction of the text",
            needs={"source", "locales", "preflight"},
            gives={"units"},
        ),
        _translation(
            PhaseKind.TRANSLATION,
            Service.TRANSLATE,
            Queue.TRANSLATE_BATCH,
            "Translation",
            shape=Shape.SPREAD,
            checkpoint=Checkpoint.IMPLEMENTED,
            needs={"locales", "units"},
            gives={"targets"},
        ),
        _translation(
            PhaseKind.QA,
            Service.QA,
            Queue.QA_VERIFY,
            "Quality check",
            needs={"units", "targets"},
            gives={"verification"},
        ),
        _translation(
            PhaseKind.REVIEW,
            Service.QA,
            Queue.REVIEW_IO,
            "Review",
            shape=Shape.PEOPLE,
            needs={"verification"},
        ),
        _translation(
            PhaseKind.REASSEMBLY,
            Service.REASSEMBLE,
            Queue.DOCX_REASSEMBLE,
            "Reassembly",
            is_free=True,
            needs={"source", "units", "targets", "verification"},
            gives={"final_docx"},
        ),
        # The end of a translation: nobody performs it, people fetch the document.
        _translation(
            PhaseKind.DELIVERY,
            Service.REASSEMBLE,
            Queue.DOCX_REASSEMBLE,
            "Delivery",
            shape=Shape.PEOPLE,
            needs={"final_docx"},
        ),
        # Requirement A: any program over a document.
        Step(
            kind="command",
            service=Service.EXTRACT,
            queue=Queue.COMMAND_RUN,
            shape=Shape.WHOLE,
            label="Command",
            config=CommandConfig,
            needs=frozenset({"source"}),
            gives=frozenset({"files"}),
        ),
        # Requirement C: a script over an object's fields, and questions to models about them.
        Step(
            kind="script",
            service=Service.EXTRACT,
            queue=Queue.SCRIPT_RUN,
            shape=Shape.WHOLE,
            label="Script",
            config=ScriptConfig,
        ),
        Step(
            kind="ai_tasks",
            service=Service.EXTRACT,
            queue=Queue.AI_TASK,
            shape=Shape.SPREAD,
            label="AI tasks",
            work_label="AI task",
            checkpoint=Checkpoint.IMPLEMENTED,
            config=AiTasksConfig,
            parks_alone=True,
        ),
    )
}
"""Every step, by kind."""

ALIASES: dict[str, str] = {}
"""Other names for steps, which old pipelines and requests may use: alias → kind."""


def step_of_work(work: str) -> Step | None:
    """The step that a kind of work belongs to; None for a cancellation,
    and for a step this installation lacks.
    """
    for suffix in (_PLAN, _BATCH):
        step = STEPS.get(work.removesuffix(suffix)) if work.endswith(suffix) else None
        if step is not None and step.shape is Shape.SPREAD:
            return step
    return STEPS.get(work)


def queue_of(work: str) -> Queue:
    """The queue a kind of work travels through.

    Raises:
        KeyError: this installation has no such work.
    """
    return _step(work).queue if work != WorkKind.CANCELLATION else Queue.JOB_CONTROL


def work_queues() -> tuple[Queue, ...]:
    """The queues that a service takes work from, in the order of the table;
    only these are declared.
    """
    worked = (step.queue for step in STEPS.values() if step.first_work is not None)
    return tuple(dict.fromkeys((Queue.JOB_CONTROL, *worked)))


def service_of(work: str) -> Service:
    """The service that performs a kind of work.

    Raises:
        KeyError: this installation has no such work.
    """
    return _step(work).service if work != WorkKind.CANCELLATION else Service.INTAKE


def is_made_again(work: str) -> bool:
    """Whether the late outcome of this work is dropped: plans and free steps cost nothing,
    nor does a cancellation.
    """
    step = step_of_work(work)
    return step is None or step.is_free or (step.shape is Shape.SPREAD and work == step.first_work)


def begins_phase(work: str) -> bool:
    """Whether a worker that takes this work says that its phase began; a plan is made before,
    a cancellation beside.
    """
    step = step_of_work(work)
    return step is not None and not (step.shape is Shape.SPREAD and work == step.first_work)


def _step(work: str) -> Step:
    step = step_of_work(work)
    if step is None:
        raise KeyError(f"No step has the work {work!r}.")
    return step
