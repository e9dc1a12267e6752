"""Brackets and quotation marks: each that opens also closes, and none is lost.

"See (below)."     "Siehe (unten."     brackets.unbalanced
"See (below)."     "Siehe unten."      brackets.missing
'The "key"'        'Der „Schlüssel'    quotes.unbalanced
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_linguistics.quality.findings import at, finding
from dragoman_linguistics.quality.pairs import Pair

_BRACKET = re.compile(r"[(){}\[\]（）［］｛｝【】〔〕〈〉]")
_CLOSED_BY = dict(zip("({[（［｛【〔〈", ")}]）］｝】〕〉", strict=True))
# A half-width bracket may be closed by a full-width one: engines and people mix them.
_SAME = str.maketrans("（）［］｛｝【】〔〕〈〉", "()[]{}[][]<>")
_ROUND = str.maketrans("（）", "()")
# Faces, and intervals that are open on one side, have brackets that do not pair.
_UNPAIRED = re.compile(r"[:;]-?[()]|[\[(]\s?[-\d.,]+\s?[,;]\s?[-\d.,]+\s?[\])]")
# "a)", "2)" and "iv)" of lists close a bracket that nobody opened.
_OF_LIST = re.compile(r"(?:^|[\s,;\ufffc(（])(?:\d{1,3}|[^\W\d_]|[ivxIVX]{1,5})\Z")
_QUOTE = re.compile(r"[\"“”„‟«»‹›「」『』〝〞＂]")
# Inches, and the mark inside of Hebrew abbreviations, quote nothing.
_NO_QUOTE = re.compile(r"\d\s?[\"”″]|(?<=[\u05d0-\u05ea])[\"”“](?=[\u05d0-\u05ea])")


def check_brackets(pair: Pair) -> Iterator[QaFinding]:
    """A finding where brackets of the target do not pair although the source's do, or round
    brackets of the source are gone.
    """
    source, target = pair.source, pair.target
    has_any = _BRACKET.search(target)
    if not has_any and "(" not in source and "（" not in source:
        return
    if has_any and (place := _unpaired(target)) is not None and _unpaired(source) is None:
        yield at(
            pair,
            "brackets.unbalanced",
            "A bracket has no partner; write the other one, or take this one out.",
            place,
            place + 1,
        )
    elif pair.has_both and (lost := _round(source) - _round(target)) > 0:
        yield finding("brackets.missing", f"Lacks {lost} pair(s) of brackets; look for their text.")


def _unpaired(text: str) -> int | None:
    """The offset of the first bracket without a partner."""
    hidden = _UNPAIRED.sub(lambda match: " " * len(match.group()), text)
    open_at: list[tuple[str, int]] = []
    for match in _BRACKET.finditer(hidden.translate(_SAME)):
        mark = match.group()
        if mark in _CLOSED_BY:
            open_at.append((_CLOSED_BY[mark], match.start()))
        elif open_at and open_at[-1][0] == mark:
            open_at.pop()
        elif mark != ")" or not _OF_LIST.search(hidden, 0, match.start()):
            return match.start()
    return open_at[-1][1] if open_at else None


def _round(text: str) -> int:
    return _UNPAIRED.sub(" ", text).translate(_ROUND).count("(")


def check_quotes(pair: Pair) -> Iterator[QaFinding]:
    """A finding where a quotation of the target is not closed although the source's are, or a
    quotation of the source is gone.
    """
    source, target = pair.source, pair.target
    if not _QUOTE.search(source) and not _QUOTE.search(target):
        return
    here, there = _quotes(target), _quotes(source)
    if here % 2 and not there % 2:
        place = max((match.start() for match in _QUOTE.finditer(target)), default=0)
        yield at(
            pair,
            "quotes.unbalanced",
            "A quotation mark has no partner; write the other one, or take this one out.",
            place,
            place + 1,
        )
    elif there >= 2 and not here and not _other_quotes(target):
        yield finding("quotes.missing", "Lacks the source's quotation marks; quote what it quotes.")


def _quotes(text: str) -> int:
    return len(_QUOTE.findall(_NO_QUOTE.sub(" ", text)))


def _other_quotes(text: str) -> bool:
    return any(mark in text for mark in "'’‘‚`´<>《》*_״＇")
