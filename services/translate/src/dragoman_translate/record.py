"""The answers and calls of one batch so far: which answer counts for a unit, and the calls that
were paid for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from dragoman_contracts.events import Usage
from dragoman_contracts.text import Unit
from dragoman_translate.ports import (
    EarlierAnswer,
    FinishReason,
    Found,
    ModelCall,
    RecordedCall,
)
from dragoman_translate.reply import UnitReply


@dataclass(frozen=True)
class Answer:
    """The best answer for a unit so far, and the sha256 of the call that gave it.

    Empty where no call did.
    """

    reply: UnitReply
    call: str

    @property
    def has_text(self) -> bool:
        """Whether the answer has a text to use or to repair."""
        return self.reply.has_text


@dataclass
class Record:
    """Answers by unit id, and calls by sha256 in the order they were asked; `calls_made` of them
    were paid now.

    `reused` are the units whose answers were found unit by unit, `borrowed` the calls that only
    such answers are from: they were paid for elsewhere.
    """

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    calls: dict[str, RecordedCall] = field(default_factory=dict[str, RecordedCall])
    calls_made: int = 0
    reused: dict[str, EarlierAnswer] = field(default_factory=dict[str, EarlierAnswer])
    borrowed: set[str] = field(default_factory=set[str])

    def keep(self, reply: UnitReply, call: str) -> None:
        """Take an answer unless a better one is known."""
        answer = Answer(reply, call)
        earlier = self.answers.get(reply.unit_id)
        if earlier is None or reply.fault is None or answer.has_text or not earlier.has_text:
            self.answers[reply.unit_id] = answer

    def add(self, recorded: RecordedCall, *, is_new: bool) -> None:
        """Add a call that was made now or recalled."""
        self.calls.setdefault(recorded.ref.digest, recorded)
        self.borrowed.discard(recorded.ref.digest)
        self.calls_made += is_new

    def reuse(self, reply: UnitReply, earlier: EarlierAnswer, call: ModelCall) -> None:
        """Take an answer that was found on record for the unit."""
        digest = earlier.call.digest
        if digest not in self.calls:
            self.calls[digest] = RecordedCall(call=call, ref=earlier.call)
            self.borrowed.add(digest)
        self.answers[reply.unit_id] = Answer(reply, digest)
        self.reused[reply.unit_id] = earlier

    def usage(self, payer: str) -> Usage:
        """The usage of the calls that were paid for this job.

        Calls of older versions do not say who paid, and are counted.
        """
        paid = (
            recorded.call.reply.usage
            for digest, recorded in self.calls.items()
            if digest not in self.borrowed and recorded.call.payer in ("", payer)
        )
        return sum(paid, Usage())

    def found(self, payer: str, part: str) -> tuple[Found, ...]:
        """The calls that others had paid: the very question wholly, and of a call that only single
        answers are from an equal share for each answer that counts.
        """
        taken = Counter(each.call.digest for each in self.reused.values())
        shares = {
            digest: Decimal(taken[digest])
            / max(taken[digest], len(self.calls[digest].call.reply.targets))
            for digest in self.borrowed
            if taken[digest]
        }
        whole = tuple(
            Found(each.call.fingerprint)
            for digest, each in self.calls.items()
            if digest not in self.borrowed and each.call.payer not in ("", payer)
        )
        single = tuple(
            Found(self.calls[digest].call.fingerprint, share, part)
            for digest, share in sorted(shares.items())
        )
        return whole + single

    def is_reused(self, unit_id: str, payer: str) -> bool:
        """Whether the unit's answer is from a call that was paid for earlier."""
        recorded = self.calls.get(self.answers[unit_id].call)
        return unit_id in self.reused or (
            recorded is not None and recorded.call.payer not in ("", payer)
        )

    def within(self) -> Record:
        """A record for the pieces of one unit: answers of its own, the same calls."""
        return Record(calls=self.calls, borrowed=self.borrowed)

    def open_units(self, units: Iterable[Unit]) -> list[Unit]:
        """The units that have no faultless answer yet."""
        return [unit for unit in units if self.answers[unit.unit_id].reply.fault is not None]

    @property
    def has_any_text(self) -> bool:
        """Whether any call gave a text for any unit."""
        return any(answer.has_text for answer in self.answers.values())

    @property
    def is_refused(self) -> bool:
        """Whether every call was refused, and there was one."""
        reasons = {recorded.call.reply.finish_reason for recorded in self.calls.values()}
        return reasons == {FinishReason.REFUSED}

    def lacks_text(self) -> bool:
        """Whether a unit has no text that the engine may well give when it is asked later."""
        return any(
            not answer.has_text and not self._is_refusal(answer) for answer in self.answers.values()
        )

    def _is_refusal(self, answer: Answer) -> bool:
        recorded = self.calls.get(answer.call)
        return recorded is not None and recorded.call.reply.finish_reason is FinishReason.REFUSED
