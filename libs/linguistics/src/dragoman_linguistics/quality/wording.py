"""Words that a translation must have or must not have: required terms, and forbidden words.

required   ("invoice", "Rechnung")   "the invoice"   "die Faktura"     terms.missing
forbidden  "Mehrwertsteuer"                          "Mehrwertsteuer"  terms.forbidden
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dragoman_contracts.model import Value
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair

_STEM_SHARE = 0.75
_LONG_CHARS = 5
# Scripts that write no spaces between words: there a term has no bounds.
_UNBOUND = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


class RequiredTerm(Value):
    """A term of the source and how it must be translated."""

    source: str
    target: str


class Wording:
    """The required terms and the forbidden words of a job."""

    def __init__(self, terms: Sequence[RequiredTerm] = (), forbidden: Sequence[str] = ()) -> None:
        self._terms = [
            (term, _bound(term.source), _inflected(term.target))
            for term in terms
            if term.source.strip() and term.target.strip()
        ]
        self._forbidden = [_bound(word) for word in forbidden if word.strip()]

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """Findings where a required term is missing, or a forbidden word is there."""
        for term, wanted, given in self._terms:
            if wanted.search(pair.source) and not given.search(pair.target):
                yield finding(
                    "terms.missing", f"Lacks the term that is required: {term.target}; use it."
                )
        for word in self._forbidden:
            for match in word.finditer(pair.target):
                yield at(
                    pair,
                    "terms.forbidden",
                    "A word that is forbidden; write another.",
                    match.start(),
                    match.end(),
                )


@lru_cache(maxsize=4096)
def _bound(word: str) -> re.Pattern[str]:
    """The word as such, in any case, with any white space between its parts."""
    text = r"\s+".join(re.escape(part) for part in word.split())
    if _UNBOUND.search(word):
        return re.compile(text, re.IGNORECASE)
    return re.compile(rf"(?<!\w){text}(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _inflected(term: str) -> re.Pattern[str]:
    """The term with any endings: the first three quarters of each long word."""
    if _UNBOUND.search(term):
        return _bound(term)
    parts = [_stem(part) for part in term.split()]
    text = r"\s+".join(parts)
    return re.compile(rf"(?<!\w){text}", re.IGNORECASE)


def _stem(word: str) -> str:
    if len(word) < _LONG_CHARS:
        return rf"{re.escape(word)}\w*"
    return rf"{re.escape(word[: max(_LONG_CHARS - 1, int(len(word) * _STEM_SHARE))])}\w*"
