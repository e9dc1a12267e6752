"""What servers mean when they refuse, by what they are known to say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_models.dialect import Dialect, Streaming
from dragoman_models.errors import ContextExceededError
from dragoman_models.refusals import ServerError

CONTEXT = [
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (7000 in the messages, "
    "2000 in the completion). Please reduce the length of the messages or completion.",
    "This model's maximum context length is 16385 tokens. However, your messages resulted in 26620 tokens.",
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "max_tokens must be at least 1, got -186.",
    "the request exceeds the available context size. try increasing the context size or enable context shift",
    "request (4476 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "Context size has been exceeded.",
    "Requested tokens (5000) exceed context window of 4096",
    "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length "
    "of only 4096 tokens, which is not enough.",
    "prompt too long; exceeded max context length by 12 tokens",
    "prompt is too long: 1284668 tokens > 1000000 maximum",
    "Input is too long for requested model.",
    "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
]


def refused(status: int, error: JsonValue, **headers: str) -> ServerError:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return ServerError.of(status, sent, json.dumps({"error": error}).encode())


@pytest.mark.parametrize("words", CONTEXT)
@pytest.mark.parametrize("status", [400, 500])
def test_a_context_that_is_too_small_is_known_by_many_words(words: str, status: int) -> None:
    for error in (refused(status, {"message": words, "code": status}), refused(status, words)):
        assert isinstance(error.as_error(), ContextExceededError)
        assert "tokens" not in error.as_error().message


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "response_format json_schema is not supported",
        "'temperature' does not support 0 with this model.",
        "Unrecognized request argument supplied: stream_options",
        "The model does not exist",
    ],
)
def test_a_refused_way_of_asking_is_no_small_context(words: str) -> None:
    assert refused(400, {"message": words}).as_error().code == "engine.bad_request"


@pytest.mark.parametrize(
    "code",
    [
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "insufficient_quota",
    ],
)
@pytest.mark.parametrize("kind", ["insufficient_quota", "requests", None])
def test_a_429_about_money_is_never_tried_again(code: str, kind: str | None) -> None:
    errors: list[JsonValue] = [{"code": code, "type": kind}, {"type": kind, "code": code}]
    for error in errors:
        raised = refused(429, error, retry_after="1").as_error()
        assert (type(raised), raised.code) == (PermanentError, "engine.quota_exhausted")


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (
            429,
            {"code": "rate_limit_exceeded", "type": "insufficient_quota"},
            RetryableError,
            "engine.rate_limited",
        ),
        (429, {"code": "slow_down"}, RetryableError, "engine.rate_limited"),
        (
            429,
            {"type": "insufficient_quota", "code": None},
            PermanentError,
            "engine.quota_exhausted",
        ),
        (429, {"type": "exceeded_current_quota_error"}, PermanentError, "engine.quota_exhausted"),
        (
            429,
            {"message": "Request too large for m on TPM: Limit 6, Requested 9"},
            ContextExceededError,
            None,
        ),
        (402, {"message": "no credit"}, PermanentError, "engine.quota_exhausted"),
        (401, {"code": "invalid_api_key"}, PermanentError, "engine.unauthorised"),
        (403, {"message": "exceeds the context"}, PermanentError, "engine.unauthorised"),
        (413, "too big", ContextExceededError, None),
        (
            503,
            {"message": "Loading model", "type": "unavailable_error"},
            RetryableError,
            "engine.unavailable",
        ),
        (529, {"type": "overloaded_error"}, RetryableError, "engine.unavailable"),
        (200, {"code": 502, "message": "Bad gateway"}, RetryableError, "engine.unavailable"),
        (200, {"code": "429"}, RetryableError, "engine.rate_limited"),
        (200, {"type": "invalid_request_error"}, PermanentError, "engine.bad_request"),
    ],
)
def test_the_code_says_more_than_the_type_and_the_type_more_than_the_status(
    status: int, error: JsonValue, kind: type[Exception], code: str | None
) -> None:
    raised = refused(status, error).as_error()
    assert type(raised) is kind
    assert raised.code == (code or "engine.context_exceeded")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_milliseconds_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    raised = refused(429, {"code": "slow_down"}, **headers).as_error()
    assert isinstance(raised, RetryableError)
    assert raised.retry_after_s == seconds


def test_googles_delay_stands_among_the_details_of_a_list() -> None:
    body = [{"error": {"code": 429, "details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}}]
    raised = ServerError.of(429, {}, json.dumps(body).encode()).as_error()
    assert isinstance(raised, RetryableError)
    assert raised.retry_after_s == 34


def test_what_the_server_says_about_asking_again_counts() -> None:
    for status in (429, 500):
        raised = refused(status, {}, x_should_retry="false").as_error()
        assert (type(raised), raised.code) == (PermanentError, "engine.bad_request")
    assert type(refused(400, {}, x_should_retry="true").as_error()) is RetryableError


def test_a_text_that_a_filter_stopped_is_declined() -> None:
    assert refused(400, {"code": "content_filter"}).is_declined
    assert refused(
        403, {"code": 403, "metadata": {"flagged_input": "…", "reasons": ["x"]}}
    ).is_declined
    assert not refused(403, {"code": 403}).is_declined


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (
            {"message": "Use 'max_completion_tokens' instead", "param": "max_tokens"},
            {"limit_name": "max_completion_tokens"},
        ),
        ({"message": "Unsupported value", "param": "temperature"}, {"has_temperature": False}),
        (
            {"message": {"detail": [{"loc": ["body", "stream_options"]}]}},
            {"streaming": Streaming.PLAIN},
        ),
        ({"message": "Streaming is not possible"}, {"streaming": Streaming.NONE}),
        (
            {"message": "max_tokens is too large: 900", "param": "max_tokens"},
            {"output_tokens": 450},
        ),
        ({"message": "json_schema"}, {"response_format": "json_object"}),
        ({"message": "what?"}, {"response_format": "json_object"}),
    ],
)
def test_a_dialect_leaves_out_what_was_refused(error: JsonValue, change: dict[str, object]) -> None:
    dialect = Dialect(output_tokens=900)
    changed = dialect.after(refused(400, error))
    assert changed is not None
    assert {name: getattr(changed, name) for name in change} == change
    assert (
        sum(
            getattr(changed, name) != getattr(dialect, name)
            for name in Dialect.__dataclass_fields__
        )
        == 1
    )


def test_what_a_server_repeats_of_the_request_is_no_reason() -> None:
    detail: JsonValue = {
        "loc": ["body", "messages"],
        "msg": "bad",
        "input": "temperature max_completion_tokens stream",
    }
    changed = Dialect(output_tokens=900).after(refused(422, {"message": [detail]}))
    assert changed == Dialect(output_tokens=900, response_format="json_object")


@pytest.mark.parametrize(
    "error", [{"message": CONTEXT[4]}, {"code": "model_not_found"}, {"code": "insufficient_quota"}]
)
def test_where_no_other_way_helps_none_is_tried(error: JsonValue) -> None:
    assert Dialect(output_tokens=900).after(refused(400, error)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: (
        st.lists(each)
        | st.dictionaries(st.sampled_from(["error", "code", "type", "message", "details"]), each)
    ),
    max_leaves=12,
)


@given(st.integers(200, 599), JSON | st.binary(), st.text(), st.text())
def test_no_error_is_too_odd_to_be_read(
    status: int, body: JsonValue | bytes, header: str, other: str
) -> None:
    headers = {"retry-after": header, "retry-after-ms": other, "x-should-retry": other}
    error = ServerError.of(status, headers, body)
    assert error.as_error().code.startswith("engine.")
    Dialect(output_tokens=900).after(error)
