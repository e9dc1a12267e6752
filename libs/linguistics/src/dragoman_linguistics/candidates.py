"""Candidates for terms of a document, before it is translated: phrases that come again, names,
abbreviations.

    The pressure relief valve … pressure relief valves … PRV …
    pressure relief valve (2, phrase), PRV (1, abbreviation)

Phrases inside longer ones count only where they stand alone as well (C-value, Frantzi et al. 2000).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import regex

from dragoman_contracts.locale import Locale
from dragoman_contracts.model import Value
from dragoman_contracts.resources import Term
from dragoman_linguistics.stems import stem
from dragoman_linguistics.terms import UNSPACED, term_hits

MOST_CANDIDATES = 500
_LONGEST_WORDS = 4
_LONGEST_CHARS = 60
_EXAMPLE_CHARS = 200
_UNSPACED_SIZES = range(2, 9)
_WORD = regex.compile(
    rf"(?![{UNSPACED}])[\p{{L}}\p{{M}}][\p{{L}}\p{{M}}\p{{N}}]*(?:[-\u2011][\p{{L}}\p{{N}}]+)*"
)
_UNSPACED_RUN = regex.compile(r"[\p{Han}]{2,}|[\p{Katakana}\u30fc]{3,}")
_SENTENCE_END = regex.compile(r"[.!?:;\u2026]")
# Words that begin or end no term. Other languages do with the length of words.
_FUNCTION_WORDS = {
    "en": "a an and any are as at be been before but by can could did do does for from had has"
    " have he her his how if in into is it its may more most must no nor not of on or other"
    " our out over shall she should so some such than that the their them then there these"
    " they this those to under up upon was we were what when where which who will with"
    " within without would you your all each both only also after between during through per"
    " very",
    "de": "aber alle als am an auch auf aus bei bis das dass dem den der des die diese dieser"
    " dieses durch ein eine einem einen einer eines es für hat haben ich ihr im in ist kann"
    " mit nach nicht noch nur oder sein sich sie sind so über um und unter vom von vor war"
    " wenn wer werden wie wird zu zum zur bzw sowie",
    "fr": "à au aux avec ce ces cette dans de des du elle en est et être il ils la le les leur"
    " lors ne non nos notre ou où par pas plus pour que qui sa sans se ses si son sont sous"
    " sur tout toute tous un une vos votre d l n s c qu",
    "es": "a al ante bajo como con cual de del desde donde el ella en entre es esta este estos"
    " estas ha hasta la las le lo los más no o para pero por que se según ser si sin sobre"
    " son su sus también un una uno y ya e u",
    "it": "a ad agli ai al alla alle anche che chi ci come con cui da dal dalla dalle dei del"
    " della delle di e è ed gli ha i il in la le lo ma nel nella non o per più se si sono su"
    " sua suo tra un una uno",
    "pt": "a ao aos as à às com como da das de do dos e é em entre esta este foi mais mas na nas"
    " não no nos o os ou para pela pelo por que se sem ser seu sua são também um uma",
    "nl": "aan als bij dan dat de den der deze die dit door een en er het hij hun in is je kan"
    " met naar niet of om ook op over te tot uit van voor was wordt worden zij zijn zo",
    "ru": "а без был в во для до его ее же за и из или их к как ко который на не но о об он она"
    " они от по под при с со так также то у что это",
}  # fmt: skip


class CandidateKind(StrEnum):
    """The reason for which a phrase may be a term."""

    ABBREVIATION = "abbreviation"
    NAME = "name"
    PHRASE = "phrase"
    WORD = "word"


class TermCandidate(Value):
    """A phrase that may be a term, in its most frequent form, with how often it stands in the text.

    `example` is the first paragraph that has it, cut to 200 characters.
    """

    text: str
    kind: CandidateKind
    count: int
    score: float
    example: str


@dataclass
class _Found:
    forms: Counter[str] = field(default_factory=Counter[str])
    example: str = ""
    size: int = 1
    is_name: bool = False
    in_longer: int = 0
    longer: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    @property
    def count(self) -> int:
        return self.forms.total()

    @property
    def text(self) -> str:
        # Of equally frequent forms the shortest is nearest to the dictionary's.
        return min(self.forms, key=lambda form: (-self.forms[form], len(form), form))


def term_candidates(
    texts: Iterable[str],
    locale: Locale,
    known: Sequence[Term] = (),
    *,
    limit: int = MOST_CANDIDATES,
) -> tuple[TermCandidate, ...]:
    """The candidates of a document's paragraphs, the most promising first.

    Phrases of one to four words that begin and end with no function word; terms that are `known`
    are left out.
    """
    found: dict[tuple[str, ...], _Found] = defaultdict(_Found)
    for text in texts:
        for key, form, is_name in (*_phrases(text, locale), *_runs(text)):
            each = found[key]
            each.forms[form] += 1
            each.is_name = each.is_name or is_name
            each.size = len(key)
            each.example = each.example or text[:_EXAMPLE_CHARS]
    _nest(found)
    given = tuple(known)
    kept = (
        candidate
        for candidate in map(_candidate, found.values())
        if candidate is not None and not _is_known(candidate.text, given, locale)
    )
    ranked = sorted(kept, key=lambda each: (-each.score, -each.count, each.text))
    return tuple(ranked[:limit])


def _phrases(text: str, locale: Locale) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Each phrase with its key and its form, and whether it is spelt as a name."""
    language = locale.language
    stopped = _stopped(language)
    words = list(_WORD.finditer(text))
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST_WORDS, len(words)) + 1):
            if end > start + 1 and text[words[end - 2].end() : words[end - 1].start()] != " ":
                break
            phrase = [word.group() for word in words[start:end]]
            form = text[words[start].start() : words[end - 1].end()]
            if len(form) > _LONGEST_CHARS:
                break
            if _is_stop(phrase[0], stopped) or _is_stop(phrase[-1], stopped):
                continue
            key = tuple(stem(word.casefold(), language) for word in phrase)
            yield key, form, _is_name(text, words[start].start(), phrase, language)


