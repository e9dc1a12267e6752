"""Pipelines as data: weights, names, and the order in which their work is owed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts import streams as s
from contracts.streams import next_kind
from dragoman_contracts.job import WorkKey
from dragoman_contracts.phases import (
    BUILT_IN_PIPELINES,
    DOCUMENT_PARSE,
    TRANSLATE_DOCX,
    Phase,
    Pipeline,
)
from dragoman_contracts.pipeline import first_kind, owed, routes
from dragoman_contracts.vocabulary import PhaseKind, WorkKind

KINDS = st.lists(st.sampled_from(PhaseKind), min_size=1, unique=True)
WEIGHTS = st.floats(0, 1_000_000)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """A pipeline of some kinds in any order, at least one of which weighs something."""
    kinds = draw(KINDS)
    weights = draw(
        st.lists(WEIGHTS, min_size=len(kinds), max_size=len(kinds)).filter(
            lambda each: sum(each) > 0
        )
    )
    phases = (
        Phase(name=kind.value, kind=kind, weight=weight)
        for kind, weight in zip(kinds, weights, strict=True)
    )
    return Pipeline(name="p", phases=tuple(phases))


@given(pipelines())
def test_shares_add_up_to_100_whatever_the_weights_are(pipeline: Pipeline) -> None:
    shares = [pipeline.share_pct(phase) for phase in pipeline.phases]
    assert math.isclose(sum(shares), 100, rel_tol=1e-9)
    assert all(0 <= share <= 100.000001 for share in shares)


@given(pipelines())
def test_a_pipeline_survives_json(pipeline: Pipeline) -> None:
    assert Pipeline.model_validate_json(pipeline.model_dump_json()) == pipeline


def test_the_built_in_pipeline_weighs_100_and_is_found_by_its_name() -> None:
    assert sum(phase.weight for phase in TRANSLATE_DOCX.phases) == 100
    assert [phase.kind for phase in TRANSLATE_DOCX.phases] == list(PhaseKind)
    assert BUILT_IN_PIPELINES == {
        "translate-docx": TRANSLATE_DOCX,
        "document-parse": DOCUMENT_PARSE,
    }


@pytest.mark.parametrize(
    ("phases", "reason"),
    [
        ([], "at least 1"),
        ([("a", "qa", 1), ("a", "review", 1)], "same name"),
        ([("a", "qa", 1), ("b", "qa", 1)], "one kind whose result names no phase"),
        ([("a", "qa", 0), ("b", "review", 0)], "sum to zero"),
        ([("a", "qa", -1)], "greater than or equal"),
        ([("a", "qa", math.inf)], "less than or equal"),
        ([("a", "qa", math.nan)], "less than or equal"),
        ([("", "qa", 1)], "at least 1 character"),
        ([("a", "Baking!", 1)], "should match pattern"),
    ],
)
def test_a_pipeline_that_makes_no_sense_is_refused(
    phases: list[tuple[str, str, float]], reason: str
) -> None:
    stored = [{"name": name, "kind": kind, "weight": weight} for name, kind, weight in phases]
    with pytest.raises(ValidationError, match=reason):
        Pipeline.model_validate({"name": "p", "phases": stored})


def test_a_pipeline_without_preflight_begins_with_extraction() -> None:
    pipeline = Pipeline(name="short", phases=TRANSLATE_DOCX.phases[1:])
    assert first_kind(pipeline) == WorkKind.EXTRACTION
    assert s.given(first=s.submitted(pipeline)).owed == [WorkKey(WorkKind.EXTRACTION)]


def test_the_next_kind_skips_review_and_ends_with_the_pipeline() -> None:
    job = s.given(*s.UP_TO_TRANSLATION).job
    assert next_kind(job, PhaseKind.QA) == WorkKind.REASSEMBLY
    assert next_kind(job, PhaseKind.REASSEMBLY) is None
    short = Pipeline(name="short", phases=TRANSLATE_DOCX.phases[:2])
    assert next_kind(s.given(first=s.submitted(short)).job, PhaseKind.EXTRACTION) is None


def test_routed_and_owed_items_are_the_same_work() -> None:
    stream = s.given(*s.UP_TO_EXTRACTION, s.planned(3))
    assert routes(stream.recorded[-1]) == owed(stream.job)
    assert [item.index for item in owed(stream.job)] == [0, 1, 2]
    assert {item.version for item in owed(stream.job)} == {stream.job.version}
