import pytest

from dragoman_contracts.errors import PermanentError, RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import ResultSource, TagRepair, Unit
from dragoman_translate.adapters.local import identity_engine, pseudo_engine
from dragoman_translate.asking import engine_unit
from dragoman_translate.batches import BatchTask, BatchTranslation, translate_batch
from dragoman_translate.ports import (
    EngineReply,
    EngineRequest,
    EngineSignature,
    FinishReason,
    RawTarget,
    ReplyFault,
    fingerprint,
)
from linguistics.units import text_of, unit
from services.translate.ledgers import MemoryLedger
from services.translate.scripted import ScriptedEngine, answer, fail

ONE = unit("u1", "One apple.")
TWO = unit("u2", "Two ", ["<", 1], "pears", ["/", 1], ".")


def task(*units: Unit, attempt: int = 1, max_attempts: int = 1, nonce: str = "") -> BatchTask:
    return BatchTask(
        index=0,
        source_locale=Locale("en"),
        target_locale=Locale("es"),
        units=units,
        attempt=attempt,
        max_attempts=max_attempts,
        nonce=nonce,
    )


def targets(result: BatchTranslation) -> list[tuple[str, str]]:
    return [(target.unit_id, text_of(target.target)) for target in result.targets]


async def test_pseudo_translates_letters_and_keeps_tags() -> None:
    result = await translate_batch(pseudo_engine(), MemoryLedger(), task(ONE, TWO))
    assert targets(result) == [("u1", "Под аррмд."), ("u2", "Фчп <1>рдату</1>.")]
    assert {target.result_source for target in result.targets} == {ResultSource.ENGINE}
    assert result.calls_made == 1
    assert result.usage.call_count == 1


async def test_identity_gives_the_source() -> None:
    result = await translate_batch(identity_engine(), MemoryLedger(), task(ONE, TWO))
    assert [target.target for target in result.targets] == [ONE.source, TWO.source]


async def test_a_recorded_call_is_not_made_again() -> None:
    ledger = MemoryLedger()
    good = answer(("u1", "Una manzana."), ("u2", "Dos <1>peras</1>."))
    first = await translate_batch(ScriptedEngine(good), ledger, task(ONE, TWO))
    silent = ScriptedEngine()
    second = await translate_batch(silent, ledger, task(ONE, TWO))
    assert silent.asked == []
    assert second == first.model_copy(update={"calls_made": 0})


async def test_a_nonce_pays_anew() -> None:
    ledger = MemoryLedger()
    engine = ScriptedEngine(answer(("u1", "Una manzana.")), answer(("u1", "Otra manzana.")))
    await translate_batch(engine, ledger, task(ONE))
    assert targets(await translate_batch(engine, ledger, task(ONE, nonce="n"))) == [
        ("u1", "Otra manzana.")
    ]


async def test_only_faulty_units_are_asked_again_and_told_why() -> None:
    engine = ScriptedEngine(
        answer(("u1", "Una manzana."), ("u2", "Dos peras.")), answer(("u2", "Dos <1>peras</1>."))
    )
    result = await translate_batch(engine, MemoryLedger(), task(ONE, TWO))
    assert engine.asked == [["u1", "u2"], ["u2"]]
    assert engine.requests[1].corrections[0].fault is ReplyFault.TAGS
    assert engine.requests[1].corrections[0].previous == "Dos peras."
    assert targets(result) == [("u1", "Una manzana."), ("u2", "Dos <1>peras</1>.")]
    assert len(result.calls) == 2
    assert result.targets[1].call == result.calls[1].digest


async def test_what_stays_faulty_is_asked_unit_by_unit_then_repaired() -> None:
    engine = ScriptedEngine(answer(), answer(("u1", "Una manzana.")), answer(("u2", "Dos pears.")))
    result = await translate_batch(engine, MemoryLedger(), task(ONE, TWO))
    assert engine.asked == [["u1", "u2"], ["u1", "u2"], ["u2"]]
    assert targets(result)[1] == ("u2", "Dos <1>pears</1>.")
    assert result.targets[1].tag_repair is TagRepair.PROJECTED


async def test_ids_that_were_not_sent_are_ignored() -> None:
    engine = ScriptedEngine(answer(("u1", "Una manzana."), ("u9", "¿Qué?")))
    assert targets(await translate_batch(engine, MemoryLedger(), task(ONE))) == [
        ("u1", "Una manzana.")
    ]


async def test_the_last_unit_of_a_cut_off_reply_is_asked_again() -> None:
    engine = ScriptedEngine(
        answer(("u1", "Una manzana."), ("u2", "Dos <1>p</1>"), finish_reason=FinishReason.LENGTH),
        answer(("u2", "Dos <1>peras</1>.")),
    )
    assert targets(await translate_batch(engine, MemoryLedger(), task(ONE, TWO)))[1] == (
        "u2",
        "Dos <1>peras</1>.",
    )
    assert engine.asked == [["u1", "u2"], ["u2"]]


async def test_a_unit_that_does_not_end_is_put_aside_and_asked_with_the_reason() -> None:
    def runs_on(request: EngineRequest) -> EngineReply:
        reply = answer(("u1", "Una manzana."), finish_reason=FinishReason.LENGTH)(request)
        endless = RawTarget(unit_id="u2", target="", is_endless=True)
        return reply.model_copy(update={"targets": (*reply.targets, endless)})

    engine = ScriptedEngine(
        runs_on, answer(("u3", "Tres ciruelas.")), answer(("u2", "Dos <1>peras</1>."))
    )
    three = unit("u3", "Three plums.")
    result = await translate_batch(engine, MemoryLedger(), task(ONE, TWO, three))
    assert [text for _, text in targets(result)] == [
        "Una manzana.",
        "Dos <1>peras</1>.",
        "Tres ciruelas.",
    ]
    assert engine.asked == [["u1", "u2", "u3"], ["u3"], ["u2"]]
    (correction,) = engine.requests[-1].corrections
    assert (correction.fault, correction.previous) == (ReplyFault.ENDLESS, "")


