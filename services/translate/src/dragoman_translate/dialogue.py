"""The dialogue with an engine about one batch: ask, ask again for what was wrong, then unit by unit, then repair.

Each call is looked up in the ledger before it is made and recorded before its answer is used; so whatever fails in
between, a repetition pays only for calls whose answer never arrived.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import Usage
from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import ResultSource, Unit, UnitTarget, plain_text
from dragoman_linguistics import render, repair
from dragoman_translate.planning import needs_engine, same_text_key
from dragoman_translate.ports import (
    CallLedger,
    Correction,
    EngineContext,
    EngineRequest,
    EngineUnit,
    FinishReason,
    ModelCall,
    RecordedCall,
    ReplyFault,
    TranslationEngine,
    fingerprint,
)
from dragoman_translate.reply import UnitReply, check_reply

_LOOK = "look at the recorded calls, and try another model"


class BatchTask(Value):
    """One batch to translate: its units in the plan's order, and what the engine should know.

    `attempt` is the work item's, from 1: what was asked in vain in an earlier attempt is asked anew, unit by unit, in a
    later one. Only the last of `max_attempts` is content with units that have no text.
    """

    index: int
    source_locale: Locale
    target_locale: Locale
    units: tuple[Unit, ...]
    context: EngineContext = EngineContext()
    model: str = ""
    nonce: str = ""
    attempt: int = 1
    max_attempts: int = 1


class BatchTranslation(Value):
    """A batch's targets in the task's order, and what they cost.

    `calls` are all recorded calls behind the targets, in the order they were asked; `usage` is their sum.
    `calls_made` of them were paid in this run, the others recalled. `unanswered` are units no call gave a text for:
    their target is empty, which QA blocks.
    """

    targets: tuple[UnitTarget, ...]
    calls: tuple[ObjectRef, ...] = ()
    calls_made: int = 0
    usage: Usage = Usage()
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Answer:
    """The best answer for a unit so far, and the call that gave it."""

    reply: UnitReply
    call: str

    @property
    def has_text(self) -> bool:
        """Whether there is something to use or repair. A cut-off text is no translation."""
        return self.reply.fault not in (ReplyFault.MISSING, ReplyFault.EMPTY, ReplyFault.TRUNCATED)


@dataclass
class _Record:
    """What the calls of one batch have brought."""

    answers: dict[str, _Answer] = field(default_factory=dict[str, _Answer])
    calls: dict[str, RecordedCall] = field(default_factory=dict[str, RecordedCall])
    calls_made: int = 0

    def keep(self, reply: UnitReply, call: str) -> None:
        """Take an answer unless a better one is known."""
        answer = _Answer(reply, call)
        earlier = self.answers.get(reply.unit_id)
        if earlier is None or reply.fault is None or answer.has_text or not earlier.has_text:
            self.answers[reply.unit_id] = answer

    def open_units(self, units: Iterable[Unit]) -> list[Unit]:
        """The units that have no faultless answer yet."""
        return [unit for unit in units if self.answers[unit.unit_id].reply.fault is not None]


async def translate_batch(engine: TranslationEngine, ledger: CallLedger, task: BatchTask) -> BatchTranslation:
    """Translate one batch with as few calls as the engine's answers allow.

    Units with the same text are asked once; units that need no engine keep their source.

    Raises: RetryableError: engine.malformed_reply when no reply held text for a single unit, or before the last attempt
    none for some unit that was not refused; and what the engine raises. PermanentError: engine.refused when every call
    was; and what the engine raises. Calls that were answered before are in the ledger.
    """
    first_with: dict[Hashable, Unit] = {}
    for unit in task.units:
        if needs_engine(unit):
            first_with.setdefault(same_text_key(unit), unit)
    record = _Record()
    if first_with:
        await _Dialogue(engine, ledger, task, record).run(tuple(first_with.values()))
    made = {key: _target(unit, record.answers[unit.unit_id]) for key, unit in first_with.items()}
    targets = tuple(
        made[same_text_key(unit)].model_copy(update={"unit_id": unit.unit_id})
        if needs_engine(unit)
        else UnitTarget(unit_id=unit.unit_id, target=unit.source, result_source=ResultSource.SOURCE_COPY)
        for unit in task.units
    )
    return BatchTranslation(
        targets=targets,
        calls=tuple(call.ref for call in record.calls.values()),
        calls_made=record.calls_made,
        usage=sum((call.call.reply.usage for call in record.calls.values()), Usage()),
        unanswered=tuple(target.unit_id for target in targets if _is_unanswered(target)),
    )


def engine_unit(unit: Unit) -> EngineUnit:
    """A unit as an engine gets it."""
    separators = tuple(spec.id for spec in unit.tags if spec.equivalent.isspace())
    return EngineUnit(unit_id=unit.unit_id, source=render(unit.source), separators=separators)


@dataclass
class _Dialogue:
    engine: TranslationEngine
    ledger: CallLedger
    task: BatchTask
    record: _Record

    async def run(self, units: Sequence[Unit]) -> None:
        """Ask for all units, again for the faulty ones, then for each that is still faulty.

        A later attempt at the work first recalls the rounds of the earlier ones, then asks one round more.
        """
        await self._ask(units)
        if faulty := self.record.open_units(units):
            await self._ask(faulty, corrections=self._corrections(faulty))
        for unit in self.record.open_units(units):
            for round_number in range(1, self.task.attempt + 1):
                if self.record.open_units([unit]):
                    await self._ask([unit], corrections=self._corrections([unit]), round_number=round_number)
            if not any(answer.has_text for answer in self.record.answers.values()):
                raise self._no_answer()
        if self.task.attempt < self.task.max_attempts and self._lacks_text():
            raise self._malformed("for some units")

    def _lacks_text(self) -> bool:
        """Whether a unit has no text that the engine may well give when it is asked later."""
        return any(
            not answer.has_text and self.record.calls[answer.call].call.reply.finish_reason is not FinishReason.REFUSED
            for answer in self.record.answers.values()
        )

    def _no_answer(self) -> DragomanError:
        """The error for a batch of which no call gave any text."""
        if all(call.call.reply.finish_reason is FinishReason.REFUSED for call in self.record.calls.values()):
            message = f"Engine {self.engine.name} refuses to answer for any unit of batch {self.task.index}; {_LOOK}."
            return PermanentError(message, code="engine.refused")
        return self._malformed("for any unit")

    def _malformed(self, for_which: str) -> RetryableError:
        batch = f"{for_which} of batch {self.task.index}"
        message = f"Engine {self.engine.name} gave no usable answer {batch}; {_LOOK} if it goes on."
        return RetryableError(message, code="engine.malformed_reply")

    def _corrections(self, units: Iterable[Unit]) -> tuple[Correction, ...]:
        return tuple(self.record.answers[unit.unit_id].reply.as_correction() for unit in units)

    async def _ask(
        self, units: Sequence[Unit], corrections: tuple[Correction, ...] = (), round_number: int = 1
    ) -> None:
        request = EngineRequest(
            source_locale=self.task.source_locale,
            target_locale=self.task.target_locale,
            units=tuple(engine_unit(unit) for unit in units),
            context=self.task.context,
            corrections=corrections,
            model=self.task.model,
            nonce=self.task.nonce,
            round=round_number,
        )
        recorded = await self._call(request)
        self.record.calls.setdefault(recorded.ref.digest, recorded)
        for reply in check_reply(request, recorded.call.reply, {unit.unit_id: unit for unit in units}).units:
            self.record.keep(reply, recorded.ref.digest)

    async def _call(self, request: EngineRequest) -> RecordedCall:
        key = fingerprint(self.engine.signature, request)
        recorded = await self.ledger.recall(key)
        if recorded is not None:
            return recorded
        reply = await self.engine.translate(request.model_copy(update={"idempotency_key": key}))
        self.record.calls_made += 1
        call = ModelCall(fingerprint=key, signature=self.engine.signature, reply=reply)
        return RecordedCall(call=call, ref=await self.ledger.record(call))


def _target(unit: Unit, answer: _Answer) -> UnitTarget:
    """The unit's target: repaired where its tags are wrong or left out, empty where no call gave a usable text."""
    if not answer.has_text:
        return UnitTarget(unit_id=unit.unit_id, target=(), result_source=ResultSource.ENGINE, call=answer.call)
    target, rung = repair(unit.source, answer.reply.target, unit.tags)
    return UnitTarget(
        unit_id=unit.unit_id, target=target, result_source=ResultSource.ENGINE, tag_repair=rung, call=answer.call
    )


def _is_unanswered(target: UnitTarget) -> bool:
    return target.result_source is ResultSource.ENGINE and not plain_text(target.target).strip()
