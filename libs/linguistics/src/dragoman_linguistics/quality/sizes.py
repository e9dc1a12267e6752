"""The size of a text, comparable across scripts.

Characters of some scripts count as several Latin letters:

    size("供应商")      7.8, for three characters of 2.6 letters each
    size("supplier")   8.0
"""

from __future__ import annotations

import re
from functools import cache

from dragoman_linguistics.quality.scripts import script_of

PLACE = "\ufffc"
"""The character for a placeholder tag (a picture, a tab, a note) in a text: OBJECT REPLACEMENT
CHARACTER.
"""

# Letters of the Latin alphabet that a letter of another script stands for, over 860,000 units that
# people translated.
_WEIGHTS = {
    "Hani": 2.6,
    "Hira": 1.3,
    "Kana": 1.3,
    "Bopo": 1.3,
    "Hang": 2.15,
    "Hebr": 1.35,
    "Arab": 1.15,
}
# Every block that has letters of these scripts.
_HEAVY = re.compile(
    "[\u0590-\u06ff\u0750-\u077f\u0870-\u08ff\u1100-\u11ff\u3005-\u9fff\ua960-\ua97f\uac00-\ufaff\ufb1d-\ufdff\ufe70-\uffdc\U00020000-\U000323af]"
)


def size(text: str) -> float:
    """The length of a text in letters of the Latin alphabet.

    White space and placeholders are not counted.
    """
    heavy = (
        0.0
        if text.isascii()
        else sum(_weight(character) - 1.0 for character in _HEAVY.findall(text))
    )
    return len("".join(text.split())) - text.count(PLACE) + heavy


@cache
def _weight(character: str) -> float:
    return _WEIGHTS.get(script_of(character), 1.0)
