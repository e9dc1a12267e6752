"""One suite for every API with chat, each against a server that refuses what the real one refuses."""

import json
from collections.abc import Iterator

import pytest

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_models.clients import chat_model
from dragoman_models.endpoint import ApiKind, Endpoint
from dragoman_models.ports import ChatReply, ChatRequest, FinishReason, Image, Message
from models.faithful.base import KEY, Provider
from models.kinds import ANTHROPIC, CHAT, GEMINI, OLLAMA, OPENAI, Kind

TEXT = "Grüße, “world”! How are you today?"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
_KNOWN = Usage(
    call_count=1, prompt_tokens=100, cached_tokens=40, reasoning_tokens=5, response_tokens=30
)
_USAGES = {
    ApiKind.OPENAI: _KNOWN.model_copy(update={"cache_write_tokens": 10}),
    ApiKind.ANTHROPIC: _KNOWN.model_copy(update={"cache_write_tokens": 10}),
    ApiKind.GEMINI: _KNOWN,
    ApiKind.OLLAMA: Usage(call_count=1, prompt_tokens=100, response_tokens=30),
}
_EACH = pytest.mark.parametrize("kind", CHAT, ids=lambda kind: str(kind.api))
_MODES = pytest.mark.parametrize(
    ("kind", "mode"),
    [pytest.param(kind, mode, id=f"{kind.api}-{mode}") for kind in CHAT for mode in kind.codes],
)


@pytest.fixture
def server(kind: Kind) -> Iterator[Provider]:
    with kind.serve() as served:
        yield served


def question(text: str = TEXT, **more: object) -> ChatRequest:
    messages = (
        Message(role="system", text="Answer as json."),
        Message(role="user", text="Hello"),
        Message(role="assistant", text="HELLO"),
        Message(role="user", text=text),
    )
    return ChatRequest.model_validate({"messages": messages, **more})


async def asked(
    endpoint: Endpoint, request: ChatRequest | None = None, pieces: list[str] | None = None
) -> ChatReply:
    model = chat_model(endpoint)
    try:
        return await model.chat(request or question(), None if pieces is None else pieces.append)
    finally:
        await model.aclose()


async def failure(endpoint: Endpoint, request: ChatRequest | None = None) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        await asked(endpoint, request)
    return caught.value


@_EACH
async def test_an_answer_comes_piece_by_piece_with_its_cost(kind: Kind, server: Provider) -> None:
    pieces: list[str] = []
    reply = await asked(kind.endpoint(server), pieces=pieces)
    assert reply.text == TEXT.upper() == "".join(pieces)
    assert len(pieces) > 2
    assert reply.finish_reason is FinishReason.STOP
    assert reply.usage == _USAGES[kind.api]
    assert reply.model.startswith(kind.model)
    assert reply.prompt == server.seen[0].body
    assert reply.latency_ms >= reply.waited_ms
    if kind.api is not ApiKind.OLLAMA:  # which names no answers
        assert reply.provider_request_id


@_EACH
async def test_an_answer_that_comes_as_a_whole_is_the_same(kind: Kind, server: Provider) -> None:
    server.modes = ["whole"]
    pieces: list[str] = []
    reply = await asked(kind.endpoint(server), pieces=pieces)
    assert reply.text == TEXT.upper() == "".join(pieces)
    assert (reply.usage, reply.finish_reason) == (_USAGES[kind.api], FinishReason.STOP)


@_EACH
async def test_pictures_go_with_a_message(kind: Kind, server: Provider) -> None:
    pictures = (b"\x89PNG 1", b"\x89PNG 2")
    images = tuple(Image(media_type="image/png", data=data) for data in pictures)
    request = ChatRequest(messages=(Message(role="user", text="what?", images=images),))
    reply = await asked(kind.endpoint(server), request)
    assert reply.text == "WHAT?"
    assert kind.images_in(server.seen[0]) == list(pictures)


