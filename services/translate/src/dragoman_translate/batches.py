"""One batch, translated: by approved translations, by answers on record, by the engine, and where
that fails by the engines after it.

    kept of the last version    no call: the previous version of the document has it
    approved in memory          no call
    answered before             no call: found by the unit's key, whatever batch asked for it
    the engine of the job       a dialogue about the units that are left
    the engines to fall back    likewise, only for the units that the engine before gave no text for
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.events import Savings, Usage
from dragoman_contracts.model import Value
from dragoman_contracts.references import ObjectRef
from dragoman_contracts.text import ResultSource, Unit, UnitTarget, needs_engine, plain_text
from dragoman_contracts.under_way import WorkNote
from dragoman_linguistics import repair
from dragoman_translate.asking import engine_unit
from dragoman_translate.dialogue import BatchTask, Dialogue
from dragoman_translate.noting import Noting
from dragoman_translate.pacing import Pace
from dragoman_translate.planning import same_text_key
from dragoman_translate.ports import (
    AnswerBook,
    CallLedger,
    EarlierAnswer,
    FinishReason,
    Found,
    ModelCall,
    TranslationEngine,
    UnitHints,
    fingerprint,
)
from dragoman_translate.record import Answer, Record
from dragoman_translate.remembering import key_of, shelf_of
from dragoman_translate.reply import UnitReply, check_reply
from dragoman_translate.saving import savings_of
from dragoman_translate.withholding import withheld

__all__ = ["BatchTask", "BatchTranslation", "translate_batch"]

_OF_ENGINES = ("engine.", "model.")
_NO_HINTS = UnitHints()


class BatchTranslation(Value):
    """A batch's targets in the task's order, and their cost.

    `calls` are all recorded calls behind the targets, in the order in which they were asked;
    `usage` is that of the calls which were paid for this job. `calls_made` is the number of calls
    that were paid in this run; the others were recalled. `unanswered` are the units that no call
    gave a text for: their target is empty, which QA blocks. `reused` are the answers that were found
    unit by unit, by key; `reused_count` the units whose answer was paid for earlier, in whatever way
    it was found. `answered_count` are the units that have their answer from a call. `found` are the
    calls that others had paid, with the share of their answers that was taken. `savings` tell all
    units apart by where their target came from.
    """

    targets: tuple[UnitTarget, ...]
    calls: tuple[ObjectRef, ...] = ()
    calls_made: int = 0
    usage: Usage = Usage()
    unanswered: tuple[str, ...] = ()
    reused: Mapping[str, EarlierAnswer] = {}
    reused_count: int = 0
    answered_count: int = 0
    found: tuple[Found, ...] = ()
    savings: Savings = Savings()


def _unheard(note: WorkNote) -> None:
    return


async def translate_batch(
    engine: TranslationEngine,
    ledger: CallLedger,
    task: BatchTask,
    pace: Pace | None = None,
    report: Callable[[WorkNote], None] = _unheard,
    *,
    book: AnswerBook | None = None,
    fallbacks: Sequence[TranslationEngine] = (),
) -> BatchTranslation:
    """Translate one batch with as few calls as the engine's answers and its `pace` allow.

    Units with the same text are asked for once; units that need no engine keep their source.
    `report` is called with notes about the progress of the batch. `fallbacks` are asked in their
    order for the units that the engines before them failed at: at once where the failure is final,
    from the second attempt on where it may pass.

    Raises:
        RetryableError: engine.malformed_reply, when no reply held text for any unit, or, before the
            last attempt, for some unit that was not refused; and the errors that the engine raises.
        PermanentError: engine.refused, when every call was refused; and the errors that the engine
            raises. Calls that were answered before the error are in the ledger.
        RedactionTimeoutError: a redaction pattern of the project takes too long.
    """
    kept = withheld(task.units, task.context, task.hints, task.redaction)
    task = task.model_copy(update=kept.shown)
    batch = _Batch(ledger, task, report, book)
    left: Sequence[Unit] = tuple(batch.first_with.values())
    engines = (engine, *fallbacks)
    for number, each in enumerate(engines):
        if not left:
            break
        try:
            await batch.ask(each, left, pace if number == 0 else None)
        except (PermanentError, RetryableError) as error:
            if each is engines[-1] or not _passes_on(error, task):
                raise
        await batch.remember(each, left)
        left = [unit for unit in left if not batch.has_text(unit)]
    translation = batch.translation()
    return translation.model_copy(update={"targets": kept.restored(translation.targets)})


def _passes_on(error: DragomanError, task: BatchTask) -> bool:
    """Whether the next engine is asked after an engine failed so."""
    is_final = isinstance(error, PermanentError) or task.attempt > 1
    return is_final and error.code.startswith(_OF_ENGINES)


@dataclass
class _Batch:
    """The state of one batch over all engines that are asked."""

    ledger: CallLedger
    task: BatchTask
    report: Callable[[WorkNote], None]
    book: AnswerBook | None
    record: Record = field(default_factory=Record)
    keys: dict[str, str] = field(default_factory=dict[str, str])
    first_with: dict[Hashable, Unit] = field(default_factory=dict[Hashable, Unit])

    def __post_init__(self) -> None:
        for unit in self.task.units:
            if self._is_asked(unit):
                self.first_with.setdefault(same_text_key(unit), unit)

    def _is_asked(self, unit: Unit) -> bool:
        return needs_engine(unit) and not (
            unit.unit_id in self.task.approved or unit.unit_id in self.task.kept
        )

    def has_text(self, unit: Unit) -> bool:
        """Whether the unit has an answer with a text."""
        answer = self.record.answers.get(unit.unit_id)
        return answer is not None and answer.has_text

    async def ask(
        self, engine: TranslationEngine, units: Sequence[Unit], pace: Pace | None
    ) -> None:
        """Find the units' answers on record, and ask the engine for the others."""
        left = await self._not_on_record(engine, units)
        if left:
            pace = pace or Pace()
            noting = self._noting(pace, engine)
            dialogue = Dialogue(engine, self.ledger, self.task, pace, self.record, noting)
            await dialogue.run(left)

    def _shelf(self, engine: TranslationEngine) -> str:
        return shelf_of(engine.signature, self.task.request(()))

    def _key(self, shelf: str, unit: Unit) -> str:
        hints = self.task.hints.get(unit.unit_id, _NO_HINTS)
        beside = self.task.moved.get(unit.unit_id, "")
        return key_of(shelf, engine_unit(unit), hints.terms, hints.matches, beside)

    async def _not_on_record(
        self, engine: TranslationEngine, units: Sequence[Unit]
    ) -> Sequence[Unit]:
        """The units that are left after those whose answers are on record were taken.

        Where the very question is on record it is recalled whole, with all that followed from it:
        so an interrupted batch goes on as it began.
        """
        if self.book is None or not engine.capabilities.keeps_answers:
            return units
        shelf = self._shelf(engine)
        keys = {unit.unit_id: self._key(shelf, unit) for unit in units}
        found = await self.book.find(shelf, list(keys.values()))
        if not found:
            return units
        whole = fingerprint(engine.signature, self.task.request(units))
        if await self.ledger.recall(whole, engine) is not None:
            return units
        left: list[Unit] = []
        for unit in units:
            earlier = found.get(keys[unit.unit_id])
            call = await self.book.load(earlier) if earlier else None
            answer = _answer_in(call, earlier, unit, self.task) if call and earlier else None
            if answer is None or earlier is None or call is None:
                left.append(unit)
            else:
                self.keys[unit.unit_id] = keys[unit.unit_id]
                self.record.reuse(answer, earlier, call)
        return left

    async def remember(self, engine: TranslationEngine, units: Sequence[Unit]) -> None:
        """Let the answers that the engine gave for some of these units be found from now on."""
        if self.book is None or not engine.capabilities.keeps_answers:
            return
        shelf = self._shelf(engine)
        found: dict[str, EarlierAnswer] = {}
        for unit in units:
            answer = self.record.answers.get(unit.unit_id)
            recorded = self.record.calls.get(answer.call) if answer and answer.has_text else None
            is_new = unit.unit_id not in self.record.reused
            if recorded is None or not is_new or recorded.call.signature != engine.signature:
                continue
            ids = {target.unit_id for target in recorded.call.reply.targets}
            if unit.unit_id in ids:  # else its answer was joined from pieces
                earlier = EarlierAnswer(call=recorded.ref, unit_id=unit.unit_id)
                found[self._key(shelf, unit)] = earlier
        if found:
            await self.book.add(shelf, found)

    def _noting(self, pace: Pace, engine: TranslationEngine) -> Noting:
        alike = Counter(
            self.first_with[same_text_key(unit)].unit_id
            for unit in self.task.units
            if self._is_asked(unit)
        )
        model = engine.signature.model
        return Noting(self.report, self.record, pace, alike, len(self.task.units), model)

    def translation(self) -> BatchTranslation:
        """The batch with all that was found."""
        record, task = self.record, self.task
        made = {
            key: _target(unit, record.answers[unit.unit_id])
            for key, unit in self.first_with.items()
        }

        def target_of(unit: Unit) -> UnitTarget:
            if self._is_asked(unit):
                return made[same_text_key(unit)].model_copy(update={"unit_id": unit.unit_id})
            kept = task.kept.get(unit.unit_id) if needs_engine(unit) else None
            if kept is not None:
                return kept
            approved = task.approved.get(unit.unit_id) if needs_engine(unit) else None
            return UnitTarget(
                unit_id=unit.unit_id,
                target=unit.source if approved is None else approved,
                result_source=ResultSource.SOURCE_COPY if approved is None else ResultSource.MEMORY,
            )

        targets = tuple(map(target_of, task.units))
        reused = {
            key: record.is_reused(unit.unit_id, task.payer) for key, unit in self.first_with.items()
        }
        asked = [same_text_key(unit) for unit in task.units if self._is_asked(unit)]
        return BatchTranslation(
            targets=targets,
            calls=tuple(call.ref for call in record.calls.values()),
            calls_made=record.calls_made,
            usage=record.usage(task.payer),
            unanswered=tuple(target.unit_id for target in targets if _is_unanswered(target)),
            reused={self.keys[unit_id]: each for unit_id, each in record.reused.items()},
            reused_count=sum(reused[key] for key in asked),
            answered_count=len(asked),
            found=record.found(task.payer, f"batch {task.index}"),
            savings=savings_of(
                task.units, targets, {self.first_with[key].unit_id for key in reused if reused[key]}
            ),
        )


