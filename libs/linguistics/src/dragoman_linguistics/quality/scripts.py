"""The script of letters (ISO 15924), and the scripts that a locale is written in.

Letters are counted by script, and a locale has one or several:

    "Договор AB-12"   Cyrl 7, Latn 2
    ja                Hani, Hira, Kana
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cache

from dragoman_contracts.locale import Locale

# First and last code point of blocks, and the script of their letters (Unicode Scripts.txt, in
# whole blocks).
_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "Latn"), (0x0250, 0x02AF, "Latn"), (0x0370, 0x03FF, "Grek"), (0x0400, 0x052F, "Cyrl"),
    (0x0530, 0x058F, "Armn"), (0x0590, 0x05FF, "Hebr"), (0x0600, 0x06FF, "Arab"), (0x0700, 0x074F, "Syrc"),
    (0x0750, 0x077F, "Arab"), (0x0780, 0x07BF, "Thaa"), (0x07C0, 0x07FF, "Nkoo"), (0x0860, 0x086F, "Syrc"),
    (0x0870, 0x08FF, "Arab"), (0x0900, 0x097F, "Deva"), (0x0980, 0x09FF, "Beng"), (0x0A00, 0x0A7F, "Guru"),
    (0x0A80, 0x0AFF, "Gujr"), (0x0B00, 0x0B7F, "Orya"), (0x0B80, 0x0BFF, "Taml"), (0x0C00, 0x0C7F, "Telu"),
    (0x0C80, 0x0CFF, "Knda"), (0x0D00, 0x0D7F, "Mlym"), (0x0D80, 0x0DFF, "Sinh"), (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Laoo"), (0x0F00, 0x0FFF, "Tibt"), (0x1000, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"),
    (0x1100, 0x11FF, "Hang"), (0x1200, 0x139F, "Ethi"), (0x13A0, 0x13FF, "Cher"), (0x1780, 0x17FF, "Khmr"),
    (0x1800, 0x18AF, "Mong"), (0x1C80, 0x1C8F, "Cyrl"), (0x1C90, 0x1CBF, "Geor"), (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"), (0x2C60, 0x2C7F, "Latn"), (0x2DE0, 0x2DFF, "Cyrl"), (0x3005, 0x3007, "Hani"),
    (0x3040, 0x309F, "Hira"), (0x30A0, 0x30FF, "Kana"), (0x3100, 0x312F, "Bopo"), (0x3130, 0x318F, "Hang"),
    (0x31F0, 0x31FF, "Kana"), (0x3400, 0x4DBF, "Hani"), (0x4E00, 0x9FFF, "Hani"), (0xA640, 0xA69F, "Cyrl"),
    (0xA720, 0xA7FF, "Latn"), (0xA8E0, 0xA8FF, "Deva"), (0xA960, 0xA97F, "Hang"), (0xAC00, 0xD7FF, "Hang"),
    (0xF900, 0xFAFF, "Hani"), (0xFB00, 0xFB06, "Latn"), (0xFB1D, 0xFB4F, "Hebr"), (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFF, "Arab"), (0xFF21, 0xFF5A, "Latn"), (0xFF66, 0xFF9F, "Kana"), (0xFFA0, 0xFFDC, "Hang"),
    (0x1E900, 0x1E95F, "Adlm"), (0x20000, 0x323AF, "Hani"),
)  # fmt: skip
_FIRSTS = tuple(first for first, _, _ in _BLOCKS)

_LATIN = frozenset({"Latn"})
_OF_LANGUAGES: dict[str, frozenset[str]] = {
    language: frozenset(scripts.split())
    for scripts, languages in {
        "Arab": "ar arc ckb fa ps ug ur",
        "Armn": "hy hyw",
        "Beng": "as bn",
        "Cyrl": "ab ba be bg bua ce chm cv kv ky mhr mk mrj myv os ru rue sah tg tt tyv udm uk xal",
        "Cyrl Latn": "av az bs cnr kk lez sh sr tk uz",
        "Cyrl Mong": "mn",
        "Deva": "bh bho hi mai mr ne new sa",
        "Arab Deva": "sd",
        "Ethi": "am ti",
        "Geor": "ka xmf",
        "Grek": "el",
        "Gujr": "gu",
        "Guru Arab": "pa",
        "Hani Bopo": "lzh wuu yue zh cmn nan",
        "Hani Hira Kana": "ja",
        "Hang Hani": "ko",
        "Hebr": "he iw yi",
        "Khmr": "km",
        "Knda": "kn",
        "Laoo": "lo",
        "Mlym": "ml",
        "Mymr": "my",
        "Orya": "or",
        "Sinh": "si",
        "Syrc": "syr",
        "Taml": "ta",
        "Telu": "te",
        "Thaa": "dv",
        "Thai": "th",
        "Tibt": "bo dz",
        "Arab Latn": "ku ms",
    }.items()
    for language in languages.split()
}
# A script subtag of BCP 47 may name a mixture or a variant of scripts (ISO 15924).
_SUBTAGS = {
    "Hans": frozenset({"Hani", "Bopo"}),
    "Hant": frozenset({"Hani", "Bopo"}),
    "Jpan": frozenset({"Hani", "Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Hani"}),
}
_KNOWN_SUBTAGS = frozenset(_SUBTAGS) | {script for _, _, script in _BLOCKS} - {"Latn"}
_TRADITIONAL_REGIONS = frozenset({"TW", "HK", "MO"})
# Characters that only one of the two ways to write Chinese has, pair by pair.
_SIMPLIFIED = (
    "们这国说时会对过学来个为还开没问见长书语话请谢让认识"
    "应该关门间题现实际经济产业务员单节约规则责权变标准确"
)
_TRADITIONAL = (
    "們這國說時會對過學來個為還開沒問見長書語話請謝讓認識"
    "應該關門間題現實際經濟產業務員單節約規則責權變標準確"
)
_ONLY_SIMPLIFIED = frozenset(_SIMPLIFIED) - frozenset(_TRADITIONAL)
# Without those that Japanese simplified in the same way.
_ONLY_CHINESE = _ONLY_SIMPLIFIED - frozenset("会学国来没准")
_ONLY_TRADITIONAL = frozenset(_TRADITIONAL) - frozenset(_SIMPLIFIED)


@cache
def script_of(character: str) -> str:
    """The script of a letter; empty for marks, digits, signs and letters of scripts that are not
    known here.
    """
    if not character.isalpha():
        return ""
    code = ord(character)
    place = bisect_right(_FIRSTS, code) - 1
    if place < 0 or code > _BLOCKS[place][1]:
        return ""
    return _BLOCKS[place][2]


def letters_by_script(text: str) -> Counter[str]:
    """The number of letters of each script in a text."""
    if text.isascii():
        count = sum(map(str.isalpha, text))
        return Counter({"Latn": count}) if count else Counter()
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if script := script_of(character):
            counts[script] += count
    return counts


def scripts_of(locale: Locale) -> frozenset[str]:
    """The scripts of text in a locale; Latin where nothing else is known."""
    script = locale.script
    if script is not None:
        return _SUBTAGS.get(script, frozenset({script}))
    return _OF_LANGUAGES.get(locale.language, _LATIN)


def knows_scripts(locale: Locale) -> bool:
    """Whether the scripts of a locale are known, and not only taken to be Latin."""
    return locale.script in _KNOWN_SUBTAGS if locale.script else locale.language in _OF_LANGUAGES


def has_simplified(text: str) -> bool:
    """Whether a text has characters of simplified Chinese that neither Japanese nor Korean has."""
    return not _ONLY_CHINESE.isdisjoint(text)


def is_other_chinese(text: str, locale: Locale) -> bool:
    """Whether Chinese text is simplified where the locale asks for traditional, or the reverse."""
    if locale.language != "zh":
        return False
    # The region is the subtag of two letters behind the language (RFC 5646 §2.2.4).
    region = next((part for part in locale.split("-")[1:] if len(part) == 2), "")
    is_traditional = locale.script == "Hant" or (
        locale.script is None and region in _TRADITIONAL_REGIONS
    )
    simplified = sum(character in _ONLY_SIMPLIFIED for character in text)
    traditional = sum(character in _ONLY_TRADITIONAL for character in text)
    wrong, right = (simplified, traditional) if is_traditional else (traditional, simplified)
    return wrong >= 3 and wrong > 3 * right
