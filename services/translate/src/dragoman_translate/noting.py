"""Notes about a batch while an engine works on it: the units that are there, the tokens written,
and the pace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dragoman_contracts.under_way import Doing, WorkNote
from dragoman_translate.pacing import Pace
from dragoman_translate.ports import ReplyProgress
from dragoman_translate.record import Record


@dataclass
class Noting:
    """Makes notes about a batch from the progress of its calls.

    `alike` is the number of units that each answer serves.
    """

    report: Callable[[WorkNote], None]
    record: Record
    pace: Pace
    alike: Mapping[str, int]
    item_count: int
    model: str

    def of_call(self, progress: ReplyProgress | None) -> None:
        """Report the state of the batch: None before a call, then the progress of its answer."""
        arrived = () if progress is None else tuple(target.unit_id for target in progress.targets)
        answered = {unit_id for unit_id, answer in self.record.answers.items() if answer.has_text}
        copied = self.item_count - sum(self.alike.values())
        token_count = sum(
            call.call.reply.usage.response_tokens for call in self.record.calls.values()
        )
        note = WorkNote(
            doing=_doing(progress),
            done_count=copied
            + sum(self.alike.get(unit_id, 0) for unit_id in answered.union(arrived)),
            item_count=self.item_count,
            token_count=token_count + (0 if progress is None else progress.token_count),
            tokens_per_s=self._tokens_per_s(progress),
            model=self.model[:200],
        )
        self.report(note)

    def _tokens_per_s(self, progress: ReplyProgress | None) -> float | None:
        if progress is None or progress.token_count < 2:
            return self.pace.tokens_per_s
        writing_s = progress.elapsed_s - progress.waited_s
        return progress.token_count / writing_s if writing_s > 0 else self.pace.tokens_per_s


def _doing(progress: ReplyProgress | None) -> Doing:
    if progress is None:
        return Doing.WAITING_FOR_SLOT
    return Doing.WRITING if progress.token_count else Doing.WAITING_FOR_FIRST_TOKEN
