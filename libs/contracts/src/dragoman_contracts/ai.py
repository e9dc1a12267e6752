"""The steps of declarative pipelines (requirement C): their configs, and the names of their files.

A phase carries its prompts, schemas and scripts as named objects in `Phase.files`. A job brings the
object's fields, and one object for each of its DOCUMENT fields, as inputs:

    files    scripts/aggregateDeed   prompts/extractInfo   schemas/extractInfo
    inputs   fields = {"title": "Deed 7"}   document = <the bytes of a PDF>
             tasks = <results of tasks that an earlier job did>
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from dragoman_contracts.commands import LinkedModel
from dragoman_contracts.model import Value

FIELDS_INPUT = "fields"
"""The input with the flat fields of an object: one JSON object, of names and values."""

TASKS_INPUT = "tasks"
"""The input with results of tasks that the job does not do itself, an `AiTaskResults`; a job has it
where it goes on from a later phase.
"""

PROMPTS, SCHEMAS, SCRIPTS = "prompts/", "schemas/", "scripts/"
"""The folders of a class's files, as their names begin."""

CONVERT_TO_MARKDOWN = "convertToMarkdown"
"""The built-in script that makes Markdown of a DOCUMENT field."""

MARKDOWN_FIELD = "markdownContent"
"""The field that `convertToMarkdown` writes."""

BUILT_IN_SCRIPTS: dict[str, str] = {
    CONVERT_TO_MARKDOWN: "Reads the object's document with dragoman-parse and writes its text, as Markdown, into "
    "the field markdownContent.",
}
"""Scripts that every class has without a file, with what they do; a file of the same name goes
before.
"""

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=120)]
"""The name of a file of a class, as it is among the files of its phases."""


class ScriptConfig(Value):
    """Config of `script`.

    `script` is the name of a file `scripts/…`, with or without this folder and `.js`, or of a
    built-in script. `document` names the DOCUMENT field that a built-in script reads; empty: the
    only one there is. `timeout_s` and `memory_mb` are the most that JavaScript may take; a built-in
    script is not held to them.
    """

    script: FileName
    document: Annotated[str, Field(max_length=120)] = ""
    timeout_s: Annotated[int, Field(ge=1, le=600)] = 30
    memory_mb: Annotated[int, Field(ge=16, le=2_048)] = 128


class AiTask(Value):
    """One question to a model: a Handlebars prompt, and the JSON Schema its answer keeps to.

    `model` is the id or the name of a registered model; empty: the default of the category LLM.
    `linked` is the very model as it was at submission: the gateway fills it in. `timeout_s` is the
    longest time one call may take, `max_attempts` the most attempts, within those of the job.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=80)]
    prompt_file: FileName
    schema_file: FileName | None = None
    model: Annotated[str, Field(max_length=200)] = ""
    linked: LinkedModel | None = None
    timeout_s: Annotated[int, Field(ge=1, le=3_600)] = 120
    max_attempts: Annotated[int, Field(ge=1, le=20)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class AiTasksConfig(Value):
    """Config of `ai_tasks`: the questions, each by itself.

    `nonce` tells runs apart that must not use each other's answers: the gateway fills it in.
    """

    tasks: Annotated[tuple[AiTask, ...], Field(min_length=1, max_length=100)]
    nonce: Annotated[str, Field(max_length=80)] = ""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [task.name for task in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError("two tasks have the same name")
        return self


def file_names(folder: str, name: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a file of a class may have where a declaration calls it `name`, the best first.

    file_names("scripts/", "aggregate", (".js",))   scripts/aggregate, scripts/aggregate.js
    """
    full = name if name.startswith(folder) else folder + name
    return (full, *(full + suffix for suffix in suffixes if not full.endswith(suffix)))


def script_names(name: str) -> tuple[str, ...]:
    """The names that a script's file may have."""
    return file_names(SCRIPTS, name, (".js",))


def prompt_names(name: str) -> tuple[str, ...]:
    """The names that a prompt's file may have."""
    return file_names(PROMPTS, name, (".hbs", ".handlebars", ".md", ".txt"))


def schema_names(name: str) -> tuple[str, ...]:
    """The names that a schema's file may have."""
    return file_names(SCHEMAS, name, (".json",))
