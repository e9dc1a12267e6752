"""Numbers in text, compared by value and not by the separators of a locale.

Digits of every script count:

    "1,000.5" in the source and "1.000,5" in the target are the same number; so are "٢٠" and "20".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_OTHER_DIGIT = re.compile(r"[^\D0-9]")
# Groups of three are parted by a space in many locales: plain, no-break, thin, or narrow no-break.
_SPACES = "\u0020\u00a0\u2009\u202f"
# Digit groups joined by separators that some locale uses inside numbers.
_NUMBER = re.compile(rf"[0-9]+(?:[.,'’٫٬][0-9]+|[{_SPACES}][0-9]{{3}}(?![0-9]))*")


class Number(NamedTuple):
    """A number in a text: its offsets, its runs of digits, and its possible values.

    `1,000` can be a thousand or one; `1.000,5` only a thousand and a half. A date or a version is
    no single value: it has no values, and is compared by its runs.
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
    return (
        text
        if text.isascii()
        else _OTHER_DIGIT.sub(lambda match: _ascii_digit(match.group()), text)
    )


def unmatched(source: str, target: str) -> tuple[list[Number], list[Number]]:
    """The source's numbers that the target lacks, and the target's that the source lacks."""
    wanted, found = numbers_of(source), numbers_of(target)
    if _runs(wanted) == _runs(found):
        return [], []  # the same digits, grouped by another locale's habit
    missing: list[Number] = []
    for number in wanted:
        twin = next((other for other in found if may_be_equal(number, other)), None)
        if twin is None:
            missing.append(number)
        else:
            found.remove(twin)
    return missing, found


def _runs(numbers: Iterable[Number]) -> list[str]:
    return sorted(run for number in numbers for run in number.runs)


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
    # Groups are of three digits; in India those before the last are of two (12,34,567).
    are_groups = len(runs[0]) <= 3 and all(len(run) in (2, 3) for run in runs[1:])
    is_grouped = len(set(separators)) <= 1 and are_groups
    if not separators or (is_grouped and len(runs[-1]) == 3):
        values.add(_canonical("".join(runs), ""))
    *groups, mark = separators or [""]
    # The last separator is a decimal mark only if it differs from the others and is no space.
    may_be_decimal = mark != "" and mark not in groups and mark not in _SPACES
    if may_be_decimal and len(set(groups)) <= 1:
        values.add(_canonical("".join(runs[:-1]), runs[-1]))
    return values


def _canonical(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def may_be_equal(left: Number, right: Number) -> bool:
    """Whether two numbers can be the same, by a common value or by equal runs of digits."""
    return bool(left.values & right.values) or left.runs == right.runs
