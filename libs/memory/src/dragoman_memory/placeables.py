"""Numbers that differ between a text and a memory unit, put into the unit's target.

    the text        Pay 1,250.50 by May 3.
    the unit        Pay 80 by May 7.            Zahlen Sie 80 bis zum 7. Mai.
    the target                                  Zahlen Sie 1.250,50 bis zum 3. Mai.

A number is put in only where nothing about it is in doubt: the unit's own numbers must be in its
target as the rules would write them there, each as often as in its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dragoman_contracts.locale import Locale
from dragoman_contracts.text import Content, normalised, plain_text
from dragoman_linguistics.numbers import Number, may_be_equal, numbers_of

_NBSP, _NARROW = "\u00a0", "\u202f"


class _Marks(NamedTuple):
    """How a locale writes numbers: marks between groups of three, the preferred one first, and
    the decimal mark.
    """

    groups: str
    decimal: str


_POINT = _Marks(",", ".")
_COMMA = _Marks(f".{_NBSP}{_NARROW} ", ",")
_SPACED = _Marks(f"{_NBSP}{_NARROW} ", ",")
_SWISS = _Marks("’'", ".")
_BY_LANGUAGE = {
    **dict.fromkeys(("en", "zh", "ja", "ko", "he", "th"), _POINT),
    **dict.fromkeys(("de", "es", "it", "pt", "nl", "da", "tr", "el", "id", "ro", "hr"), _COMMA),
    **dict.fromkeys(("pl", "ru", "uk", "cs", "sk", "bg", "fi", "sv", "nb", "no", "hu"), _SPACED),
    "fr": _Marks(f"{_NARROW}{_NBSP} ", ","),
}
# Where the region writes otherwise than its language (CLDR).
_BY_LOCALE = {
    **dict.fromkeys(("de-CH", "de-LI", "it-CH"), _SWISS),
    **dict.fromkeys(
        ("es-MX", "es-US", "es-PR", "es-GT", "es-HN", "es-NI", "es-PA", "es-PE", "es-SV", "es-419"),
        _POINT,
    ),
    "de-AT": _Marks(f"{_NBSP}.{_NARROW} ", ","),
    "pt-PT": _Marks(f"{_NBSP}.{_NARROW} ", ","),
    "en-ZA": _Marks(f"{_NBSP}{_NARROW} ", ","),
}
_SEPARATORS = re.compile("[^0-9]")


class _Reading(NamedTuple):
    whole: str
    fraction: str
    is_grouped: bool


def number_texts(text: str) -> list[str]:
    """The numbers of a text as they are written, in order."""
    return [text[number.start : number.end] for number in numbers_of(text)]


def put_in(
    query: Content, source: Content, target: Content, pair: tuple[Locale, Locale]
) -> tuple[Content, tuple[tuple[str, str], ...]] | None:
    """The target of a memory unit with the numbers of `query`, and which were put in for which.

    `query` and `source` are equal but for numbers, and what does not count as a word; `pair` is
    their locale and the target's. None where a number cannot be put in without doubt.
    """
    wanted, known = number_texts(plain_text(query)), number_texts(plain_text(source))
    if len(wanted) != len(known):
        return None
    changes: dict[str, str] = {}
    for old, new in zip(known, wanted, strict=True):
        if changes.setdefault(old, new) != new:
            return None
    changes = {old: new for old, new in changes.items() if old != new}
    replaced = _replacements(changes, known, target, pair)
    if replaced is None:
        return None
    parts = [part if not isinstance(part, str) else _rewritten(part, replaced) for part in target]
    return normalised(parts), tuple(dict.fromkeys(replaced.values()))


def _replacements(
    changes: Mapping[str, str], known: list[str], target: Content, pair: tuple[Locale, Locale]
) -> dict[str, tuple[str, str]] | None:
    """By each number's text in the target: that text and the one to be put in for it."""
    said = [text for part in target if isinstance(part, str) for text in number_texts(part)]
    if said != number_texts(plain_text(target)):
        return None  # a tag stands inside a number
    numbers = {text: _one(text) for text in (*known, *said)}
    replaced: dict[str, tuple[str, str]] = {}
    for old, new in changes.items():
        twins = [text for text in said if may_be_equal(numbers[old], numbers[text])]
        rivals = {text for text in known if text != old}
        is_clear = len(twins) == known.count(old) and not any(
            may_be_equal(numbers[rival], numbers[twin]) for rival in rivals for twin in twins
        )
        if not is_clear:
            return None
        for twin in twins:
            written = _written(old, twin, new, pair)
            if written is None:
                return None
            replaced[twin] = (twin, written)
    return replaced


def _one(text: str) -> Number:
    return numbers_of(text)[0]


def _rewritten(text: str, replaced: Mapping[str, tuple[str, str]]) -> str:
    return "".join(_pieces(text, replaced))


def _pieces(text: str, replaced: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    end = 0
    for number in numbers_of(text):
        written = text[number.start : number.end]
        yield text[end : number.start]
        yield replaced[written][1] if written in replaced else written
        end = number.end
    yield text[end:]


def _written(old: str, twin: str, new: str, pair: tuple[Locale, Locale]) -> str | None:
    """The new number as the target writes it, where the old one shows how."""
    if old == twin and _SEPARATORS.findall(old) == _SEPARATORS.findall(new):
        return new  # copied letter by letter, as a version, a date or a plain number
    source_marks, target_marks = _marks_of(pair[0]), _marks_of(pair[1])
    if source_marks is None or target_marks is None:
        return None
    before, after = _read(old, source_marks), _read(new, source_marks)
    if before is None or after is None:
        return None
    for group in ("", *target_marks.groups):
        if _format(before, group, target_marks.decimal) == twin:
            # A number below a thousand does not show how others are grouped.
            is_shown = len(before.whole) > 3
            shown = group if is_shown else target_marks.groups[0] if after.is_grouped else ""
            return _format(after, shown, target_marks.decimal)
    return None


def _marks_of(locale: Locale) -> _Marks | None:
    return _BY_LOCALE.get(locale) or _BY_LANGUAGE.get(locale.language)


def _read(text: str, marks: _Marks) -> _Reading | None:
    """A number as its locale reads it; None where it is not written so."""
    group = f"[{re.escape(marks.groups)}]"
    pattern = (
        rf"(?P<whole>[0-9]+|[0-9]{{1,3}}(?P<mark>{group})[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*)"
        rf"(?:{re.escape(marks.decimal)}(?P<fraction>[0-9]+))?"
    )
    match = re.fullmatch(pattern, text)
    if match is None:
        return None
    whole = _SEPARATORS.sub("", match["whole"])
    return _Reading(whole, match["fraction"] or "", match["mark"] is not None)


def _format(number: _Reading, group: str, decimal: str) -> str:
    whole = number.whole
    if group and len(whole) > 3:
        head = len(whole) % 3
        groups = [whole[:head]] if head else []
        groups += [whole[at : at + 3] for at in range(head, len(whole), 3)]
        whole = group.join(groups)
    return whole + (decimal + number.fraction if number.fraction else "")
