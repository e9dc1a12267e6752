"""Asks an engine one question about many units, in as many calls as its pace and its limits want.

Each call is looked up in the ledger before it is made and recorded before its answer is used; so whatever fails in
between, a repetition pays only for calls whose answer never arrived. A call that broke off or was cut off keeps what it
gave, and only the rest is asked again; a call that failed for its size is never repeated at that size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from dragoman_contracts.errors import RetryableError
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.text import Unit, plain_text
from dragoman_linguistics import render
from dragoman_translate.errors import ContextExceededError, NotRecordedError
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
    fingerprint,
)
from dragoman_translate.record import Record
from dragoman_translate.reply import UnitReply, check_reply

_NEIGHBOURS = 2
_MOST_SILENCES = 2  # a server that says nothing to two calls of half the size each is not slow but stuck
_BROKEN_OFF = (FinishReason.LENGTH, FinishReason.INTERRUPTED)


class Question(Value):
    """What the calls about a batch have in common. `context` holds the texts around the batch."""

    source_locale: Locale
    target_locale: Locale
    context: EngineContext = EngineContext()
    model: str = ""
    nonce: str = ""


class CallProgress(Value):
    """How a call under way stands: units it has answered so far, tokens written, and seconds since it was sent.

    `waited_s` are the seconds before the first token; while there is none, those that have passed.
    """

    unit_ids: tuple[str, ...] = ()
    token_count: int = 0
    waited_s: float = 0
    elapsed_s: float = 0


ProgressListener = Callable[[CallProgress], None]


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
    listener: ProgressListener

    async def ask(self, units: Sequence[Unit], corrections: Sequence[Correction] = (), round_number: int = 1) -> None:
        """Ask for all these units; each has an answer in the record then, be it one with a fault.

        Raises: RetryableError, PermanentError: as the engine says, once nothing smaller can be asked.
        """
        whole = self._request(units, corrections, round_number)
        left = {unit.unit_id: unit for unit in units}
        try:
            for part in count():
                if left:
                    await self._ask_part(whole.model_copy(update={"part": part}), list(left.values()), left)
                else:
                    return
        except NotRecordedError:
            for unit_id in left:
                self.record.keep(UnitReply(unit_id=unit_id, fault=ReplyFault.MISSING), "")

    async def _ask_part(self, whole: EngineRequest, units: Sequence[Unit], left: dict[str, Unit]) -> None:
        """Make or recall one call of a question, and take what it answered out of `left`."""
        key = fingerprint(self.engine.signature, whole)
        recorded = await self.ledger.recall(key)
        is_new = recorded is None
        if recorded is None:
            recorded = await self._call(key, whole, units, left)
            if recorded is None:
                return
        self.record.add(recorded, is_new=is_new)
        asked = recorded.call.unit_ids or tuple(left)
        by_id = {unit_id: left[unit_id] for unit_id in asked if unit_id in left}
        self._take(recorded, whole, by_id, left)
        if is_new and recorded.call.reply.finish_reason is FinishReason.INTERRUPTED and by_id.keys() <= left.keys():
            if len(by_id) == 1:
                raise RetryableError("The answer broke off before its first unit ended.", code="engine.unavailable")
            self.pace.halve(list(by_id.values()))

    def _take(
        self, recorded: RecordedCall, whole: EngineRequest, by_id: Mapping[str, Unit], left: dict[str, Unit]
    ) -> None:
        """Keep the answers of a call. Units that it did not come to stay in `left`, unless it had no other."""
        reply = recorded.call.reply
        request = whole.model_copy(update={"units": tuple(map(engine_unit, by_id.values()))})
        answers = check_reply(request, reply, by_id).units
        is_broken = reply.finish_reason in _BROKEN_OFF
        for answer in answers:
            was_reached = answer.fault not in (ReplyFault.MISSING, ReplyFault.TRUNCATED)
            is_alone = len(by_id) == 1 and reply.finish_reason is FinishReason.LENGTH
            if was_reached or is_alone or not is_broken:
                self.record.keep(answer, recorded.ref.digest)
                del left[answer.unit_id]

    async def _call(
        self, key: str, whole: EngineRequest, units: Sequence[Unit], left: dict[str, Unit]
    ) -> RecordedCall | None:
        """Make one call about the first of these units and record it; None where one unit is too much for the context.

        That unit then has the answer that says so.
        """
        silences = 0
        while True:
            piece = self.pace.cut(units, self.engine.capabilities)
            request = self._part_of(whole, piece, key)
            try:
                reply = await self.engine.translate(request, self._told)
            except ContextExceededError:
                if len(piece) == 1:
                    self.record.keep(UnitReply(unit_id=piece[0].unit_id, fault=ReplyFault.TRUNCATED), "")
                    del left[piece[0].unit_id]
                    return None
            except RetryableError as error:
                silences += 1
                if error.code != "engine.timeout" or len(piece) == 1:
                    raise
                if silences == _MOST_SILENCES:
                    self.pace.halve(piece)
                    raise
            else:
                return await self._recorded(key, piece, whole, reply)
            self.pace.halve(piece)

    async def _recorded(
        self, key: str, piece: Sequence[Unit], whole: EngineRequest, reply: EngineReply
    ) -> RecordedCall:
        if reply.finish_reason is FinishReason.LENGTH and len(piece) > 1:
            self.pace.halve(piece)
        else:
            self.pace.learn(reply)
        asked = tuple(unit.unit_id for unit in piece) if len(piece) < len(whole.units) else ()
        call = ModelCall(fingerprint=key, signature=self.engine.signature, reply=reply, unit_ids=asked)
        return RecordedCall(call=call, ref=await self.ledger.record(call))

    def _request(self, units: Sequence[Unit], corrections: Sequence[Correction], round_number: int) -> EngineRequest:
        return EngineRequest(
            source_locale=self.question.source_locale,
            target_locale=self.question.target_locale,
            units=tuple(engine_unit(unit) for unit in units),
            context=self.question.context,
            corrections=tuple(corrections),
            model=self.question.model,
            nonce=self.question.nonce,
            round=round_number,
        )

    def _part_of(self, whole: EngineRequest, piece: Sequence[Unit], key: str) -> EngineRequest:
        """The request for some units of a question, with the texts around them and what was wrong with them."""
        if len(piece) == len(whole.units):
            return whole.model_copy(update={"idempotency_key": key})
        ids = [unit.unit_id for unit in piece]
        before, after = _texts_around(whole, ids)
        context = whole.context.model_copy(update={"preceding": before, "following": after})
        units = {unit.unit_id: unit for unit in whole.units}
        return whole.model_copy(
            update={
                "units": tuple(units[unit_id] for unit_id in ids),
                "context": context,
                "corrections": tuple(each for each in whole.corrections if each.unit_id in set(ids)),
                "idempotency_key": key,
            }
        )

    def _told(self, progress: ReplyProgress) -> None:
        ids = tuple(target.unit_id for target in progress.targets)
        self.listener(
            CallProgress(
                unit_ids=ids,
                token_count=progress.token_count,
                waited_s=progress.waited_s,
                elapsed_s=progress.elapsed_s,
            )
        )


def _texts_around(whole: EngineRequest, ids: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The plain texts next to some units of a question, nearest last and nearest first; its own context at its ends."""
    order = [unit.unit_id for unit in whole.units]
    first, last = order.index(ids[0]), order.index(ids[-1])
    texts = [plain_text(unit.source.content) for unit in whole.units]
    before = (*whole.context.preceding, *texts[:first])[-_NEIGHBOURS:]
    after = (*texts[last + 1 :], *whole.context.following)[:_NEIGHBOURS]
    return before, after