@_EACH
async def test_an_answer_is_held_to_a_schema(kind: Kind, server: Provider) -> None:
    reply = await asked(kind.endpoint(server), question(answer_schema=SCHEMA))
    assert json.loads(reply.text) == {"answer": TEXT.upper()}
    assert len(server.seen) == 1


@_EACH
async def test_a_model_without_schemas_is_asked_more_simply_and_only_once(
    kind: Kind, server: Provider
) -> None:
    model = chat_model(kind.endpoint(server, model=kind.weak_model))
    for _ in range(2):
        assert TEXT.upper() in (await model.chat(question(answer_schema=SCHEMA))).text
    refused = len(server.seen) - 2
    assert 1 <= refused <= 3
    # A question without a schema changes nothing of what was learnt.
    await model.chat(question())
    await model.chat(question(answer_schema=SCHEMA))
    await model.aclose()
    assert len(server.seen) == refused + 4


@pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC], ids=lambda kind: str(kind.api))
async def test_what_new_models_refuse_is_left_out_and_only_once(
    kind: Kind, server: Provider
) -> None:
    model = chat_model(kind.endpoint(server, model=kind.cold_model))
    request = question(temperature=0.0, max_output_tokens=300, answer_schema=SCHEMA)
    assert json.loads((await model.chat(request)).text) == {"answer": TEXT.upper()}
    refused = len(server.seen) - 1
    await model.chat(request)
    await model.aclose()
    assert len(server.seen) == refused + 2
    last = server.seen[-1].body
    assert "temperature" not in last
    assert 300 in (last.get("max_completion_tokens"), last.get("max_tokens"))


@pytest.mark.parametrize("kind", [ANTHROPIC], ids=lambda kind: str(kind.api))
async def test_a_limit_that_is_too_large_is_halved_and_kept(kind: Kind, server: Provider) -> None:
    model = chat_model(kind.endpoint(server, model=kind.weak_model))
    for _ in range(2):
        assert (await model.chat(question())).text == TEXT.upper()
    await model.aclose()
    assert [each.body["max_tokens"] for each in server.seen] == [8_192, 4_096, 4_096]


@pytest.mark.parametrize(
    ("kind", "mode", "finish"),
    [
        pytest.param(kind, mode, finish, id=f"{kind.api}-{mode}")
        for kind in CHAT
        for mode, finish in kind.finishes.items()
    ],
)
@pytest.mark.parametrize("is_whole", [False, True], ids=["stream", "whole"])
async def test_each_end_has_its_reason(
    kind: Kind, mode: str, finish: str, server: Provider, is_whole: bool
) -> None:
    server.modes = [mode]
    model = chat_model(kind.endpoint(server))
    reply = await model.chat(question())
    await model.aclose()
    assert reply.finish_reason == finish
    assert reply.usage.prompt_tokens > 0


@pytest.mark.parametrize("mode", ["breaks_off", "errs_inside"])
@_EACH
async def test_an_answer_that_breaks_off_is_paid_and_counts(
    kind: Kind, mode: str, server: Provider
) -> None:
    server.modes = [mode]
    reply = await asked(kind.endpoint(server))
    is_context = (kind.api, mode) == (ApiKind.OPENAI, "errs_inside")
    expected = FinishReason.LENGTH if is_context else FinishReason.INTERRUPTED
    assert reply.finish_reason is expected
    assert TEXT.upper().startswith(reply.text)
    assert reply.text
    assert reply.usage.response_tokens > 0
    assert reply.usage.prompt_tokens > 0


@_EACH
async def test_a_listener_may_end_an_answer(kind: Kind, server: Provider) -> None:
    model, told = chat_model(kind.endpoint(server)), list[str]()

    def once(text: str) -> bool:
        told.append(text)
        return True

    reply = await model.chat(question(), once)
    await model.aclose()
    assert [reply.text] == told
    assert len(reply.text) < len(TEXT)
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.usage.response_tokens > 0


