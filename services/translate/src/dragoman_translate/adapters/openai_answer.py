"""A chat completion, read into units as it comes."""

from __future__ import annotations

from typing_extensions import override

from dragoman_models.adapters.completion import Completion
from dragoman_translate.ports import FinishReason, RawTarget
from dragoman_translate.unit_reading import UnitReader


class Answer(Completion):
    """Takes the events of one answer."""

    def __init__(self, units: UnitReader) -> None:
        super().__init__()
        self.units = units
        self._fresh_count = 0

    @override
    def take(self, event: str) -> str:
        text = super().take(event)
        self._fresh_count += self.units.feed(text)
        return text

    def has_fresh_targets(self) -> bool:
        """Whether units were completed since this was asked last."""
        count, self._fresh_count = self._fresh_count, 0
        return count > 0

    def end(self) -> tuple[tuple[RawTarget, ...], FinishReason]:
        """The units of the answer, and why it ended."""
        return self.units.close(self.finish_reason)
