"""Asks an engine one question about many units, in as many calls as its pace and its limits require
(ADR 0015).

Each call is looked up in the ledger before it is made, and recorded before its answer is used. So a
repetition after any failure pays only for calls whose answer never arrived. The units that an
answer gave before it broke off or was cut off are kept, and only the other units are asked again. A
call that failed for its size is never repeated at that size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from pydantic import Field

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.text import Unit, plain_text
from dragoman_linguistics import render
from dragoman_models.errors import ContextExceededError
from dragoman_runtime.telemetry import Role, span
from dragoman_translate.errors import NotRecordedError
from dragoman_translate.pacing import Pace
from dragoman_translate.ports import (
    CallLedger,
    Correction,
    EngineContext,
    EngineReply,
    EngineRequest,
    EngineUnit,
    FinishReason,
    ModelCall,
    RecordedCall,
    ReplyFault,
    ReplyProgress,
    TranslationEngine,
    UnitHints,
    fingerprint,
)
from dragoman_translate.record import Record
from dragoman_translate.reply import UnitReply, check_reply
from dragoman_translate.shared_pace import SharedPace

_NEIGHBOURS = 2
_MOST_SILENCES = (
    2  # a server that says nothing to two calls of half the size each is not slow but stuck
)
_BROKEN_OFF = (FinishReason.LENGTH, FinishReason.INTERRUPTED)


class Question(Value):
    """The part that all calls about a batch have in common.

    `context` holds the texts around the batch and the instructions; `hints` the terms and the
    examples of each unit, by its id. `payer` is the job that pays.
    """

    source_locale: Locale
    target_locale: Locale
    context: EngineContext = EngineContext()
    hints: Mapping[str, UnitHints] = Field(default_factory=dict)
    model: str = ""
    nonce: str = ""
    payer: str = ""

    def request(
        self,
        units: Sequence[Unit],
        corrections: Sequence[Correction] = (),
        round_number: int = 1,
    ) -> EngineRequest:
        """The request for these units, with the terms and examples of theirs."""
        return EngineRequest(
            source_locale=self.source_locale,
            target_locale=self.target_locale,
            units=tuple(map(engine_unit, units)),
            context=self.hinted(self.context, units),
            corrections=tuple(corrections),
            model=self.model,
            nonce=self.nonce,
            round=round_number,
        )

    def hinted(self, context: EngineContext, units: Sequence[Unit]) -> EngineContext:
        """The context with the terms and examples of these units, each once."""
        if not self.hints:
            return context
        hints = [self.hints[unit.unit_id] for unit in units if unit.unit_id in self.hints]
        terms = dict.fromkeys(term for each in hints for term in each.terms)
        matches = dict.fromkeys(match for each in hints for match in each.matches)
        return context.model_copy(update={"terms": tuple(terms), "matches": tuple(matches)})


ProgressListener = Callable[[ReplyProgress | None], None]
"""Called with None before a call is made, and then with the progress of its answer."""


@dataclass
class _Open:
    """A question, all of its units in order, and by id the units that no call has answered yet."""

    question: Question
    whole: EngineRequest
    units: tuple[Unit, ...]
    left: dict[str, Unit]

    def part(self, piece: Sequence[Unit], key: str) -> EngineRequest:
        """The request for some of the units, with the texts around them and their corrections."""
        if len(piece) == len(self.units):
            return self.whole.model_copy(update={"idempotency_key": key})
        ids = {unit.unit_id for unit in piece}
        before, after = self._texts_around(piece)
        context = self.question.hinted(self.whole.context, piece)
        return self.whole.model_copy(
            update={
                "units": tuple(map(engine_unit, piece)),
                "context": context.model_copy(update={"preceding": before, "following": after}),
                "corrections": tuple(
                    each for each in self.whole.corrections if each.unit_id in ids
                ),
                "idempotency_key": key,
            }
        )

    def _texts_around(self, piece: Sequence[Unit]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The plain texts before a piece, nearest last, and behind it, nearest first.

        At the ends of the batch they are the texts around the batch.
        """
        first, last = self.units.index(piece[0]), self.units.index(piece[-1])
        texts = [plain_text(unit.source) for unit in self.units]
        before = (*self.whole.context.preceding, *texts[:first])[-_NEIGHBOURS:]
        after = (*texts[last + 1 :], *self.whole.context.following)[:_NEIGHBOURS]
        return before, after


def engine_unit(unit: Unit) -> EngineUnit:
    """A unit as an engine gets it."""
    separators = tuple(spec.id for spec in unit.tags if spec.equivalent.isspace())
    return EngineUnit(unit_id=unit.unit_id, source=render(unit.source), separators=separators)