@_MODES
async def test_each_refusal_has_its_code(kind: Kind, mode: str, server: Provider) -> None:
    server.modes = [mode]
    error = await failure(kind.endpoint(server))
    assert error.code == kind.codes[mode]
    assert len(server.seen) == 1  # nothing is tried again behind the caller's back
    assert KEY not in error.message


@pytest.mark.parametrize(
    ("kind", "mode", "seconds"),
    [
        pytest.param(OPENAI, "rate_limited", 1.5, id="openai"),
        pytest.param(ANTHROPIC, "rate_limited", 7, id="anthropic"),
        pytest.param(GEMINI, "rate_limited", 34, id="gemini"),
        pytest.param(GEMINI, "daily", 3_600, id="gemini-daily"),
    ],
)
async def test_the_wait_that_a_provider_names_is_passed_on(
    kind: Kind, mode: str, seconds: float, server: Provider
) -> None:
    server.modes = [mode]
    error = await failure(kind.endpoint(server))
    assert isinstance(error, RetryableError)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC, GEMINI], ids=lambda kind: str(kind.api))
async def test_a_wrong_key_is_refused_and_not_repeated(kind: Kind, server: Provider) -> None:
    error = await failure(kind.endpoint(server, api_key="sk-wr0ng-wr0ng"))
    assert (type(error), error.code) == (PermanentError, "engine.unauthorised")
    assert "sk-wr0ng" not in error.message


@_EACH
async def test_an_unknown_model_is_a_bad_request(kind: Kind, server: Provider) -> None:
    name = kind.model.replace("good", "none")
    error = await failure(kind.endpoint(server, model=name))
    assert (type(error), error.code) == (PermanentError, "engine.bad_request")


@_EACH
async def test_a_server_that_says_nothing_is_a_timeout(kind: Kind, server: Provider) -> None:
    server.modes = ["hang"]
    error = await failure(kind.endpoint(server, timeout_s=0.2))
    assert (type(error), error.code) == (RetryableError, "engine.timeout")
    server.released.set()


@_EACH
async def test_no_server_is_unavailable(kind: Kind) -> None:
    with kind.serve() as server:
        endpoint = kind.endpoint(server)
    error = await failure(endpoint)
    assert (type(error), error.code) == (RetryableError, "engine.unavailable")


async def test_a_filtered_question_is_a_refused_answer() -> None:
    with OPENAI.serve("declined") as server:
        reply = await asked(OPENAI.endpoint(server))
    assert (reply.finish_reason, reply.text) == (FinishReason.REFUSED, "")
    assert reply.usage == Usage(call_count=1)


async def test_ollama_is_told_how_much_room_a_prompt_needs() -> None:
    long = "word " * 8_000
    with OLLAMA.serve() as server:
        reply = await asked(OLLAMA.endpoint(server), question(long))
        assert reply.text == long.upper()
        assert server.seen[-1].body["options"]["num_ctx"] == 16_384
        # A context that is too small is refused and never cut in silence.
        error = await failure(OLLAMA.endpoint(server, context_tokens=4_096), question(long))
    assert error.code == "engine.context_exceeded"


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        (OPENAI, "/chat/completions"),
        (ANTHROPIC, "/v1"),
        (ANTHROPIC, "/v1/messages"),
        (OLLAMA, "/v1"),
        (OLLAMA, "/api"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.api.value,
)
async def test_an_address_may_end_where_people_end_it(
    kind: Kind, suffix: str, server: Provider
) -> None:
    for end in ("", "/"):
        endpoint = kind.endpoint(server, base_url=server.base_url + suffix + end)
        assert (await asked(endpoint)).text == TEXT.upper()


async def test_google_s_version_may_be_left_out() -> None:
    with GEMINI.serve() as server:
        reply = await asked(GEMINI.endpoint(server, base_url=server.origin))
    assert reply.text == TEXT.upper()
