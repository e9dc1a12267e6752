"""No provider sees what a policy names: told by what a server of the tests' own was sent."""

import json
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from dragoman_contracts.locale import Locale
from dragoman_contracts.redaction import Redaction, RedactionKind, RedactionPattern
from dragoman_contracts.text import ResultSource, TagRepair, Unit, plain_text
from dragoman_linguistics import QaProfile
from dragoman_linguistics.redaction import RedactionTimeoutError
from dragoman_translate.adapters.openai import OpenAiEngine
from dragoman_translate.batches import BatchTask, BatchTranslation, translate_batch
from dragoman_translate.engine_settings import OpenAiSettings
from dragoman_translate.ports import EngineContext, PromptMatch, PromptTerm, UnitHints
from linguistics.units import text_of, unit
from ports.model_server import ModelServer
from services.translate.ledgers import MemoryLedger
from services.translate.scripted import ScriptedEngine

SECRETS = (
    "ann@example.org",
    "+49 30 901820-17",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "AZ-123456",
    "Falcon",
)
RULES = Redaction(
    kinds=tuple(RedactionKind),
    patterns=(RedactionPattern(name="case", pattern=r"AZ-\d{6}"),),
    terms=("Falcon",),
)
UNITS = (
    unit("u1", "Write to ", ["<", 1], SECRETS[0], ["/", 1], " or call ", SECRETS[1], " today."),
    unit("u2", f"Pay to {SECRETS[2]} or by {SECRETS[3]}."),
    unit("u3", f"{SECRETS[5]} is case {SECRETS[4]}."),
    unit("u4", SECRETS[0]),
    unit("u5", "Nothing to hide."),
)
CONTEXT = EngineContext(
    instructions=f"Ask {SECRETS[0]} when in doubt.",
    preceding=(f"Before {SECRETS[3]}.",),
    following=(f"After {SECRETS[2]}.",),
)
HINTS = {
    "u3": UnitHints(
        terms=(
            PromptTerm(source="Falcon", target="Falke"),
            PromptTerm(source="case", target="Fall"),
        ),
        matches=(
            PromptMatch(source=f"See {SECRETS[4]}", target=f"Siehe {SECRETS[4]}", score_pct=90),
        ),
    )
}
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


def task(units: tuple[Unit, ...] = UNITS, rules: Redaction | None = RULES) -> BatchTask:
    return BatchTask(
        index=0,
        source_locale=Locale("en"),
        target_locale=Locale("es"),
        units=units,
        context=CONTEXT,
        hints=HINTS,
        profile=QaProfile(severities={}),
        redaction=rules,
    )


async def translated(
    server: ModelServer, asked: BatchTask, ledger: MemoryLedger | None = None
) -> BatchTranslation:
    settings = OpenAiSettings.model_validate(
        {"base_url": server.base_url, "api_key": SecretStr("k"), "model": "m"}
    )
    engine = OpenAiEngine(settings)
    try:
        return await translate_batch(engine, ledger or MemoryLedger(), asked)
    finally:
        await engine.aclose()


def sent(server: ModelServer) -> str:
    return json.dumps([each["body"] for each in server.seen], ensure_ascii=False)


def texts(result: BatchTranslation) -> list[str]:
    return [text_of(target.target) for target in result.targets]


@pytest.mark.parametrize("mode", ["good", "dropped_tags", "doubled_tags"])
async def test_nothing_that_is_named_leaves_and_all_of_it_comes_back(
    serve: Serve, mode: str
) -> None:
    server = serve(mode)
    result = await translated(server, task())
    body = sent(server)
    assert [secret for secret in SECRETS if secret.casefold() in body.casefold()] == []
    assert "Nothing to hide." in body
    assert "Fall" in body  # the term that holds nothing secret
    for target, source in zip(result.targets, UNITS, strict=True):
        hidden = [secret for secret in SECRETS if secret in plain_text(source.source)]
        text = plain_text(target.target)
        assert [text.count(secret) for secret in hidden] == [1] * len(hidden)


async def test_without_rules_the_very_texts_are_sent(serve: Serve) -> None:
    server = serve()
    await translated(server, task(rules=None))
    assert all(secret in sent(server) for secret in SECRETS)


async def test_a_good_answer_is_restored_where_its_placeholder_stands(serve: Serve) -> None:
    result = await translated(serve(), task())
    assert texts(result) == [
        f"WRITE TO <1>{SECRETS[0]}</1> OR CALL {SECRETS[1]} TODAY.",
        f"PAY TO {SECRETS[2]} OR BY {SECRETS[3]}.",
        f"{SECRETS[5]} IS CASE {SECRETS[4]}.",
        SECRETS[0],
        "NOTHING TO HIDE.",
    ]
    assert result.targets[3].result_source is ResultSource.SOURCE_COPY  # nothing was left to ask


@pytest.mark.parametrize("mode", ["dropped_tags", "doubled_tags"])
async def test_a_placeholder_that_is_lost_or_doubled_is_asked_for_again(
    serve: Serve, mode: str
) -> None:
    server = serve(mode, "good")
    result = await translated(server, task())
    assert len(server.seen) > 1
    assert {target.tag_repair for target in result.targets} == {TagRepair.EXACT}


@pytest.mark.parametrize("mode", ["dropped_tags", "doubled_tags"])
async def test_a_model_that_never_keeps_placeholders_leaves_a_finding(
    serve: Serve, mode: str
) -> None:
    result = await translated(serve(mode), task())
    repairs = {target.unit_id: target.tag_repair for target in result.targets}
    assert TagRepair.EXACT not in {repairs["u1"], repairs["u2"], repairs["u3"]}


async def test_units_that_differ_in_what_is_hidden_alone_are_asked_once(serve: Serve) -> None:
    server = serve()
    units = (unit("u1", "Write to ann@example.org."), unit("u2", "Write to bob@example.org."))
    result = await translated(server, task(units))
    assert sent(server).count("Write to") == 1
    assert texts(result) == ["WRITE TO ann@example.org.", "WRITE TO bob@example.org."]


async def test_the_same_question_is_recalled_with_the_same_placeholders(serve: Serve) -> None:
    server, ledger = serve(), MemoryLedger()
    first = await translated(server, task(), ledger)
    count = len(server.seen)
    second = await translated(server, task(), ledger)
    assert len(server.seen) == count
    assert second.targets == first.targets
    stored = b"".join(ledger.objects.values()).decode()
    assert [secret for secret in SECRETS if secret in stored] == []


async def test_a_pattern_that_turns_slow_sends_nothing() -> None:
    slow = Redaction(patterns=(RedactionPattern(name="slow", pattern="(q+)+c"),))
    engine = ScriptedEngine()
    with pytest.raises(RedactionTimeoutError):
        await translate_batch(engine, MemoryLedger(), task((unit("u1", "q" * 5000),), slow))
    assert engine.requests == []
