"""The object that a job is about, as the phases before left it: its fields and the results of its
tasks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import JsonValue

from dragoman_contracts.ai import FIELDS_INPUT, TASKS_INPUT
from dragoman_contracts.ai_jobs import SCRIPT, outputs_before
from dragoman_contracts.ai_results import AiTaskResult, AiTaskResults, ScriptResult
from dragoman_contracts.errors import ObjectCorruptError
from dragoman_contracts.job import Job
from dragoman_contracts.pipeline import WorkItem
from dragoman_runtime.worker import WorkContext
from dragoman_scripting.explaining import prompt_context


@dataclass
class Gathered:
    """The fields of an object, and the results of its tasks by their name."""

    fields: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    results: dict[str, AiTaskResult] = field(default_factory=dict[str, AiTaskResult])

    @property
    def params(self) -> dict[str, JsonValue]:
        """The results as a script gets them: parsed, by task."""
        return {name: each.response for name, each in self.results.items()}

    @property
    def prompt_context(self) -> dict[str, JsonValue]:
        """The names that a prompt may use."""
        return prompt_context(self.fields, self.params)


async def gathered(context: WorkContext) -> Gathered:
    """The object before the phase of this work.

    Raises:
        ObjectCorruptError: the job's fields are no JSON object.
    """
    job, objects = context.job, context.objects
    found = Gathered()
    fields = job.input(FIELDS_INPUT)
    if fields is not None:
        found.fields = _object_of(await objects.get(fields))
    tasks = job.input(TASKS_INPUT)
    if tasks is not None:
        for each in (await objects.get_value(tasks, AiTaskResults)).results:
            found.results[each.task_name] = each
    for phase, output in outputs_before(job, context.phase):
        if phase.kind == SCRIPT:
            found.fields |= (await objects.get_value(output, ScriptResult)).changed
        else:
            result = await objects.get_value(output, AiTaskResult)
            found.results[result.task_name] = result
    return found


def inputs_before(job: Job, item: WorkItem) -> dict[str, Any]:
    """The object before this work's phase as digests, for the fingerprint of an outcome."""
    phase = job.needed(job.phase_of(item.key), f"phase {item.phase!r}")
    given = (job.input(name) for name in (FIELDS_INPUT, TASKS_INPUT))
    return {
        "object": [ref.digest if ref else "" for ref in given],
        "before": [[each.name, ref.digest] for each, ref in outputs_before(job, phase)],
        "files": [[each.name, each.object.digest] for each in phase.files],
    }


def _object_of(data: bytes) -> dict[str, JsonValue]:
    try:
        parsed: object = json.loads(data)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ObjectCorruptError("The fields of the job are no JSON object; submit the job anew.")
    return cast("dict[str, JsonValue]", parsed)
