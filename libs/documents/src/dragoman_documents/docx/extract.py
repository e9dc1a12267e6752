"""Extraction: a document's text as units, and what was noticed on the way."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from dragoman_contracts.model import Value
from dragoman_contracts.text import Anchor, Segment, Tag, Unit, plain_text
from dragoman_documents.budget import Budget
from dragoman_documents.docx.collection import paused_collection
from dragoman_documents.docx.findings import Finding
from dragoman_documents.docx.options import ExtractOptions
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.plan import Plan
from dragoman_documents.docx.preflight import unreadable_parts
from dragoman_documents.docx.stories import plan_units

_Value = TypeVar("_Value", bound=Value)
_GIVEN: dict[type[Value], set[str]] = {}


class Extraction(Value):
    """The units of one document version in document order; how many each story has; what could not be reached."""

    units: tuple[Unit, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...] = ()


def extract(data: bytes, options: ExtractOptions | None = None, budget: Budget | None = None) -> Extraction:
    """The text of a DOCX file as units, one per paragraph, each with exactly one segment.

    Raises:
        DocumentError: the file is no readable Word document or passes the budget; the message names the cure.
    """
    with paused_collection():
        package = Package(data, budget or Budget(), folding=True)
        plans = plan_units(package, options or ExtractOptions())
        units = tuple(_units(plans))
    counts = Counter(str(unit.story) for unit in units)
    return Extraction(units=units, counts=dict(counts), findings=unreadable_parts(package))


def _units(plans: list[Plan]) -> list[Unit]:
    """The units of the plans, which are used up: a long document does not have room for both."""
    texts = [(plan.part, plain_text(plan.holder.content)) for plan in plans]
    units: list[Unit] = []
    plans.reverse()
    for index, (part, text) in enumerate(texts):
        before = texts[index - 1][1] if index and texts[index - 1][0] == part else ""
        after = texts[index + 1][1] if index + 1 < len(texts) and texts[index + 1][0] == part else ""
        units.append(_unit(plans.pop(), text, _digest(before, after)))
    return units


def _unit(plan: Plan, text: str, context_key: str) -> Unit:
    content = plan.holder.content
    unit_id = plan.unit_id
    unit = Unit(
        unit_id=unit_id,
        anchor=_lean(Anchor(part=plan.part, path=plan.path)),
        story=plan.story,
        content_key=_digest(*map(_stored, content)),
        context_key=context_key,
        segments=(_lean(Segment(segment_id=f"{unit_id}/0", source=content)),),
        tags=tuple(plan.holder.specs),
        style=plan.style,
        is_translatable=plan.is_translatable and any(char.isalpha() for char in text),
    )
    return _lean(unit)


def _lean(value: _Value) -> _Value:
    """The value, with the set that names its given fields shared by all of its type: it is larger than the fields."""
    object.__setattr__(value, "__pydantic_fields_set__", _GIVEN.setdefault(type(value), value.model_fields_set))
    return value


def _stored(part: str | Tag) -> str:
    return part if isinstance(part, str) else f"\x1e{part.side}{part.id}"


def _digest(*parts: str) -> str:
    """A short stable hash; 128 bits put collisions out of reach. XML text holds no such separators."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
