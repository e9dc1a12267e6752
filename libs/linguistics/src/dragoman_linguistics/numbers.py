"""Numbers in text, compared by value and not by the separators of a locale.

Digits of every script count:

    "1,000.5" in the source and "1.000,5" in the target are the same number; so are "٢٠" and "20".
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_SPACES = "\u0020\u00a0\u2009\u202f"
# Digit groups joined by separators that some locale uses inside numbers.
_NUMBER = re.compile(rf"[0-9]+(?:[.,'’٫٬][0-9]+|[{_SPACES}][0-9]{{3}}(?![0-9]))*")


class Number(NamedTuple):
    """A number in a text: its offsets, its runs of digits, and its possible values.

    `1,000` can be a thousand or one; `1.000,5` only a thousand and a half. A number that is no
    single value, such as a date or a version, has no values and is compared by its runs.
    """

    start: int
    end: int
    runs: tuple[str, ...]
    values: frozenset[str]


def numbers_of(text: str) -> list[Number]:
    """The numbers of a text, in order. Digits of every script count."""
    return [_number(match) for match in _NUMBER.finditer(with_ascii_digits(text))]


def with_ascii_digits(text: str) -> str:
    """The text with the digits of every script (Unicode Nd) as ASCII digits, each in its place."""
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda match: _ascii_digit(match.group()), text)


def unmatched(source: str, target: str) -> tuple[list[Number], list[Number]]:
    """Numbers of the source that the target lacks, and numbers of the target that the source lacks."""
    wanted, found = numbers_of(source), numbers_of(target)
    if sorted(run for number in wanted for run in number.runs) == sorted(run for n in found for run in n.runs):
        return [], []  # the same digits, grouped by another locale's habit
    missing: list[Number] = []
    for number in wanted:
        twin = next((other for other in found if may_be_equal(number, other)), None)
        if twin is None:
            missing.append(number)
        else:
            found.remove(twin)
    return missing, found


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _number(match: re.Match[str]) -> Number:
    text = match.group()
    runs = tuple(re.findall("[0-9]+", text))
    separators = re.findall("[^0-9]", text)
    return Number(match.start(), match.end(), runs, frozenset(_values(runs, separators)))


def _values(runs: tuple[str, ...], separators: list[str]) -> set[str]:
    values: set[str] = set()
    is_grouped = len(set(separators)) <= 1 and len(runs[0]) <= 3 and all(len(run) in (2, 3) for run in runs[1:])
    if not separators or (is_grouped and len(runs[-1]) == 3):
        values.add(_canonical("".join(runs), ""))
    groups, decimal_mark = separators[:-1], separators[-1:]
    # The last separator is a decimal mark only if it differs from the others and is no space.
    if decimal_mark and decimal_mark[0] not in groups and decimal_mark[0] not in _SPACES and len(set(groups)) <= 1:
        values.add(_canonical("".join(runs[:-1]), runs[-1]))
    return values


def _canonical(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def may_be_equal(left: Number, right: Number) -> bool:
    """Whether two numbers can be the same, by a common value or by equal runs of digits."""
    return bool(left.values & right.values) or left.runs == right.runs
