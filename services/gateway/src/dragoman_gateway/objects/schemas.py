"""The bodies of classes and objects, as they go over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dragoman_catalog import SavedClass
from dragoman_contracts.ai import SCHEMAS
from dragoman_contracts.ai_results import AiTaskStatus
from dragoman_contracts.pipeline_checks import PipelineFault
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.objects.rules.standing import ObjectStatus
from dragoman_gateway.objects.rules.tasks import ShownTask
from dragoman_gateway.objects.view import ObjectRow

_DECIMAL = r"^\d+(\.\d+)?$"


class ClassBody(BaseModel):
    """A class to save. It is looked through as a whole, and every fault is told."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(max_length=200, examples=["deed"])] = ""
    fields: Annotated[
        Any,
        Field(
            description="Fields by name, each with its `type`: TEXT, INTEGER, DECIMAL, BOOLEAN, DATE, LIST "
            "(with `values` to choose from), JSON, DOCUMENT; `required` where none is created without.",
            examples=[{"pipelinePhase": {"type": "TEXT"}, "document": {"type": "DOCUMENT"}}],
        ),
    ] = None
    pipeline: Annotated[
        Any,
        Field(
            description="`phaseField` and `phases`, each with a `script` or `tasks`, as requirement C writes it."
        ),
    ] = None
    files: Annotated[
        Any,
        Field(
            description="Texts by name: `prompts/…`, `schemas/…` (a text or JSON), `scripts/…`.",
            examples=[{"prompts/extractInfo": "Read {{markdownContent}}."}],
        ),
    ] = None
    project_code: Annotated[
        str, Field(max_length=60, description="The project it is for; empty for every project.")
    ] = ""


class FaultView(BaseModel):
    """Something in a class, and its place."""

    field: str = Field(examples=["pipeline.phases.1.tasks.0.promptFile"])
    message: str


class ClassSummary(BaseModel):
    """One version of a class, without the texts of its files."""

    name: str
    version: int
    project_code: str | None = Field(description="None where it is for every project.")
    fields: dict[str, JsonValue]
    pipeline: dict[str, JsonValue] | None
    file_names: list[str]
    is_retired: bool = Field(
        description="Whether it takes no new objects; a new version brings it back."
    )
    saved_at: datetime
    saved_by: str


class ClassList(BaseModel):
    """Classes, or versions of one, as asked."""

    items: list[ClassSummary]


class ClassDetail(ClassSummary):
    """One version of a class."""

    files: dict[str, JsonValue] = Field(description="Texts by name; schemas as JSON.")
    warnings: list[FaultView]


class ClassChecked(BaseModel):
    """The check of a class: without faults it can be saved."""

    faults: list[FaultView]
    warnings: list[FaultView]


class ObjectSummary(BaseModel):
    """An object in a list."""

    id: UUID
    class_name: str = Field(serialization_alias="class")
    class_version: int
    project_code: str
    fields: dict[str, JsonValue]
    status: ObjectStatus
    phase: str = Field(description="Empty where no pipeline ran.")
    job_id: UUID | None
    job_status: JobStatus | None
    created_at: datetime
    changed_at: datetime = Field(description="When a person changed or started it last.")
    created_by: str


class ObjectPage(BaseModel):
    """Objects, the one that was created last first."""

    items: list[ObjectSummary]
    next_cursor: str | None


class ObjectDetail(ObjectSummary):
    """An object with the jobs that were opened on it, the newest first."""

    phases: list[str] = Field(description="The class's phases, in order.")
    job_ids: list[UUID]
    error_message: str = Field(description="Why it does not go on, where its status is ERROR.")


class AiTaskView(BaseModel):
    """A task of an object (requirement C's `commons.aiTask`), and what it cost."""

    taskName: str  # noqa: N815 - requirement C's name, as are those below
    phase: str
    status: AiTaskStatus
    responseJson: JsonValue  # noqa: N815
    errorMessage: str | None  # noqa: N815
    promptTokens: int | None  # noqa: N815
    responseTokens: int | None  # noqa: N815
    totalTokens: int | None  # noqa: N815
    cachedTokens: int | None  # noqa: N815
    reasoningTokens: int | None  # noqa: N815
    cost: Annotated[str, Field(pattern=_DECIMAL)] | None = Field(
        description="None where no price is known."
    )
    currency: str | None
    latencyMs: int | None  # noqa: N815
    callCount: int | None  # noqa: N815
    wasCorrected: bool = Field(  # noqa: N815
        description="Whether the model was asked again, with what the schema said of its answer."
    )
    model: str
    errorCode: str | None  # noqa: N815
    job_id: UUID


class AiTaskList(BaseModel):
    """The newest run of each task, in the order in which they were begun."""

    items: list[AiTaskView]


def fault_views(faults: tuple[PipelineFault, ...]) -> list[FaultView]:
    """The faults or warnings, with their places as dotted paths."""
    return [
        FaultView(field=".".join(map(str, each.place)), message=each.message) for each in faults
    ]


def class_summary(saved: SavedClass, codes: Mapping[UUID, str]) -> ClassSummary:
    """A saved version."""
    stored: dict[str, Any] = json.loads(saved.declaration.model_dump_json(by_alias=True))
    return ClassSummary(
        name=saved.name,
        version=saved.version,
        project_code=None if saved.is_of_installation else codes.get(saved.project_id, ""),
        fields=stored["fields"],
        pipeline=stored.get("pipeline"),
        file_names=[each.name for each in saved.files],
        is_retired=saved.is_retired,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
    )


def class_detail(
    saved: SavedClass,
    codes: Mapping[UUID, str],
    files: Mapping[str, str],
    warnings: tuple[PipelineFault, ...],
) -> ClassDetail:
    """A saved version with its files, and what is to be said of it."""
    told: dict[str, JsonValue] = {
        name: json.loads(text) if name.startswith(SCHEMAS) else text for name, text in files.items()
    }
    return ClassDetail(
        **class_summary(saved, codes).model_dump(), files=told, warnings=fault_views(warnings)
    )


def object_summary(row: ObjectRow, fields: dict[str, JsonValue]) -> ObjectSummary:
    """A row of the list."""
    return ObjectSummary(
        id=row.object_id,
        class_name=row.class_name,
        class_version=row.class_version,
        project_code=row.project_code,
        fields=fields,
        status=row.status,
        phase=row.phase,
        job_id=row.job_id,
        job_status=row.job_status,
        created_at=row.created_at,
        changed_at=row.changed_at,
        created_by=row.created_by,
    )


def task_view(shown: ShownTask) -> AiTaskView:
    """A task with its result, or with why there is none."""
    run, result = shown.run, shown.result
    usage = result.usage if result else None
    linked = run.task.linked
    return AiTaskView(
        taskName=run.task.name,
        phase=run.phase,
        status=run.status,
        responseJson=result.response if result else None,
        errorMessage=(shown.message or run.error_code or None) if run.error_code else None,
        promptTokens=usage.prompt_tokens if usage else None,
        responseTokens=usage.response_tokens if usage else None,
        totalTokens=usage.prompt_tokens + usage.response_tokens if usage else None,
        cachedTokens=usage.cached_tokens if usage else None,
        reasoningTokens=usage.reasoning_tokens if usage else None,
        cost=(result.cost or None) if result else None,
        currency=(result.currency or None) if result else None,
        latencyMs=result.latency_ms if result else None,
        callCount=usage.call_count if usage else None,
        wasCorrected=result.was_corrected if result else False,
        model=result.model if result else linked.model_name if linked else run.task.model,
        errorCode=run.error_code or None,
        job_id=run.job.job_id,
    )
