"""Terms of a glossary found in a text: longest first, none inside another, in inflected forms.

The terms "contract" and "contract of sale", and the text, with its hits:

    Two contracts of sale and one contract.
        ^^^^^^^^^^^^^^^^^         ^^^^^^^^
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

from dragoman_contracts.locale import Locale
from dragoman_contracts.resources import Term
from dragoman_linguistics.stems import are_forms, has_stems, stem

# Scripts without spaces between words: a term there has no bounds, and is found by its characters.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_WORD = regex.compile(rf"(?:(?![{UNSPACED}])[\w\u00ad])+")
_IS_UNSPACED = regex.compile(rf"[{UNSPACED}]")
# White space, hyphens and apostrophes may differ between the words of a term; other marks may not.
_LOOSE_GAP = regex.compile(r"[\s\u00ad\-\u2010\u2011'\u2019]{1,3}")
_STEMMED_CHARS = 3
_KEPT_INDEXES = 8


class TermHit(NamedTuple):
    """A term in a text, with the offsets of the place."""

    term: Term
    start: int
    end: int


class _Token(NamedTuple):
    text: str
    folded: str
    start: int
    end: int


@dataclass(frozen=True)
class _Entry:
    """The terms with one source; they differ in their targets."""

    terms: tuple[Term, ...]
    source: str
    tokens: tuple[_Token, ...]

    @property
    def first(self) -> Term:
        return self.terms[0]


@dataclass
class TermIndex:
    """Terms, ready to be looked for in many texts of one locale.

    Terms with the same source and the same rules of spelling are found at the same place, in the
    order given.
    """

    terms: Sequence[Term]
    locale: Locale
    _words: dict[str, list[_Entry]] = field(default_factory=dict, init=False)
    _literals: dict[str, dict[int, dict[str, list[_Entry]]]] = field(
        default_factory=dict, init=False
    )

    def __post_init__(self) -> None:
        """Read the terms."""
        for entry in _entries(self.terms):
            if _is_literal(entry.source):
                self._add_literal(entry)
            else:
                self._words.setdefault(self._key(entry.tokens[0], entry.first), []).append(entry)

    def hits(self, text: str) -> tuple[TermHit, ...]:
        """The places of terms in the text, in reading order."""
        plain, place = _normalised(text)
        found = [*self._by_words(plain), *self._by_characters(plain)]
        if not found:
            return ()
        # Among hits of one length, the first in the text stands; of one place, the stricter term.
        found.sort(key=lambda hit: (hit[1] - hit[2], hit[1], not hit[0].first.is_case_sensitive))
        taken: list[tuple[_Entry, int, int]] = []
        for entry, start, end in found:
            if all(end <= other[1] or other[2] <= start for other in taken):
                taken.append((entry, start, end))
        taken.sort(key=lambda hit: hit[1])
        return tuple(
            TermHit(term, place(start), place(end))
            for entry, start, end in taken
            for term in entry.terms
        )

    def _add_literal(self, entry: _Entry) -> None:
        folded = entry.source.lower()
        sizes = self._literals.setdefault(folded[0], {})
        sizes.setdefault(len(folded), {}).setdefault(folded, []).append(entry)

    def _key(self, token: _Token, term: Term) -> str:
        """A word's stem where the term is inflected; a word as such has a mark before it."""
        is_stemmed = term.is_inflected and len(token.folded) >= _STEMMED_CHARS
        if is_stemmed and has_stems(self.locale.language):
            return stem(token.folded, self.locale.language)
        return f"={token.folded}"

    def _by_words(self, text: str) -> Iterator[tuple[_Entry, int, int]]:
        if not self._words:
            return
        places = [match.span() for match in _WORD.finditer(text)]
        for number, (start, end) in enumerate(places):
            for key in _keys(text[start:end], self.locale.language):
                for entry in self._words.get(key, ()):
                    size = len(entry.tokens)
                    tokens = _tokens_at(text, places[number : number + size])
                    if len(tokens) == size and self._are_forms(entry, tokens, text):
                        yield entry, start, tokens[-1].end

    def _are_forms(self, entry: _Entry, tokens: Sequence[_Token], text: str) -> bool:
        pairs = list(zip(entry.tokens, tokens, strict=True))
        return all(self._is_form(*pair, entry.first) for pair in pairs) and all(
            _is_gap(entry.source, text, before, after) for before, after in pairwise(pairs)
        )

    def _is_form(self, wanted: _Token, found: _Token, term: Term) -> bool:
        if term.is_case_sensitive and not _has_case_of(wanted.text, found.text):
            return False
        if wanted.folded == found.folded:
            return True
        if not term.is_inflected or len(wanted.folded) < _STEMMED_CHARS:
            return False
        language = self.locale.language
        return stem(wanted.folded, language) == stem(found.folded, language) and are_forms(
            wanted.folded, found.folded, language
        )

    def _by_characters(self, text: str) -> Iterator[tuple[_Entry, int, int]]:
        if not self._literals:
            return
        folded = text.lower()
        if len(folded) != len(text):  # One letter, İ, becomes two; the offsets must not move.
            folded = "".join(each if len(each.lower()) != 1 else each.lower() for each in text)
        for start, character in enumerate(folded):
            for size, by_text in self._literals.get(character, {}).items():
                for entry in by_text.get(folded[start : start + size], ()):
                    end = start + size
                    if _is_literally(entry, text, start, end):
                        yield entry, start, end


