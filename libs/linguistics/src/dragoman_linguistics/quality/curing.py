"""The cure of each finding: a certain change, another translation, or a person.

A change is certain only if it takes the finding away, makes no other, and leaves the tags:

    words.doubled    "the the pump"     autofix: "the pump"
    length.short     "Der Lieferant."   retranslate
    case.start       "iPhone"           person
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import Cure, QaFinding
from dragoman_contracts.text import Anchor, Content, Segment, StoryKind, Unit
from dragoman_linguistics.quality.fixes import FIXABLE, fixed
from dragoman_linguistics.quality.pairs import Pair

_RETRANSLATED = (
    "text.empty text.untranslated text.too_long text.markdown text.entities text.html text.repeated"
    " text.shifted text.merged chat.refusal chat.label chat.talk chat.note chat.mark chat.json"
    " placeholders.missing placeholders.added placeholders.tags placeholders.order"
    " placeholders.entities addresses.missing codes.missing amounts.currency amounts.percent"
    " numbers.missing numbers.added characters.invalid characters.encoding language.script"
    " language.wrong length.short length.long space.missing tags.missing tags.crossed tags.added"
    " tags.emptied icu.syntax icu.selectors icu.categories terms.missing terms.forbidden"
    " terms.translated"
    " symbols.missing dates.format amounts.unit"
)
RETRANSLATED = frozenset(_RETRANSLATED.split())
"""Findings that another answer of an engine may be without."""

FindingsOf = Callable[[Pair], Iterable[QaFinding]]
"""The findings of a pair, without a document around it."""


def with_cure(found: QaFinding, pair: Pair, locale: Locale, findings_of: FindingsOf) -> QaFinding:
    """The finding with its cure."""
    return found.model_copy(update={"cure": _cure(found, pair, locale, findings_of)})


def _cure(found: QaFinding, pair: Pair, locale: Locale, findings_of: FindingsOf) -> Cure:
    if found.code in FIXABLE and certain_change(found, pair, locale, findings_of) is not None:
        return Cure.AUTOFIX
    return Cure.RETRANSLATE if found.code in RETRANSLATED else Cure.PERSON


def certain_change(
    found: QaFinding, pair: Pair, locale: Locale, findings_of: FindingsOf
) -> Content | None:
    """The pair's target with the one change that takes the finding away and makes no other."""
    made = fixed(pair.source_content, pair.content, found, locale)
    if made is None:
        return None
    answer = pair.answer.model_copy(update={"target": made})
    before = _codes(findings_of(Pair(pair.unit, pair.answer)))
    after = _codes(findings_of(Pair(pair.unit, answer)))
    is_gone = after[found.code] < before[found.code]
    return made if is_gone and after <= before else None


def _codes(found: Iterable[QaFinding]) -> Counter[str]:
    return Counter(each.code for each in found)


def pair_of(source: Content, target: Content) -> Pair:
    """A pair of contents without a document around them."""
    segment = Segment(segment_id="1", source=source)
    unit = Unit(
        unit_id="1",
        anchor=Anchor(part="", path=""),
        story=StoryKind.BODY,
        content_key="",
        context_key="",
        segments=(segment,),
    )
    return Pair.answered(unit, target)
