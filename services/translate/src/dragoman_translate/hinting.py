"""The terms and the translations from memory that are shown for each unit, and the approved ones
that need no engine. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.previous import PreviousMatch
from dragoman_contracts.resources import MatchList, Term, TermStatus, UnitMatch
from dragoman_contracts.text import Content, Unit, plain_text
from dragoman_linguistics import align_tags
from dragoman_linguistics.terms import term_hits
from dragoman_translate.ports import PromptMatch, PromptTerm, UnitHints

APPROVED = "approved"
_EXACT = 100
_LEAST_SCORE = 60
_EXAMPLES = 2  # of a unit: further ones cost tokens and say little that is new
_MOST_CHARS = 1_000


def approved_targets(matches: MatchList, units: Sequence[Unit]) -> Mapping[str, Content]:
    """The translations that a person approved for just this text, by unit id: no engine is asked
    for these units.

    One that other approved translations of the same text contradict is left out, as is one whose
    tags are not the unit's.
    """
    by_id = {unit.unit_id: unit for unit in units}
    found: dict[str, Content] = {}
    for each in matches.units:
        unit = by_id.get(each.unit_id)
        best = next((match for match in each.matches if _is_approved(match)), None)
        if unit is not None and best is not None and _fits(unit, best.target):
            found[unit.unit_id] = best.target
    return found


def _is_approved(match: UnitMatch) -> bool:
    return (
        match.score >= _EXACT
        and match.state == APPROVED
        and match.fits_tags
        and not match.is_ambiguous
    )


def _fits(unit: Unit, target: Content) -> bool:
    return bool(plain_text(target).strip()) and align_tags(unit.source, target, unit.tags).is_clean


def hints_of(
    units: Iterable[Unit],
    terms: Sequence[Term],
    matches: MatchList,
    source: Locale,
    previous: Mapping[str, PreviousMatch] | None = None,
) -> Mapping[str, UnitHints]:
    """The hints of units by id; units without any are left out. A person's translation in the
    `previous` version is the first example.
    """
    earlier = previous or {}
    near = {each.unit_id: each.matches for each in matches.units}
    found: dict[str, UnitHints] = {}
    for unit in units:
        hits = term_hits(plain_text(unit.source), terms, source) if terms else ()
        hints = UnitHints(
            terms=tuple(dict.fromkeys(_prompt_term(hit.term) for hit in hits)),
            matches=_examples(
                [*_of_version(earlier.get(unit.unit_id)), *near.get(unit.unit_id, ())]
            ),
        )
        if hints.terms or hints.matches:
            found[unit.unit_id] = hints
    return found


def _prompt_term(term: Term) -> PromptTerm:
    return PromptTerm(
        source=term.source,
        target=term.source if term.is_do_not_translate else term.target,
        note=term.note,
        is_forbidden=term.status is TermStatus.FORBIDDEN,
    )


def _of_version(match: PreviousMatch | None) -> tuple[PreviousMatch, ...]:
    return () if match is None else (match,)


def _examples(matches: Iterable[UnitMatch | PreviousMatch]) -> tuple[PromptMatch, ...]:
    examples = (
        PromptMatch(
            source=plain_text(match.source),
            target=plain_text(match.target),
            score_pct=min(match.score, _EXACT),
        )
        for match in matches
        if match.score >= _LEAST_SCORE
    )
    short = (each for each in examples if len(each.source) + len(each.target) <= _MOST_CHARS)
    return tuple(dict.fromkeys(short))[:_EXAMPLES]
