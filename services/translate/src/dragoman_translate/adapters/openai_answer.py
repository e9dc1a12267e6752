"""A chat completion, read into units as it comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from typing_extensions import override

from dragoman_models.adapters.completion import Completion
from dragoman_translate.ports import FinishReason, RawTarget
from dragoman_translate.reading import ReplyReader


class Answer(Completion):
    """Takes the events of one answer.

    `asked` are the ids that it should hold, `names` the units' own ids where these differ.
    """

    def __init__(self, asked: Collection[str] = (), names: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._reader = ReplyReader(asked)
        self._names: Mapping[str, str] = names or {}
        self._fresh_count = 0

    @override
    def take(self, event: str) -> str:
        text = super().take(event)
        self._fresh_count += len(self._reader.feed(text))
        return text

    def has_fresh_targets(self) -> bool:
        """Whether units were completed since this was asked last."""
        count, self._fresh_count = self._fresh_count, 0
        return count > 0

    @property
    def targets(self) -> tuple[RawTarget, ...]:
        """The units read so far."""
        return self._named(self._reader.targets)

    def _named(self, targets: tuple[RawTarget, ...]) -> tuple[RawTarget, ...]:
        """The targets with the units' own ids."""
        return tuple(
            each.model_copy(update={"unit_id": self._names.get(each.unit_id, each.unit_id)})
            for each in targets
        )

    def end(self) -> tuple[tuple[RawTarget, ...], FinishReason]:
        """The units of the answer, and why it ended."""
        finish = self.finish_reason
        targets = self._reader.close(is_whole=finish in (FinishReason.STOP, FinishReason.REFUSED))
        if targets is None and finish is FinishReason.STOP:
            finish = FinishReason.MALFORMED
        return self._named(targets or ()), finish
