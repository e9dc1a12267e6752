from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import TagRepair
from dragoman_linguistics import QaProfile, render
from dragoman_models.errors import ContextExceededError
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import EngineRequest, EngineUnit, FinishReason
from linguistics.units import text_of, unit
from ports.model_server import ModelServer
from services.translate.ledgers import MemoryLedger

# The server answers in capitals, which no check of language would take for Spanish.
SILENT = QaProfile(severities={})
UNITS = (
    unit("u1", "One ", ["<", 1], "red", ["/", 1], " apple."),
    unit("u2", "Two pears."),
    unit("u3", "Three plums."),
)
Serve = Callable[..., ModelServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ModelServer] = []

    def start(*modes: str) -> ModelServer:
        servers.append(ModelServer(*modes))
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


def request() -> EngineRequest:
    units = tuple(EngineUnit(unit_id=unit.unit_id, source=render(unit.source)) for unit in UNITS)
    return EngineRequest(
        source_locale=Locale("en"), target_locale=Locale("es"), units=units, idempotency_key="key-1"
    )


def task() -> BatchTask:
    return BatchTask(
        index=0, source_locale=Locale("en"), target_locale=Locale("es"), units=UNITS, profile=SILENT
    )


async def failure(engine: OpenAiEngine) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        await engine.translate(request())
    await engine.aclose()
    return caught.value


async def test_a_call_is_sent_with_its_key_and_recorded_with_its_cost(serve: Serve) -> None:
    server = serve()
    engine = engine_for(server)
    reply = await engine.translate(request())
    await engine.aclose()
    seen = server.seen[0]
    assert seen["headers"]["authorization"] == "Bearer sk-secret"
    assert seen["headers"]["idempotency-key"] == "key-1"
    assert reply.prompt == seen["body"]
    assert reply.targets[0].target == "ONE <1>RED</1> APPLE."
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens) == (90, 64)
    assert (reply.usage.response_tokens, reply.usage.reasoning_tokens) == (30, 5)
    assert reply.usage.cache_write_tokens == 16
    assert reply.circumstances.provider_request_id == "req-1"
    assert "sk-secret" not in reply.model_dump_json()


@pytest.mark.parametrize(
    ("mode", "error", "code"),
    [
        ("401", PermanentError, "engine.unauthorised"),
        ("402", PermanentError, "engine.quota_exhausted"),
        ("404", PermanentError, "engine.bad_request"),
        ("400", PermanentError, "engine.bad_request"),
        ("429", RetryableError, "engine.rate_limited"),
        ("429_billing", PermanentError, "engine.quota_exhausted"),
        ("errs_at_once", RetryableError, "engine.rate_limited"),
        ("context", ContextExceededError, "engine.context_exceeded"),
        ("context_in_200", ContextExceededError, "engine.context_exceeded"),
        ("500", RetryableError, "engine.unavailable"),
        ("web_page", RetryableError, "engine.malformed_reply"),
    ],
)
async def test_each_refusal_has_its_own_code(
    serve: Serve, mode: str, error: type[DragomanError], code: str
) -> None:
    raised = await failure(engine_for(serve(mode)))
    assert type(raised) is error
    assert raised.code == code
    assert "sk-secret" not in raised.message
    assert "fox" not in raised.message


async def test_retry_after_is_passed_on(serve: Serve) -> None:
    raised = await failure(engine_for(serve("429")))
    assert isinstance(raised, RetryableError)
    assert raised.retry_after_s == 7


async def test_a_server_that_hangs_is_a_timeout(serve: Serve) -> None:
    raised = await failure(engine_for(serve("hang"), timeout_s=0.2))
    assert (type(raised), raised.code) == (RetryableError, "engine.timeout")


async def test_no_server_is_unavailable(serve: Serve) -> None:
    server = serve()
    engine = engine_for(server)
    server.close()
    raised = await failure(engine)
    assert (type(raised), raised.code) == (RetryableError, "engine.unavailable")


async def test_a_server_without_json_schema_is_asked_for_plain_json(serve: Serve) -> None:
    server = serve("no_schema")
    engine = engine_for(server)
    for _ in range(2):
        assert len((await engine.translate(request())).targets) == 3
    await engine.aclose()
    formats = [seen["body"].get("response_format") for seen in server.seen]
    assert formats[1:] == [{"type": "json_object"}] * 2
    assert len(formats) == 3


async def test_talk_around_the_object_is_passed_over(serve: Serve) -> None:
    engine = engine_for(serve("chatty"))
    assert len((await engine.translate(request())).targets) == 3
    await engine.aclose()


async def test_a_reply_without_an_object_is_recorded_as_malformed(serve: Serve) -> None:
    engine = engine_for(serve("prose"))
    reply = await engine.translate(request())
    await engine.aclose()
    assert (reply.targets, reply.finish_reason) == ((), FinishReason.MALFORMED)
    assert reply.response == "I would rather not."


async def test_a_model_must_be_named(serve: Serve) -> None:
    raised = await failure(engine_for(serve(), model=""))
    assert raised.code == "engine.not_configured"
    assert "DRAGOMAN_OPENAI_MODEL" in raised.message


@pytest.mark.parametrize(
    ("modes", "calls"),
    [
        (("good",), 1),
        (("truncated", "good"), 3),
        (("wrong_ids", "good"), 2),
        (("prose", "good"), 2),
        (("prose", "prose", "good"), 5),
    ],
)
async def test_a_bad_reply_is_asked_again_until_every_unit_is_there(
    serve: Serve, modes: tuple[str, ...], calls: int
) -> None:
    engine = engine_for(serve(*modes))
    result = await translate_batch(engine, MemoryLedger(), task())
    await engine.aclose()
    assert [text_of(target.target) for target in result.targets] == [
        "ONE <1>RED</1> APPLE.",
        "TWO PEARS.",
        "THREE PLUMS.",
    ]
    assert {target.tag_repair for target in result.targets} == {TagRepair.EXACT}
    assert result.calls_made == calls


async def test_tags_a_model_keeps_dropping_are_put_back(serve: Serve) -> None:
    server = serve("dropped_tags")
    engine = engine_for(server)
    result = await translate_batch(engine, MemoryLedger(), task())
    await engine.aclose()
    assert text_of(result.targets[0].target) == "ONE <1>RED</1> APPLE."
    assert result.targets[0].tag_repair is TagRepair.PROJECTED
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("mode", "error", "code"),
    [
        ("prose", RetryableError, "engine.malformed_reply"),
        ("refusal", PermanentError, "engine.refused"),
    ],
)
async def test_a_model_that_never_answers_ends_with_a_reason(
    serve: Serve, mode: str, error: type[DragomanError], code: str
) -> None:
    ledger = MemoryLedger()
    engine = engine_for(serve(mode))
    with pytest.raises(error) as caught:
        await translate_batch(engine, ledger, task())
    await engine.aclose()
    assert caught.value.code == code
    assert len(ledger.objects) >= 1


async def test_what_was_answered_before_a_failure_is_not_asked_again(serve: Serve) -> None:
    ledger = MemoryLedger()
    failing = engine_for(serve("dropped_tags", "500"))
    with pytest.raises(RetryableError):
        await translate_batch(failing, ledger, task())
    await failing.aclose()
    server = serve("good")
    engine = engine_for(server)
    result = await translate_batch(engine, ledger, task())
    await engine.aclose()
    assert (result.calls_made, len(server.seen), len(result.calls)) == (1, 1, 2)