def _answer_in(
    call: ModelCall, earlier: EarlierAnswer, unit: Unit, task: BatchTask
) -> UnitReply | None:
    """The answer for the unit in a call that was made for another batch; None where it is none."""
    targets = [
        each.model_copy(update={"unit_id": unit.unit_id})
        for each in call.reply.targets
        if each.unit_id == earlier.unit_id
    ]
    whole = {"targets": tuple(targets), "finish_reason": FinishReason.STOP}
    reply = call.reply.model_copy(update=whole)
    (answer,) = check_reply(task.request([unit]), reply, {unit.unit_id: unit}).units
    return answer if answer.has_text else None


def _target(unit: Unit, answer: Answer) -> UnitTarget:
    """The unit's target: repaired where its tags are wrong or left out, empty where no call gave a
    usable text.
    """
    call = answer.call or None
    if not answer.has_text:
        return UnitTarget(
            unit_id=unit.unit_id, target=(), result_source=ResultSource.ENGINE, call=call
        )
    target, rung = repair(unit.source, answer.reply.target, unit.tags)
    return UnitTarget(
        unit_id=unit.unit_id,
        target=target,
        result_source=ResultSource.ENGINE,
        tag_repair=rung,
        call=call,
    )


def _is_unanswered(target: UnitTarget) -> bool:
    return target.result_source is ResultSource.ENGINE and not plain_text(target.target).strip()
