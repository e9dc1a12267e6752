"""The account of a batch: how many units and words needed no answer, and why. Pure.

"Pay now." (kept)   "Pay later."   "Pay later."     previous_version 1, translated 1, repetitions 1
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable

from dragoman_contracts.counting import count_text
from dragoman_contracts.events import Savings, UnitsAndWords
from dragoman_contracts.text import ResultSource, Unit, UnitTarget, needs_engine
from dragoman_translate.planning import same_text_key


def savings_of(
    units: Iterable[Unit], targets: Iterable[UnitTarget], on_record: Container[str]
) -> Savings:
    """The units of a batch by where their targets came from.

    `targets` are those of the units, in their order; `on_record` the ids of those whose answer was
    paid for earlier. Units without anything to translate are left out. One that got no text counts
    as asked for.
    """
    found: defaultdict[str, UnitsAndWords] = defaultdict(UnitsAndWords)
    seen: set[Hashable] = set()
    for unit, target in zip(units, targets, strict=True):
        if not needs_engine(unit):
            continue
        words = count_text(unit.source, unit.tags).words
        for name in _names(unit, target, seen, on_record):
            found[name] += UnitsAndWords(unit_count=1, word_count=words)
    return Savings(**found)


def _names(
    unit: Unit, target: UnitTarget, seen: set[Hashable], on_record: Container[str]
) -> tuple[str, ...]:
    if target.taken_from is not None:
        changed = ("context_changed",) if target.taken_from.is_context_changed else ()
        return ("previous_version", *changed)
    if target.result_source is ResultSource.MEMORY:
        return ("memory",)
    key = same_text_key(unit)
    if key in seen:
        return ("repetitions",)
    seen.add(key)
    return ("on_record",) if unit.unit_id in on_record else ("translated",)