@dataclass
class Asker:
    """Asks about units of one batch, and keeps answers and calls in `record`."""

    engine: TranslationEngine
    ledger: CallLedger
    question: Question
    pace: Pace
    record: Record
    told: ProgressListener

    async def ask(
        self, units: Sequence[Unit], corrections: Sequence[Correction] = (), round_number: int = 1
    ) -> None:
        """Ask for all these units. Each then has an answer in the record, with or without a fault.

        Raises:
            RetryableError, PermanentError: as the engine says, once nothing smaller can be asked.
            NotRecordedError: a replay has no record of the question at all.
        """
        whole = self.question.request(units, corrections, round_number)
        open_ = _Open(self.question, whole, tuple(units), {unit.unit_id: unit for unit in units})
        try:
            while open_.left:
                await self._ask_part(open_)
                open_.whole = open_.whole.model_copy(update={"part": open_.whole.part + 1})
        except NotRecordedError:
            if not corrections and open_.whole.part == 0:
                raise
            # A replay answers from the record only: by the rules of its time the job asked no more
            # than that.
            for unit_id in open_.left:
                self.record.keep(UnitReply(unit_id=unit_id, fault=ReplyFault.MISSING), "")

    async def _ask_part(self, open_: _Open) -> None:
        """Make or recall one call of a question, and take the units it answered off those left."""
        key = fingerprint(self.engine.signature, open_.whole)
        recalled = await self.ledger.recall(key, self.engine)
        recorded = recalled or await self._call(key, open_)
        if recorded is None:
            return
        self.record.add(recorded, is_new=recalled is None)
        asked = recorded.call.unit_ids or tuple(open_.left)
        by_id = {unit_id: open_.left[unit_id] for unit_id in asked if unit_id in open_.left}
        self._take(recorded, by_id, open_)
        is_broken_off = recorded.call.reply.finish_reason in _BROKEN_OFF
        has_answered_none = by_id.keys() <= open_.left.keys()
        if recalled is None and is_broken_off and has_answered_none:
            if len(by_id) == 1:
                raise RetryableError(
                    "The answer broke off before its first unit ended.", code="engine.unavailable"
                )
            self.pace.halve(list(by_id.values()))

    def _take(self, recorded: RecordedCall, by_id: Mapping[str, Unit], open_: _Open) -> None:
        """Keep the answers of a call. Units that a broken-off answer did not reach stay open.

        A single unit whose answer was cut off at the limit does not stay open: asking again would
        cut it off again.
        """
        reply = recorded.call.reply
        request = open_.whole.model_copy(update={"units": tuple(map(engine_unit, by_id.values()))})
        is_too_long = len(by_id) == 1 and reply.finish_reason is FinishReason.LENGTH
        for answer in check_reply(request, reply, by_id).units:
            was_reached = answer.fault not in (ReplyFault.MISSING, ReplyFault.TRUNCATED)
            if was_reached or is_too_long or reply.finish_reason not in _BROKEN_OFF:
                self.record.keep(answer, recorded.ref.digest)
                del open_.left[answer.unit_id]

    async def _call(self, key: str, open_: _Open) -> RecordedCall | None:
        """Make one call about the first of the open units, and record it.

        None where a single unit is too much for the model's context; its answer in the record then
        has that fault.
        """
        capabilities, pace = self.engine.capabilities, self.pace
        turn = pace.turn(capabilities) if isinstance(pace, SharedPace) else nullcontext()
        async with turn:
            return await self._call_in_turn(key, open_)

    async def _call_in_turn(self, key: str, open_: _Open) -> RecordedCall | None:
        silences = 0
        while True:
            piece = self.pace.cut(tuple(open_.left.values()), self.engine.capabilities)
            self.told(None)
            await self.ledger.allow(self.engine)
            try:
                reply = await self._reply(open_.part(piece, key))
            except ContextExceededError:
                if len(piece) == 1:
                    self.record.keep(
                        UnitReply(unit_id=piece[0].unit_id, fault=ReplyFault.TRUNCATED), ""
                    )
                    del open_.left[piece[0].unit_id]
                    return None
            except RetryableError as error:
                silences += 1
                if error.code != "engine.timeout" or len(piece) == 1:
                    raise
                if silences == _MOST_SILENCES:
                    self.pace.halve(piece)
                    raise
            else:
                return await self._recorded(key, piece, open_, reply)
            self.pace.halve(piece)

    async def _reply(self, request: EngineRequest) -> EngineReply:
        """The engine's answer, in a span of its own."""
        model, engine = self.engine.signature.model, self.engine.name
        about = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": engine}
        about |= {"gen_ai.request.model": model} if model else {}
        with span(f"chat {model or engine}", None, Role.CLIENT, about) as calling:
            reply = await self.engine.translate(request, self.told)
            usage = reply.usage
            calling.set(
                **{
                    "gen_ai.response.finish_reasons": str(reply.finish_reason),
                    "gen_ai.usage.input_tokens": usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": usage.response_tokens,
                }
            )
            return reply

    async def _recorded(
        self, key: str, piece: Sequence[Unit], open_: _Open, reply: EngineReply
    ) -> RecordedCall:
        if reply.finish_reason is FinishReason.LENGTH and len(piece) > 1:
            self.pace.halve(piece)
        else:
            self.pace.learn(piece, reply)
        asked = tuple(unit.unit_id for unit in piece) if len(piece) < len(open_.units) else ()
        call = ModelCall(
            fingerprint=key,
            signature=self.engine.signature,
            reply=reply,
            unit_ids=asked,
            payer=self.question.payer,
        )
        return RecordedCall(call=call, ref=await self.ledger.record(call, self.engine))