def _stopped(language: str) -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS.get(language, "").split())


def _is_stop(word: str, stopped: frozenset[str]) -> bool:
    is_short = len(word) < 3 and not word.isupper()
    return is_short or word.casefold() in stopped


def _is_name(text: str, start: int, phrase: Sequence[str], language: str) -> bool:
    """Whether capitals say that it is a name. The first word of a sentence says nothing, and German
    writes every noun with one.
    """
    if _is_abbreviation(phrase[-1]) and len(phrase) == 1:
        return True
    if language == "de" and len(phrase) == 1:
        return False
    before = text[:start].rstrip()
    is_first = not before or _SENTENCE_END.match(before[-1]) is not None
    return not is_first and all(word[:1].isupper() for word in phrase)


def _is_abbreviation(word: str) -> bool:
    return len(word) >= 2 and sum(map(str.isupper, word)) >= 2 and word[1:] != word[1:].lower()


def _runs(text: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Pieces of text in scripts without spaces: one piece is a word of as many parts as letters."""
    for run in _UNSPACED_RUN.finditer(text):
        letters = run.group()
        for size in _UNSPACED_SIZES:
            for start in range(len(letters) - size + 1):
                piece = letters[start : start + size]
                yield tuple(piece), piece, False


def _nest(found: dict[tuple[str, ...], _Found]) -> None:
    """Count for each phrase how often it stands in longer ones that come again."""
    for key, each in found.items():
        if each.count < 2 and not each.is_name:
            continue
        inner = {
            key[start:end]
            for start in range(len(key))
            for end in range(start + 1, len(key) + 1)
            if end - start < len(key)
        }
        for part in inner:
            if part in found:
                found[part].in_longer += each.count
                found[part].longer.add(key)


def _candidate(found: _Found) -> TermCandidate | None:
    text, count = found.text, found.count
    kind = _kind(text, found)
    alone = count - (found.in_longer / len(found.longer) if found.longer else 0)
    if alone < 1 or not _is_enough(kind, text, count, alone):
        return None
    score = math.log2(1 + found.size) * alone * (2 if kind is not CandidateKind.WORD else 1)
    return TermCandidate(
        text=text, kind=kind, count=count, score=round(score, 3), example=found.example
    )


def _kind(text: str, found: _Found) -> CandidateKind:
    if found.size == 1 and _is_abbreviation(text):
        return CandidateKind.ABBREVIATION
    if found.is_name:
        return CandidateKind.NAME
    return CandidateKind.PHRASE if found.size > 1 else CandidateKind.WORD


def _is_enough(kind: CandidateKind, text: str, count: int, alone: float) -> bool:
    match kind:
        case CandidateKind.ABBREVIATION:
            return True
        case CandidateKind.NAME:
            return count >= 2 or " " in text
        case CandidateKind.PHRASE:
            return alone >= 2
        case CandidateKind.WORD:
            return alone >= 3 and len(text) >= 4


def _is_known(text: str, known: Sequence[Term], locale: Locale) -> bool:
    return bool(known) and any(
        hit.start == 0 and hit.end == len(text) for hit in term_hits(text, known, locale)
    )
