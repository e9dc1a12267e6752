"""One suite for every engine: what the port promises, each adapter keeps."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import EngineChoice
from dragoman_contracts.text import ResultSource, TagRepair, plain_text
from dragoman_linguistics import QaProfile, render
from dragoman_translate.adapters.apertium import ApertiumEngine
from dragoman_translate.adapters.local import identity_engine, pseudo_engine
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import (
    EngineRequest,
    EngineUnit,
    FinishReason,
    ModelCall,
    TranslationEngine,
    fingerprint,
)
from linguistics.units import unit
from models.faithful.base import KEY
from models.kinds import ANTHROPIC, DEEPL, GEMINI, LIBRE, OLLAMA, OPENAI
from ports.model_server import ModelServer
from ports.registries import site
from services.translate.ledgers import MemoryLedger

UNITS = (
    unit("p1", "The ", ["<", 1], "Supplier", ["/", 1], " delivers the goods", ["#", 2], "."),
    unit("p2", "Type <5> or write to info@example.org within 30 days."),
    unit(
        "p3",
        ["<", 3],
        ["<", 1],
        "Payment",
        ["/", 1],
        ["/", 3],
        " is due on ",
        ["<", 2],
        "12 May 2026",
        ["/", 2],
        ".",
    ),
    unit("p4", "A heading"),
)
EN, ES = Locale("en"), Locale("es")
SECRET = "sk-very-secret"
HAS_APERTIUM = Path("/usr/share/apertium/modes/eng-spa.mode").exists()


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


REGISTERED = {
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "deepl": DEEPL,
    "libretranslate": LIBRE,
    "registered": OPENAI,
}


@pytest.fixture(params=["identity", "pseudo", "apertium", "openai", *REGISTERED])
async def engine(
    request: pytest.FixtureRequest, model_server: ModelServer, tmp_path: Path
) -> AsyncIterator[TranslationEngine]:
    if request.param in REGISTERED:
        kind = REGISTERED[request.param]
        with kind.serve() as server:
            async with site(tmp_path) as opened:
                model = await opened.register(kind, server)
                yield await opened.models.engine(EngineChoice(engine=str(model.model_id)))
        return
    if request.param == "apertium" and not HAS_APERTIUM:
        pytest.skip(
            "Apertium's English-Spanish pair is not installed: apt-get install apertium-eng-spa"
        )
    engines = {
        "identity": identity_engine,
        "pseudo": pseudo_engine,
        "apertium": ApertiumEngine,
        "openai": lambda: OpenAiEngine(
            OpenAiSettings(
                base_url=model_server.base_url, api_key=SecretStr(SECRET), model="test-model"
            )
        ),
    }
    made: TranslationEngine = engines[request.param]()
    yield made
    await made.aclose()


def ask(*, target: Locale = ES, nonce: str = "") -> EngineRequest:
    units = tuple(EngineUnit(unit_id=unit.unit_id, source=render(unit.source)) for unit in UNITS)
    return EngineRequest(source_locale=EN, target_locale=target, units=units, nonce=nonce)


async def test_every_unit_is_answered_once(engine: TranslationEngine) -> None:
    reply = await engine.translate(ask())
    assert [target.unit_id for target in reply.targets] == ["p1", "p2", "p3", "p4"]
    assert all(target.target.strip() for target in reply.targets)
    assert reply.finish_reason is FinishReason.STOP


async def test_tags_come_through_without_repair(engine: TranslationEngine) -> None:
    task = BatchTask(
        index=0, source_locale=EN, target_locale=ES, units=UNITS, profile=QaProfile(severities={})
    )
    result = await translate_batch(engine, MemoryLedger(), task)
    assert [target.tag_repair for target in result.targets] == [TagRepair.EXACT] * len(UNITS)
    assert {target.result_source for target in result.targets} == {ResultSource.ENGINE}
    assert result.calls_made == 1
    assert "<5>" in plain_text(result.targets[1].target)


async def test_the_same_request_gives_the_same_answer(engine: TranslationEngine) -> None:
    first, second = await engine.translate(ask()), await engine.translate(ask())
    plain = first.circumstances
    assert second.model_copy(update={"circumstances": plain}) == first


async def test_a_call_survives_being_stored(engine: TranslationEngine) -> None:
    call = ModelCall(
        fingerprint="0" * 64, signature=engine.signature, reply=await engine.translate(ask())
    )
    stored = call.model_dump_json()
    assert ModelCall.model_validate_json(stored) == call
    assert SECRET not in stored
    assert KEY not in stored


async def test_requests_at_the_same_time_are_all_answered(engine: TranslationEngine) -> None:
    replies = await asyncio.gather(
        *(engine.translate(ask(nonce=str(number))) for number in range(6))
    )
    assert {reply.targets for reply in replies} == {replies[0].targets}


async def test_a_pair_it_can_translate_is_accepted(engine: TranslationEngine) -> None:
    await engine.check_pair(EN, ES)


async def test_other_locales_and_nonces_are_other_calls(engine: TranslationEngine) -> None:
    keys = {
        fingerprint(engine.signature, each)
        for each in (ask(), ask(nonce="n"), ask(target=Locale("fr")))
    }
    assert len(keys) == 3
    again = ask().model_copy(update={"idempotency_key": "x"})
    assert fingerprint(engine.signature, again) in keys


async def test_an_engine_can_be_closed_twice(engine: TranslationEngine) -> None:
    await engine.translate(ask())
    await engine.aclose()
    await engine.aclose()
