"""Texts of programs: accelerators, the order of printf placeholders, entities of XML, and the
formats of dates.

    "&File"            "Datei"            accelerators.missing: "&Datei"; "ファイル(&F)" in Japanese
    "%s has %d"        "%d hat %s"        placeholders.order: without numbers they go by position
    "&brand; starts"   "Marke startet"    placeholders.entities
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair

_ACCELERATOR = re.compile(
    r"(?<![\w&])&(?=[^\W_])(?!#?\w+;)|(?<![\w_.%$/{\[-])_(?=[^\W_])(?![\w]*_)"
)
_INNER_ACCELERATOR = re.compile(r"(?<=[^\W\d_])&(?=[a-zа-яёà-ÿ])(?!\w+;)")
_LONGEST_LABEL = 60
_PRINTF = re.compile(
    r"(?<![\w%])%(?:\d+\$)?[-#0+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|q|j|z|t|L)?([diouxXeEfFgGcsp@])(?![A-Za-z])"
)
_NUMBERED = re.compile(r"%\d+\$")
_ENTITY = re.compile(r"&(?:[A-Za-z][\w.-]*|#\d+|#x[0-9a-fA-F]+);")
# Entities that only write a character: the target may write it as it is.
_CHARACTERS = re.compile(
    r"&(?:#\w+|amp|lt|gt|quot|apos|nbsp|hellip|[mn]dash|[lr][sd]quo|[lr]aquo|copy|reg|trade|euro|deg|middot|bull|shy|times|[lr]arr"
    r"|[A-Za-z](?:acute|grave|circ|uml|tilde|ring|cedil|slash)|szlig|[Aa][Ee]lig);"
)
_DATE = re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w/]|[.-]\d)")
_MONTH_FIRST = frozenset({"US", "PH", "FM", "GU", "PR", "AS", "MP", "MH", "PW"})
_MONTHS = 12


def check_accelerators(pair: Pair) -> Iterator[QaFinding]:
    """A finding where the label of a control has an accelerator and its target not exactly one."""
    source = pair.source
    if not ("&" in source or "_" in source) or len(source) > _LONGEST_LABEL:
        return
    if len(_accelerators(source)) == 1 and len(_accelerators(pair.target)) != 1:
        yield finding(
            "accelerators.missing",
            "Has not one accelerator as the source; mark one letter by the same sign.",
        )


def _accelerators(text: str) -> list[str]:
    return _ACCELERATOR.findall(text) or _INNER_ACCELERATOR.findall(text)


def check_placeholder_order(pair: Pair) -> Iterator[QaFinding]:
    """A finding where placeholders that go by position are of other kinds at their positions."""
    if pair.source.count("%") < 2 or _NUMBERED.search(pair.target):
        return
    wanted, found = _PRINTF.findall(pair.source), _PRINTF.findall(pair.target)
    if wanted != found and sorted(wanted) == sorted(found):
        yield finding(
            "placeholders.order",
            "Placeholders that go by position are in another order; number them, as in %2$s.",
        )


def check_entities(pair: Pair) -> Iterator[QaFinding]:
    """A finding where entities of the source that stand for texts are lost."""
    if "&" not in pair.source or ";" not in pair.source:
        return
    named = {each for each in _ENTITY.findall(pair.source) if not _CHARACTERS.fullmatch(each)}
    lost = sum(each not in pair.target for each in named)
    if lost:
        yield finding(
            "placeholders.entities",
            f"Lacks {lost} entity(ies) of the source; keep them as they are.",
        )


def check_dates(pair: Pair, source_locale: Locale, target_locale: Locale) -> Iterator[QaFinding]:
    """A finding where a date in digits reads as another day, or none, in the target's region."""
    if not pair.has_digits:
        return
    for match in _DATE.finditer(pair.target):
        first, second = int(match[1]), int(match[3])
        is_copied = match.group() in pair.source
        month = first if _is_month_first(target_locale) else second
        is_no_date = month > _MONTHS and max(first, second) <= 31 and min(first, second) >= 1
        other_order = _is_month_first(source_locale) != _is_month_first(target_locale)
        is_other_day = (
            is_copied
            and other_order
            and first != second
            and _has_regions(source_locale, target_locale)
        )
        if is_no_date or is_other_day:
            yield at(
                pair,
                "dates.format",
                "A date reads as another day in the target's region; write it in its order.",
                match.start(),
                match.end(),
            )
            return


def _is_month_first(locale: Locale) -> bool:
    region = _region(locale)
    return region in _MONTH_FIRST or (locale.language == "en" and not region)


def _has_regions(source_locale: Locale, target_locale: Locale) -> bool:
    # English without a region may be British: then the day is first on both sides.
    return all(
        locale.language != "en" or _region(locale) for locale in (source_locale, target_locale)
    )


def _region(locale: Locale) -> str:
    return next((part for part in locale.split("-")[1:] if len(part) == 2), "")
