"""How a text begins and ends: end marks by the target's rules, doubled marks, dots of omission, the
first letter's case, the mark of a list, line breaks and tabulators.

    "Really?"        "Wirklich."      punctuation.end
    "Wait…"          "Warte"          punctuation.end
    "One, two."      "Eins,, zwei."   punctuation.doubled
    "a) the goods"   "die Ware"       list.mark
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.sizes import PLACE

LEAST_WORDS = 3
"""The words of a sentence: a full stop behind fewer may be that of an abbreviation."""
UNENDED = frozenset({"th", "lo", "km", "my", "bo", "dz"})
"""Languages that end no sentence with a full stop."""
# One letter for the meaning of each end mark, whatever the script. Greek asks with a semicolon.
_KINDS = {
    **dict.fromkeys(".。．।॥።။։۔｡", "."),
    **dict.fromkeys("?？؟՞⸮", "?"),
    **dict.fromkeys("!！՜", "!"),
    **dict.fromkeys(":：：", ":"),
    **dict.fromkeys(";；؛", ";"),
    "…": "…",
    "⋯": "…",
    "‥": "…",
}
_BEHIND = " \t\r\n\u00a0\u202f\u200f\u200e\"'»”’“‘«›)]）】」』*_`" + PLACE
_ELLIPSIS = re.compile(r"\.{3,}|。{3,}|…+|⋯+|\. \. \.|‥+")
# Two colons behind an Ethiopic letter are the full stop of that script, typed in ASCII.
DOUBLED_MARK = re.compile(
    r"(?<![,;:.!?\u1200-\u137f])(?:([,;:])\1|\.\.)(?![,;:.!?/\\\w])|([。，、；：])\2+|(?<![.,]),\.(?=\s|$)"
)
"""Marks of punctuation that stand twice."""
_LINE = re.compile(r"\r\n|\r|\n|\u2028")
_BULLET = "•◦▪‣·●○■□►▸–—\uf0b7➢✓-"
# A number needs its mark: "1 page" is no item of a list.
_LIST_MARK = re.compile(
    rf"\s*(?:\(?\d{{1,3}}(?:\.\d{{1,3}})*[.)]|\d{{1,3}}(?:\.\d{{1,3}}){{2,4}}|\(?[^\W\d_]\)|\(?[ivx]{{1,5}}\)|[{_BULLET}])\s+"
)
_ANY_MARK = re.compile(
    rf"\s*(?:\*\s|\(?\w{{1,5}}[.)．、）]|[{_BULLET}]|[（(]\w{{1,3}}[)）]|\d[\d.]*\s|第)"
)
_START = re.compile(r"[\s\"'«„“‘¿¡(\[*_`<>-]*([^\W\d_])")
_CASED = frozenset(
    {
        "en", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "no", "nn", "fi", "pl", "cs", "sk", "sl", "hr", "bs",
        "ro", "hu", "et", "lv", "lt", "ru", "uk", "be", "bg", "mk", "el", "ca", "gl", "tr", "id", "ms", "af", "is",
        "de", "lb",
    }
)  # fmt: skip


def check_ending(pair: Pair, target_locale: Locale) -> Iterator[QaFinding]:
    """A finding where the target ends otherwise than the source: without its mark, or with another
    kind of mark.
    """
    if not pair.has_both:
        return
    wanted, found = end_mark(pair.source), end_mark(pair.target)
    if wanted == found or not wanted:
        return
    language = target_locale.language
    if language == "el" and {wanted, found} == {"?", ";"}:
        return
    # Some languages end no sentence with a mark, and a list's semicolon is a matter of style.
    if not found and (language in UNENDED or wanted == ";"):
        return
    if wanted == "." and len(pair.source.split()) < LEAST_WORDS:
        return
    place = len(pair.target.rstrip(_BEHIND))
    yield at(
        pair,
        "punctuation.end",
        "The target ends with another mark than the source; end it with the mark that fits.",
        max(place - 1, 0),
        place,
    )


def end_mark(text: str) -> str:
    """The kind of mark a text ends with, in ASCII or `…`; empty where it ends with none."""
    stripped = text.rstrip(_BEHIND)
    if not stripped:
        return ""
    if stripped.endswith(("...", "…", "⋯", "。。。", ". . .", "‥")):
        return "…"
    return _KINDS.get(stripped[-1], "")


def check_ellipsis(pair: Pair) -> Iterator[QaFinding]:
    """A finding where dots of omission inside the text are fewer or more than the source's."""
    source, target = pair.source, pair.target
    if not ("…" in source or ".." in source or "…" in target or ".." in target):
        return
    if len(_ELLIPSIS.findall(source)) > len(_ELLIPSIS.findall(target)):
        yield finding(
            "punctuation.ellipsis", "Dots of omission of the source are gone; write them again."
        )


def check_doubled_marks(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a punctuation mark is doubled, and none is in the source."""
    match = DOUBLED_MARK.search(pair.target)
    if match and not DOUBLED_MARK.search(pair.source):
        yield at(
            pair,
            "punctuation.doubled",
            "A punctuation mark is doubled; keep one.",
            match.start(),
            match.end(),
        )


def check_start(pair: Pair, target_locale: Locale) -> Iterator[QaFinding]:
    """Findings where the first letter's case differs, or the mark of a list item is gone."""
    source, target = pair.source, pair.target
    if target_locale.language in _CASED:
        first, other = _START.match(source), _START.match(target)
        if first and other and first[1].isupper() and other[1].islower():
            yield at(
                pair,
                "case.start",
                "Begins with a small letter and the source with a capital; see if it should.",
                other.start(1),
                other.end(1),
            )
    mark = _LIST_MARK.match(source)
    if mark and source[mark.end() :].strip() and not _ANY_MARK.match(target):
        yield finding("list.mark", "Lacks the mark of the list item; begin with it as the source.")


def check_lines(pair: Pair) -> Iterator[QaFinding]:
    """Findings where line breaks or tabulators are fewer or more than the source's."""
    source, target = pair.source, pair.target
    if len(_LINE.findall(source)) != len(_LINE.findall(target)):
        yield finding(
            "space.lines", "Other line breaks than in the source; break it at the same places."
        )
    if ("\t" in source or "\t" in target) and source.count("\t") != target.count("\t"):
        yield finding(
            "space.tabs", "Other tabulators than in the source; set them at the same places."
        )


def list_mark(text: str) -> str:
    """The mark of a list item that a text begins with, and the white space behind it."""
    mark = _LIST_MARK.match(text)
    return mark.group().lstrip() if mark else ""
