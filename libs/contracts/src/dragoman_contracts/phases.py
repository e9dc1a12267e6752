"""The pipeline as data: an ordered list of weighted phases that a job carries as a snapshot."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from dragoman_contracts.model import Value
from dragoman_contracts.vocabulary import PhaseKind


class Phase(Value):
    """One step of a pipeline. `weight` is its expected share of the whole work, normalised to 100 over the pipeline."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: PhaseKind
    weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    config: dict[str, str] = Field(default_factory=dict)


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
        if len({phase.kind for phase in self.phases}) != len(self.phases):
            raise ValueError("two phases are of the same kind: a result names its kind, so it could end either")
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

BUILT_IN_PIPELINES: dict[str, Pipeline] = {TRANSLATE_DOCX.name: TRANSLATE_DOCX}
"""Pipelines every installation has, by name."""
