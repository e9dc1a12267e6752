"""Values of words: number words, ordinals, months, CJK and Roman numerals, fractions.

A text has every value that it may mean, so that no number is called missing by mistake:

    "two weeks in March"   2, 3 …
    "二十一日"              21, 20, 1 …
    "siglo XX"             20 …
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_COUNTS = "counts"
# Arabic and Hebrew have a dual: two days are one word, and so are two millions.
_DUALS = {
    2: "ين ان יים",
    200: "مائتي مئتي مائتين مئتين מאתיים",
    2000: "ألفي ألفين ألفان אלפיים",
    2 * 10**6: "مليوني مليونين مليونان",
    2 * 10**9: "ملياري مليارين ملياران",
}
# Languages whose number words are close enough to those of another one in `number_words.txt`.
_SAME_WORDS = {
    "nb": "da",
    "nn": "da",
    "no": "da",
    "bs": "sr",
    "sh": "sr",
    "mk": "bg",
    "be": "ru",
    "cmn": "zh",
}
_UNBOUND = frozenset({"th", "ko", "zh", "ja", "yue", "lo", "km", "my"})
"""Languages without spaces, whose number words are found inside other words."""
_HALVES = re.compile(
    r"\b(?:half|halves|hal[bf]\w*|demi\w*|moitié|medi[oa]s?|mitad|mei[oa]s?|metade|mezz[oa]|metà|pół\w*|půl\w*|пол\w*|halv\w*"
    r"|fél\w*|yarım|jumătate|μισ\w*|setengah|نصف|חצי|आध\w*)|半|반|ครึ่ง|절반",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# Ordinals too, with a French ending (XXe) or a Russian one (XX-го).
_ROMAN = re.compile(
    r"(?<![\w])(?=[IVXLCDM])(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})(?:e|er|è|ème|-?(?:го|й|м))?(?![\w])"
)
_ROMAN_VALUES = {
    "M": 1000, "MM": 2000, "MMM": 3000, "C": 100, "CC": 200, "CCC": 300, "CD": 400, "D": 500, "DC": 600, "DCC": 700,
    "DCCC": 800, "CM": 900, "X": 10, "XX": 20, "XXX": 30, "XL": 40, "L": 50, "LX": 60, "LXX": 70, "LXXX": 80, "XC": 90,
    "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "": 0,
}  # fmt: skip
_HAN_DIGITS = {character: value for value, form in enumerate("〇一二三四五六七八九") for character in form} | {
    "零": 0, "两": 2, "兩": 2, "両": 2, "壱": 1, "弐": 2, "参": 3, "双": 2, "雙": 2, "首": 1, "初": 1, "单": 1, "單": 1,
}  # fmt: skip
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_HAN = re.compile(f"[{''.join(_HAN_DIGITS)}{''.join(_HAN_UNITS)}]+")
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "hundreds": 100, "thousand": 1000, "thousands": 1000, "million": 10**6, "billion": 10**9,
    "zwanzig": 20, "dreißig": 30, "hundert": 100, "tausend": 1000, "vingt": 20, "trente": 30, "cent": 100,
    "mille": 1000,
    "veinte": 20, "treinta": 30, "cien": 100, "ciento": 100, "mil": 1000, "vinte": 20, "trinta": 30, "cem": 100,
    "venti": 20, "trenta": 30, "cento": 100, "двадцать": 20, "тридцать": 30, "сто": 100, "тысяча": 1000,
    "twintig": 20, "dertig": 30, "honderd": 100, "duizend": 1000, "tjugo": 20, "trettio": 30, "hundra": 100,
    "tusen": 1000, "half": 30, "quarter": 15, "semester": 6, "fortnight": 14, "decade": 10, "century": 100,
    "weekly": 7, "week": 7,
}  # fmt: skip


@cache
def _lines() -> tuple[tuple[str, str, str], ...]:
    """Kind, language and words of each line of `number_words.txt`, whose head explains them."""
    text = files("dragoman_linguistics.quality").joinpath("number_words.txt").read_text("utf-8")
    lines = (line.split(" ", 2) for line in text.splitlines() if not line.startswith("#"))
    return tuple((kind, language, words) for kind, language, words in lines)


@cache
def _languages() -> frozenset[str]:
    return frozenset(language for kind, language, _ in _lines() if kind == _COUNTS)


@cache
def _words_of(language: str) -> tuple[dict[str, frozenset[int]], tuple[tuple[str, int], ...]]:
    """The words of a language with their values, and the beginnings of words with theirs."""
    exact: dict[str, set[int]] = {}
    stems: list[tuple[str, int]] = []
    for kind, _, words in (line for line in _lines() if line[1] == language):
        for value, forms in enumerate(words.split(), 0 if kind == _COUNTS else 1):
            for form in forms.split("|"):
                if form.endswith("*"):
                    stems.append((form[:-1], value))
                else:
                    exact.setdefault(form, set()).add(value)
    return {word: frozenset(values) for word, values in exact.items()}, tuple(stems)


def knows(language: str) -> bool:
    """Whether the number words of a language are known.

    In a language whose words are not known, a small number may be a word, and is not called
    missing.
    """
    language = _SAME_WORDS.get(language, language)
    return not language or language in _languages() or language in {"zh", "ja", "yue"}


def values_in_words(text: str, languages: Iterable[str]) -> frozenset[int]:
    """The whole numbers that words and numerals of a text may mean, in any of the languages."""
    found: set[int] = set()
    folded = unicodedata.normalize("NFC", text).casefold()
    words = {part for word in _WORD.findall(folded) for part in (word, *re.split("['’-]", word))}
    found.update(value for word in words if (value := _TENS.get(word)) is not None)
    for value, endings in _DUALS.items():
        if any(word.endswith(tuple(endings.split())) for word in words):
            found.add(value)
    for language in {_SAME_WORDS.get(each, each) for each in languages}:
        exact, stems = _words_of(language)
        if language in _UNBOUND:
            found.update(
                value for form, values in exact.items() if form in folded for value in values
            )
        for word in words:
            found |= exact.get(word, frozenset())
            found.update(value for stem, value in stems if word.startswith(stem))
    for match in _ROMAN.finditer(text):
        found.add(sum(_ROMAN_VALUES[part] for part in match.groups()))
    if not text.isascii():
        found |= _in_characters(text)
    # Half an hour, a half, one in two, and the digit of 0.5.
    if _HALVES.search(text):
        found |= {30, 1, 2, 5}
    return frozenset(found)


def has_half(text: str) -> bool:
    """Whether a word of a text means a half."""
    return _HALVES.search(text) is not None


def _in_characters(text: str) -> set[int]:
    """Values of CJK numerals, and of raised, lowered and circled digits and of fractions, which are
    the Unicode category No.
    """
    found: set[int] = set()
    for match in _HAN.finditer(text):
        found |= _han_values(match.group())
    for character in set(text):
        if not character.isascii() and unicodedata.category(character) == "No":
            for part in re.findall(r"\d+", unicodedata.normalize("NFKC", character)):
                found.add(int(part))
    return found


def _han_values(numeral: str) -> set[int]:
    """The values that a CJK numeral can mean: read with its units (二十一 is 21), and character by
    character.
    """
    found = {_HAN_DIGITS.get(character, _HAN_UNITS.get(character, 0)) for character in numeral}
    total = section = digit = 0
    for character in numeral:
        unit = _HAN_UNITS.get(character)
        if unit is None:
            digit = digit * 10 + _HAN_DIGITS[character] if digit else _HAN_DIGITS[character]
        elif unit < 10**4:
            section, digit = section + (digit or 1) * unit, 0
        else:
            total, section, digit = total + (section + digit or 1) * unit, 0, 0
    return found | {total + section + digit}
