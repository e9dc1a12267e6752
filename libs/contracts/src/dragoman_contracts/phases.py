"""The pipeline as data: an ordered list of weighted phases that a job carries as a snapshot."""

from __future__ import annotations

from operator import not_
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from dragoman_contracts.model import Value
from dragoman_contracts.references import NamedObject
from dragoman_contracts.steps import STEPS, Step
from dragoman_contracts.vocabulary import PhaseKind, StepKind


class Phase(Value):
    """One use of a step in a pipeline.

    `weight` is its expected share of the whole work, normalised to 100 over the pipeline. `config`
    is checked by the step's model when a pipeline is saved; `files` are the prompts, schemas and
    scripts that it names.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: StepKind
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    config: dict[str, JsonValue] = Field(default_factory=dict)
    files: Annotated[tuple[NamedObject, ...], Field(exclude_if=not_)] = ()

    @property
    def step(self) -> Step | None:
        """The row of the step table; None where this installation lacks the step."""
        return STEPS.get(self.kind)

    @property
    def key(self) -> str:
        """The phase's name in keys of work and in events;
        empty where the kind alone says which phase it is.
        """
        return "" if self.step is not None and self.step.has_own_result else self.name

    @property
    def first_work(self) -> str | None:
        """The kind of work the phase begins with; None where people do it, or nobody here."""
        return None if self.step is None else self.step.first_work


class Pipeline(Value):
    """An ordered list of phases with a name and a version; immutable once a job has used it."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    version: Annotated[int, Field(ge=1)] = 1
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique_and_weights_sum(self) -> Self:
        names = [phase.name for phase in self.phases]
        if len(set(names)) != len(names):
            raise ValueError("two phases have the same name")
        once = [phase.kind for phase in self.phases if not phase.key]
        if len(set(once)) != len(once):
            raise ValueError(
                "two phases are of one kind whose result names no phase, so it could end either"
            )
        if sum(phase.weight for phase in self.phases) <= 0:
            raise ValueError("the weights of the phases sum to zero")
        return self

    def share_pct(self, phase: Phase) -> float:
        """The phase's weight as a share of the whole pipeline, 0 to 100."""
        return phase.weight * 100 / sum(each.weight for each in self.phases)


TRANSLATE_DOCX = Pipeline(
    name="translate-docx",
    phases=(
        Phase(name="preflight", kind=PhaseKind.PREFLIGHT, weight=2),
        Phase(name="extraction", kind=PhaseKind.EXTRACTION, weight=6),
        Phase(name="translation", kind=PhaseKind.TRANSLATION, weight=80),
        Phase(name="qa", kind=PhaseKind.QA, weight=6),
        Phase(name="review", kind=PhaseKind.REVIEW, weight=0),
        Phase(name="reassembly", kind=PhaseKind.REASSEMBLY, weight=6),
        Phase(name="delivery", kind=PhaseKind.DELIVERY, weight=0),
    ),
)
"""The built-in pipeline: requirement E's workflow."""

WHAT_IF = Pipeline(
    name="what-if",
    phases=(
        Phase(name="extraction", kind=PhaseKind.EXTRACTION, weight=6),
        Phase(name="translation", kind=PhaseKind.TRANSLATION, weight=88),
        Phase(name="qa", kind=PhaseKind.QA, weight=6),
    ),
)
"""The pipeline of a trial beside a finished job: its units once more, to be compared. It makes no
document, and nobody can choose it for one.
"""

DOCUMENT_PARSE = Pipeline(
    name="document-parse",
    phases=(
        Phase(
            name="parse",
            kind="command",
            config={
                "command": [
                    "dragoman-parse",
                    "--input={input}",
                    "--output={output_dir}",
                    "--vlm-url={vlm_url}",
                    "--model={model_name}",
                ]
            },
        ),
    ),
)
"""The built-in pipeline that makes Markdown of a document, with a program that comes with Dragoman."""

PADDLEOCR_PARSE_COMMAND: tuple[str, ...] = (
    "paddleocr",
    "doc_parser",
    "-i",
    "{input}",
    "--save_path",
    "{output_dir}",
    "--vl_rec_backend",
    "vllm-server",
    "--vl_rec_server_url",
    "{vlm_url}",
    "--vl_rec_api_model_name",
    "{model_name}",
)
"""The command of 'PaddleOCR Document Parse' (PaddleOCR 3.4 and newer, `paddleocr[doc-parser]`), which
needs a model that a vLLM server serves.
"""

BUILT_IN_PIPELINES: dict[str, Pipeline] = {
    each.name: each for each in (TRANSLATE_DOCX, DOCUMENT_PARSE)
}
"""Pipelines every installation has, by name."""
