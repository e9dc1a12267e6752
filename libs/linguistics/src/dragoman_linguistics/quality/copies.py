"""Targets that are their sources: untranslated, mostly untranslated, or unchanged where the source
may be a name.

    "The goods are sold."   "The goods are sold!"   text.untranslated
    "Acme Widgets"          "Acme Widgets"          text.unchanged, which only shows
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import ResultSource
from dragoman_linguistics.checks import VERBATIM, check_untranslated
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

_WORD = re.compile(r"[^\W\d_]+")
_KEPT = re.compile(r"<[^<>]*>|%\([^()]*\)[a-z]|\$?\{+[^{}]*\}+")
_LONG = 4
_LEAST_WORDS = 4
_LEAST_LEFT, _LEFT_SHARE = 6, 0.85


def check_copies(pair: Pair) -> Iterator[QaFinding]:
    """A finding where an engine gave the source back, or changed punctuation and few words."""
    if pair.answer.result_source is not ResultSource.ENGINE or not pair.has_both:
        return
    if pair.source.strip().casefold() == pair.target.strip().casefold():
        yield from check_untranslated(pair.unit, pair.answer)
        return
    # The thorough comparison below is for few units of a document.
    if not _has_much_of(pair.target, pair.source):
        return
    ours, theirs = _words_only(pair.source), _words_only(pair.target)
    source, words = _WORD.findall(ours.casefold()), _small(theirs)
    if source == _WORD.findall(theirs.casefold()) and len(_small(ours)) >= _LEAST_WORDS:
        yield finding("text.untranslated", "The target is the source, but for its punctuation.")
    elif len(words) >= _LEAST_LEFT and abs(len(words) - len(_small(ours))) <= len(words) // 2:
        known = set(source)
        if sum(map(known.__contains__, words)) >= _LEFT_SHARE * len(words):
            yield finding("text.untranslated", "Most words of the target are the source's.")


class Copies:
    """Finds targets that are their sources although the document translates
    their words elsewhere.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._kept: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()
        self._translated: set[str] = set()
        if not any(_is_copy(pair) for pair in pairs):
            return
        for pair in pairs:
            if pair.is_made and not _is_copy(pair):
                source, target = _long_words(pair.source), _long_words(pair.target)
                self._changed.update(source - target)
                self._kept.update(source & target)
                self._translated.add(pair.source.strip())

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the same source, or each of its words, is always translated elsewhere."""
        if not _is_copy(pair):
            return
        words = _long_words(pair.source)
        # A word that is kept somewhere may be a name, even where another unit changes it.
        is_translated = bool(words) and all(
            self._changed[word] and not self._kept[word] for word in words
        )
        if is_translated or pair.source.strip() in self._translated:
            yield finding(
                "text.untranslated", "The target is the source, which is translated elsewhere."
            )


def _is_copy(pair: Pair) -> bool:
    is_asked = pair.answer.result_source is ResultSource.ENGINE
    return is_asked and pair.source.strip().casefold() == pair.target.strip().casefold()


def _long_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if len(word) >= _LONG}


def _words_only(text: str) -> str:
    """The text without placeholders, addresses and codes, which are never translated."""
    return VERBATIM.sub(" ", _KEPT.sub(" ", text))


def _has_much_of(target: str, source: str) -> bool:
    """Whether half of the target's words are in the source: a quick test before thorough ones."""
    words = set(target.split())
    return 2 * len(words & set(source.split())) >= len(words)


def _small(text: str) -> list[str]:
    """The words that are no names or abbreviations: in small letters or a script without case."""
    return [
        word.casefold() for word in _WORD.findall(text) if not word[0].isupper() and len(word) > 1
    ]
