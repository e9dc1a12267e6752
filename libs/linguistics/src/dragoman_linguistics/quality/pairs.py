r"""A unit and its target as the checks read them, with texts that are made once.

The source "Page <1/> of 5" is read as "Page \ufffc of 5": the character for the placeholder parts
words. `place_in_plain_text` turns an offset into that text into an offset without such characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from dragoman_contracts.text import (
    Content,
    ResultSource,
    Tag,
    TagRepair,
    TagSide,
    Unit,
    UnitTarget,
    plain_text,
)
from dragoman_linguistics.quality.sizes import PLACE, size

_DIGIT = re.compile(r"\d")


class Pair:
    """One unit and its target. Texts and sizes are made when they are first asked for."""

    def __init__(self, unit: Unit, target: UnitTarget) -> None:
        self.unit = unit
        self.answer = target
        self.content: Content = target.target

    @classmethod
    def answered(cls, unit: Unit, content: Content) -> Pair:
        """A pair of a unit and the content that an engine has just given for it."""
        target = UnitTarget.model_construct(
            unit_id=unit.unit_id,
            target=content,
            result_source=ResultSource.ENGINE,
            tag_repair=TagRepair.EXACT,
            call=None,
        )
        return cls(unit, target)

    @cached_property
    def source_content(self) -> Content:
        """The source with its tags."""
        return self.unit.source

    @cached_property
    def source(self) -> str:
        """The source's text, with `PLACE` for each placeholder."""
        return shown(self.source_content)

    @cached_property
    def target(self) -> str:
        """The target's text, with `PLACE` for each placeholder."""
        return shown(self.content)

    @cached_property
    def source_size(self) -> float:
        """The size of the source, in Latin letters."""
        return size(self.source)

    @cached_property
    def target_size(self) -> float:
        """The size of the target, in Latin letters."""
        return size(self.target)

    @cached_property
    def has_digits(self) -> bool:
        """Whether either side has a digit."""
        return bool(_DIGIT.search(self.source) or _DIGIT.search(self.target))

    @property
    def is_made(self) -> bool:
        """Whether an engine or a memory gave the target, not a person or a copy made on purpose."""
        return self.answer.result_source in (ResultSource.ENGINE, ResultSource.MEMORY)

    @cached_property
    def has_both(self) -> bool:
        """Whether both sides have text."""
        return self.source_size > 0 and self.target_size > 0

    def place_in_plain_text(self, offset: int) -> int:
        """The offset into the target's plain text for an offset into `target`; findings count in
        plain text.
        """
        return offset - self.target.count(PLACE, 0, offset)


def shown(content: Iterable[str | Tag]) -> str:
    """The text of content with `PLACE` for each placeholder, so that words around a placeholder do
    not run together.
    """
    parts = tuple(content)
    if not any(isinstance(part, Tag) and part.side is TagSide.PLACEHOLDER for part in parts):
        return plain_text(parts)
    return "".join(
        part if isinstance(part, str) else PLACE if part.side is TagSide.PLACEHOLDER else ""
        for part in parts
    )
