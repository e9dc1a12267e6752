"""What is wrong with a pipeline is said before it is saved, each fault with its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import Field

from contracts import generic
from dragoman_contracts.model import Value
from dragoman_contracts.phases import TRANSLATE_DOCX, Phase, Pipeline
from dragoman_contracts.pipeline_checks import check, with_names_of_now
from dragoman_contracts.steps import ALIASES, STEPS, Shape, Step
from dragoman_contracts.vocabulary import Queue, Service


class _Config(Value):
    timeout_s: int = Field(default=30, ge=1)


@pytest.fixture(autouse=True)
def steps() -> Iterator[None]:
    with generic.extra_steps():
        STEPS["fetch"] = Step(
            kind="fetch",
            service=Service.EXTRACT,
            queue=Queue.DOCX_EXTRACT,
            shape=Shape.WHOLE,
            label="Fetching",
            config=_Config,
            needs=frozenset({"metadata"}),
        )
        ALIASES["download"] = "fetch"
        try:
            yield
        finally:
            del STEPS["fetch"], ALIASES["download"]


def places(*kinds: str) -> list[str]:
    found = check(generic.pipeline("mine", *((kind, kind, 1) for kind in kinds)))
    return [".".join(map(str, fault.place)) for fault in found.faults]


@pytest.mark.parametrize(
    "pipeline", [TRANSLATE_DOCX, generic.count_words(), generic.translate_and_index()]
)
def test_a_translation_and_its_beginning_can_be_saved_and_need_a_document(
    pipeline: Pipeline,
) -> None:
    found = check(pipeline)
    assert (found.faults, found.warnings) == ((), ())
    assert found.needs == {"source", "locales"}


def test_a_pipeline_of_other_steps_needs_no_document() -> None:
    assert check(generic.regenerate_source()).needs == frozenset()


def test_a_translations_phase_without_the_one_before_is_a_fault() -> None:
    assert places("extraction") == ["phases.0.kind"]
    assert places("preflight", "extraction", "reassembly") == ["phases.2.kind"] * 2
    assert places("preflight", "translation", "extraction") == ["phases.1.kind"]


def test_another_step_that_lacks_something_is_a_warning() -> None:
    found = check(generic.pipeline("mine", ("f", "fetch", 1)))
    assert found.faults == ()
    assert [warning.message for warning in found.warnings] == [
        "Fetching uses metadata, which no phase before gives."
    ]


def test_an_unknown_step_names_those_there_are() -> None:
    (fault,) = check(generic.pipeline("mine", ("a", "fold_laundry", 1))).faults
    assert fault.place == ("phases", 0, "kind")
    assert "fold_laundry" in fault.message
    assert "preflight" in fault.message


@pytest.mark.parametrize("config", [{"timeout_s": 0}, {"timeout_s": "soon"}, {"time_out": 3}])
def test_a_config_is_checked_by_the_steps_model(config: dict[str, object]) -> None:
    phase = Phase.model_validate({"name": "f", "kind": "fetch", "config": config})
    (fault,) = check(Pipeline(name="mine", phases=(phase,))).faults
    assert fault.place == ("phases", 0, "config", next(iter(config)))


def test_people_neither_begin_a_pipeline_nor_follow_its_delivery() -> None:
    assert places("approval", "script") == ["phases.0.kind"]
    assert places(*(phase.kind for phase in TRANSLATE_DOCX.phases), "script") == ["phases.6.kind"]


def test_an_old_name_of_a_step_becomes_its_name() -> None:
    assert (
        with_names_of_now(generic.pipeline("mine", ("f", "download", 1))).phases[0].kind == "fetch"
    )
