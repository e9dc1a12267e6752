"""Checks a model's reply against its request: which answers can be used, and which must be asked
for again. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_linguistics import align_tags, cleaned, parse, restore_margins, settle_inside_words
from dragoman_translate.ports import (
    Correction,
    EngineReply,
    EngineRequest,
    EngineUnit,
    FinishReason,
    RawTarget,
    ReplyFault,
)

_WITHOUT_TEXT = (
    ReplyFault.MISSING,
    ReplyFault.EMPTY,
    ReplyFault.ENDLESS,
    ReplyFault.TRUNCATED,
)


class UnitReply(Value):
    """The answer for one unit: its target with tags, and its fault (None: it has none)."""

    unit_id: str
    target: Content = ()
    written: str = ""
    fault: ReplyFault | None = None

    @property
    def has_text(self) -> bool:
        """Whether there is a text to use or to repair.

        A text that was cut off does not count.
        """
        return self.fault not in _WITHOUT_TEXT

    def as_correction(self) -> Correction:
        """The correction that tells the engine about the fault when the unit is asked for again."""
        return Correction(
            unit_id=self.unit_id, fault=self.fault or ReplyFault.MISSING, previous=self.written
        )


class CheckedReply(Value):
    """A reply, unit by unit in the order of the request.

    `foreign_ids` were answered without being asked: ignored.
    """

    units: tuple[UnitReply, ...]
    foreign_ids: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[UnitReply, ...]:
        """The answers that can be used as they are."""
        return tuple(unit for unit in self.units if unit.fault is None)

    @property
    def rejected(self) -> tuple[UnitReply, ...]:
        """The answers that are missing or wrong, and to be asked for again."""
        return tuple(unit for unit in self.units if unit.fault is not None)


def check_reply(
    request: EngineRequest, reply: EngineReply, units: Mapping[str, Unit]
) -> CheckedReply:
    """Check a reply.

    An answer is accepted if its id was sent and came once, if it has text where the source has
    text, and if its tags are right.

    When the reply was cut off, its last unit is not trusted even if it could be read.
    """
    asked = {unit.unit_id: unit for unit in request.units}
    counts = Counter(target.unit_id for target in reply.targets)
    written = {target.unit_id: target for target in reply.targets}
    last = reply.targets[-1].unit_id if reply.targets else ""
    cut_off = last if reply.finish_reason is FinishReason.LENGTH else None
    return CheckedReply(
        units=tuple(
            _check_unit(
                unit,
                units[unit_id],
                request.target_locale,
                written.get(unit_id),
                counts[unit_id],
                is_cut_off=unit_id == cut_off,
            )
            for unit_id, unit in asked.items()
        ),
        foreign_ids=tuple(unit_id for unit_id in counts if unit_id not in asked),
    )


def _check_unit(
    asked: EngineUnit,
    unit: Unit,
    locale: Locale,
    raw: RawTarget | None,
    count: int,
    *,
    is_cut_off: bool,
) -> UnitReply:
    if raw is None:
        return UnitReply(unit_id=asked.unit_id, fault=ReplyFault.MISSING)
    if raw.is_endless:
        return UnitReply(unit_id=asked.unit_id, fault=ReplyFault.ENDLESS)
    written = raw.target
    target, _ = cleaned(parse(written, asked.source), unit.source, locale, unit.tags)
    target = settle_inside_words(unit.source, restore_margins(unit.source, target), unit.tags)
    if is_cut_off:
        return UnitReply(
            unit_id=unit.unit_id, target=target, written=written, fault=ReplyFault.TRUNCATED
        )
    if count > 1:
        return UnitReply(
            unit_id=unit.unit_id, target=target, written=written, fault=ReplyFault.DUPLICATE
        )
    checked = checked_target(unit, target, written)
    is_doubtful = raw.is_damaged and checked.fault is None
    return checked.model_copy(update={"fault": ReplyFault.DOUBTFUL}) if is_doubtful else checked


def checked_target(unit: Unit, target: Content, written: str = "") -> UnitReply:
    """A target as the answer for its unit:
    with a fault where it has no text or its tags are wrong.
    """
    fault = _fault(unit, target)
    return UnitReply(unit_id=unit.unit_id, target=target, written=written, fault=fault)


def _fault(unit: Unit, target: Content) -> ReplyFault | None:
    if plain_text(unit.source).strip() and not plain_text(target).strip():
        return ReplyFault.EMPTY
    return None if align_tags(unit.source, target, unit.tags).is_clean else ReplyFault.TAGS
