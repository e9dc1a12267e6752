"""Words that a translation must have or must not have: the terms of a job, and forbidden words.

required          ("invoice", "Rechnung")   "two invoices"   "zwei Fakturen"   terms.missing
forbidden         ("invoice", "Faktura")    "two invoices"   "zwei Fakturen"   terms.forbidden
not translated    ("Word", "Word")          "open Word"      "Wort öffnen"     terms.translated
forbidden word    "Mehrwertsteuer"                           "Mehrwertsteuer"  terms.forbidden

A target term counts in any inflected form and order of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from uuid import UUID

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.resources import Term, TermStatus
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.terms import TermHit, TermIndex, index_of

_STEM_SHARE = 0.75
_LONG_CHARS = 5
_MEANING_CHARS = 4
# Scripts that write no spaces between words: there a term has no bounds.
_UNBOUND = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_NO_TERM = UUID(int=0)


class Wording:
    """The terms and the forbidden words of a job."""

    def __init__(
        self, source: Locale, target: Locale, terms: Sequence[Term] = (), words: Sequence[str] = ()
    ) -> None:
        self._target = target
        self._terms = index_of(tuple(terms), source) if terms else None
        self._forbidden = [_bound(word) for word in words if word.strip()]

    def term_ids(self, pair: Pair) -> tuple[UUID, ...]:
        """The terms whose source stands in the unit, in reading order, each once."""
        return tuple(dict.fromkeys(hit.term.term_id for hit in self._hits(pair)))

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """Findings where a term is missing or was translated, or a forbidden word is there."""
        if pair.has_both:
            yield from self._check_terms(pair)
        for word in self._forbidden:
            for match in word.finditer(pair.target):
                yield _forbidden_at(pair, *match.span())

    def _hits(self, pair: Pair) -> tuple[TermHit, ...]:
        return () if self._terms is None else self._terms.hits(pair.source)

    def _check_terms(self, pair: Pair) -> Iterator[QaFinding]:
        hits = self._hits(pair)
        allowed = [hit.term for hit in hits if hit.term.status is not TermStatus.FORBIDDEN]
        # A forbidden word may be a part of a right one, as `Faktura` of `Proforma-Faktura`.
        right = [
            place
            for term in _once(allowed)
            for place in places(term.target, pair.target, self._target)
        ]
        reported: set[str] = set()
        for _, group in groupby(hits, key=lambda hit: (hit.start, hit.end)):
            terms = [hit.term for hit in group]
            if terms[0].source.casefold() not in reported:
                reported.add(terms[0].source.casefold())
                yield from self._check_place(pair, terms, right)

    def _check_place(
        self, pair: Pair, terms: Sequence[Term], right: Sequence[tuple[int, int]]
    ) -> Iterator[QaFinding]:
        kept = [term for term in terms if term.is_do_not_translate]
        allowed = [term for term in terms if term.status is not TermStatus.FORBIDDEN]
        if kept and not any(term.target in pair.target for term in kept):
            yield finding(
                "terms.translated", f"Must stay as it is: {kept[0].target}; do not translate it."
            )
        elif (
            not kept
            and allowed
            and not any(stands_in(term.target, pair.target, self._target) for term in allowed)
        ):
            yield finding(
                "terms.missing", f"Lacks the term that is required: {allowed[0].target}; use it."
            )
        for term in terms:
            if term.status is TermStatus.FORBIDDEN:
                for start, end in places(term.target, pair.target, self._target):
                    if not any(low <= start and end <= high for low, high in right):
                        yield _forbidden_at(pair, start, end)


def stands_in(term: str, text: str, locale: Locale) -> bool:
    """Whether a target has a term: as it is, inflected, in a compound, or its words in another
    order.
    """
    if places(term, text, locale):
        return True
    if _UNBOUND.search(term):
        return "".join(term.split()).casefold() in "".join(text.split()).casefold()
    words = [word for word in re.findall(r"\w+", term) if len(word) >= _MEANING_CHARS]
    return bool(words) and all(
        places(word, text, locale) or _inflected(word).search(text) for word in words
    )


def places(term: str, text: str, locale: Locale) -> list[tuple[int, int]]:
    """The places of a target term in a text, in any of its forms that a stemmer knows."""
    return [(hit.start, hit.end) for hit in _index(term, locale).hits(text)]


@lru_cache(maxsize=8192)
def _index(term: str, locale: Locale) -> TermIndex:
    # One word in capitals is an abbreviation, or the first of a heading: its case is no matter.
    return TermIndex((Term(term_id=_NO_TERM, source=term, target=term),), locale)


def _once(terms: Sequence[Term]) -> Iterator[Term]:
    yield from {term.target: term for term in terms}.values()


def _forbidden_at(pair: Pair, start: int, end: int) -> QaFinding:
    return at(pair, "terms.forbidden", "A word that is forbidden; write another.", start, end)


@lru_cache(maxsize=4096)
def _bound(word: str) -> re.Pattern[str]:
    """The word as such, in any case, with any white space between its parts."""
    text = r"\s+".join(re.escape(part) for part in word.split())
    if _UNBOUND.search(word):
        return re.compile(text, re.IGNORECASE)
    return re.compile(rf"(?<!\w){text}(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=8192)
def _inflected(word: str) -> re.Pattern[str]:
    """The first three quarters of a word, also inside another: `gehäuse` in `Pumpengehäuses`."""
    shown = word[: max(_LONG_CHARS - 1, int(len(word) * _STEM_SHARE))]
    return re.compile(re.escape(shown), re.IGNORECASE)
