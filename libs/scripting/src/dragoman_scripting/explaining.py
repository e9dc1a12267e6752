"""A task as it would be asked, before anything is paid: its prompt by sections, the schema that its
answer has to keep to, and what is wrong with either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from pydantic import Field, JsonValue

from dragoman_contracts.ai import AiTask, prompt_names, schema_names
from dragoman_contracts.errors import PermanentError
from dragoman_contracts.model import Value
from dragoman_scripting.answers import number_places, read_schema
from dragoman_scripting.prompts import ExplainedPrompt, estimated_tokens

INPUT_TASKS = "inputTasks"
"""The name of the answers of earlier tasks in a prompt."""


class Explaining(Protocol):
    """Takes templates apart; `Sandbox` does."""

    async def explain(
        self, template: str, context: Mapping[str, JsonValue], *, timeout_s: float = 10.0
    ) -> ExplainedPrompt:
        """The very text that a template gives, by sections.

        Raises:
            PermanentError: the template cannot be used; the message names the cure.
        """
        ...


class TaskProblem(Value):
    """Something that keeps a task from being asked, or that may not be meant: its stable code, and a
    sentence with the cure.
    """

    code: str
    message: str


class ExplainedTask(Value):
    """A task as it would be asked. `prompt` is None where its template cannot be rendered.

    `schema_tokens` is about what the schema adds. `problems` park the task when it is asked,
    `warnings` do not.
    """

    task_name: str
    prompt_file: str
    schema_file: str = ""
    model: str = ""
    prompt: ExplainedPrompt | None = None
    answer_schema: dict[str, JsonValue] | None = None
    schema_tokens: int = 0
    token_estimate: int = 0
    problems: tuple[TaskProblem, ...] = Field(default=())
    warnings: tuple[str, ...] = ()


def prompt_context(
    fields: Mapping[str, JsonValue], answers: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """The names that a prompt may use: the fields, and `inputTasks` with each task's answer as JSON
    text.
    """
    texts: dict[str, JsonValue] = {
        name: json.dumps(answer, ensure_ascii=False) for name, answer in answers.items()
    }
    return {**fields, INPUT_TASKS: texts}


async def explained_task(
    sandbox: Explaining,
    task: AiTask,
    files: Mapping[str, bytes],
    fields: Mapping[str, JsonValue],
    answers: Mapping[str, JsonValue],
) -> ExplainedTask:
    """The task as it would be asked of an object with these fields, after tasks with these answers.

    `files` are those of the task's phase, by name. Nothing is asked, and nothing is stored.
    """
    problems: list[TaskProblem] = []
    warnings: list[str] = []
    prompt_file = _first(prompt_names(task.prompt_file), files)
    schema_file = _first(schema_names(task.schema_file), files) if task.schema_file else ""
    prompt: ExplainedPrompt | None = None
    schema: dict[str, JsonValue] | None = None
    try:
        template = files[_there(prompt_file, task, "prompt", task.prompt_file)]
        context = prompt_context(fields, answers)
        prompt = await sandbox.explain(template.decode("utf-8", "replace"), context)
        warnings += [
            f"{name} gives nothing: the object has no such value." for name in prompt.missing
        ]
    except PermanentError as error:
        problems.append(TaskProblem(code=error.code, message=error.message))
    try:
        if task.schema_file:
            name = _there(schema_file, task, "schema", task.schema_file)
            schema = read_schema(files[name], name)
            warnings += [
                f'{place} is "type": "number": amounts as strings are safe, numbers make Gemini take 90 s and more.'
                for place in number_places(schema)
            ]
    except PermanentError as error:
        problems.append(TaskProblem(code=error.code, message=error.message))
    schema_tokens = estimated_tokens(json.dumps(schema)) if schema else 0
    return ExplainedTask(
        task_name=task.name,
        prompt_file=prompt_file,
        schema_file=schema_file,
        model=task.linked.model_name if task.linked else task.model,
        prompt=prompt,
        answer_schema=schema,
        schema_tokens=schema_tokens,
        token_estimate=(prompt.token_estimate if prompt else 0) + schema_tokens,
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _first(names: tuple[str, ...], files: Mapping[str, bytes]) -> str:
    return next((name for name in names if name in files), "")


def _there(found: str, task: AiTask, what: str, asked: str) -> str:
    if not found:
        raise PermanentError(
            f"Task {task.name} names the {what} {asked!r}, and its class has no such file; add it.",
            code="task.file_missing",
        )
    return found
