"""Checking a pipeline before it is saved: its steps, the config of each phase, and the order of
what they need. Pure.

A phase needs things by name (`units`), which an earlier phase gives, or the subject of the job
(`source`, `locales`).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, ValidationError

from dragoman_contracts.model import Value
from dragoman_contracts.phases import Phase, Pipeline
from dragoman_contracts.steps import ALIASES, STEPS, Shape
from dragoman_contracts.vocabulary import PhaseKind

OF_A_DOCUMENT = frozenset({"source", "locales"})
"""Things that a job on a version of a document has before its first phase."""


class PipelineFault(Value):
    """A place in a pipeline that cannot be as it is,
    as a path of field names and places, and why.
    """

    place: tuple[str | int, ...]
    message: str


class PipelineCheck(Value):
    """The faults and warnings found in a pipeline. With any fault it cannot be saved; a person may
    leave a warning.

    `needs` is what a job has to have before the first phase.
    """

    faults: tuple[PipelineFault, ...] = ()
    warnings: tuple[PipelineFault, ...] = ()
    needs: frozenset[str] = Field(default_factory=frozenset[str])


def check(pipeline: Pipeline) -> PipelineCheck:
    """All that is wrong with a pipeline, and what its jobs need."""
    faults = [*_ends(pipeline)]
    warnings: list[PipelineFault] = []
    given: set[str] = set()
    needs: set[str] = set()
    later = [phase.step.gives if phase.step else frozenset[str]() for phase in pipeline.phases]
    for place, phase in enumerate(pipeline.phases):
        faults += _faults_of(place, phase)
        if phase.step is None:
            continue
        for name in sorted(phase.step.needs - given):
            by_later = any(name in gives for gives in later[place:])
            if name in OF_A_DOCUMENT and not by_later:
                needs.add(name)
            elif phase.step.has_own_result:
                faults.append(
                    _fault(
                        place,
                        "kind",
                        f"{phase.step.label} needs {name}, which no phase before gives.",
                    )
                )
            else:
                warnings.append(
                    _fault(
                        place,
                        "kind",
                        f"{phase.step.label} uses {name}, which no phase before gives.",
                    )
                )
        given |= phase.step.gives
    return PipelineCheck(faults=tuple(faults), warnings=tuple(warnings), needs=frozenset(needs))


def with_names_of_now(pipeline: Pipeline) -> Pipeline:
    """The pipeline with steps under the names they have now, where it has old ones."""
    phases = (
        phase.model_copy(update={"kind": ALIASES.get(phase.kind, phase.kind)})
        for phase in pipeline.phases
    )
    return pipeline.model_copy(update={"phases": tuple(phases)})


def _ends(pipeline: Pipeline) -> Iterator[PipelineFault]:
    first = pipeline.phases[0]
    if first.step is not None and first.step.shape is Shape.PEOPLE:
        yield _fault(
            0,
            "kind",
            f"{first.step.label} is done by people; a pipeline begins with a step of a service.",
        )
    for place, phase in enumerate(pipeline.phases[:-1]):
        if phase.kind == PhaseKind.DELIVERY:
            yield _fault(place, "kind", "Delivery is the end of a job; put it last.")


def _faults_of(place: int, phase: Phase) -> Iterator[PipelineFault]:
    if phase.step is None:
        yield _fault(
            place, "kind", f"There is no step {phase.kind!r}; steps are {', '.join(sorted(STEPS))}."
        )
        return
    try:
        phase.step.config.model_validate(phase.config)
    except ValidationError as error:
        for each in error.errors():
            yield PipelineFault(
                place=("phases", place, "config", *each["loc"]), message=each["msg"]
            )


def _fault(place: int, field: str, message: str) -> PipelineFault:
    return PipelineFault(place=("phases", place, field), message=message)
