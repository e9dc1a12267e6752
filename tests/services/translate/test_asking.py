"""A question to an engine, cut into calls: sized by pace and limits,
resumed where a call broke off.
"""

import asyncio

import pytest
from typing_extensions import override

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Segment, Unit
from dragoman_contracts.under_way import Doing, WorkNote
from dragoman_models.errors import ContextExceededError
from dragoman_translate.adapters.recorded import RecordedEngine
from dragoman_translate.batches import BatchTask, BatchTranslation, translate_batch
from dragoman_translate.pacing import Pace, tokens_of
from dragoman_translate.pieces import pieces_of
from dragoman_translate.ports import (
    EngineCapabilities,
    EngineReply,
    EngineRequest,
    FinishReason,
    RawTarget,
    ReplyListener,
    ReplyProgress,
)
from dragoman_translate.shared_pace import SharedPace
from linguistics.units import text_of, unit
from services.translate.ledgers import MemoryLedger
from services.translate.scripted import Answer, ScriptedEngine, answer, fail, good

SLOW = EngineCapabilities(writes_slowly=True, max_output_tokens=2_000)
HEEDFUL = EngineCapabilities(uses_context=True)
WORDS = "several plain words of one sentence that runs on for a while"
MANY_WORDS = ", ".join([WORDS] * 4)
EIGHT = tuple(unit(f"u{number}", f"{number} {WORDS}") for number in range(8))
LONG = tuple(unit(f"u{number}", f"{number} {MANY_WORDS}") for number in range(8))
# Three units take 45 s, then two units 30 s each: two more fit into a call.
AT_ONE_PACE = (good(tokens=100, seconds=45.0), *[good(tokens=67, seconds=30.0)] * 2)
SILENT = RetryableError("silent", code="engine.timeout")
GONE = RetryableError("gone", code="engine.unavailable")


def task(*units: Unit, attempt: int = 1, max_attempts: int = 1) -> BatchTask:
    return BatchTask(
        index=0,
        source_locale=Locale("en"),
        target_locale=Locale("es"),
        units=units,
        attempt=attempt,
        max_attempts=max_attempts,
    )


def slow(*answers: Answer, capabilities: EngineCapabilities = SLOW) -> ScriptedEngine:
    return ScriptedEngine(*answers, capabilities=capabilities)


def targets(result: BatchTranslation) -> list[str]:
    return [text_of(target.target) for target in result.targets]


def sizes(engine: ScriptedEngine) -> list[int]:
    return [len(asked) for asked in engine.asked]


async def test_the_first_call_is_small_and_the_next_as_large_as_the_measured_pace_allows() -> None:
    engine = slow(good(tokens=100, seconds=2.0), good())
    result = await translate_batch(engine, MemoryLedger(), task(*LONG))
    assert sizes(engine) == [3, 5]
    assert targets(result) == [text_of(each.source).upper() for each in LONG]


async def test_a_slow_model_is_never_asked_for_much() -> None:
    engine = slow(*AT_ONE_PACE, good())
    await translate_batch(engine, MemoryLedger(), task(*LONG))
    assert sizes(engine) == [3, 2, 2, 1]


async def test_a_pace_outlives_its_batch() -> None:
    pace, engine = Pace(), slow(good(tokens=100, seconds=1.0), good(), good())
    await translate_batch(engine, MemoryLedger(), task(*LONG[:4]), pace)
    await translate_batch(engine, MemoryLedger(), task(*LONG), pace)
    assert sizes(engine) == [3, 1, 8]


class Waited(ScriptedEngine):
    """Lets others run before it answers."""

    @override
    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        await asyncio.sleep(0)
        return await super().translate(request, listener)


async def test_of_batches_that_begin_together_one_measures_the_pace_for_all() -> None:
    pace, answers = SharedPace(), [good(tokens=100, seconds=2.0), *[good()] * 5]
    engine = Waited(*answers, capabilities=SLOW)
    batches = [translate_batch(engine, MemoryLedger(), task(*LONG), pace) for _ in range(3)]
    await asyncio.gather(*batches)
    assert sorted(sizes(engine)) == [3, 5, 8, 8]


