"""Whether a target is in the target's language and script, by its letters and by the small model of
`language`.

    de   "供应商应在约定时间内交付货物。"     language.script: Chinese
    ru   "The customer pays."              language.script: Latin letters
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.language import likely_languages
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.scripts import (
    has_simplified,
    is_other_chinese,
    knows_scripts,
    letters_by_script,
    script_of,
    scripts_of,
)
from dragoman_linguistics.quality.sizes import PLACE

# Letters of these scripts stand in any text, as symbols, loans and formulas.
_LATIN = frozenset({"Latn"})
_ANYWHERE = frozenset({"", "Latn", "Grek"})
_WORDLIKE = re.compile(r"[^\W\d_]+(?:['’\-.][^\W\d_]+)*")
_NOT_PROSE = re.compile(
    r"\S+://\S+|www\.\S+|\S+@\S+|\{+[^{}]*\}+|%\([^)]*\)\w|%\w|\$\{[^}]*\}|<[^<>]*>|\S*[_/\\]\S*|\b\w*\d\w*\b|\b\S+\.\w{2,4}\b"
)
_NO_WORD = re.compile(r"[_/\\@{}%$=<>]|[A-Za-z][.\d][A-Za-z\d]|[0-9][A-Za-z]")
_PUNCTUATION = ".,;:!?()[]{}\"'«»“”„‘’‹›…*"
# Letters that no language in Latin script has: from Cyrillic on, Greek and phonetic ones aside.
_BEYOND_LATIN = re.compile(
    "[\u0400-\u1cff\u2c80-\ua71f\ua800-\ufaff\ufb1d-\ufdff\ufe70-\uff20\uff66-\uffdc\U00010000-\U0001ffff\U00020000-\U000323af]"
)
_LEAST_FOREIGN = 2
_LEAST_LATIN, _LEAST_WORD = 12, 4
_LEAST_HAN, _MUCH_HAN = 6, 50
_LEAST_LETTERS = 20  # below, the model is wrong too often about one text
_BESIDE_CHINESE = frozenset({"ja", "ko"})
_ENOUGH_LETTERS = 40
_LEAST_WORDS = 3
_LIKELY, _SURE, _VERY_SURE = 0.5, 0.6, 0.85
_UNLIKELY, _FAR_LESS = 0.1, 0.15
_MOST_CHARACTERS = 160
_WINDOW_LETTERS = 300
_WINDOW_SHARE = 0.5


def _languages(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


# Groups of languages that a small model takes for each other: no text is faulted for being in
# another language of the target's group.
_NEAR: tuple[frozenset[str], ...] = tuple(
    _languages(group)
    for group in (
        "es gl ca pt ast an oc mwl ext", "it co scn nap vec lmo pms sc fur lij eml", "fr oc wa frp ht pcd",
        "da nb nn no sv fo is", "hr sr bs sh sl me", "sr mk bg ru uk be rue", "id ms jv su min ban bjn map-bms zsm",
        "cs sk pl hsb dsb szl", "zh yue wuu lzh cmn nan ja", "nl af li zea vls nds fy",
        "de bar als nds lb gsw ksh pfl hsb",
        "tr az tk crh gag uz tt ba", "kk ky tt ba uz", "fa ps ckb ur sd pnb glk mzn az azb", "ar arz apc ary ckb",
        "hi mr ne mai bh bho gom sa new", "fi et vep olo izh", "lt lv ltg sgs bat-smg", "bn as bpy", "ku kmr diq",
        "en sco", "ga gd gv", "cy kw br", "he yi", "tl ceb war ilo pam bcl", "ro mo", "eo ia io ie vo",
    )
)  # fmt: skip
# The languages the model tells well from others, short texts included; tried on texts that people
# translated.
_MODEL_KNOWS = _languages(
    "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka km kn ko lb"
    " lo lt lv mk ml ms mr my nb nl nn no pa pl pt ro ru si sk sl sq sr sv ta te th tr uk ur vi yue zh"
)


class Languages:
    """Finds the units of a document that are in another language or script than its target's."""

    def __init__(self, pairs: Sequence[Pair], source_locale: Locale, target_locale: Locale) -> None:
        self._source = source_locale
        self._target = target_locale
        self._scripts = scripts_of(target_locale)
        self._accepted = _near(target_locale.language)
        self._is_same = source_locale.language == target_locale.language
        self._suspects = self._in_windows(pairs) if self._can_tell else frozenset[int]()

    @property
    def _can_tell(self) -> bool:
        """Whether the model knows the target's language, and the source has another language."""
        script = self._target.script
        is_usual = script is None or self._target.language in {"zh", "sr"}
        return self._target.language in _MODEL_KNOWS and is_usual and not self._is_same

    @property
    def _has_known_script(self) -> bool:
        """Whether the script of the target's language is known."""
        return knows_scripts(self._target) or self._target.language in _MODEL_KNOWS

    def check_script(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the target has letters of another script, and the source does not."""
        if not self._has_known_script or (
            self._scripts == _LATIN and not _BEYOND_LATIN.search(pair.target)
        ):
            return
        counts = letters_by_script(pair.target)
        usual = self._scripts | _ANYWHERE
        others = counts.total() - sum(counts[script] for script in usual)
        # A letter that the source has too, as in a name or an example, is no fault.
        foreign = others and sum(
            script_of(character) not in usual and character not in pair.source
            for character in pair.target
        )
        if foreign >= _LEAST_FOREIGN or (
            foreign and "Hani" in counts and "Hani" not in self._scripts
        ):
            yield finding(
                "language.script",
                "Letters of a script that the target's language is not written in.",
            )
        elif "Latn" not in self._scripts and self._is_mostly_latin(pair):
            yield finding(
                "language.script",
                "The text is in Latin letters; the target's language is written in another script.",
            )
        elif self._target.language in _BESIDE_CHINESE and self._is_chinese(pair.target):
            yield finding(
                "language.script",
                "Chinese, where the target's language has letters of its own besides.",
            )
        elif is_other_chinese(pair.target, self._target):
            yield finding(
                "language.script",
                "Chinese in the characters of the other script: simplified for traditional, or the reverse.",
            )

    def check(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the words are in another language than the target's."""
        if id(pair) in self._suspects:
            yield finding(
                "language.wrong", "The text looks like another language than the target's."
            )

    def check_copies(self, pair: Pair) -> Iterator[QaFinding]:
        """A finding where the source came back, and the model finds the source's language in it."""
        text = pair.target.strip()
        words = text.split()
        if (
            not self._can_tell
            or not pair.is_made
            or len(words) < _LEAST_WORDS
            or text.casefold() != pair.source.strip().casefold()
        ):
            return
        if any(word.islower() and word.isalpha() for word in words[1:]) and self._is_wrong(
            text[:_MOST_CHARACTERS], _SURE
        ):
            yield finding(
                "text.untranslated", "The target is the source, in the words of its language."
            )

    def _is_mostly_latin(self, pair: Pair) -> bool:
        """Whether a target in another script is in Latin letters, the source's own words and codes
        left aside.
        """
        counts = letters_by_script(pair.target)
        latin = counts["Latn"]
        if latin < _LEAST_LATIN or latin < 4 * (counts.total() - latin):
            return False
        known = set(_WORDLIKE.findall(pair.source))
        words = _WORDLIKE.findall(_NOT_PROSE.sub(" ", pair.target))
        return any(
            len(word) >= _LEAST_WORD and word.islower() and word not in known for word in words
        )

    def _is_chinese(self, text: str) -> bool:
        """Whether a text in Chinese characters lacks the letters of a language that writes both,
        such as the kana of Japanese.
        """
        counts = letters_by_script(text)
        if counts["Hani"] < _LEAST_HAN or counts["Hani"] < counts.total() - counts["Latn"]:
            return False
        return self._target.language == "ko" or has_simplified(text) or counts["Hani"] >= _MUCH_HAN

    def _in_windows(self, pairs: Sequence[Pair]) -> frozenset[int]:
        """The ids of the pairs in a wrong language.

        Long targets are judged alone, short targets together with their neighbours: about a single
        short text the model is wrong too often.
        """
        suspects: set[int] = set()
        window: list[tuple[Pair, str]] = []
        letters = 0
        for pair in pairs:
            text = _prose(pair)
            count = len(text) - text.count(" ")
            if not count:
                continue
            sure = _SURE if count >= _ENOUGH_LETTERS else _VERY_SURE
            if count >= _LEAST_LETTERS and self._is_wrong(text, sure):
                suspects.add(id(pair))
            elif count < _ENOUGH_LETTERS:
                window.append((pair, text))
                letters += count
            if letters >= _WINDOW_LETTERS:
                suspects |= self._of_window(window)
                window, letters = [], 0
        if letters >= _WINDOW_LETTERS / 3:
            suspects |= self._of_window(window)
        return frozenset(suspects)

    def _of_window(self, window: Sequence[tuple[Pair, str]]) -> set[int]:
        """The ids of the pairs of a run of short texts, if the whole run is in another language."""
        joined = " ".join(text for _, text in window)
        is_long = len(joined) >= _WINDOW_LETTERS
        sure, unlikely = (_LIKELY, _FAR_LESS) if is_long else (_VERY_SURE, _UNLIKELY)
        if not self._is_wrong(joined, sure, unlikely):
            return set()
        return {id(pair) for pair, text in window if self._share(text) < _WINDOW_SHARE}

    def _is_wrong(self, text: str, sure: float, unlikely: float = _UNLIKELY) -> bool:
        guesses = likely_languages(text)
        best = max(guesses, key=lambda language: guesses[language], default="")
        if not best or best in self._accepted:
            return False
        accepted = sum(guesses.get(each, 0.0) for each in self._accepted)
        return guesses[best] >= sure and accepted < unlikely

    def _share(self, text: str) -> float:
        guesses = likely_languages(text)
        return sum(guesses.get(each, 0.0) for each in self._accepted)


def _near(language: str) -> frozenset[str]:
    return frozenset({language, *(each for group in _NEAR if language in group for each in group)})


def _prose(pair: Pair) -> str:
    """The words of the target without codes, numbers and words of the source."""
    if not pair.is_made:
        return ""
    known = {word.strip(_PUNCTUATION) for word in pair.source.casefold().split()}
    words = [word for word in pair.target.replace(PLACE, " ").split() if not _NO_WORD.search(word)]
    own = [word for word in words if word.casefold().strip(_PUNCTUATION) not in known]
    # Where most words are the source's, the check for untranslated text speaks.
    if sum(map(len, own)) * 2 < sum(map(len, words)):
        return ""
    return " ".join(own)[:_MOST_CHARACTERS]