def term_hits(text: str, terms: Sequence[Term], locale: Locale) -> tuple[TermHit, ...]:
    """The places of the terms' sources in a text of this locale, in reading order.

    The longest term stands where several begin; no two places overlap. All terms with that source
    are given, one after the other: a preferred target and a forbidden one. Offsets are those of
    `text`, whether it is normalised (NFC) or not. A tuple of terms is read once and kept.
    """
    return index_of(terms, locale).hits(text)


def index_of(terms: Sequence[Term], locale: Locale) -> TermIndex:
    """The index of these terms; that of a tuple of terms is kept for the next call."""
    if not isinstance(terms, tuple):
        return TermIndex(tuple(terms), locale)
    for kept in tuple(_INDEXES.values()):
        if kept.terms is terms and kept.locale == locale:
            return kept
    made = TermIndex(terms, locale)
    # The index holds its terms, so that no other tuple can have their id while it is here.
    _INDEXES[id(made)] = made
    for oldest in tuple(_INDEXES)[:-_KEPT_INDEXES]:
        _INDEXES.pop(oldest, None)
    return made


_INDEXES: dict[int, TermIndex] = {}


def _entries(terms: Iterable[Term]) -> Iterator[_Entry]:
    grouped: dict[tuple[str, bool, bool], list[Term]] = {}
    for term in terms:
        source = _nfc(term.source.strip())
        if source:
            spelling = source if term.is_case_sensitive else source.casefold()
            rules = (spelling, term.is_case_sensitive, term.is_inflected)
            grouped.setdefault(rules, []).append(term)
    for group in grouped.values():
        source = _nfc(group[0].source.strip())
        yield _Entry(tuple(group), source, tuple(_tokens(source)))


def _is_literal(source: str) -> bool:
    """Whether a term is found by its characters: in scripts without spaces, or with a sign at its
    edge, such as `C++`.
    """
    if _IS_UNSPACED.search(source):
        return True
    return not (_WORD.match(source[0]) and _WORD.match(source[-1]))


def _is_literally(entry: _Entry, text: str, start: int, end: int) -> bool:
    if entry.first.is_case_sensitive and text[start:end] != entry.source:
        return False
    return not (_runs_on(text, start) or _runs_on(text, end))


def _runs_on(text: str, edge: int) -> bool:
    """Whether a word goes on over an edge."""
    inside = 0 < edge < len(text)
    return inside and bool(_WORD.match(text[edge - 1]) and _WORD.match(text[edge]))


def _tokens(text: str) -> list[_Token]:
    return _tokens_at(text, [match.span() for match in _WORD.finditer(text)])


def _tokens_at(text: str, places: Sequence[tuple[int, int]]) -> list[_Token]:
    return [_Token(text[start:end], _folded(text[start:end]), start, end) for start, end in places]


@lru_cache(maxsize=65_536)
def _keys(word: str, language: str) -> tuple[str, str]:
    """The keys under which a term may begin with this word: as such, and by its stem."""
    folded = _folded(word)
    return f"={folded}", stem(folded, language)


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    return word.casefold().replace("\u00ad", "")


def _is_gap(
    source: str, text: str, before: tuple[_Token, _Token], after: tuple[_Token, _Token]
) -> bool:
    """Whether the marks between two words of a text may stand between those of the term."""
    wanted = source[before[0].end : after[0].start]
    found = text[before[1].end : after[1].start]
    if _LOOSE_GAP.fullmatch(found):
        return _LOOSE_GAP.fullmatch(wanted) is not None
    return found == wanted


def _has_case_of(wanted: str, found: str) -> bool:
    """Whether the letters that two forms of a word share are capitals in both, or in neither."""
    return all(
        left.isupper() == right.isupper() for left, right in zip(wanted, found, strict=False)
    )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


class _Places:
    """Offsets of a normalised text as those of the text that came in."""

    def __init__(self, text: str) -> None:
        parts: list[str] = []
        self._starts: list[int] = []
        for match in regex.finditer(r"\X", text):
            part = _nfc(match.group())
            parts.append(part)
            self._starts += [match.start()] * len(part)
        self._starts.append(len(text))
        self.text = "".join(parts)

    def __call__(self, offset: int) -> int:
        return self._starts[offset]


def _same(offset: int) -> int:
    return offset


def _normalised(text: str) -> tuple[str, Callable[[int], int]]:
    """The text in NFC, and the function that gives offsets of the text as it came."""
    if unicodedata.is_normalized("NFC", text):
        return text, _same
    places = _Places(text)
    return places.text, places