async def test_after_a_first_call_that_failed_the_next_batch_measures() -> None:
    pace, engine = SharedPace(), Waited(fail(GONE), good(), good(), capabilities=SLOW)
    batches = [translate_batch(engine, MemoryLedger(), task(*LONG), pace) for _ in range(2)]
    failed, made = await asyncio.gather(*batches, return_exceptions=True)
    assert isinstance(failed, RetryableError)
    assert isinstance(made, BatchTranslation)
    assert sizes(engine) == [3, 3, 5]


async def test_an_engine_that_is_fast_is_asked_for_all() -> None:
    engine = ScriptedEngine(good())
    await translate_batch(engine, MemoryLedger(), task(*LONG))
    assert sizes(engine) == [8]


async def test_a_part_of_a_question_sees_the_texts_around_it() -> None:
    engine = slow(*AT_ONE_PACE, good())
    await translate_batch(engine, MemoryLedger(), task(*LONG))
    second = engine.requests[1].context
    assert second.preceding == (f"1 {MANY_WORDS}", f"2 {MANY_WORDS}")
    assert second.following == (f"5 {MANY_WORDS}", f"6 {MANY_WORDS}")


async def test_what_an_answer_gave_before_it_broke_off_is_kept_and_only_the_rest_asked() -> None:
    engine = ScriptedEngine(good("u0", "u1", "u2", finish_reason=FinishReason.INTERRUPTED), good())
    result = await translate_batch(engine, MemoryLedger(), task(*EIGHT))
    assert engine.asked[1] == ["u3", "u4", "u5", "u6", "u7"]
    assert engine.requests[1].corrections == ()
    assert result.calls_made == 2


async def test_a_server_that_dies_in_an_answer_is_asked_for_the_missing_units_by_the_next_attempt() -> (
    None
):
    ledger = MemoryLedger()
    gone = fail(RetryableError("gone", code="engine.unavailable"))
    first = ScriptedEngine(good("u0", "u1", "u2", finish_reason=FinishReason.INTERRUPTED), gone)
    with pytest.raises(RetryableError, match="gone"):
        await translate_batch(first, ledger, task(*EIGHT, max_attempts=5))
    second = ScriptedEngine(good())
    result = await translate_batch(second, ledger, task(*EIGHT, attempt=2, max_attempts=5))
    assert second.asked == [["u3", "u4", "u5", "u6", "u7"]]
    assert (len(result.calls), result.calls_made) == (2, 1)


async def test_a_repetition_finds_every_part_whatever_the_pace_is_by_then() -> None:
    ledger = MemoryLedger()
    made = await translate_batch(slow(*AT_ONE_PACE, good()), ledger, task(*LONG))
    recalled = await translate_batch(ScriptedEngine(), ledger, task(*LONG))
    assert recalled == made.model_copy(update={"calls_made": 0})


async def test_a_silent_server_is_asked_for_half_and_never_for_the_same_again() -> None:
    engine = ScriptedEngine(fail(SILENT), good(), good(), good())
    await translate_batch(engine, MemoryLedger(), task(*EIGHT))
    assert sizes(engine)[:2] == [8, 4]


async def test_a_server_that_stays_silent_is_an_error_and_the_next_attempt_asks_for_less() -> None:
    pace, engine = Pace(), ScriptedEngine(*[fail(SILENT)] * 4)
    for _ in range(2):
        with pytest.raises(RetryableError, match="silent"):
            await translate_batch(engine, MemoryLedger(), task(*EIGHT), pace)
    assert sizes(engine) == [8, 4, 2, 1]


async def test_a_cut_off_answer_makes_the_next_calls_smaller() -> None:
    engine = ScriptedEngine(
        good("u0", "u1", "u2", finish_reason=FinishReason.LENGTH), *[good()] * 5
    )
    result = await translate_batch(engine, MemoryLedger(), task(*EIGHT))
    assert engine.asked[0] == [each.unit_id for each in EIGHT]
    # The last unit of an answer that was cut off is not trusted.
    assert engine.asked[1] == ["u2", "u3", "u4", "u5"]
    assert targets(result) == [text_of(each.source).upper() for each in EIGHT]


async def test_a_context_that_is_too_small_halves_the_question() -> None:
    engine = ScriptedEngine(fail(ContextExceededError("too much")), *[good()] * 4)
    result = await translate_batch(engine, MemoryLedger(), task(*EIGHT))
    assert sizes(engine)[:2] == [8, 4]
    assert targets(result) == [text_of(each.source).upper() for each in EIGHT]


