"""Every check on every unit of a document, and the verdicts that follow from their findings.

The source, its target, and the finding:

    "Pay € 5."   "Zahlen Sie 5 $."   amounts.currency (warning), so needs_review
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, UnitVerification
from dragoman_contracts.resources import Term
from dragoman_contracts.text import Content, TagRepair, Unit, UnitTarget
from dragoman_linguistics import checks
from dragoman_linguistics.quality.addresses import check_addresses
from dragoman_linguistics.quality.alignment import Alignment
from dragoman_linguistics.quality.amounts import check_amounts
from dragoman_linguistics.quality.capitals import check_address_letters, check_capitals
from dragoman_linguistics.quality.chat import check_chat, check_markup, check_refusal
from dragoman_linguistics.quality.consistency import Consistency
from dragoman_linguistics.quality.copies import Copies, check_copies
from dragoman_linguistics.quality.curing import certain_change, pair_of, with_cure
from dragoman_linguistics.quality.enclosures import check_brackets, check_quotes
from dragoman_linguistics.quality.endings import (
    check_doubled_marks,
    check_ellipsis,
    check_ending,
    check_lines,
    check_start,
)
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.icu import check_icu
from dragoman_linguistics.quality.languages import Languages
from dragoman_linguistics.quality.layout import check_blanks, check_inside_words
from dragoman_linguistics.quality.lengths import Lengths
from dragoman_linguistics.quality.marks import (
    check_characters,
    check_margins,
    check_private,
    check_punctuation,
    check_repeated_across_tags,
)
from dragoman_linguistics.quality.measures import check_measures
from dragoman_linguistics.quality.numerals import unmatched_by_meaning
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.placeholders import (
    check_codes,
    check_placeholders,
)
from dragoman_linguistics.quality.profiles import DEFAULT_PROFILE, QaProfile
from dragoman_linguistics.quality.repeats import Repeats
from dragoman_linguistics.quality.signs import check_symbols
from dragoman_linguistics.quality.software import (
    check_accelerators,
    check_dates,
    check_entities,
    check_placeholder_order,
)
from dragoman_linguistics.quality.surroundings import check_surroundings
from dragoman_linguistics.quality.wording import Wording
from dragoman_linguistics.verdicts import unit_verdict

QA_RULES = 5
"""The number of the rules of new jobs.

