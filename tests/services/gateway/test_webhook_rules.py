"""The rules of webhooks: what is told, when it is tried again, and how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from contracts import streams as s
from contracts.test_job_properties import JobLife
from dragoman_catalog import DeliveryOutcome, OffReason, Standing, Webhook, WebhookType
from dragoman_contracts import events as e
from dragoman_contracts.identity import new_id, project_id
from dragoman_contracts.job import evolve, fold
from dragoman_contracts.locale import Locale
from dragoman_contracts.subject import LocalePair
from dragoman_contracts.vocabulary import JobStatus
from dragoman_gateway.webhooks.rules import (
    GIVES_UP_AFTER,
    LONGEST_ASKED_WAIT,
    TELLING,
    WAITS,
    Answer,
    Change,
    answered,
    asked_wait,
    body_of,
    headers_of,
    is_asked_for,
    is_due,
    signature,
    standing_after,
    told_of,
    trial_body,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ATLAS = project_id("atlas")
STANDING = Standing(position=7)
REFUSED = answered(500, 12)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
JOB = UUID("0192f0c1-0000-7000-8000-000000000001")


def change(**facts: object) -> Change:
    values: dict[str, object] = {
        "type": WebhookType.JOB_COMPLETED,
        "event_id": new_id(),
        "occurred_at": NOW,
        "project_id": ATLAS,
        "job_id": JOB,
        "status": JobStatus.COMPLETED,
        "pipeline": "translate-docx",
        "locales": LocalePair(source=Locale("en"), target=Locale("de-CH")),
        "intake": None,
    }
    return Change(**(values | facts))  # pyright: ignore[reportArgumentType] - a test's own facts


def webhook(**fields: object) -> Webhook:
    values: dict[str, object] = {
        "title": "Tickets",
        "url": "https://hooks.example/",
        "types": list(WebhookType),
        "webhook_id": new_id(),
        "position": 7,
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return Webhook.model_validate(values | fields)


def test_a_job_is_told_of_where_it_ends_or_needs_people_and_only_when_it_comes_there() -> None:
    told = {status: told_of(JobStatus.IN_PROGRESS, status) for status in JobStatus}
    assert {status: type_ for status, type_ in told.items() if type_} == {
        JobStatus.COMPLETED: "job.completed",
        JobStatus.FAILED: "job.failed",
        JobStatus.CANCELLED: "job.cancelled",
        JobStatus.BLOCKED: "job.blocked",
        JobStatus.NEEDS_REVIEW: "job.needs_review",
    }
    assert not any(told_of(status, status) for status in JobStatus)
    assert told_of(None, JobStatus.QUEUED) is None


class ToldLife(JobLife):
    """Anything that can happen to a job; the events that lead to what is told are those read."""

    @override
    def _append(self, *events: e.Event) -> None:
        job = self.job
        for each in s.JobStream.append(_Copy(self.stream), *events):
            after = evolve(job, each) if job else fold([each])
            if told_of(job.status if job else None, after.status if after else JobStatus.QUEUED):
                assert each.type in TELLING, each.type
            job = after
        super()._append(*events)


class _Copy(s.JobStream):
    """A stream that goes on from another, which stays as it is."""

    def __init__(self, stream: s.JobStream) -> None:
        super().__init__(stream.job_id)
        self.recorded = list(stream.recorded)
        self._last_digest = stream._last_digest  # pyright: ignore[reportPrivateUsage]


TestToldLife = ToldLife.TestCase
TestToldLife.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_most_of_a_log_is_not_read_for_webhooks() -> None:
    assert "translation.batch_translated" not in TELLING
    assert "document.registered" not in TELLING
    assert {"work.parked", "job.completed", "units.reviewed", "phase.batch_done"} <= TELLING


def test_a_webhook_of_a_project_is_told_of_its_jobs_alone_and_of_the_types_it_chose() -> None:
    of_all, of_other = webhook(), webhook(project_id=project_id("other"))
    of_atlas = webhook(project_id=ATLAS, types=["job.failed"])
    assert is_asked_for(of_all, change())
    assert not is_asked_for(of_other, change())
    assert not is_asked_for(of_atlas, change())
    assert is_asked_for(of_atlas, change(type=WebhookType.JOB_FAILED))


def test_a_delivered_message_moves_the_position_and_forgets_what_failed() -> None:
    failing = standing_after(STANDING, 9, REFUSED, NOW, 0.5)
    done = standing_after(failing, 9, answered(204, 3), NOW, 0.5)
    assert done == Standing(position=9, delivered_at=NOW)


@given(st.floats(0, 1))
def test_waits_grow_from_seconds_to_hours_until_it_is_given_up_after_three_days(
    share: float,
) -> None:
    standing, now, waits = STANDING, NOW, list[timedelta]()
    while standing.off_reason is None:
        standing = standing_after(standing, 9, REFUSED, now, share)
        assert standing.position == 7
        if standing.next_attempt_at is not None:
            waits.append(standing.next_attempt_at - now)
            now = standing.next_attempt_at
    assert standing.off_reason is OffReason.FAILING
    assert now - NOW == GIVES_UP_AFTER  # the last attempt is made at the very end
    assert standing.attempt_count == len(waits) + 1
    for usual, wait in zip(WAITS, waits[:-1], strict=False):
        assert 0.79 * usual <= wait <= 1.21 * usual
    assert 10 <= standing.attempt_count <= 20


def test_a_server_that_is_gone_is_not_asked_again() -> None:
    gone = standing_after(STANDING, 9, answered(410, 1), NOW, 0)
    assert (gone.off_reason, gone.next_attempt_at) == (OffReason.GONE, None)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0.5", timedelta(seconds=0.5)),
        ("Sun, 22 Nov 2026 10:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", timedelta(0)),
        ("99999999", LONGEST_ASKED_WAIT),
        ("-1", timedelta(0)),
        ("nan", timedelta(0)),
        ("inf", timedelta(0)),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
    ],
)
def test_the_wait_that_a_server_asks_for_is_kept_up_to_a_limit(
    header: str, wait: timedelta
) -> None:
    assert asked_wait(header, NOW) == wait
    standing = standing_after(STANDING, 9, answered(503, 1, header), NOW, 0)
    assert standing.next_attempt_at is not None
    assert standing.next_attempt_at - NOW == max(wait, 0.8 * WAITS[0])


def test_a_webhook_is_due_at_its_time_also_where_a_clock_was_wrong() -> None:
    assert is_due(STANDING, NOW)
    soon = Standing(position=7, next_attempt_at=NOW + timedelta(hours=1))
    assert not is_due(soon, NOW)
    assert is_due(soon, NOW + timedelta(hours=1))
    assert is_due(Standing(position=7, next_attempt_at=NOW + timedelta(days=30)), NOW)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (299, "delivered"), (302, "answered"), (500, "answered"), (410, "gone")],
)
def test_only_a_status_of_success_takes_a_message(status: int, outcome: str) -> None:
    answer = answered(status, 1)
    assert answer.outcome == outcome
    assert answer.is_delivered is (outcome == "delivered")
    assert bool(answer.error) is not answer.is_delivered
    assert Answer(DeliveryOutcome.TIMED_OUT).is_delivered is False


def test_a_message_names_the_job_and_holds_no_text_of_it() -> None:
    message = json.loads(body_of(change(), "atlas", "vertrag é.docx", "https://d.example/"))
    assert message == {
        "type": "job.completed",
        "timestamp": "2026-11-22T10:00:00.000Z",
        "data": {
            "job_id": str(JOB),
            "project_code": "atlas",
            "status": "completed",
            "pipeline": "translate-docx",
            "file_name": "vertrag é.docx",
            "source_language": "en",
            "target_language": "de-CH",
            "links": {"self": f"https://d.example/api/v1/jobs/{JOB}"},
        },
    }
    plain = json.loads(body_of(change(locales=None), "atlas", "", ""))["data"]
    assert (plain["file_name"], plain["source_language"]) == (None, None)
    assert plain["links"] == {"self": f"/api/v1/jobs/{JOB}"}


def test_a_message_is_signed_in_the_standard_form_with_each_secret() -> None:
    other, body = "whsec_" + base64.b64encode(b"x" * 24).decode(), b'{"a":"\xc3\xa9"}'
    headers = headers_of("msg_1", NOW, body, [SECRET, other])
    timestamp = int(NOW.timestamp())
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(timestamp)
    first, second = headers["webhook-signature"].split(" ")
    expected = hmac.new(bytes(range(32)), f"msg_1.{timestamp}.".encode() + body, hashlib.sha256)
    assert first == "v1," + base64.b64encode(expected.digest()).decode()
    assert second == signature(other, "msg_1", timestamp, body) != first


def test_the_signature_of_the_specification_s_example() -> None:
    # The example of the Standard Webhooks specification, "Signature scheme".
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_a_trial_names_its_webhook() -> None:
    tried = webhook()
    message = json.loads(trial_body(tried, NOW))
    assert message["type"] == "webhook.test"
    assert message["data"] == {"webhook_id": str(tried.webhook_id), "title": "Tickets"}
