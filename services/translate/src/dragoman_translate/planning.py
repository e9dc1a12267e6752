"""Cuts a document's units into batches, one model request each.

Pure and deterministic: a replay compares plans.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field

from dragoman_contracts.reports import TranslationPlan
from dragoman_contracts.sampling import UnitSample
from dragoman_contracts.text import Unit, needs_engine
from dragoman_linguistics import render
from dragoman_translate.ports import EngineCapabilities

DEFAULT_MAX_UNITS = 25
_MOST_KEPT = 1_000  # in a batch, besides those that are asked for
OUTPUT_SHARE = 0.8  # of the engine's limit: a plan must leave room for a wordy target language
_TOKENS_PER_UNIT = 24  # id, quotes and braces of the reply


@dataclass
class _Draft:
    unit_ids: list[str] = field(default_factory=list[str])
    asked: int = 0
    kept: int = 0
    chars: int = 0
    tokens: int = 0


def plan_batches(
    units: Sequence[Unit],
    capabilities: EngineCapabilities,
    max_units: int = DEFAULT_MAX_UNITS,
    *,
    kept: Collection[str] = (),
) -> TranslationPlan:
    """Cut a document's units into batches the engine can answer in one reply.

    A batch ends before the unit that would exceed the number of units or the engine's limits; a
    unit too long for any batch has a batch of its own. A unit that repeats an earlier unit
    (`same_text_key`) joins that unit's batch without counting, since it is not asked for again. So
    do units that are `kept` from the previous version, by id: the few that changed share a request.
    Units that need no engine are in `copied`. No units give no batches.
    """
    limit = max(1, min(max_units, capabilities.max_units_per_batch))
    drafts: list[_Draft] = []
    batch_of: dict[Hashable, _Draft] = {}
    for unit in units:
        if not needs_engine(unit):
            continue
        if unit.unit_id in kept:
            if not drafts or drafts[-1].kept >= _MOST_KEPT:
                drafts.append(_Draft())
            drafts[-1].unit_ids.append(unit.unit_id)
            drafts[-1].kept += 1
            continue
        draft = batch_of.get(same_text_key(unit))
        if draft is None:
            text = render(unit.source).text
            if not drafts or not _fits(drafts[-1], text, limit, capabilities):
                drafts.append(_Draft())
            draft = batch_of[same_text_key(unit)] = drafts[-1]
            draft.asked += 1
            draft.chars += len(text)
            draft.tokens += expected_output_tokens(text)
        draft.unit_ids.append(unit.unit_id)
    return TranslationPlan(
        batches=tuple(tuple(draft.unit_ids) for draft in drafts),
        copied=tuple(unit.unit_id for unit in units if not needs_engine(unit)),
    )


def in_sample(units: Sequence[Unit], sample: UnitSample | None) -> Sequence[Unit]:
    """The units, of which those outside of the sample are left as they are; all without one."""
    if sample is None:
        return units
    chosen = sample.of(unit.unit_id for unit in units if needs_engine(unit))
    return [
        unit
        if unit.unit_id in chosen or not unit.is_translatable
        else unit.model_copy(update={"is_translatable": False})
        for unit in units
    ]


def same_text_key(unit: Unit) -> Hashable:
    """A key that is equal for units whose target can be the same content: the same text, tags and
    specs of tags.
    """
    return (unit.source, unit.tags, unit.max_length_chars)


def expected_output_tokens(text: str) -> int:
    """An estimate of the tokens that the target of a text will take;
    rather too high than too low.
    """
    # CJK and beyond: a token or more each.
    dense = sum(ord(character) > 0x2E7F for character in text)
    middling = sum(0x24F < ord(character) <= 0x2E7F for character in text)
    plain = len(text) - dense - middling
    return int((plain / 3 + middling / 1.5 + dense * 1.3) * 1.4) + _TOKENS_PER_UNIT


def _fits(draft: _Draft, text: str, limit: int, capabilities: EngineCapabilities) -> bool:
    tokens, chars = capabilities.max_output_tokens, capabilities.max_batch_chars
    return (
        draft.asked < limit
        and (tokens is None or draft.tokens + expected_output_tokens(text) <= tokens * OUTPUT_SHARE)
        and (chars is None or draft.chars + len(text) <= chars)
    )
