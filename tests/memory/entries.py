"""Memory units and queries in one line each; tags as in protocol text."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from documents.examples import content_of
from dragoman_contracts.locale import Locale
from dragoman_memory import MemoryQuery, MemoryUnit, context_digest

EN, DE = Locale("en"), Locale("de")


def id_of(*names: object) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join(map(str, names)))


def neighbour(text: str) -> int:
    return context_digest(content_of(text)) if text else 0


def entry(
    source: str, target: str = "Ziel.", *, before: str = "", after: str = "", **rest: Any
) -> MemoryUnit:
    values: dict[str, Any] = {"source_locale": EN, "target_locale": DE, **rest}
    return MemoryUnit(
        unit_id=values.pop("unit_id", id_of(source, target, before, after, sorted(rest))),
        source=content_of(source),
        target=content_of(target),
        before=neighbour(before),
        after=neighbour(after),
        **values,
    )


def asked(text: str, *, before: str = "", after: str = "", **rest: Any) -> MemoryQuery:
    values: dict[str, Any] = {"source_locale": EN, "target_locale": DE, **rest}
    return MemoryQuery(content_of(text), before=neighbour(before), after=neighbour(after), **values)
