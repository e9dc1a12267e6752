"""The tasks of a pipeline: a prompt of the object's fields to a model, its answer out; each task a
piece of work of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from dragoman_contracts.ai import AiTask, AiTasksConfig, prompt_names, schema_names
from dragoman_contracts.ai_jobs import AI_TASKS, file_of
from dragoman_contracts.ai_results import AiTaskResult
from dragoman_contracts.commands import LOG_MEDIA_TYPE
from dragoman_contracts.deciding import batch_done, plan_phase
from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import Event, PhaseBatchDone, PhasePlanned
from dragoman_contracts.job import Job
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase
from dragoman_contracts.pipeline import WorkItem
from dragoman_contracts.policy import Policy
from dragoman_contracts.references import ObjectRef
from dragoman_extract.asking import Dialogue, answered
from dragoman_extract.errors import (
    AnswerBreaksSchemaError,
    AnswerRefusedError,
    AnswerTruncatedError,
    TaskFileMissingError,
)
from dragoman_extract.gathering import gathered, inputs_before
from dragoman_extract.task_ports import ScriptHost, TaskModels
from dragoman_models.ledger import Ledger, Recorded
from dragoman_models.ports import ChatReply
from dragoman_runtime.worker import ProgramError, ProjectObjects, Task, WorkContext
from dragoman_scripting.answers import Schema, read_schema

RULES_VERSION = 1
"""Raised when the same task would be asked or read in another way."""

GATE_PATIENCE_S = 600.0
"""The longest wait for one of the provider's places; then the work is put back and sent again."""

_PLAN, _BATCH = f"{AI_TASKS}_plan", f"{AI_TASKS}_batch"
_GRACE_S = 120


class TasksPlan(Value):
    """The outcome of planning: the tasks as an object, and their number."""

    plan: ObjectRef
    task_count: int


class AiTaskOutcome(Value):
    """The result of one task, as stored."""

    result: AiTaskResult
    output: ObjectRef


def ai_tasks(host: ScriptHost, models: TaskModels) -> tuple[Task[TasksPlan], Task[AiTaskOutcome]]:
    """The step `ai_tasks`: its plan, and each task."""

    async def perform_plan(context: WorkContext) -> TasksPlan:
        config = context.config(AiTasksConfig)
        return TasksPlan(plan=await context.objects.put_value(config), task_count=len(config.tasks))

    async def perform_task(context: WorkContext) -> AiTaskOutcome:
        task = _task(context.phase, context.item)
        try:
            return await _outcome(context, task, host, models)
        except RetryableError as error:
            if task.max_attempts is not None and context.attempt >= task.max_attempts:
                raise PermanentError(error.message, code=error.code) from error
            raise

    async def on_recalled(job: Job, objects: ProjectObjects, outcome: AiTaskOutcome) -> None:
        await models.save(job, outcome.result.calls)

    return (
        Task(_PLAN, TasksPlan, _plan_inputs, perform_plan, _decide_plan),
        Task(
            _BATCH,
            AiTaskOutcome,
            _inputs,
            perform_task,
            _decide_task,
            deadline=_deadline,
            from_outside=True,
            on_recalled=on_recalled,
        ),
    )


async def _outcome(
    context: WorkContext, task: AiTask, host: ScriptHost, models: TaskModels
) -> AiTaskOutcome:
    """Render the prompt, ask the model, and store what came of it."""
    schema = await _schema(context, task)
    prompt = await _prompt(context, task, host)
    model = await models.find(task, context.leases)
    job, cap = context.job, await _cap(context)

    async def before_paying() -> None:
        await context.stop_if_cancelled()
        await models.allow(job, cap, model)

    async def pay(recorded: Recorded[ChatReply]) -> None:
        await context.persist(lambda: models.pay(job, model, recorded))

    dialogue = Dialogue(pay)
    ledger = Ledger(
        context.objects,
        gate=model.gate,
        before_paying=before_paying,
        persist=context.persist,
        left_behind=context.objects if context.is_takeover else None,
    )
    nonce = context.config(AiTasksConfig).nonce
    try:
        answer = await answered(ledger, model, task, prompt, schema, dialogue, nonce=nonce)
    except DragomanError as error:
        await models.note(model, dialogue.new_usage)
        raise await _with_log(context, error, ledger, dialogue) from error
    cost = await models.note(model, dialogue.new_usage)
    if dialogue.new_usage != dialogue.usage:
        cost = await models.cost(model, dialogue.usage)
    result = AiTaskResult(
        task_name=task.name,
        response=answer.response,
        response_text=answer.text,
        usage=dialogue.usage,
        calls=tuple(dialogue.calls),
        latency_ms=dialogue.latency_ms,
        prompt=await context.persist(
            lambda: context.objects.put(prompt.encode(), "text/plain; charset=utf-8")
        ),
        provider=model.provider,
        model=model.name,
        cost=cost.amount,
        currency=cost.currency,
        was_corrected=len(dialogue.calls) > 1,
    )
    output = await context.persist(lambda: context.objects.put_value(result))
    return AiTaskOutcome(result=result, output=output)


