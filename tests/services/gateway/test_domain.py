"""The gateway's pure rules: digests of requests, and which states allow which action."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts import streams
from contracts.streams import (
    UP_TO_PLAN,
    UP_TO_QA,
    UP_TO_TRANSLATION,
    given,
    parked,
    preflight_blocked,
    verified,
)
from dragoman_contracts import events as e
from dragoman_contracts.locale import Locale
from dragoman_contracts.vocabulary import WorkKind
from dragoman_gateway.jobs.rules import decide_cancel, decide_resume, decide_start, is_running
from dragoman_gateway.submissions.rules import (
    SubmissionRequest,
    intake_record,
    request_digest,
)
from dragoman_gateway.web.brake import (
    Devices,
    FailureBrake,
    Place,
    TooManyFailuresError,
    network_of,
    password_places,
)
from dragoman_gateway.web.errors import JobStateError
from dragoman_gateway.web.uploads import Upload

NOW = datetime(2026, 11, 22, 9, 30, 5, tzinfo=UTC)
REQUEST = SubmissionRequest(
    project_code="default",
    domain_pack_code="general",
    source_language=Locale("en"),
    target_language=Locale("de"),
)


def test_the_digest_of_a_request_does_not_depend_on_its_key_but_on_all_else() -> None:
    upload = Upload("a.docx", b"content")
    digest = request_digest(REQUEST, upload)
    assert request_digest(REQUEST.model_copy(update={"idempotency_key": "k"}), upload) == digest
    assert request_digest(REQUEST.model_copy(update={"document_title": "T"}), upload) != digest
    assert request_digest(REQUEST.model_copy(update={"is_auto_start": False}), upload) != digest
    assert request_digest(REQUEST, Upload("b.docx", b"content")) != digest
    assert request_digest(REQUEST, Upload("a.docx", b"changed")) != digest


def test_the_order_of_metadata_does_not_make_another_request() -> None:
    one = REQUEST.model_copy(update={"metadata": {"a": 1, "b": {"c": 2, "d": 3}}})
    two = REQUEST.model_copy(update={"metadata": {"b": {"d": 3, "c": 2}, "a": 1}})
    assert request_digest(one, Upload("a", b"x")) == request_digest(two, Upload("a", b"x"))


def test_defaults_come_from_the_file_name_and_the_time() -> None:
    record = intake_record(REQUEST, Upload("Quarterly report.v2.docx", b"x"), NOW)
    assert (record.external_reference, record.version_label) == (
        "Quarterly report.v2",
        "2026-11-22T09:30:05Z",
    )
    assert intake_record(REQUEST, Upload(" .docx", b"x"), NOW).external_reference


def test_a_name_is_the_same_however_its_accents_are_composed() -> None:
    composed, decomposed = Upload("Größe.docx", b"x"), Upload("Gro\u0308ße.docx", b"x")
    assert composed.base_name == decomposed.base_name


@for_all(st.text(max_size=300))
def test_a_file_name_of_any_kind_gives_a_plain_one(name: str) -> None:
    base = Upload(name, b"x").base_name
    assert base
    assert base.isprintable()
    assert not set(base) & set("/\\")
    record = intake_record(REQUEST, Upload(name, b"x"), NOW)
    record.model_dump_json()


@for_all(st.text(max_size=40))
def test_a_title_that_is_taken_can_be_stored(title: str) -> None:
    try:
        taken = SubmissionRequest.model_validate({**REQUEST.model_dump(), "document_title": title})
    except ValidationError:
        return
    assert "\x00" not in taken.document_title
    assert request_digest(taken, Upload("a", b"x"))


STATES: dict[str, tuple[e.Event, ...]] = {
    "queued": (),
    "in_progress": UP_TO_PLAN,
    "needs_review": (*UP_TO_TRANSLATION, verified(e.QaVerdict.NEEDS_REVIEW)),
    "blocked": (preflight_blocked(),),
    "failed": (*UP_TO_PLAN, parked(WorkKind.TRANSLATION_BATCH)),
    "completed": (*UP_TO_QA, streams.reassembled(), e.JobCompleted()),
    "cancelling": (*UP_TO_PLAN, e.CancelRequested()),
    "cancelled": (*UP_TO_PLAN, e.CancelRequested(), e.JobCancelled()),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_allows_the_actions_of_requirement_e_and_no_others(state: str) -> None:
    job = given(*STATES[state]).job
    assert job.status == state
    assert is_running(job) is (state in {"queued", "in_progress", "cancelling"})
    if state in {"completed", "blocked", "failed"}:
        with pytest.raises(JobStateError, match="cancelled"):
            decide_cancel(job)
    else:
        assert (decide_cancel(job) is None) is (state in {"cancelling", "cancelled"})
    if state in {"failed", "cancelled"}:
        assert decide_resume(job).batch_indexes == (0, 1)
    else:
        with pytest.raises(JobStateError):
            decide_resume(job)
    if state in {"failed", "cancelled", "cancelling", "blocked"}:
        with pytest.raises(JobStateError):
            decide_start(job)
    else:
        assert decide_start(job) is None


def test_a_job_that_waits_for_its_start_is_started_once() -> None:
    stream = given(
        streams.started(WorkKind.PREFLIGHT), first=streams.submitted(is_auto_start=False)
    )
    early = decide_start(stream.job)
    assert early is not None
    assert early.next_kind is None  # preflight is under way, and its result will say what is owed
    stream.append(streams.preflight_passed(next_kind=None))
    event = decide_start(stream.job)
    assert event is not None
    assert event.next_kind == WorkKind.EXTRACTION
    stream.append(event)
    assert decide_start(stream.job) is None


def test_tries_count_at_once_and_a_place_that_failed_too_often_waits() -> None:
    brake, ten = FailureBrake(), timedelta(minutes=10)
    a, b = Place("a", 3, ten), Place("b", 9, ten)
    tries = [brake.begin(NOW, [a, b]) for _ in range(3)]  # none of them has ended yet
    brake.begin(NOW, [b])
    with pytest.raises(TooManyFailuresError) as held:
        brake.begin(NOW + timedelta(minutes=9), [b, a])
    assert held.value.retry_after_s == 60
    brake.take_back(tries[0])
    brake.begin(NOW + timedelta(minutes=9), [a])
    with pytest.raises(TooManyFailuresError):
        brake.begin(NOW + timedelta(minutes=9), [a])
    brake.begin(NOW + timedelta(minutes=10), [a])


def test_failures_elsewhere_keep_nobody_out_of_a_browser_that_is_known() -> None:
    brake, devices = FailureBrake(), Devices(b"key")
    for number in range(100):
        brake.begin(NOW, password_places("olga", f"10.0.0.{number}", None))
    with pytest.raises(TooManyFailuresError):
        brake.begin(NOW, password_places("Olga", "10.1.0.1", None))
    cookie = devices.cookie("olga")
    known = devices.known(cookie, "Olga")
    brake.begin(NOW, password_places("olga", "10.1.0.1", known))
    assert known is not None
    for value, name in (("", "olga"), ("x.y", "olga"), (cookie, "petra"), (known, "olga")):
        assert devices.known(value, name) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", "10.0.0.7"),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_by_the_network_its_owner_has(address: str, network: str) -> None:
    assert network_of(address) == network
