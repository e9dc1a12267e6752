"""Reads an answer into the units of its request while it is written, and notices where a model does
not come to an end. Pure.

Small models sometimes repeat themselves within one unit until the limit of the answer: minutes on
a local server, and money on a hosted one. So a unit is given up when it is many times as long as
its source, and an answer when it holds many times as many units as were asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from dragoman_models.ports import FinishReason
from dragoman_translate.ports import EngineRequest, RawTarget
from dragoman_translate.prompt import unit_ids
from dragoman_translate.reading import ReplyReader

_LENGTHENING = 20
"""The characters of a target in JSON for each of its source: a Chinese sign may take eight letters,
and some servers write each letter beyond ASCII in six characters.
"""

_SPARE_CHARS = 1_000
_REPETITIONS = 4
"""A draft and its answer give each unit twice."""


class UnitReader:
    """Takes an answer piece by piece.

    `names` are the units' own ids by the ids that were sent, `lengths` the characters of their
    sources by the same.
    """

    def __init__(
        self, names: Mapping[str, str] | None = None, lengths: Mapping[str, int] | None = None
    ) -> None:
        self._names = names or {}
        self._lengths = lengths or {}
        self._reader = ReplyReader(self._names)

    @classmethod
    def of(cls, request: EngineRequest) -> UnitReader:
        """A reader of the answer to this request."""
        lengths = [len(unit.source.text) for unit in request.units]
        names = unit_ids(request)
        return cls(names, dict(zip(names, lengths, strict=True)))

    def feed(self, text: str) -> int:
        """Read on. Gives how many units this piece completed."""
        return len(self._reader.feed(text))

    @property
    def targets(self) -> tuple[RawTarget, ...]:
        """The units that count if the answer breaks off here."""
        return self._named(self._reader.targets)

    @property
    def does_not_end(self) -> bool:
        """Whether so much was written that reading on would bring nothing."""
        if not self._lengths:
            return False
        if self._reader.unit_count > _REPETITIONS * len(self._lengths):
            return True
        return self._reader.pending_chars > _LENGTHENING * self._awaited_chars() + _SPARE_CHARS

    def _awaited_chars(self) -> int:
        """The length of the source that is being answered, or the most that it can be."""
        if not self._reader.is_in_list:
            return sum(self._lengths.values())
        return self._lengths.get(self._reader.pending_id, max(self._lengths.values()))

    def close(self, finish: FinishReason) -> tuple[tuple[RawTarget, ...], FinishReason]:
        """The answer's units, and why it ended in the end.

        A unit that did not end is among them, without text.
        """
        pending_id = self._reader.pending_id
        is_whole = finish in (FinishReason.STOP, FinishReason.REFUSED)
        if is_whole or not self.does_not_end:
            targets = self._reader.close(is_whole=is_whole)
            if targets is None and finish is FinishReason.STOP:
                finish = FinishReason.MALFORMED
            return self._named(targets or ()), finish
        targets = self._reader.close(is_whole=False) or ()
        if pending_id in self._lengths:
            targets = (*targets, RawTarget(unit_id=pending_id, target="", is_endless=True))
        return self._named(targets), FinishReason.LENGTH

    def _named(self, targets: tuple[RawTarget, ...]) -> tuple[RawTarget, ...]:
        """The targets with the units' own ids."""
        return tuple(
            each.model_copy(update={"unit_id": self._names.get(each.unit_id, each.unit_id)})
            for each in targets
        )