The plan of a job names its rules, so that making the job again gives the same verdicts. Rules 3
have the checks of offices and of programs (`signs` to `software`), and say a finding's cure;
rules 4 have those of `capitals`, rules 5 those of `measures`.
"""

_FIRST_RULES = 1
_CURED_RULES = 3
_CAPITALS_RULES = 4
_MEASURES_RULES = 5
_LANGUAGE = frozenset({"language.script", "language.wrong"})


class DocumentCheck(Protocol):
    """A check that may know the whole document."""

    def __call__(self, pair: Pair) -> Iterable[QaFinding]:
        """The findings of one pair."""
        ...


def verify_units(
    pairs: Sequence[tuple[Unit, UnitTarget]],
    source_locale: Locale,
    target_locale: Locale,
    *,
    profile: QaProfile = DEFAULT_PROFILE,
    not_applicable: Collection[str] = (),
    rules: int = QA_RULES,
    terms: Sequence[Term] = (),
) -> tuple[UnitVerification, ...]:
    """The verdict of each unit of a document, in document order.

    A unit is compared with its neighbours and with the whole document. `not_applicable` are codes
    of checks that do not apply to the engine that was used. `rules` is the number of the rules in
    the job's plan; rules 1 know one profile, and rules before 3 neither `terms` nor cures.
    """
    # A job keeps the rules it was planned with, however many there are by now.
    if rules <= _FIRST_RULES:
        return tuple(_by_first_rules(unit, target, not_applicable) for unit, target in pairs)
    made = [Pair(unit, target) for unit, target in pairs]
    every = document_checks(made, source_locale, target_locale, profile, not_applicable)
    if rules < _CURED_RULES:
        return tuple(_verified(pair, every, profile, not_applicable) for pair in made)
    wording = Wording(source_locale, target_locale, terms, profile.forbidden_words)
    every = [*every, *later_checks(made, source_locale, target_locale, wording)]
    if rules >= _CAPITALS_RULES:
        every.append(_unit_check(CAPITALS_CHECKS))
    if rules >= _MEASURES_RULES:
        every.append(check_measures)
    cure = partial(with_cure, locale=target_locale, findings_of=_findings_alone(target_locale))
    verified = tuple(_verified(pair, every, profile, not_applicable, cure) for pair in made)
    if not terms:
        return verified
    return tuple(
        each.model_copy(update={"terms": wording.term_ids(pair)})
        for each, pair in zip(verified, made, strict=True)
    )


def verify_unit(
    unit: Unit,
    target: UnitTarget,
    profile: QaProfile = DEFAULT_PROFILE,
    not_applicable: Collection[str] = (),
) -> UnitVerification:
    """The verdict of one unit by its own texts: its locales and its neighbours are not known."""
    every = [_unit_check(UNIT_CHECKS), _numbers("", ""), _unit_check(LAYOUT_CHECKS)]
    return _verified(Pair(unit, target), every, profile, not_applicable)


def autofix(source: Content, target: Content, found: QaFinding, locale: Locale) -> Content | None:
    """The target without a finding, where there is one certain change; None where there is none.

    The change leaves the tags, takes the finding away, and makes no finding that a unit shows by
    itself. `locale` is the target's.
    """
    return certain_change(found, pair_of(source, target), locale, _findings_alone(locale))


def _by_first_rules(
    unit: Unit,
    target: UnitTarget,
    not_applicable: Collection[str],
) -> UnitVerification:
    found = (each for check in checks.CHECKS for each in check(unit, target))
    findings = tuple(_levelled(found, DEFAULT_PROFILE, not_applicable))
    return UnitVerification(unit_id=unit.unit_id, verdict=unit_verdict(findings), findings=findings)


def _verified(
    pair: Pair,
    every: Iterable[DocumentCheck],
    profile: QaProfile,
    not_applicable: Collection[str],
    cure: Callable[[QaFinding, Pair], QaFinding] | None = None,
) -> UnitVerification:
    found = (each for check in every for each in check(pair))
    findings = tuple(_levelled(found, profile, not_applicable))
    if cure is not None:
        findings = tuple(cure(each, pair) for each in findings)
    return UnitVerification(
        unit_id=pair.unit.unit_id, verdict=unit_verdict(findings), findings=findings
    )


def _levelled(
    found: Iterable[QaFinding],
    profile: QaProfile,
    not_applicable: Collection[str],
) -> Iterator[QaFinding]:
    for each in found:
        if each.code in profile.severities and each.code not in not_applicable:
            yield each.model_copy(update={"severity": profile.severities[each.code]})


def document_checks(
    pairs: Sequence[Pair],
    source_locale: Locale,
    target_locale: Locale,
    profile: QaProfile,
    not_applicable: Collection[str],
) -> list[DocumentCheck]:
    """Every check of rules 2, in the order in which findings are shown.

    Checks that compare the units of a document have read all the pairs.
    """
    lengths = Lengths(pairs, source_locale, target_locale)
    every: list[DocumentCheck] = [
        _unit_check(UNIT_CHECKS),
        _numbers(source_locale.language, target_locale.language),
        _unit_check(LAYOUT_CHECKS),
        lambda pair: check_punctuation(pair, target_locale),
        lengths.check,
        Copies(pairs).check,
        Repeats(pairs).check,
        Alignment(pairs, lengths).check,
    ]
    if not all(code in not_applicable or code not in profile.severities for code in _LANGUAGE):
        languages = Languages(pairs, source_locale, target_locale)
        every += [languages.check_script, languages.check, languages.check_copies]
    return every


def later_checks(
    pairs: Sequence[Pair], source_locale: Locale, target_locale: Locale, wording: Wording
) -> list[DocumentCheck]:
    """The checks that came with rules 3. They have read all the pairs."""
    return [
        *_later_alone(target_locale),
        lambda pair: check_dates(pair, source_locale, target_locale),
        wording.check,
        Consistency(pairs).check,
        check_surroundings,
    ]


def _later_alone(target_locale: Locale) -> list[DocumentCheck]:
    return [
        _unit_check(LATER_CHECKS),
        lambda pair: check_icu(pair, target_locale),
        lambda pair: check_ending(pair, target_locale),
        lambda pair: check_start(pair, target_locale),
    ]


def _findings_alone(target_locale: Locale) -> Callable[[Pair], Iterator[QaFinding]]:
    """The findings of a pair by its own texts, whatever its source's locale."""
    every: list[DocumentCheck] = [
        _unit_check(UNIT_CHECKS),
        _numbers("", target_locale.language),
        _unit_check(LAYOUT_CHECKS),
        lambda pair: check_punctuation(pair, target_locale),
        *_later_alone(target_locale),
    ]

    def findings(pair: Pair) -> Iterator[QaFinding]:
        for check in every:
            yield from check(pair)

    return findings


