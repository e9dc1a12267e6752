"""What is read of chat completions and their chunks, however odd."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from dragoman_contracts.events import Usage
from dragoman_translate.adapters.openai_answer import Answer
from dragoman_translate.ports import FinishReason, RawTarget
from dragoman_translate.unit_reading import UnitReader

GOOD = '{"units": [{"id": "u1", "target": "Uma"}]}'


def chunk(delta: JsonValue, finish: JsonValue = None, **more: JsonValue) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def answered(*events: str) -> Answer:
    answer = Answer(UnitReader())
    for event in events:
        answer.take(event)
    return answer


def usage(counts: JsonValue, **more: JsonValue) -> Usage:
    return answered(
        chunk({"content": "x"}, "stop"), json.dumps({"choices": [], "usage": counts, **more})
    ).usage()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        [{"type": "text", "text": GOOD}],
        [{"type": "text", "text": GOOD[:9]}, {"type": "output_text", "text": GOOD[9:]}],
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "{"}]},
            {"type": "text", "text": {"value": GOOD}},
        ],
        [GOOD[:9], GOOD[9:]],
    ],
)
def test_content_is_text_or_parts(content: JsonValue) -> None:
    whole = json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]})
    for answer in (answered(whole), answered(chunk({"content": content}), chunk({}, "stop"))):
        assert answer.end() == ((RawTarget(unit_id="u1", target="Uma"),), FinishReason.STOP)
        assert answer.response == GOOD


@pytest.mark.parametrize(
    ("events", "finish"),
    [
        ([chunk({"content": GOOD}, "stop")], FinishReason.STOP),
        ([chunk({"content": GOOD}), "[DONE]"], FinishReason.STOP),
        ([chunk({"content": GOOD})], FinishReason.INTERRUPTED),
        ([chunk({"content": GOOD}, "length")], FinishReason.LENGTH),
        ([chunk({"content": GOOD}, "content_filter")], FinishReason.REFUSED),
        ([chunk({"content": GOOD}, "error")], FinishReason.INTERRUPTED),
        (
            [chunk({"content": GOOD}), '{"error": "out of memory"}', "[DONE]"],
            FinishReason.INTERRUPTED,
        ),
        ([chunk({"content": "Hm."}, "stop")], FinishReason.MALFORMED),
        ([chunk({"content": None, "refusal": "No."}, "stop")], FinishReason.REFUSED),
        (
            [chunk({"content": [{"type": "refusal", "refusal": "No."}]}, "stop")],
            FinishReason.REFUSED,
        ),
        ([chunk({"reasoning_content": GOOD}, "length")], FinishReason.LENGTH),
        ([chunk({"reasoning": GOOD}, "stop")], FinishReason.MALFORMED),
    ],
)
def test_why_it_ended_is_known(events: list[str], finish: FinishReason) -> None:
    answer = answered(*events)
    assert answer.has_begun
    assert answer.end()[1] is finish


def test_usage_is_the_same_in_all_dialects() -> None:
    details: JsonValue = {"cached_tokens": 64, "cache_write_tokens": 16}
    openai: JsonValue = {
        "prompt_tokens": 90,
        "completion_tokens": 30,
        "total_tokens": 120,
        "prompt_tokens_details": details,
    }
    assert usage(openai) == Usage(
        call_count=1, prompt_tokens=90, cached_tokens=64, cache_write_tokens=16, response_tokens=30
    )
    thoughts: JsonValue = {"reasoning_tokens": 50}
    xai: JsonValue = {
        "prompt_tokens": 90,
        "completion_tokens": 30,
        "total_tokens": 170,
        "completion_tokens_details": thoughts,
    }
    assert usage(xai) == Usage(
        call_count=1, prompt_tokens=90, reasoning_tokens=50, response_tokens=80
    )
    anthropic: JsonValue = {
        "input_tokens": 10,
        "output_tokens": 30,
        "cache_creation_input_tokens": 80,
    }
    assert usage(anthropic) == Usage(
        call_count=1, prompt_tokens=90, cache_write_tokens=80, response_tokens=30
    )
    deepseek: JsonValue = {
        "prompt_tokens": 90,
        "completion_tokens": 30,
        "prompt_cache_hit_tokens": 64,
    }
    assert usage(deepseek) == Usage(
        call_count=1, prompt_tokens=90, cached_tokens=64, response_tokens=30
    )
    llama = usage(
        None, timings={"cache_n": 24, "prompt_n": 7, "predicted_n": 5, "predicted_ms": 1806.4}
    )
    assert llama == Usage(call_count=1, prompt_tokens=31, cached_tokens=24, response_tokens=5)


@pytest.mark.parametrize("odd", [None, -1, "many", True, [], {}, 1e300])
def test_a_count_that_is_none_is_nothing(odd: JsonValue) -> None:
    counts: JsonValue = {
        "prompt_tokens": odd,
        "completion_tokens": odd,
        "prompt_tokens_details": odd,
        "total_tokens": odd,
    }
    assert usage(counts) == Usage(call_count=1)
    assert usage(odd) == Usage(call_count=1)


def test_tokens_are_counted_by_the_server_or_else_by_what_came() -> None:
    one_each = answered(*[chunk({"content": "ab"})] * 9)
    assert one_each.token_count == 9
    assert answered(chunk({"content": "ab" * 300})).token_count == 100
    assert answered(chunk({"content": "ab"}, usage={"completion_tokens": 7})).token_count == 7
    assert answered(chunk({"content": "ab"}, timings={"predicted_n": 8})).token_count == 8


def test_what_broke_off_is_counted_by_its_text_alone() -> None:
    fine, coarse = (
        answered(*[chunk({"content": "ab"})] * 40),
        answered(chunk({"content": "ab" * 40})),
    )
    assert (
        fine.usage_of(400)
        == coarse.usage_of(400)
        == Usage(call_count=1, prompt_tokens=100, response_tokens=20)
    )
    assert answered(chunk({"content": "ab"}, "stop")).usage_of(400) == Usage(call_count=1)


def test_half_characters_are_joined_over_chunks_and_none_is_stored() -> None:
    halves = [
        '{"choices": [{"delta": {"content": "\\ud83d"}}]}',
        '{"choices": [{"delta": {"content": "\\ude00 \\ud83d"}}]}',
    ]
    answer = answered(*halves, json.dumps({"note": "\ud83d"}))
    assert answer.response == "😀 \ufffd"
    assert answer.envelope == {"note": "\ufffd"}


def test_events_that_share_their_blank_line_are_read_one_by_one() -> None:
    answer = answered(
        f"{chunk({'content': GOOD[:9]})}\n{chunk({'content': GOOD[9:]}, 'stop')}\n[DONE]"
    )
    assert answer.response == GOOD
    assert answer.is_done


@pytest.mark.parametrize("event", ["", "ping", "[1]", "null", "[" * 100_000])
def test_what_is_no_object_is_said_to_be_none(event: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Answer(UnitReader()).take(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "usage",
                    "error",
                    "finish_reason",
                    "text",
                    "type",
                ]
            ),
            each,
        )
    ),
    max_leaves=20,
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["choices", "usage", "id", "model", "error", "timings"]), JSON
        )
    )
)
def test_no_chunk_is_too_odd_to_be_read(bodies: list[dict[str, JsonValue]]) -> None:
    answer = answered(*(json.dumps(body) for body in bodies))
    answer.end()
    answer.usage_of(100)
    json.dumps(
        [answer.response, answer.envelope, answer.said("model")], ensure_ascii=False
    ).encode()
