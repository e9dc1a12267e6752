"""The bodies of steps and pipelines, as they go over the wire."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from dragoman_catalog import SavedPipeline
from dragoman_catalog.values import DisplayName
from dragoman_contracts.commands import CommandConfig
from dragoman_contracts.phases import BUILT_IN_PIPELINES, Phase
from dragoman_contracts.pipeline_checks import check
from dragoman_contracts.steps import ALIASES, Category, Checkpoint, Shape, Step
from dragoman_contracts.vocabulary import StepKind

COMMAND_STEP, COMMAND_PHASE = "command", "command"


class StepView(BaseModel):
    """A kind of phase that this installation can perform."""

    kind: str
    aliases: list[str] = Field(description="Other names that a pipeline may use for it.")
    label: str
    service: str
    category: Category
    shape: Shape = Field(description="How a phase of it is cut into work.")
    checkpoint: Checkpoint
    needs: list[str] = Field(
        description="Things that a phase reads: given by a phase before, or by the job's subject."
    )
    gives: list[str] = Field(description="Things that it makes for phases behind.")
    config_schema: dict[str, JsonValue] = Field(description="The JSON Schema of a phase's config.")


class StepList(BaseModel):
    """Steps in the order of the step table."""

    items: list[StepView]


class PhaseEntry(BaseModel):
    """A phase as an admin says it: a name of its own, a step,
    its share of the whole work, the step's config.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    ]
    kind: StepKind
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    config: dict[str, JsonValue] = Field(default_factory=dict)

    def phase(self) -> Phase:
        """The phase that is said."""
        return Phase.model_validate(self.model_dump())


class PipelineEntry(BaseModel):
    """A pipeline as an admin says it: its phases in order, or, in requirement A's way, the command
    that is its one phase.
    """

    model_config = ConfigDict(extra="forbid")

    phases: Annotated[list[PhaseEntry], Field(max_length=100)] = []
    command: Annotated[
        list[Annotated[str, Field(max_length=4_000)]],
        Field(
            max_length=200,
            description="Program and arguments, run without a shell; in place of `phases`.",
            examples=[["dragoman-parse", "--input", "{input}", "--output", "{output_dir}"]],
        ),
    ] = []
    model_id: Annotated[
        UUID | None, Field(description="The model that gives `{vlm_url}` and `{model_name}`.")
    ] = None
    timeout_s: Annotated[
        int, Field(ge=1, le=86_400, description="The longest time the command may take.")
    ] = 1_800
    is_active: Annotated[bool, Field(description="Whether it takes new jobs.")] = True

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.phases) == bool(self.command):
            raise ValueError("say either `phases` or `command`")
        if self.phases and (self.model_id is not None or "timeout_s" in self.model_fields_set):
            raise ValueError("with `phases`, model_id and timeout_s belong into a phase's config")
        return self

    def saved_phases(self) -> list[Phase]:
        """The phases that are said, in order."""
        if self.phases:
            return [each.phase() for each in self.phases]
        config: dict[str, JsonValue] = {"command": list(self.command), "timeout_s": self.timeout_s}
        if self.model_id is not None:
            config["model_id"] = str(self.model_id)
        return [Phase(name=COMMAND_PHASE, kind=COMMAND_STEP, config=config)]


class NewPipeline(PipelineEntry):
    """A pipeline to save. Its id is made from the name, in lower case with hyphens, and never
    changes.
    """

    name: DisplayName

    @property
    def id(self) -> str:
        """The handle of the pipeline: `PaddleOCR Document Parse` → `paddleocr-document-parse`."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:60].rstrip("-_") or "pipeline"


class EditedPipeline(PipelineEntry):
    """The next version of a pipeline. Without a name it keeps the one it has."""

    name: DisplayName | None = None


class TemplateVariable(BaseModel):
    """A name that a command may have in braces."""

    name: str = Field(examples=["input"])
    description: str


class PipelineWarning(BaseModel):
    """Something in a pipeline that may not be meant."""

    field: str = Field(examples=["phases.1.kind"])
    message: str


class PipelineDetail(BaseModel):
    """One version of a pipeline. One whose only phase is a command has this said again in
    requirement A's way.
    """

    id: str = Field(description="Its handle, for addresses and submissions.")
    name: str = Field(description="Its name for people.")
    version: int
    phases: list[PhaseEntry]
    command: list[str] | None
    model_id: UUID | None
    timeout_s: int | None
    is_active: bool
    is_built_in: bool = Field(
        description="Whether it comes with the installation and stays as it is."
    )
    is_retired: bool = Field(
        description="Whether it takes no new jobs; a new version brings it back."
    )
    saved_at: datetime | None
    saved_by: str
    needs: list[str] = Field(
        description="Things a job must have before the first phase: `source`, `locales`."
    )
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
    command = command_of(saved)
    return PipelineDetail(
        id=saved.name,
        name=saved.title or saved.name,
        command=None if command is None else list(command.command),
        model_id=command.model_id if command else None,
        timeout_s=command.timeout_s if command else None,
        is_active=not saved.is_retired,
        version=saved.version,
        phases=[
            PhaseEntry(name=each.name, kind=each.kind, weight=each.weight, config=each.config)
            for each in saved.phases
        ],
        is_built_in=saved.name in BUILT_IN_PIPELINES,
        is_retired=saved.is_retired,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        needs=sorted(found.needs),
        warnings=[
            PipelineWarning(field=".".join(map(str, each.place)), message=each.message)
            for each in found.warnings
        ],
    )


def command_of(saved: SavedPipeline) -> CommandConfig | None:
    """The command that is the pipeline's one phase; None where it has others."""
    if len(saved.phases) != 1 or saved.phases[0].kind != COMMAND_STEP:
        return None
    return CommandConfig.model_validate(saved.phases[0].config)