async def test_an_answer_that_broke_off_before_its_first_unit_is_tried_again_later() -> None:
    nothing = answer(finish_reason=FinishReason.INTERRUPTED)
    ledger, engine = MemoryLedger(), ScriptedEngine(nothing)
    with pytest.raises(RetryableError) as caught:
        await translate_batch(engine, ledger, task(EIGHT[0], max_attempts=5))
    assert caught.value.code == "engine.unavailable"
    assert len(ledger.objects) == 1  # it was paid, so it is on record
    result = await translate_batch(
        ScriptedEngine(good()), ledger, task(EIGHT[0], attempt=2, max_attempts=5)
    )
    assert result.calls_made == 1


def long_unit(count: int = 6) -> Unit:
    """A paragraph of so many sentences, as segmentation cuts it."""
    segments: list[Segment] = []
    for number in range(count):
        segments += [
            Segment(
                segment_id=f"long.{2 * number + 1}", source=(f"Sentence {number} has {WORDS}.",)
            ),
            Segment(segment_id=f"long.{2 * number + 2}", source=(" ",), is_ignorable=True),
        ]
    return unit("long", "").model_copy(update={"segments": tuple(segments[:-1])})


async def test_a_paragraph_longer_than_the_output_limit_is_asked_in_sentences_and_joined() -> None:
    narrow = EngineCapabilities(max_output_tokens=160)
    engine = ScriptedEngine(*[good()] * 9, capabilities=narrow)
    result = await translate_batch(engine, MemoryLedger(), task(long_unit(), EIGHT[0]))
    assert targets(result)[0] == text_of(long_unit().source).upper()
    assert all("long" not in asked for asked in engine.asked)
    assert not result.unanswered


async def test_a_unit_whose_answer_was_cut_off_alone_is_asked_in_pieces() -> None:
    def limited(request: EngineRequest) -> EngineReply:
        chars = sum(len(each.source.text) for each in request.units)
        give = good(finish_reason=FinishReason.LENGTH if chars > 200 else FinishReason.STOP)
        return give(request)

    engine = ScriptedEngine(*[limited] * 20)
    result = await translate_batch(engine, MemoryLedger(), task(long_unit(), EIGHT[0]))
    assert targets(result) == [
        text_of(long_unit().source).upper(),
        text_of(EIGHT[0].source).upper(),
    ]


async def test_one_sentence_that_no_context_holds_leaves_the_other_units_their_texts() -> None:
    def narrow(request: EngineRequest) -> EngineReply:
        if any(each.unit_id.startswith("long") for each in request.units):
            raise ContextExceededError("too much")
        return good()(request)

    engine = ScriptedEngine(*[narrow] * 60)
    result = await translate_batch(engine, MemoryLedger(), task(long_unit(), EIGHT[0]))
    assert result.unanswered == ("long",)
    assert targets(result)[1] == text_of(EIGHT[0].source).upper()


SPANISH = "Varias palabras sencillas de una sola frase que sigue durante un buen rato"


async def test_an_answer_that_quality_estimation_doubts_is_asked_again_with_the_reason() -> None:
    refusal = "I'm sorry, but I can't assist with that request."
    right = [(each.unit_id, f"{number} {SPANISH}") for number, each in enumerate(EIGHT[:2])]
    engine = slow(
        answer(*((each.unit_id, refusal) for each in EIGHT[:2])),
        answer(*right),
        capabilities=HEEDFUL,
    )
    result = await translate_batch(engine, MemoryLedger(), task(*EIGHT[:2]))
    assert engine.asked[1] == ["u0", "u1"]
    assert all(each.reasons for each in engine.requests[1].corrections)
    assert targets(result) == [target for _, target in right]


async def test_the_few_units_that_stay_doubtful_are_each_asked_alone() -> None:
    refusal = "I'm sorry, but I can't assist with that request."
    refused = answer(*((each.unit_id, refusal) for each in EIGHT[:3]))
    right = [(each.unit_id, f"{number} {SPANISH}") for number, each in enumerate(EIGHT[:3])]
    engine = slow(
        refused,
        answer(right[0], ("u1", refusal), ("u2", refusal)),
        *map(answer, right[1:]),
        capabilities=HEEDFUL,
    )
    result = await translate_batch(engine, MemoryLedger(), task(*EIGHT[:3]))
    assert engine.asked == [["u0", "u1", "u2"], ["u0", "u1", "u2"], ["u1"], ["u2"]]
    assert targets(result) == [target for _, target in right]


