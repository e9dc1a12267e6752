"""The dialogue with an engine about one batch: ask, ask again for faulty answers, then unit by
unit, then repair.

There are four rounds, each for the units that the rounds before left open:

    1  all units
    2  units whose answers have a fault, with the fault named
    3  units whose answers quality estimation doubts, with its reasons: together, and then each alone
    4  each unit that still has a fault alone, in pieces where it is too long for one answer

Answers that stay doubtful are kept, and QA reports them. `asking` cuts a round into calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from dragoman_contracts.errors import DragomanError, PermanentError, RetryableError
from dragoman_contracts.redaction import Redaction
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import Content, Unit, UnitTarget
from dragoman_linguistics import DEFAULT_PROFILE, QaProfile, doubts
from dragoman_translate.asking import Asker, Question
from dragoman_translate.noting import Noting
from dragoman_translate.pacing import Pace, tokens_of
from dragoman_translate.pieces import pieces_of
from dragoman_translate.planning import OUTPUT_SHARE
from dragoman_translate.ports import CallLedger, Correction, ReplyFault, TranslationEngine
from dragoman_translate.record import Answer, Record
from dragoman_translate.reply import UnitReply, checked_target

_LOOK = "look at the recorded calls, and try another model"
_MOST_ALONE = (
    6  # a model that gets more units of a batch wrong has a reason that asking alone does not cure
)
_SHORTEST_PIECE_TOKENS = 64  # pieces are not made smaller: so few tokens fit every answer


class BatchTask(Question):
    """One batch to translate: its units in the plan's order, and their context.

    `attempt` is the number of the work item's attempt, from 1. A later attempt asks again, unit by
    unit, for the units that earlier attempts asked for in vain. Only the last of `max_attempts`
    ends well with units that have no text. `approved` are the translations from memory that need no
    engine, by unit id, `kept` those of the previous version, which go before them. Answers on record
    for units of `moved` count only where they were given beside the same texts, by the name it has
    for these. `redaction` names the texts that the engine may not see.
    """

    index: int
    units: tuple[Unit, ...]
    approved: Mapping[str, Content] = Field(default_factory=dict)
    kept: Mapping[str, UnitTarget] = Field(default_factory=dict)
    moved: Mapping[str, str] = Field(default_factory=dict)
    attempt: int = 1
    max_attempts: int = 1
    profile: QaProfile = DEFAULT_PROFILE
    redaction: Redaction | None = None


@dataclass
class Dialogue:
    """The rounds about some units.

    `is_within_unit` says that these are pieces of one unit of the batch.
    """

    engine: TranslationEngine
    ledger: CallLedger
    task: BatchTask
    pace: Pace
    record: Record
    noting: Noting
    is_within_unit: bool = False
    asker: Asker = field(init=False)

    def __post_init__(self) -> None:
        self.asker = Asker(
            self.engine, self.ledger, self.task, self.pace, self.record, self.noting.of_call
        )

    async def run(self, units: Sequence[Unit]) -> None:
        """Ask for all units, again for the faulty ones, then for each that is still faulty.

        A later attempt at the work first recalls the rounds of the earlier ones, then asks one
        round more.
        """
        await self.settle(units)
        if self.task.attempt < self.task.max_attempts and self.record.lacks_text():
            raise self._malformed("for some units")

    async def settle(self, units: Sequence[Unit]) -> None:
        """Take these units through all rounds. Each then has its best answer in the record."""
        long = [unit for unit in units if self._is_too_long(unit)]
        await self.asker.ask([unit for unit in units if unit not in long])
        for unit in long:
            await self._ask_in_pieces(unit)
        if faulty := [unit for unit in self.record.open_units(units) if unit not in long]:
            await self.asker.ask(faulty, self._corrections(faulty))
        await self._ask_about_doubts(units)
        for unit in self.record.open_units(units):
            await self._ask_alone(unit)
            if not self.record.has_any_text and not self.is_within_unit:
                raise self._no_answer()

    async def _ask_alone(self, unit: Unit) -> None:
        for round_number in range(1, self.task.attempt + 1):
            if self.record.open_units([unit]):
                await self.asker.ask([unit], self._corrections([unit]), round_number)
        if self.record.answers[unit.unit_id].reply.fault is ReplyFault.TRUNCATED:
            await self._ask_in_pieces(unit)

    async def _ask_in_pieces(self, unit: Unit) -> None:
        """Ask for the pieces of a unit that is too long for one answer, and join their targets."""
        pieces = pieces_of(
            unit, max(min(tokens_of(unit) / 2, self._most_tokens()), _SHORTEST_PIECE_TOKENS)
        )
        reply, call = UnitReply(unit_id=unit.unit_id, fault=ReplyFault.TRUNCATED), ""
        if len(pieces.units) > 1:
            inner = Dialogue(
                self.engine,
                self.ledger,
                self.task,
                self.pace,
                self.record.within(),
                self.noting,
                True,
            )
            await inner.settle(pieces.units)
            self.record.calls_made += inner.record.calls_made
            answers = inner.record.answers
            if all(answers[piece.unit_id].has_text for piece in pieces.units):
                target = pieces.joined(
                    {unit_id: answer.reply.target for unit_id, answer in answers.items()}
                )
                reply, call = checked_target(unit, target), answers[pieces.units[-1].unit_id].call
        self.record.keep(reply, call)

    async def _ask_about_doubts(self, units: Sequence[Unit]) -> None:
        """Ask again for the doubted units: first for all together, then for each of the few that
        stay doubted.

        A small model that copies a unit among others often translates it when it is asked for that
        unit alone.
        """
        if not self.engine.capabilities.uses_context:
            return  # an engine that reads no reasons would give the same answers again
        doubted = self._doubts(units)
        left = await self._ask_again(units, doubted)
        if len(doubted) > 1 and len(left) <= _MOST_ALONE:
            for unit_id, findings in left.items():
                await self._ask_again(units, {unit_id: findings})

    async def _ask_again(
        self, units: Sequence[Unit], doubted: Mapping[str, tuple[QaFinding, ...]]
    ) -> Mapping[str, tuple[QaFinding, ...]]:
        """Ask once more for the doubted units, with the reasons for the doubts.

        Gives those that stay doubted.

        A new answer replaces the earlier answer only where it has fewer doubts and no fault.
        """
        again = [unit for unit in units if unit.unit_id in doubted]
        if not again:
            return {}
        before = {unit.unit_id: self.record.answers[unit.unit_id] for unit in again}
        await self.asker.ask(
            again, tuple(_doubt(before[unit.unit_id], doubted[unit.unit_id]) for unit in again)
        )
        still, left = self._doubts(units), dict[str, tuple[QaFinding, ...]]()
        for unit_id, earlier in before.items():
            is_faultless = self.record.answers[unit_id].reply.fault is None
            if not is_faultless or len(still.get(unit_id, ())) >= len(doubted[unit_id]):
                self.record.answers[unit_id] = earlier
                left[unit_id] = doubted[unit_id]
            elif unit_id in still:
                left[unit_id] = still[unit_id]
        return left

    def _doubts(self, units: Iterable[Unit]) -> Mapping[str, tuple[QaFinding, ...]]:
        """The doubts of quality estimation about the answers that have no fault, by unit id."""
        answers = self.record.answers
        pairs = [
            (unit, answers[unit.unit_id].reply.target)
            for unit in units
            if answers[unit.unit_id].has_text
        ]
        found = doubts(
            pairs,
            self.task.source_locale,
            self.task.target_locale,
            profile=self.task.profile,
            not_applicable=self.engine.capabilities.inapplicable_checks,
        )
        return {
            unit_id: each for unit_id, each in found.items() if answers[unit_id].reply.fault is None
        }

    def _most_tokens(self) -> float:
        limit = self.engine.capabilities.max_output_tokens
        return float("inf") if limit is None else limit * OUTPUT_SHARE

    def _is_too_long(self, unit: Unit) -> bool:
        return tokens_of(unit) > self._most_tokens()

    def _no_answer(self) -> DragomanError:
        """The error for a batch where no call gave any text."""
        if self.record.is_refused:
            message = f"Engine {self.engine.name} refuses to answer for any unit of batch {self.task.index}; {_LOOK}."
            return PermanentError(message, code="engine.refused")
        return self._malformed("for any unit")

    def _malformed(self, for_which: str) -> RetryableError:
        batch = f"{for_which} of batch {self.task.index}"
        message = f"Engine {self.engine.name} gave no usable answer {batch}; {_LOOK} if it goes on."
        return RetryableError(message, code="engine.malformed_reply")

    def _corrections(self, units: Iterable[Unit]) -> tuple[Correction, ...]:
        return tuple(self.record.answers[unit.unit_id].reply.as_correction() for unit in units)


def _doubt(answer: Answer, findings: Iterable[QaFinding]) -> Correction:
    return Correction(
        unit_id=answer.reply.unit_id,
        fault=ReplyFault.DOUBTFUL,
        previous=answer.reply.written,
        reasons=tuple(dict.fromkeys(finding.message for finding in findings)),
    )
