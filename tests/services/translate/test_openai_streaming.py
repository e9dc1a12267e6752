import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_linguistics import render
from dragoman_models.errors import ContextExceededError
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import (
    CallCircumstances,
    EngineReply,
    EngineRequest,
    EngineUnit,
    FinishReason,
    ReplyListener,
    ReplyProgress,
)
from linguistics.units import unit
from ports.model_server import ModelServer

UNITS = (
    unit("u1", "One ", ["<", 1], "red", ["/", 1], " äpple."),
    unit("u2", "Two pears."),
    unit("u3", "Three plums."),
)
ALL = ["ONE <1>RED</1> ÄPPLE.", "TWO PEARS.", "THREE PLUMS."]
Serve = Callable[..., ModelServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ModelServer] = []

    def start(*modes: str, slots: int = 0, is_quiet: bool = False) -> ModelServer:
        servers.append(ModelServer(*modes, slots=slots, is_quiet=is_quiet))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def engine_for(server: ModelServer, **settings: object) -> OpenAiEngine:
    chosen = {
        "base_url": server.base_url,
        "api_key": SecretStr("sk-secret"),
        "model": "m",
        **settings,
    }
    return OpenAiEngine(OpenAiSettings.model_validate(chosen))


def request(nonce: str = "") -> EngineRequest:
    units = tuple(EngineUnit(unit_id=unit.unit_id, source=render(unit.source)) for unit in UNITS)
    return EngineRequest(
        source_locale=Locale("en"), target_locale=Locale("es"), units=units, nonce=nonce
    )


async def ask(
    server: ModelServer, listener: ReplyListener | None = None, **settings: object
) -> EngineReply:
    engine = engine_for(server, **settings)
    try:
        return await engine.translate(request(), listener)
    finally:
        await engine.aclose()


def texts(reply: EngineReply) -> list[str]:
    return [target.target for target in reply.targets]


@pytest.mark.parametrize(
    "mode",
    [
        "good",
        "without_done",
        "crlf_and_pings",
        "whole",
        "parts",
        "nulls",
        "no_stream",
        "no_stream_options",
    ],
)
async def test_every_way_of_answering_gives_the_same_units(serve: Serve, mode: str) -> None:
    reply = await ask(serve(mode))
    assert texts(reply) == ALL
    assert reply.finish_reason is FinishReason.STOP
    assert '"target":"ONE <1>RED</1> ÄPPLE."' in reply.response


@pytest.mark.parametrize("mode", ["good", "whole"])
async def test_a_server_that_closes_a_connection_between_two_calls_is_not_away(
    serve: Serve, mode: str
) -> None:
    server = serve(mode, is_quiet=True)
    engine = engine_for(server)
    try:
        assert [texts(await engine.translate(request())) for _ in range(3)] == [ALL] * 3
    finally:
        await engine.aclose()


async def test_a_stream_is_recorded_with_its_text_and_what_was_said_besides(serve: Serve) -> None:
    server = serve()
    reply = await ask(server)
    assert server.seen[0]["body"]["stream"] is True
    assert reply.prompt == server.seen[0]["body"]
    assert reply.model == "test-model-1"
    envelope = reply.circumstances.envelope
    assert isinstance(envelope, dict)
    assert envelope["finish_reason"] == "stop"
    assert isinstance(envelope["usage"], dict)
    assert "choices" not in envelope
    assert reply.circumstances.latency_ms >= reply.circumstances.waited_ms > 0


async def test_equal_calls_differ_in_their_circumstances_alone(serve: Serve) -> None:
    server = serve()
    replies = [await ask(server), await ask(server)]
    assert replies[0].circumstances != replies[1].circumstances
    plain = [reply.model_copy(update={"circumstances": CallCircumstances()}) for reply in replies]
    assert plain[0] == plain[1]


async def test_units_are_told_as_they_arrive(serve: Serve) -> None:
    told: list[ReplyProgress] = []
    await ask(serve(), told.append)
    counts = [len(progress.targets) for progress in told]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
    tokens = [progress.token_count for progress in told]
    assert tokens == sorted(set(tokens))
    assert all(0 < progress.waited_s <= progress.elapsed_s for progress in told[1:])
    assert (told[0].token_count, told[0].elapsed_s) == (0, 0)  # the request was sent


@pytest.mark.parametrize(
    ("mode", "finish"),
    [
        ("falls_silent", FinishReason.INTERRUPTED),
        ("breaks_off", FinishReason.INTERRUPTED),
        ("ends_early", FinishReason.INTERRUPTED),
        ("errs_inside", FinishReason.INTERRUPTED),
        ("overflows_inside", FinishReason.LENGTH),
    ],
)
async def test_an_answer_that_breaks_off_keeps_what_it_gave(
    serve: Serve, mode: str, finish: FinishReason
) -> None:
    reply = await ask(serve(mode), timeout_s=2.0)
    assert texts(reply) == ALL[:2]
    assert reply.finish_reason is finish
    assert reply.usage.call_count == 1
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.response_tokens > 0
    assert "fox" not in reply.response