async def test_a_unit_that_never_gets_a_text_has_an_empty_target_and_is_named() -> None:
    engine = ScriptedEngine(answer(("u1", "Una manzana.")), answer(("u2", " ")), answer())
    result = await translate_batch(engine, MemoryLedger(), task(ONE, TWO))
    assert targets(result) == [("u1", "Una manzana."), ("u2", "")]
    assert result.unanswered == ("u2",)


async def test_a_unit_without_a_text_is_asked_for_again_later_until_the_last_attempt() -> None:
    ledger = MemoryLedger()
    engine = ScriptedEngine(answer(("u1", "Una manzana.")), answer(), answer(), answer())
    with pytest.raises(RetryableError) as caught:
        await translate_batch(engine, ledger, task(ONE, TWO, max_attempts=3))
    assert caught.value.code == "engine.malformed_reply"
    with pytest.raises(RetryableError):
        await translate_batch(engine, ledger, task(ONE, TWO, attempt=2, max_attempts=3))
    well = ScriptedEngine(answer(("u2", "Dos <1>peras</1>.")))
    result = await translate_batch(well, ledger, task(ONE, TWO, attempt=3, max_attempts=3))
    assert well.asked == [["u2"]]
    assert targets(result) == [("u1", "Una manzana."), ("u2", "Dos <1>peras</1>.")]


async def test_a_unit_that_is_refused_is_not_asked_for_again_later() -> None:
    refused = answer(finish_reason=FinishReason.REFUSED)
    engine = ScriptedEngine(answer(("u1", "Una manzana.")), refused, refused)
    result = await translate_batch(engine, MemoryLedger(), task(ONE, TWO, max_attempts=3))
    assert result.unanswered == ("u2",)


async def test_an_engine_that_never_answers_usably_is_a_retryable_error_with_every_call_on_record() -> (
    None
):
    ledger = MemoryLedger()
    engine = ScriptedEngine(answer(), answer(), answer())
    with pytest.raises(RetryableError) as caught:
        await translate_batch(engine, ledger, task(ONE, TWO))
    assert caught.value.code == "engine.malformed_reply"
    assert engine.asked == [["u1", "u2"], ["u1", "u2"], ["u1"]]
    assert len(ledger.pointers) == 3


async def test_a_later_attempt_recalls_the_earlier_rounds_and_asks_one_more() -> None:
    ledger = MemoryLedger()
    with pytest.raises(RetryableError):
        await translate_batch(ScriptedEngine(answer(), answer(), answer()), ledger, task(ONE))
    engine = ScriptedEngine(answer(("u1", "Una manzana.")))
    result = await translate_batch(engine, ledger, task(ONE, attempt=2))
    assert targets(result) == [("u1", "Una manzana.")]
    assert result.calls_made == 1
    assert len(result.calls) == 3


async def test_a_failure_in_the_middle_keeps_the_calls_that_were_answered() -> None:
    ledger = MemoryLedger()
    failing = ScriptedEngine(
        answer(("u1", "Una manzana.")), fail(PermanentError("no", code="engine.unauthorised"))
    )
    with pytest.raises(PermanentError):
        await translate_batch(failing, ledger, task(ONE, TWO))
    engine = ScriptedEngine(answer(("u2", "Dos <1>peras</1>.")))
    result = await translate_batch(engine, ledger, task(ONE, TWO, attempt=2))
    assert engine.asked == [["u2"]]
    assert targets(result) == [("u1", "Una manzana."), ("u2", "Dos <1>peras</1>.")]


async def test_equal_units_are_asked_once() -> None:
    engine = ScriptedEngine(answer(("u1", "Una manzana.")))
    twin = unit("u5", "One apple.")
    result = await translate_batch(engine, MemoryLedger(), task(ONE, twin))
    assert engine.asked == [["u1"]]
    assert targets(result) == [("u1", "Una manzana."), ("u5", "Una manzana.")]


async def test_units_without_letters_keep_their_source() -> None:
    result = await translate_batch(
        ScriptedEngine(), MemoryLedger(), task(unit("n", "12.5 %"), unit("p", ["#", 1]))
    )
    assert [target.result_source for target in result.targets] == [ResultSource.SOURCE_COPY] * 2
    assert result.unanswered == ()


async def test_white_space_an_engine_trimmed_comes_back() -> None:
    engine = ScriptedEngine(answer(("u1", "Una manzana.\n")))
    result = await translate_batch(engine, MemoryLedger(), task(unit("u1", "  One apple. ")))
    assert targets(result) == [("u1", "  Una manzana. ")]


async def test_the_same_call_is_stored_as_the_same_object() -> None:
    ledgers = MemoryLedger(), MemoryLedger()
    for ledger in ledgers:
        await translate_batch(pseudo_engine(), ledger, task(ONE, TWO))
    assert ledgers[0].objects == ledgers[1].objects


def test_a_call_s_fingerprint_never_changes_by_itself() -> None:
    request = EngineRequest(
        source_locale=Locale("en"),
        target_locale=Locale("es"),
        units=(engine_unit(ONE), engine_unit(TWO)),
    )
    signature = EngineSignature(
        name="openai", model="m", prompt_version="1", parameters={"temperature": 0.0}
    )
    # Another value here means that every installation pays anew for what it has on record.
    assert (
        fingerprint(signature, request)
        == "0a0c309753cc3950decc347600135cdf159abd876a1058637d75b8fe8e020463"
    )
