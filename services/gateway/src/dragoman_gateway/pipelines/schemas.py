"""The bodies of steps and pipelines, as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dragoman_catalog import SavedPipeline
from dragoman_catalog.values import Code
from dragoman_contracts.phases import BUILT_IN_PIPELINES, Phase
from dragoman_contracts.pipeline_checks import check
from dragoman_contracts.steps import ALIASES, Category, Checkpoint, Shape, Step
from dragoman_contracts.vocabulary import StepKind


class StepView(BaseModel):
    """A kind of phase that this installation can perform."""

    kind: str
    aliases: list[str] = Field(description="Other names that a pipeline may use for it.")
    label: str
    service: str
    category: Category
    shape: Shape = Field(description="How a phase of it is cut into work.")
    checkpoint: Checkpoint
    needs: list[str] = Field(description="Things that a phase reads: given by a phase before, or by the job's subject.")
    gives: list[str] = Field(description="Things that it makes for phases behind.")
    config_schema: dict[str, JsonValue] = Field(description="The JSON Schema of a phase's config.")


class StepList(BaseModel):
    """Steps in the order of the step table."""

    items: list[StepView]


class PhaseEntry(BaseModel):
    """A phase as an admin says it: a name of its own, a step, its share of the whole work, the step's config."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
    kind: StepKind
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    config: dict[str, JsonValue] = Field(default_factory=dict)

    def phase(self) -> Phase:
        """The phase that is said."""
        return Phase.model_validate(self.model_dump())


class PipelineEntry(BaseModel):
    """The phases of a pipeline, in order."""

    model_config = ConfigDict(extra="forbid")

    phases: Annotated[list[PhaseEntry], Field(min_length=1, max_length=100)]


class NewPipeline(PipelineEntry):
    """A pipeline to save. Its name never changes."""

    name: Code


class PipelineWarning(BaseModel):
    """Something in a pipeline that may not be meant."""

    field: str = Field(examples=["phases.1.kind"])
    message: str


class PipelineDetail(BaseModel):
    """One version of a pipeline."""

    name: str
    version: int
    phases: list[PhaseEntry]
    is_built_in: bool = Field(description="Whether it comes with the installation and stays as it is.")
    is_retired: bool = Field(description="Whether it takes no new jobs; a new version brings it back.")
    saved_at: datetime | None
    saved_by: str
    needs: list[str] = Field(description="Things a job must have before the first phase: `source`, `locales`.")
    warnings: list[PipelineWarning]


class PipelineList(BaseModel):
    """Pipelines, or versions of one, as asked."""

    items: list[PipelineDetail]


def step_view(step: Step) -> StepView:
    """A row of the step table."""
    return StepView(
        kind=step.kind,
        aliases=sorted(alias for alias, kind in ALIASES.items() if kind == step.kind),
        label=step.label,
        service=step.service,
        category=step.category,
        shape=step.shape,
        checkpoint=step.checkpoint,
        needs=sorted(step.needs),
        gives=sorted(step.gives),
        config_schema=step.config.model_json_schema(),
    )


def pipeline_detail(saved: SavedPipeline) -> PipelineDetail:
    """A saved version, with what is to be said of it."""
    found = check(saved.pipeline)
    return PipelineDetail(
        name=saved.name,
        version=saved.version,
        phases=[
            PhaseEntry(name=each.name, kind=each.kind, weight=each.weight, config=each.config) for each in saved.phases
        ],
        is_built_in=saved.name in BUILT_IN_PIPELINES,
        is_retired=saved.is_retired,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        needs=sorted(found.needs),
        warnings=[
            PipelineWarning(field=".".join(map(str, each.place)), message=each.message) for each in found.warnings
        ],
    )