def _unit_check(every: Iterable[Callable[[Pair], Iterator[QaFinding]]]) -> DocumentCheck:
    every = tuple(every)

    def check(pair: Pair) -> Iterator[QaFinding]:
        for each in every:
            yield from each(pair)

    return check


def _numbers(source_language: str, target_language: str) -> DocumentCheck:
    def check(pair: Pair) -> Iterator[QaFinding]:
        """Findings about numbers that the other side lacks in any words, calendar or clock."""
        if not pair.has_digits or not pair.has_both:
            return
        missing, added = unmatched_by_meaning(
            pair.source, pair.target, source_language, target_language
        )
        if missing:
            yield finding("numbers.missing", f"Lacks {len(missing)} number(s) of the source.")
        for number in added:
            start, end = (
                pair.place_in_plain_text(number.start),
                pair.place_in_plain_text(number.end),
            )
            yield finding("numbers.added", "A number that is not in the source.", start, end)

    return check


def _check_tags(pair: Pair) -> Iterator[QaFinding]:
    """The findings of `check_tags`, for units with tags."""
    has_none = not pair.unit.tags and pair.answer.tag_repair is TagRepair.EXACT
    if has_none and all(isinstance(part, str) for part in (*pair.source_content, *pair.content)):
        return
    yield from checks.check_tags(pair.unit, pair.answer)


def _check_empty(pair: Pair) -> Iterator[QaFinding]:
    """The findings of `check_empty`, where a side is empty."""
    if not pair.has_both:
        yield from checks.check_empty(pair.unit, pair.answer)


def _check_length(pair: Pair) -> Iterator[QaFinding]:
    """The findings of `check_length`, for units with a limit."""
    if pair.unit.max_length_chars is not None:
        yield from checks.check_length(pair.unit, pair.answer)


UNIT_CHECKS: tuple[Callable[[Pair], Iterator[QaFinding]], ...] = (
    _check_tags,
    _check_empty,
    check_copies,
    check_refusal,
    check_chat,
    check_markup,
    check_placeholders,
    check_addresses,
    check_codes,
    check_amounts,
    check_characters,
)
"""The checks of one unit's text, whatever its language."""

LAYOUT_CHECKS: tuple[Callable[[Pair], Iterator[QaFinding]], ...] = (
    check_margins,
    _check_length,
    check_inside_words,
    check_blanks,
)
"""The checks of one unit's layout."""

LATER_CHECKS: tuple[Callable[[Pair], Iterator[QaFinding]], ...] = (
    check_private,
    check_repeated_across_tags,
    check_symbols,
    check_brackets,
    check_quotes,
    check_doubled_marks,
    check_ellipsis,
    check_lines,
    check_placeholder_order,
    check_entities,
    check_accelerators,
)
"""The checks of one unit's text that came with rules 3."""

CAPITALS_CHECKS: tuple[Callable[[Pair], Iterator[QaFinding]], ...] = (
    check_address_letters,
    check_capitals,
)
"""The checks of one unit's text that came with rules 4."""