async def _cap(context: WorkContext) -> Decimal | None:
    """The cap in US dollars that the job was submitted with; None where it has none."""
    if context.job.submitted.policy is None:
        return None
    return (await context.objects.get_value(context.job.policy, Policy)).cost_cap


async def _with_log(
    context: WorkContext, error: DragomanError, ledger: Ledger, dialogue: Dialogue
) -> DragomanError:
    """The error of a task; that of a bad answer with the answers as its log.

    An equal question would be answered from the record, with the same bad answer: it is forgotten,
    so that a resume asks anew.
    """
    if not isinstance(error, AnswerBreaksSchemaError | AnswerRefusedError | AnswerTruncatedError):
        return error
    for mark, call in zip(dialogue.marks, dialogue.calls, strict=True):
        await ledger.forget(mark, call)
    usage = dialogue.usage
    told = (
        f"{usage.call_count} calls: {usage.prompt_tokens} tokens in ({usage.cached_tokens} cached), "
        f"{usage.response_tokens} out ({usage.reasoning_tokens} reasoning)\n"
    )
    text = "\n".join([told, *dialogue.log])
    log = await context.persist(lambda: context.objects.put(text.encode(), LOG_MEDIA_TYPE))
    return ProgramError(error.message, code=error.code, log=log)


async def _schema(context: WorkContext, task: AiTask) -> Schema | None:
    if task.schema_file is None:
        return None
    file = file_of(context.phase, schema_names(task.schema_file))
    if file is None:
        raise _missing(task, "schema", task.schema_file)
    return read_schema(await context.objects.get(file.object), file.name)


async def _prompt(context: WorkContext, task: AiTask, host: ScriptHost) -> str:
    file = file_of(context.phase, prompt_names(task.prompt_file))
    if file is None:
        raise _missing(task, "prompt", task.prompt_file)
    template = (await context.objects.get(file.object)).decode("utf-8", "replace")
    found = await gathered(context)
    return await host.render(template, found.prompt_context)


def _missing(task: AiTask, what: str, name: str) -> TaskFileMissingError:
    return TaskFileMissingError(
        f"Task {task.name} names the {what} {name!r}, and its class has no such file; add it."
    )


def _task(phase: Phase, item: WorkItem) -> AiTask:
    return AiTasksConfig.model_validate(phase.config).tasks[item.index]


def _phase(job: Job, item: WorkItem) -> Phase:
    return job.needed(job.phase_of(item.key), f"phase {item.phase!r}")


def _plan_inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    return {"rules": RULES_VERSION, "config": _phase(job, item).config}


def _inputs(job: Job, item: WorkItem) -> Mapping[str, Any]:
    """An answer depends on the task, its files, the object as the phases before left it, and the
    nonce.
    """
    phase = _phase(job, item)
    task = _task(phase, item)
    found = inputs_before(job, item)
    own = {*prompt_names(task.prompt_file), *schema_names(task.schema_file or "")}
    return {
        **found,
        "rules": RULES_VERSION,
        "task": task.model_dump(mode="json", exclude_defaults=True),
        "files": [each for each in found["files"] if each[0] in own],
        "nonce": AiTasksConfig.model_validate(phase.config).nonce,
    }


def _deadline(job: Job, item: WorkItem) -> timedelta:
    """Two calls, and two waits for the provider."""
    task = _task(_phase(job, item), item)
    return timedelta(seconds=2 * (task.timeout_s + GATE_PATIENCE_S) + _GRACE_S)


def _decide_plan(job: Job, item: WorkItem, outcome: TasksPlan) -> tuple[Event, ...]:
    """PhasePlanned, which makes every task owed."""
    phase = _phase(job, item)
    planned = PhasePlanned(
        phase=phase.name,
        kind=_BATCH,
        plan=outcome.plan,
        batch_count=outcome.task_count,
        item_count=outcome.task_count,
    )
    return plan_phase(job, phase, planned)


def _decide_task(job: Job, item: WorkItem, outcome: AiTaskOutcome) -> tuple[Event, ...]:
    """PhaseBatchDone with the task's result; the phase ends with the last one."""
    result = outcome.result
    done = PhaseBatchDone(
        phase=_phase(job, item).name,
        kind=_BATCH,
        index=item.index,
        output=outcome.output,
        item_count=1,
        calls=result.calls,
        usage=result.usage,
    )
    return batch_done(job, _phase(job, item), done)
