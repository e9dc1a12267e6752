"""Classes: the fields of objects, and the pipeline that runs when one is created (requirement C).

The declaration is written as requirement C writes it:

    {"name": "deed", "fields": {"pipelinePhase": {"type": "TEXT"}, "document": {"type": "DOCUMENT"}},
     "pipeline": {"phaseField": "pipelinePhase", "phases": [
         {"name": "init", "script": "convertToMarkdown"},
         {"name": "extraction", "tasks": [
             {"name": "extractInfo", "promptFile": "prompts/extractInfo", "schemaFile": "schemas/extractInfo"}]},
         {"name": "aggregate", "script": "aggregateDeed"}]}}
"""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from dragoman_contracts.ai import (
    AiTask,
    AiTasksConfig,
    FileName,
    ScriptConfig,
    prompt_names,
    schema_names,
    script_names,
)
from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.references import NamedObject


class FieldType(StrEnum):
    """The type of a field's values, in requirement C's words."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    LIST = "LIST"
    JSON = "JSON"
    DOCUMENT = "DOCUMENT"


class ClassField(Value):
    """A field of a class.

    A LIST with `values` takes one of them; a LIST without takes a list. An object is not created
    without a field that `is_required`.
    """

    type: FieldType
    values: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
        Field(max_length=500, exclude_if=not_),
    ] = ()
    is_required: Annotated[bool, Field(alias="required", exclude_if=not_)] = False

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)


class _Declared(Value):
    """A part of requirement C's block, with its names."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)


class TaskDeclaration(_Declared):
    """A question to a model. Where nothing is said, the step's own limits hold, and the default
    model of the category LLM is asked.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=80)]
    prompt_file: Annotated[FileName, Field(alias="promptFile")]
    schema_file: Annotated[FileName | None, Field(alias="schemaFile")] = None
    model: Annotated[str, Field(max_length=200, exclude_if=not_)] = ""
    timeout_s: Annotated[int | None, Field(ge=1, le=3_600, exclude_if=not_)] = None
    max_attempts: Annotated[int | None, Field(ge=1, le=20, exclude_if=not_)] = None
    max_output_tokens: Annotated[int | None, Field(ge=1, le=1_000_000, exclude_if=not_)] = None

    def task(self) -> AiTask:
        """The task as the step takes it."""
        return AiTask.model_validate(self.model_dump(by_alias=False, exclude_none=True))


class PhaseDeclaration(_Declared):
    """A phase: a script, or tasks. `document`, `timeout_s` and `memory_mb` are a script's."""

    name: Annotated[
        str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    ]
    script: Annotated[FileName | None, Field(exclude_if=not_)] = None
    tasks: Annotated[tuple[TaskDeclaration, ...], Field(max_length=100, exclude_if=not_)] = ()
    document: Annotated[str, Field(max_length=120, exclude_if=not_)] = ""
    timeout_s: Annotated[int | None, Field(ge=1, le=600, exclude_if=not_)] = None
    memory_mb: Annotated[int | None, Field(ge=16, le=2_048, exclude_if=not_)] = None

    @property
    def file_choices(self) -> tuple[tuple[str, ...], ...]:
        """For each file that the phase uses, the names that it may have, the best first."""
        if self.script:
            return (script_names(self.script),)
        prompts = (prompt_names(each.prompt_file) for each in self.tasks)
        schemas = (schema_names(each.schema_file) for each in self.tasks if each.schema_file)
        return (*prompts, *schemas)

    def phase(self, files: tuple[NamedObject, ...]) -> Phase:
        """The phase of a job's pipeline, with those of the class's files that it uses."""
        if self.script:
            kind, config = "script", self._script_config(self.script)
        else:
            tasks = AiTasksConfig(tasks=tuple(each.task() for each in self.tasks))
            kind, config = "ai_tasks", tasks.model_dump(mode="json", exclude_defaults=True)
        wanted = {name for choices in self.file_choices for name in choices}
        used = tuple(each for each in files if each.name in wanted)
        weight = float(max(len(self.tasks) * 8, 1))
        return Phase(name=self.name, kind=kind, weight=weight, config=config, files=used)

    def _script_config(self, script: str) -> dict[str, JsonValue]:
        said = {
            "script": script,
            "document": self.document,
            "timeout_s": self.timeout_s,
            "memory_mb": self.memory_mb,
        }
        config = ScriptConfig.model_validate({name: each for name, each in said.items() if each})
        return config.model_dump(mode="json", exclude_defaults=True)


class PipelineDeclaration(_Declared):
    """The `pipeline` block: the field that holds the current phase's name, and the phases."""

    phase_field: Annotated[str, Field(alias="phaseField", min_length=1, max_length=80)]
    phases: Annotated[tuple[PhaseDeclaration, ...], Field(min_length=1, max_length=100)]


class ClassDeclaration(_Declared):
    """A class as it is declared, without its files."""

    name: Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
    type: Annotated[Literal["BASIC"], Field(exclude=True)] = "BASIC"
    fields: dict[str, ClassField]
    pipeline: Annotated[PipelineDeclaration | None, Field(exclude_if=not_)] = None

    @property
    def phase_field(self) -> str:
        """The field that holds the phase's name; empty where the class has no pipeline."""
        return self.pipeline.phase_field if self.pipeline else ""

    @property
    def phase_names(self) -> tuple[str, ...]:
        """The names of the phases, in order."""
        return tuple(each.name for each in self.pipeline.phases) if self.pipeline else ()

    def pipeline_from(
        self, phase_name: str, version: int, files: tuple[NamedObject, ...]
    ) -> Pipeline:
        """The pipeline of a job that begins with this phase, with the files it uses.

        Raises:
            ValueError: the class has no such phase.
        """
        first = self.phase_names.index(phase_name)
        declared = self.pipeline.phases[first:] if self.pipeline else ()
        return Pipeline(
            name=self.name, version=version, phases=tuple(each.phase(files) for each in declared)
        )