async def test_where_much_stays_doubtful_nothing_is_asked_alone() -> None:
    refused = answer(
        *((each.unit_id, "I'm sorry, but I can't assist with that request.") for each in EIGHT)
    )
    engine = slow(refused, refused, capabilities=HEEDFUL)
    await translate_batch(engine, MemoryLedger(), task(*EIGHT))
    assert sizes(engine) == [8, 8]


async def test_a_doubtful_answer_stays_where_the_second_is_no_better() -> None:
    refusal, again = (
        "I'm sorry, but I can't assist with that request.",
        "I'm sorry, but I cannot help with that.",
    )
    engine = slow(answer(("u0", refusal)), answer(("u0", again)), capabilities=HEEDFUL)
    result = await translate_batch(engine, MemoryLedger(), task(EIGHT[0]))
    assert targets(result) == [refusal]
    assert len(result.calls) == 2


async def test_an_answer_in_which_half_a_character_was_lost_is_asked_again() -> None:
    damaged = answer(("u0", f"0 {SPANISH}"))(
        EngineRequest(source_locale=Locale("en"), target_locale=Locale("es"), units=())
    )
    first = damaged.model_copy(
        update={"targets": (damaged.targets[0].model_copy(update={"is_damaged": True}),)}
    )
    engine = slow(lambda request: first, answer(("u0", f"0 {SPANISH}")))
    result = await translate_batch(engine, MemoryLedger(), task(EIGHT[0]))
    assert len(result.calls) == 2


async def test_a_replay_takes_what_is_on_record_and_asks_nothing() -> None:
    ledger = MemoryLedger()
    made = await translate_batch(ScriptedEngine(good()), ledger, task(*EIGHT))
    replayed = await translate_batch(
        RecordedEngine(ScriptedEngine().signature), ledger, task(*EIGHT)
    )
    assert replayed.targets == made.targets


class TellingEngine(ScriptedEngine):
    """Tells of the first unit of each answer before it gives it."""

    async def translate(
        self, request: EngineRequest, listener: ReplyListener | None = None
    ) -> EngineReply:
        assert listener is not None
        first = RawTarget(unit_id=request.units[0].unit_id, target="x")
        listener(ReplyProgress(targets=(), token_count=0, waited_s=0.5, elapsed_s=0.5))
        listener(ReplyProgress(targets=(first,), token_count=10, waited_s=0.5, elapsed_s=1.0))
        return await super().translate(request)


async def test_a_batch_says_how_far_it_has_come_while_an_answer_arrives() -> None:
    notes: list[WorkNote] = []
    engine = TellingEngine(good(tokens=100, seconds=2.0), good(), capabilities=SLOW)
    await translate_batch(engine, MemoryLedger(), task(*LONG), report=notes.append)
    assert [(each.doing, each.done_count) for each in notes] == [
        (Doing.WAITING_FOR_SLOT, 0),
        (Doing.WAITING_FOR_FIRST_TOKEN, 0),
        (Doing.WRITING, 1),
        (Doing.WAITING_FOR_SLOT, 3),
        (Doing.WAITING_FOR_FIRST_TOKEN, 3),
        (Doing.WRITING, 4),
    ]
    assert notes[2].tokens_per_s == 20.0
    assert notes[3].token_count == 100
    assert {each.item_count for each in notes} == {8}


def test_pieces_joined_are_the_unit_and_each_fits() -> None:
    whole = long_unit()
    pieces = pieces_of(whole, 120)
    assert len(pieces.units) > 1
    assert all(tokens_of(piece) <= 120 for piece in pieces.units)
    assert pieces.joined({piece.unit_id: piece.source for piece in pieces.units}) == whole.source


@pytest.mark.parametrize("text", ["word, " * 200, "字" * 500, " a" * 300, "x" * 900])
def test_a_sentence_that_is_too_long_is_cut_where_it_can_be(text: str) -> None:
    whole = unit("u", text[:100], ["<", 1], text[100:], ["/", 1])
    pieces = pieces_of(whole, 150)
    assert len(pieces.units) > 1
    assert pieces.joined({piece.unit_id: piece.source for piece in pieces.units}) == whole.source
