"""Messages in ICU MessageFormat: syntax, selectors, and the plural categories of the target.

    "{n, plural, one {# page} other {# pages}}"

    pl   "{n, plural, one {# strona} other {# stron}}"   icu.categories: Polish needs few and many
    de   "{n, plural, one {# Seite} other {# Seiten}"    icu.syntax: a brace is not closed

The categories are those of CLDR's cardinal plural rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair

_KINDS = frozenset({"plural", "select", "selectordinal"})
_HAS_ARGUMENT = re.compile(r"\{\s*\w+\s*,\s*(?:plural|select|selectordinal)\s*,")
_HEAD = re.compile(r"\{\s*(\w+)\s*,\s*(plural|select|selectordinal)\s*,\s*(?:offset:\s*\d+\s*)?")
_SELECTOR = re.compile(r"\s*(=\d+|[\w-]+)\s*\{")
_LANGUAGES: Mapping[str, str] = {
    "other": "ja zh ko th vi id ms lo my km yue bo dz jv su wo",
    # French, Spanish, Italian, Portuguese and Catalan have `many` as well, for millions alone.
    "one other": "en de nl sv da nb no nn fi et hu el tr bg eu ka az kk ky uz mn sq af fo sw ta te ml mr hi bn gu kn pa"
    " ur ne is mk hy fa am zu fy gl yi lb eo ast ku ps sd si so tk fr es it pt ca",
    "one few many": "ru uk be pl",
    "one few other": "cs sk hr sr bs ro mo lt",
    "zero one other": "lv",
    "one two other": "he",
    "one two few other": "sl gd",
    "one two few many other": "ga",
    "one few many other": "mt",
    "zero one two few many other": "ar cy",
}
_CATEGORIES: Mapping[str, frozenset[str]] = {
    language: frozenset(categories.split())
    for categories, languages in _LANGUAGES.items()
    for language in languages.split()
}
_ALL = frozenset({"zero", "one", "two", "few", "many", "other"})


@dataclass(frozen=True)
class Argument:
    """One complex argument of a message: its name, its kind, its selectors in order."""

    name: str
    kind: str
    selectors: tuple[str, ...]


class MessageSyntaxError(ValueError):
    """A text has arguments like a message's, but is none: a brace or a selector is missing."""


def check_icu(pair: Pair, target_locale: Locale) -> Iterator[QaFinding]:
    """Findings about a source that is an ICU message, and a target that is none or has others."""
    if "{" not in pair.source or not _HAS_ARGUMENT.search(pair.source):
        return
    try:
        wanted = arguments(pair.source)
    except MessageSyntaxError:
        return
    try:
        found = arguments(pair.target)
    except MessageSyntaxError:
        yield finding(
            "icu.syntax", "Is no ICU message as its source is; close each brace and each selector."
        )
        return
    if sorted({(each.name, each.kind) for each in wanted}) != sorted(
        {(each.name, each.kind) for each in found}
    ):
        yield finding(
            "icu.selectors", "Other arguments than the source's message; keep names and kinds."
        )
        return
    yield from _selector_findings(wanted, found, target_locale)


def _selector_findings(
    wanted: tuple[Argument, ...], found: tuple[Argument, ...], locale: Locale
) -> Iterator[QaFinding]:
    selects = {each.name: set(each.selectors) for each in wanted if each.kind == "select"}
    if any(
        set(each.selectors) != selects.get(each.name) for each in found if each.kind == "select"
    ):
        yield finding(
            "icu.selectors",
            "Other selectors than the source's message; keep them letter by letter.",
        )
    needed = _CATEGORIES.get(locale.language, frozenset())
    for each in found:
        if each.kind == "select":
            continue
        named = {selector for selector in each.selectors if not selector.startswith("=")}
        is_wrong = bool(named - _ALL) or "other" not in named
        lacks = needed - named if each.kind == "plural" else frozenset[str]()
        if is_wrong or lacks:
            said = ", ".join(sorted(lacks | ({"other"} - named))) or "none but CLDR's"
            yield finding(
                "icu.categories",
                f"Needs the plural categories of the target's language: {said}; add them.",
            )
            return


def arguments(text: str) -> tuple[Argument, ...]:
    """The complex arguments of a message, outer ones first.

    Raises:
        MessageSyntaxError: a brace is not closed, or an argument has no selector.
    """
    return tuple(_arguments(text, 0, len(text)))


def _arguments(text: str, start: int, end: int) -> Iterator[Argument]:
    place = start
    while place < end:
        if text[place] == "'" and text[place + 1 : place + 2] in "{}" and place + 1 < end:
            # An apostrophe before a brace quotes up to the next apostrophe.
            closing = text.find("'", place + 2, end)
            place = end if closing < 0 else closing + 1
        elif text[place] == "{":
            close = _closing(text, place, end)
            if head := _HEAD.match(text, place, close):
                yield from _argument(text, head, close)
            place = close + 1
        elif text[place] == "}":
            raise MessageSyntaxError("a brace is closed that was not opened")
        else:
            place += 1


def _argument(text: str, head: re.Match[str], close: int) -> Iterator[Argument]:
    selectors: list[str] = []
    inner: list[tuple[int, int]] = []
    place = head.end()
    while text[place:close].strip():
        selector = _SELECTOR.match(text, place, close)
        if selector is None:
            raise MessageSyntaxError("a selector has no message in braces")
        selectors.append(selector[1])
        ends = _closing(text, selector.end() - 1, close)
        inner.append((selector.end(), ends))
        place = ends + 1
    if not selectors:
        raise MessageSyntaxError("an argument has no selector")
    yield Argument(head[1], head[2], tuple(selectors))
    for start, end in inner:
        yield from _arguments(text, start, end)


def _closing(text: str, opened: int, end: int) -> int:
    depth = 0
    place = opened
    while place < end:
        if text[place] == "'" and place + 1 < end and text[place + 1] in "{}":
            closing = text.find("'", place + 2, end)
            place = end if closing < 0 else closing
        elif text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if not depth:
                return place
        place += 1
    raise MessageSyntaxError("a brace is not closed")
