"""The registry of language subtags (IANA, RFC 5646 §3): which tags name a language at all.

A well-formed tag need not be registered: `spanish` has the form of a language subtag, and names
none. The cure is said with the refusal:

    spanish     'spanish' is a language's name, not its tag. Did you mean es?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import cast

from rapidfuzz import fuzz, process

from dragoman_contracts.errors import InvalidLocaleError
from dragoman_contracts.locale import Locale

_LIKE_PCT = 75
_TOP_LANGUAGE_CHARS = 2
# Ranges that the registry keeps for private use (RFC 5646 §2.2.1, §2.2.3, §2.2.4).
_PRIVATE = {
    "language": (("qaa", "qtz"),),
    "script": (("qaaa", "qabx"),),
    "region": (("aa", "aa"), ("qm", "qz"), ("xa", "xz"), ("zz", "zz")),
}


class UnregisteredLocaleError(InvalidLocaleError):
    """A tag is well-formed, but the registry does not know a subtag of it."""

    default_code = "locale.unregistered"


def require_registered(locale: Locale) -> None:
    """Return where every subtag is registered, deprecated ones too, or of private use.

    Raises:
        UnregisteredLocaleError: one is not; the message says what was perhaps meant.
    """
    for kind, subtag in _subtags(locale):
        if _is_private(kind, subtag) or _registered(kind, subtag):
            continue
        if kind != "language":
            raise UnregisteredLocaleError(
                f"{str(locale)!r} is no language: the registry has no {kind} {subtag!r}. "
                f"Did you mean {locale.language}?"
            )
        raise UnregisteredLocaleError(_no_language(locale, subtag))


def _no_language(locale: Locale, subtag: str) -> str:
    tag = _near(subtag)
    if tag and subtag in _names().get(tag, ()):
        return f"{str(locale)!r} is a language's name, not its tag. Did you mean {tag}?"
    meant = f"Did you mean {tag}?" if tag else "Write a BCP-47 tag, like en, de-CH or zh-Hant."
    return f"{str(locale)!r} is no language that is registered. {meant}"


def _subtags(locale: Locale) -> Iterator[tuple[str, str]]:
    """The kind and the text of each subtag, in small letters, up to extensions and private use."""
    language, *others = locale.lower().split("-")
    yield "language", language
    for subtag in others:
        if len(subtag) == 1:
            return
        if len(subtag) == 3 and subtag.isalpha():
            yield "extlang", subtag
        elif len(subtag) == 4 and subtag.isalpha():
            yield "script", subtag
        elif len(subtag) < 4:
            yield "region", subtag
        else:
            yield "variant", subtag


def _is_private(kind: str, subtag: str) -> bool:
    return any(
        len(subtag) == len(first) and first <= subtag <= last
        for first, last in _PRIVATE.get(kind, ())
    )


def _registered(kind: str, subtag: str) -> bool:
    index = cast("dict[str, dict[str, int]]", _data("index"))
    return kind in index.get(subtag, {})


def _data(name: str) -> object:
    """A part of the registry, read once."""
    from language_tags import data  # pyright: ignore[reportMissingTypeStubs] - it has no types

    return cast("Callable[[str], object]", data.get)(name)  # pyright: ignore[reportUnknownMemberType]


def _near(text: str) -> str | None:
    """The tag of the language that a text names, or nearly names."""
    names = [(name, tag) for tag, each in _names().items() for name in each]
    exact = [tag for name, tag in names if name == text]
    begun = sorted((len(name), tag) for name, tag in names if name.startswith(text))
    if exact or begun:
        return min(exact, key=len) if exact else begun[0][1]
    best = process.extractOne(
        text, [name for name, _ in names], scorer=fuzz.ratio, score_cutoff=_LIKE_PCT
    )
    return None if best is None else names[best[2]][1]


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """The English names of the languages that have two letters, in small letters:
    `Modern Greek (1453-)` is `greek` too.
    """
    records = cast("list[dict[str, object]]", _data("registry"))
    names: dict[str, tuple[str, ...]] = {}
    for record in records:
        tag = str(record.get("Subtag", ""))
        is_top = record.get("Type") == "language" and len(tag) == _TOP_LANGUAGE_CHARS
        if not is_top or "Deprecated" in record:
            continue
        given = [name.lower() for name in cast("list[str]", record["Description"])]
        plain = [name.partition(" (")[0].removeprefix("modern ") for name in given]
        names[tag] = tuple(dict.fromkeys((*given, *plain)))
    return names
