"""Targets of units that an older version read, made targets of the same units as they are read now.
Pure.

A newer version may put more tags into a unit: a field at the edge of a paragraph, for one. A job
whose text was taken out before goes on all the same. Example:

    the unit was    <1>Total</1> due         and its target    <1>Suma</1> debida
    the unit is now <1/> <2>Total</2> due    so its target is  <1/> <2>Suma</2> debida
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dragoman_contracts.errors import PermanentError
from dragoman_contracts.text import Content, Tag, TagRole, TagSide, Unit, plain_text
from dragoman_linguistics.repair import repair

_Place = tuple[int, TagSide, TagRole | None, int]


class OutdatedUnitsError(PermanentError):
    """An older version of Dragoman read the document's text in other pieces,
    which this one cannot put back.
    """

    default_code = "reassemble.outdated_units"


def adopted(
    old: Iterable[Unit], now: Iterable[Unit], targets: Mapping[str, Content]
) -> dict[str, Content]:
    """The targets for the units as they are now. A target that is its source changes nothing and is
    left out.

    Raises:
        OutdatedUnitsError: a target is of a unit whose text is not the same any more.
    """
    before, after = ({unit.unit_id: unit for unit in units} for units in (old, now))
    made: dict[str, Content] = {}
    for unit_id, target in targets.items():
        was, unit = before.get(unit_id), after.get(unit_id)
        if was is not None and tuple(target) == was.source:
            continue
        if (
            was is None
            or unit is None
            or plain_text(was.source).strip() != plain_text(unit.source).strip()
        ):
            raise OutdatedUnitsError(
                "An older version took the text out in other pieces than this one puts back. "
                "Run the job again: what did not change is not paid again."
            )
        made[unit_id] = (
            target
            if (was.source, was.tags) == (unit.source, unit.tags)
            else _renumbered(was, unit, target)
        )
    return made


def _renumbered(was: Unit, unit: Unit, target: Content) -> Content:
    """The target with the tags' present ids,
    and with the tags that the unit has besides where its words say.
    """
    ids = {place: tag.id for tag, place in _places(unit)}
    known = {tag.id: ids[place] for tag, place in _places(was) if place in ids}
    moved = tuple(
        Tag(id=known[part.id], side=part.side) if isinstance(part, Tag) else part
        for part in target
        if isinstance(part, str) or part.id in known
    )
    return repair(unit.source, moved, unit.tags)[0]


def _places(unit: Unit) -> Iterable[tuple[Tag, _Place]]:
    """Each tag of the source with where it stands: after how many characters, as what,
    and the how many-th of these.
    """
    roles = {spec.id: spec.role for spec in unit.tags}
    text = plain_text(unit.source)
    offset, skipped = 0, len(text) - len(text.lstrip())
    seen: Counter[tuple[int, TagSide, TagRole | None]] = Counter()
    for part in unit.source:
        if isinstance(part, str):
            offset += len(part)
            continue
        key = (max(offset - skipped, 0), part.side, roles.get(part.id))
        yield part, (*key, seen[key])
        seen[key] += 1
