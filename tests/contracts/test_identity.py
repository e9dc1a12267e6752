"""Identifiers: the same thing has the same name for ever, and new ones sort by time."""

from __future__ import annotations

import time
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_contracts import identity
from dragoman_contracts.vocabulary import WorkKind

PROJECT = UUID("a35029fa-6d0b-5f6c-9942-1f737fcbb217")
JOB = UUID("3202d024-357f-5fa6-8eb2-c80437fce0fa")


def test_ids_that_are_in_stored_events_never_change() -> None:
    assert identity.project_id("atlas") == PROJECT
    assert identity.job_id_for_key(PROJECT, "first") == JOB
    assert identity.document_id(PROJECT, "handbook") == UUID("72281c88-0907-5d1d-b1df-24268e3f0904")
    assert identity.event_id(JOB, 7) == UUID("bb1414bc-9a39-52c0-8b53-fa482c7403c3")
    assert identity.work_id(JOB, WorkKind.TRANSLATION_BATCH, 1) == UUID(
        "5190ea80-7b46-5078-95ac-e6ae09bf4ec5"
    )


@given(
    st.lists(st.tuples(st.sampled_from(WorkKind), st.integers(0, 500)), unique=True, max_size=30)
)
def test_every_piece_of_work_has_an_id_of_its_own(works: list[tuple[WorkKind, int]]) -> None:
    assert len({identity.work_id(JOB, kind, index) for kind, index in works}) == len(works)


@given(st.text(), st.text())
def test_documents_and_jobs_of_one_project_share_no_id(reference: str, key: str) -> None:
    assert identity.document_id(PROJECT, reference) != identity.job_id_for_key(PROJECT, key)
    assert identity.document_id(PROJECT, reference) == identity.document_id(PROJECT, reference)
    assert (
        identity.job_id_for_key(PROJECT, reference) == identity.job_id_for_key(PROJECT, key)
    ) == (reference == key)


def test_the_same_reference_in_two_projects_is_two_documents() -> None:
    other = identity.project_id("borealis")
    assert identity.document_id(PROJECT, "handbook") != identity.document_id(other, "handbook")


def test_a_new_id_is_a_uuid_of_version_7() -> None:
    for new in (identity.new_id() for _ in range(200)):
        assert (new.version, new.variant) == (7, RFC_4122)


def test_new_ids_are_unique_and_begin_with_the_time_in_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # RFC 9562, Appendix A.6.
    monkeypatch.setattr(time, "time_ns", lambda: 1_645_557_742_000_999_999)
    ids = {identity.new_id() for _ in range(500)}
    assert len(ids) == 500
    assert {new.hex[:13] for new in ids} == {"017f22e279b07"}


def test_later_ids_sort_after_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_700_000_000_000_000_000, 1_700_000_000_100_000_000, 1_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    ids = [identity.new_id() for _ in range(100)]
    assert all(earlier < later for earlier, later in pairwise(ids))
    assert sorted(map(str, ids)) == [str(new) for new in ids]
