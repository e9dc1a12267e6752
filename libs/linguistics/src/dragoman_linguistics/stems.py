"""Word forms: which words of a text are forms of one word, by Snowball's stemmers.

A stem alone would join words that only share an origin, so the endings are looked at, too:

    contracts     contract      one word
    universities  universe      one stem, two words
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, cast

_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque",
    "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# Languages that put several endings behind each other, as `evlerimizden` is a form of `ev`; and
# German, where plurals change a vowel in the word, so that all behind it looks like an ending.
_ENDING_LIMITS = {"et": 10, "eu": 10, "fi": 10, "hu": 10, "hy": 10, "ta": 10, "tr": 10, "de": 10}
_ENDING_LIMITS["fr"] = 3  # `-ment` makes a noun of a verb.
# Their stemmers change letters within words, so that no ending can be told.
_CHANGING_WITHIN = frozenset({"ar", "el"})
_ENDING_CHARS = 4
_STEMMED_CHARS = 3
# Endings between which an English word changes its form and not its meaning.
_ENGLISH_FORMS = (
    frozenset({"", "s", "es", "ed", "ing"}),
    frozenset({"e", "es", "ed", "ing"}),
    frozenset({"y", "ies", "ied", "ying"}),
    frozenset({"f", "fe", "ves"}),
)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str:  # noqa: N802 - the library's name
        """The stem of a word in small letters."""
        ...


def has_stems(language: str) -> bool:
    """Whether inflected forms of words of this language are known."""
    return language in _ALGORITHMS


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """The stem of a case-folded word; short words, and those of other languages, are their own."""
    algorithm = _ALGORITHMS.get(language)
    if algorithm is None or len(word) < _STEMMED_CHARS:
        return word
    # Stemmers keep the word they work on, so that two threads must not share one.
    return _new_stemmer(algorithm).stemWord(word)


def are_forms(left: str, right: str, language: str) -> bool:
    """Whether two case-folded words with the same stem are forms of one word.

    Derived words are none: `contratación` is no form of `contrato`.
    """
    if left == right:
        return True
    if language in _CHANGING_WITHIN:
        return True
    shared = _shared_chars(left, right)
    ends = (left[shared:], right[shared:])
    if language == "en":
        return _are_english_forms(left[:shared], *ends)
    return max(map(len, ends)) <= _ENDING_LIMITS.get(language, _ENDING_CHARS)


def _are_english_forms(before: str, left: str, right: str) -> bool:
    doubled = before[-1:]
    variants = [
        {end, end[1:]} if doubled and len(end) > 1 and end[0] == doubled else {end}
        for end in (left, right)
    ]
    return any(variants[0] & forms and variants[1] & forms for forms in _ENGLISH_FORMS)


def _shared_chars(left: str, right: str) -> int:
    pairs = zip(left, right, strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other),
        min(len(left), len(right)),
    )


def _new_stemmer(algorithm: str) -> _Stemmer:
    import snowballstemmer  # pyright: ignore[reportMissingTypeStubs] - it loads all languages

    make = cast("Callable[[str], _Stemmer]", snowballstemmer.stemmer)  # pyright: ignore[reportUnknownMemberType]
    return make(algorithm)
