"""The rule of passwords: long enough, and none that guessers try first.

Guessers try common words with digits and signs around them, and letters written as digits, so a
password is compared without those: `P4ssw0rd-2026!` is the word `password`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from dragoman_catalog.errors import WeakPasswordError

LEAST_CHARACTERS = 12
_FEW_CHARACTERS = 5
_LEFT_LETTERS = 4
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertz",
)
_WRITTEN_AS = str.maketrans("@4301!|5$7", "aaeoiiisst")


def require_good_password(password: str, *names: str) -> None:
    """Refuse a password that is short or easily guessed; `names` are those of its user.

    Raises:
        WeakPasswordError: with the reason.
    """
    if len(password) < LEAST_CHARACTERS:
        raise WeakPasswordError(f"Use at least {LEAST_CHARACTERS} characters.")
    plain = password.casefold()
    if len(set(plain)) < _FEW_CHARACTERS or _repeats(plain):
        raise WeakPasswordError("It repeats itself; use more different characters.")
    if _is_row(plain):
        raise WeakPasswordError("It is a row of the keyboard or the alphabet; choose other words.")
    letters = _letters(plain)
    known = {*_common(), *(word for name in names for word in _words(name))}
    if len(letters) < _LEFT_LETTERS:
        return
    rest = letters
    for word in sorted((each for each in known if each in letters), key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < _LEFT_LETTERS:
        raise WeakPasswordError("It is made of a common word or a name; add words to it.")


def _repeats(text: str) -> bool:
    """Whether the text is one piece again and again."""
    return text in (text + text)[1:-1]


def _is_row(text: str) -> bool:
    """Whether almost all of the text goes along a row, either way."""
    pairs = {row[at : at + 2] for row in _ROWS for at in range(len(row) - 1)}
    pairs |= {pair[::-1] for pair in pairs}
    steps = [text[at : at + 2] for at in range(len(text) - 1)]
    return sum(each in pairs for each in steps) >= len(steps) * 0.7


def _letters(text: str) -> str:
    """The text in letters alone: digits and signs inside as what they stand for."""
    inner = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    return "".join(each for each in inner.translate(_WRITTEN_AS) if each.isalpha())


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W\d_]+", name.casefold()) if len(word) >= _LEFT_LETTERS]


@cache
def _common() -> frozenset[str]:
    text = files("dragoman_catalog").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
