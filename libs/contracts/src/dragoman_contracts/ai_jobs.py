"""An object's job as its scripts and tasks see it: documents, files of a phase, and the outputs of
the phases before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dragoman_contracts.ai import FIELDS_INPUT, TASKS_INPUT, AiTask, AiTasksConfig
from dragoman_contracts.events import INTAKE_INPUT
from dragoman_contracts.job import Job
from dragoman_contracts.phases import Phase
from dragoman_contracts.references import NamedObject, ObjectRef

SCRIPT, AI_TASKS = "script", "ai_tasks"
"""The kinds of the two steps."""

_NO_DOCUMENTS = frozenset({FIELDS_INPUT, TASKS_INPUT, INTAKE_INPUT})


def documents_of(job: Job) -> tuple[NamedObject, ...]:
    """The documents of the object, by the names of their fields."""
    return tuple(each for each in job.submitted.inputs if each.name not in _NO_DOCUMENTS)


def file_of(phase: Phase, names: tuple[str, ...]) -> NamedObject | None:
    """The first of these files that the phase has."""
    files: Mapping[str, NamedObject] = {each.name: each for each in phase.files}
    return next((files[name] for name in names if name in files), None)


def outputs_before(job: Job, phase: Phase) -> Iterator[tuple[Phase, ObjectRef]]:
    """The outputs of scripts (`ScriptResult`) and tasks (`AiTaskResult`) in the phases before this
    one, in order.
    """
    for each in job.pipeline.phases[: job.pipeline.phases.index(phase)]:
        run = job.runs[each.name]
        if each.kind == SCRIPT and run.output is not None:
            yield each, run.output
        elif each.kind == AI_TASKS:
            yield from ((each, output) for output in run.batches if output is not None)


def task_named(job: Job, name: str) -> tuple[Phase, AiTask] | None:
    """The task of this name, with its phase; None where the pipeline has none."""
    for phase in job.pipeline.phases:
        if phase.kind == AI_TASKS:
            for task in AiTasksConfig.model_validate(phase.config).tasks:
                if task.name == name:
                    return phase, task
    return None
