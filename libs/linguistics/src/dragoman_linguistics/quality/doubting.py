"""Which answers of an engine are worth asking for again, and the words to ask with."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, Severity
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_linguistics.checks import DEFAULT_PROFILE, QaProfile

_REFUSAL = re.compile(r"\bI(?:'|’)?m sorry\b|\bI (?:cannot|can(?:'|’)t) (?:assist|help|translate)", re.IGNORECASE)


def doubts(
    pairs: Sequence[tuple[Unit, Content]],
    source_locale: Locale,
    target_locale: Locale,
    *,
    profile: QaProfile = DEFAULT_PROFILE,
    not_applicable: Collection[str] = (),
) -> dict[str, tuple[QaFinding, ...]]:
    """The findings worth asking the engine again for, by unit id; units without any are left out.

    `pairs` are units and the contents an engine gave for them, in document order: a batch, or a part of a document. A
    finding's message is a short imperative for the engine and holds no text of the document.
    """
    found: dict[str, tuple[QaFinding, ...]] = {}
    for unit, target in pairs:
        if _REFUSAL.search(plain_text(target)) and not _REFUSAL.search(plain_text(unit.source)):
            message = "Translate the text; do not comment on it and do not refuse."
            found[unit.unit_id] = (QaFinding(code="chat.refusal", severity=Severity.BLOCKER, message=message),)
    return found