async def test_a_unit_that_does_not_end_is_broken_off_and_named(serve: Serve) -> None:
    server = serve("never_ends")
    reply = await ask(server)
    assert [(each.unit_id, each.target, each.is_endless) for each in reply.targets] == [
        ("u1", ALL[0], False),
        ("u2", ALL[1], False),
        ("u3", "", True),
    ]
    assert reply.finish_reason is FinishReason.LENGTH
    assert len(reply.response) < 2_000
    assert len(reply.response) // 8 < reply.usage.response_tokens < len(reply.response)


async def test_silence_before_the_first_word_is_a_timeout(serve: Serve) -> None:
    with pytest.raises(RetryableError) as caught:
        await ask(serve("hang"), timeout_s=0.3)
    assert caught.value.code == "engine.timeout"


async def test_a_server_that_only_pings_is_borne_longer_but_not_for_ever(serve: Serve) -> None:
    began = time.monotonic()
    with pytest.raises(RetryableError) as caught:
        await ask(serve("only_pings"), timeout_s=0.4)
    assert caught.value.code == "engine.timeout"
    assert time.monotonic() - began > 1.5


@pytest.mark.parametrize(
    ("mode", "finish"),
    [
        ("unfinished_thought", FinishReason.LENGTH),
        ("only_thinks", FinishReason.LENGTH),
        ("refusal", FinishReason.REFUSED),
        ("filtered", FinishReason.REFUSED),
        ("prose", FinishReason.MALFORMED),
    ],
)
async def test_what_is_no_answer_has_no_units(
    serve: Serve, mode: str, finish: FinishReason
) -> None:
    reply = await ask(serve(mode))
    assert reply.targets == ()
    assert reply.finish_reason is finish


@pytest.mark.parametrize(
    ("mode", "key"), [("no_stream", "stream"), ("no_stream_options", "stream_options")]
)
async def test_what_a_server_cannot_stream_is_asked_once(serve: Serve, mode: str, key: str) -> None:
    server = serve(mode)
    engine = engine_for(server)
    for _ in range(2):
        assert texts(await engine.translate(request())) == ALL
    await engine.aclose()
    assert [key in seen["body"] for seen in server.seen] == [True, False, False]
    assert [("response_format" in seen["body"]) for seen in server.seen] == [True] * 3


async def test_an_output_limit_over_the_context_is_halved_and_remembered(serve: Serve) -> None:
    server = serve("small_context")
    engine = engine_for(server, max_output_tokens=8_192)
    for _ in range(2):
        assert texts(await engine.translate(request())) == ALL
    await engine.aclose()
    assert [seen["body"]["max_tokens"] for seen in server.seen] == [8_192, 4_096, 2_048, 2_048]
    assert engine.capabilities.max_output_tokens == 2_048


async def test_a_context_that_is_too_small_is_asked_no_second_time(serve: Serve) -> None:
    server = serve("context")
    with pytest.raises(ContextExceededError):
        await ask(server)
    assert len(server.seen) == 1


async def test_a_refusal_of_the_request_leaves_the_dialect_as_it_was(serve: Serve) -> None:
    server = serve("400", "400", "400", "400", "400", "good")
    engine = engine_for(server)
    with pytest.raises(PermanentError):
        await engine.translate(request())
    assert texts(await engine.translate(request())) == ALL
    await engine.aclose()
    assert server.seen[-1]["body"].keys() >= {"response_format", "stream", "stream_options"}


async def _flood(server: ModelServer, expected: int, **settings: object) -> None:
    """Ask eight times at once, look how many requests the server has in hand,
    and let it answer them all.
    """
    engine = engine_for(server, **settings)
    calls = [asyncio.create_task(engine.translate(request(str(number)))) for number in range(8)]
    await asyncio.to_thread(server.wait_until_in_hand, expected)
    await asyncio.sleep(0.1)
    assert len(server.seen) == expected
    server.released.set()
    replies = await asyncio.gather(*calls)
    await engine.aclose()
    assert len(server.seen) == 8
    assert all(texts(reply) == ALL for reply in replies)


async def test_no_more_calls_are_in_flight_than_were_said(serve: Serve) -> None:
    server = serve("held")
    await _flood(server, 2, max_concurrent_calls=2)
    assert server.most_at_once <= 2


async def test_llama_cpp_says_how_many_calls_it_has_room_for(serve: Serve) -> None:
    server = serve("held", slots=3)
    await _flood(server, 3)
    assert server.most_at_once <= 3


async def test_a_server_that_says_nothing_is_asked_one_call_first(serve: Serve) -> None:
    server = serve("held")
    await _flood(server, 1)
    assert server.most_at_once <= 4
