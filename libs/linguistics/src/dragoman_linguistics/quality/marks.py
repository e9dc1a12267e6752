"""White space around punctuation and tags by the rules of a language, and characters that no text
should have.

    de   "nicht ,"      space.punctuation
    fr   "pas :"        right: French has a space before a colon
    de   "Ã¤ndern"       characters.encoding: UTF-8 that was read as Latin-1
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import Tag, TagSide
from dragoman_linguistics.checks import DOUBLED_SPACE, DOUBLED_WORD
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.sizes import PLACE

SPACES = " \u00a0\u2009\u202f"
UNSPACED = frozenset({"zh", "ja", "yue", "wuu", "lzh", "th", "lo", "km", "my", "bo", "dz"})
"""Languages that write no spaces between words."""
_SPACED_MARKS = {
    **dict.fromkeys(("fr", "br", "oc", "kab", "wa"), ";:!?»"),
    **dict.fromkeys(("hi", "ne", "mr", "pa", "bn", "as", "gu", "or", "mai"), "?!:"),
}
"""The marks before which these languages have a space. Other languages have none."""
# A quick test before `BEFORE`, which also asks whether a reader would see a loose mark: white space
# before `.5` or between brackets is none.
_LOOSE = re.compile(rf"[{SPACES}][,;:!?.)\]}}»]")
BEFORE = re.compile(
    rf"(?<=[^\s({{\[<«„“/.…:;!?=|,-])[{SPACES}]+(?!\.\.)([,;:!?.)\]}}»])(?=[\s,;:!?.)\]»”’\"']|$)"
)
# Lone surrogates, noncharacters, U+FFFD of a failed decoding, and controls but tab, line feed,
# carriage return and NEL (U+0085).
_INVALID = re.compile(
    "[\ud800-\udfff\ufffe\uffff\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f]"
)
# UTF-8 that was read as Latin-1 or Windows-1252: a first byte (C2, C3, D0, D1, E2) as a letter, and
# a second byte (80 to BF) as a sign.
_MOJIBAKE = re.compile(
    "[ÃÂ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|â€[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|ï»¿|(?:[ÐÑ][\u0080-\u00bf\u2018-\u203a]){2}"
)

_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_DOUBLED_ACROSS = re.compile(rf"\b([^\W\d_]{{2,}})\s*{PLACE}\s*\1\b", re.IGNORECASE)


def spaced_marks(locale: Locale) -> str:
    """The marks before which text in a locale may have a space."""
    is_other_swiss = locale.endswith("-CH") and locale.language != "fr"
    return "" if is_other_swiss else _SPACED_MARKS.get(locale.language, "")


def loose_marks(text: str, locale: Locale) -> Iterator[re.Match[str]]:
    """The places with white space before a mark before which the locale has none.

    Group 1 of each match is the mark.
    """
    if not _LOOSE.search(text):
        return
    allowed = spaced_marks(locale)
    for match in BEFORE.finditer(text):
        if match[1] not in allowed:
            yield match


def check_margins(pair: Pair) -> Iterator[QaFinding]:
    """Findings about white space at edges or doubled, and doubled words, new in the target."""
    source, target = pair.source, pair.target
    if not source.strip() or not target.strip():
        return
    if source[:1].isspace() != target[:1].isspace():
        yield finding("space.leading", "White space at the start differs from the source.", 0, 1)
    if source[-1:].isspace() != target[-1:].isspace():
        end = pair.place_in_plain_text(len(target))
        yield finding(
            "space.trailing", "White space at the end differs from the source.", end - 1, end
        )
    if "  " in target or "\t" in target:
        doubled = () if DOUBLED_SPACE.search(source) else DOUBLED_SPACE.finditer(target)
        for match in doubled:
            yield _at(pair, "space.doubled", "White space is doubled.", match)
    if (match := DOUBLED_WORD.search(target)) and not DOUBLED_WORD.search(source):
        yield _at(pair, "words.doubled", "A word is doubled.", match)


def _at(pair: Pair, code: str, message: str, match: re.Match[str]) -> QaFinding:
    return finding(
        code,
        message,
        pair.place_in_plain_text(match.start()),
        pair.place_in_plain_text(match.end()),
    )


def check_punctuation(pair: Pair, target_locale: Locale) -> Iterator[QaFinding]:
    """Findings about white space before punctuation, and words that run together at a tag."""
    match = next(loose_marks(pair.target, target_locale), None)
    if match and BEFORE.search(pair.source) is None:
        yield _at(pair, "space.punctuation", "White space stands before a punctuation mark.", match)
    if pair.unit.tags and target_locale.language not in UNSPACED and _runs_together(pair):
        yield finding(
            "space.missing",
            "Words run together at a tag that has white space round it in the source.",
        )


def _runs_together(pair: Pair) -> bool:
    """Whether a pair that stands apart from the words around it in the source is inside a word in
    the target.
    """
    return bool(_inside_words(pair.content) & _apart(pair.source_content))


def _inside_words(content: tuple[str | Tag, ...]) -> set[int]:
    """Ids of pairs that have a letter directly before and after both of their tags."""
    return {tag_id for tag_id, touches in _touching(content).items() if touches == [True] * 4}


def _apart(content: tuple[str | Tag, ...]) -> set[int]:
    """Ids of pairs that have no letter directly outside of their tags."""
    return {
        tag_id
        for tag_id, touches in _touching(content).items()
        if not touches[0] and not touches[3]
    }


def _touching(content: tuple[str | Tag, ...]) -> dict[int, list[bool]]:
    """For each pair, whether a letter stands before its opening tag, behind its opening tag, before
    its closing tag, and behind its closing tag.
    """
    found: dict[int, list[bool]] = {}
    for place, part in enumerate(content):
        if isinstance(part, Tag) and part.side is not TagSide.PLACEHOLDER:
            before, after = (
                content[place - 1] if place else "",
                content[place + 1] if place + 1 < len(content) else "",
            )
            found.setdefault(part.id, []).extend(
                (
                    isinstance(before, str) and before[-1:].isalpha(),
                    isinstance(after, str) and after[:1].isalpha(),
                )
            )
    return {tag_id: touches for tag_id, touches in found.items() if len(touches) == 4}


def check_private(pair: Pair) -> Iterator[QaFinding]:
    """A finding where the target has characters of private use that the source lacks: they show only
    in fonts that were made for them.
    """
    if pair.target.isascii():
        return
    known = set(_PRIVATE.findall(pair.source))
    match = next(
        (each for each in _PRIVATE.finditer(pair.target) if each.group() not in known), None
    )
    if match:
        yield _at(
            pair,
            "characters.private",
            "A character of private use, which most fonts lack; write the sign that is meant.",
            match,
        )


def check_repeated_across_tags(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a word is written again behind a placeholder tag."""
    if PLACE not in pair.target:
        return
    match = _DOUBLED_ACROSS.search(pair.target)
    if match and not _DOUBLED_ACROSS.search(pair.source):
        yield _at(
            pair, "words.across_tags", "A word stands on both sides of a tag; keep one.", match
        )


def check_characters(pair: Pair) -> Iterator[QaFinding]:
    """Findings about broken characters: halves of surrogate pairs, controls, wrong decoding."""
    target = pair.target
    # Most characters are beyond doubt, and this is the quickest test there is.
    if target.isascii() and target.isprintable():
        return
    if (match := _INVALID.search(target)) and not _INVALID.search(pair.source):
        place = pair.place_in_plain_text(match.start())
        yield finding(
            "characters.invalid",
            "A character that no text may have: a control or half a character.",
            place,
            place + 1,
        )
    if (match := _MOJIBAKE.search(target)) and not _MOJIBAKE.search(pair.source):
        yield _at(
            pair,
            "characters.encoding",
            "Characters look as if they had been read in a wrong encoding.",
            match,
        )
