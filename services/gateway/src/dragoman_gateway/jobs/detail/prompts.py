"""A task of a job as it would be asked, with the object as it stands: before anything is paid."""

from __future__ import annotations

import json
from typing import cast

from pydantic import JsonValue

from dragoman_contracts.ai import FIELDS_INPUT, TASKS_INPUT
from dragoman_contracts.ai_jobs import SCRIPT, outputs_before, task_named
from dragoman_contracts.ai_results import AiTaskResult, AiTaskResults, ScriptResult
from dragoman_contracts.job import Job
from dragoman_runtime.objects import ObjectStore, get_value
from dragoman_scripting.explaining import ExplainedTask, Explaining, explained_task


async def explained_task_of(
    sandbox: Explaining, objects: ObjectStore, job: Job, task_name: str
) -> ExplainedTask | None:
    """The task of this name as its prompt would read now; None where the pipeline has none.

    Nothing is asked and nothing is stored. Phases before the task's that are not done have given
    nothing yet: the names that they would give are among the warnings.
    """
    found = task_named(job, task_name)
    if found is None:
        return None
    phase, task = found
    project_id = job.project_id
    files = {each.name: await objects.get(project_id, each.object) for each in phase.files}
    fields: dict[str, JsonValue] = {}
    answers: dict[str, JsonValue] = {}
    ref = job.input(FIELDS_INPUT)
    if ref is not None:
        parsed: object = json.loads(await objects.get(project_id, ref))
        fields |= cast("dict[str, JsonValue]", parsed) if isinstance(parsed, dict) else {}
    ref = job.input(TASKS_INPUT)
    if ref is not None:
        earlier = await get_value(objects, project_id, ref, AiTaskResults)
        answers |= {each.task_name: each.response for each in earlier.results}
    for each, output in outputs_before(job, phase):
        if each.kind == SCRIPT:
            fields |= (await get_value(objects, project_id, output, ScriptResult)).changed
        else:
            result = await get_value(objects, project_id, output, AiTaskResult)
            answers[result.task_name] = result.response
    return await explained_task(sandbox, task, files, fields, answers)
