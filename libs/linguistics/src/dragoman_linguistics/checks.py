"""The quality checks of rules 1: each is a pure function from a unit and its target to findings.

Findings never quote the document. Their codes are stable; `QaProfile` decides how much each code
matters:

    tags.missing        tags.added        tags.crossed       tags.moved        tags.emptied
    tags.deleted        tags.reordered    tags.projected     tags.whole_unit   numbers.missing
    numbers.added       text.empty        text.untranslated  text.unchanged    text.too_long
    space.leading       space.trailing    space.doubled      words.doubled

Jobs that were planned by rules 1 are verified by these checks alone, which therefore never change:
making a job again must give the same findings. For the source "20 pumps" and the target "30
Pumpen", `check_numbers` finds numbers.missing and numbers.added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dragoman_contracts.reports import QaFinding
from dragoman_contracts.text import ResultSource, TagRepair, Unit, UnitTarget, plain_text
from dragoman_linguistics.numbers import unmatched
from dragoman_linguistics.quality.findings import finding
from dragoman_linguistics.tags import align_tags

# Texts that nobody translates: addresses, mail, placeholders, file names and codes with digits.
VERBATIM = re.compile(
    r"\S+://\S+|www\.\S+|\S+@\S+|%[a-z]|\{+[^{}]*\}+|\b\w*\d\w*\b|\S+\.\w{2,4}\b", re.IGNORECASE
)
_SHORTEST_WORD = 4
DOUBLED_SPACE = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
DOUBLED_WORD = re.compile(r"\b(\w{2,}) \1\b", re.IGNORECASE)


def check_tags(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about inline tags: lost, added, out of order, or put back by guess."""
    report = align_tags(unit.source, target.target, unit.tags)
    if report.missing:
        yield finding(
            "tags.missing", f"Lacks {len(report.missing)} tag(s) that may not be deleted."
        )
    if report.deleted:
        yield finding(
            "tags.deleted", f"Leaves out {len(report.deleted)} tag(s) that may be deleted."
        )
    if report.added:
        yield finding("tags.added", f"Has {len(report.added)} tag(s) too many.")
    if report.crossed:
        yield finding("tags.crossed", f"{len(report.crossed)} tag pair(s) do not nest.")
    if report.moved:
        yield finding(
            "tags.moved", f"{len(report.moved)} tag(s) that may not be reordered stand elsewhere."
        )
    if report.emptied:
        yield finding(
            "tags.emptied",
            f"{len(report.emptied)} tag pair(s) hold no text, as they do in the source.",
        )
    if target.tag_repair is TagRepair.REORDERED:
        yield finding(
            "tags.reordered", "Tags the engine crossed, doubled or made up were put in order."
        )
    if target.tag_repair is TagRepair.PROJECTED:
        yield finding(
            "tags.projected", "Tags the engine lost were put back where the words around them went."
        )
    if target.tag_repair is TagRepair.WHOLE_UNIT:
        yield finding(
            "tags.whole_unit",
            "Tags the engine lost could not be placed by words; look at the formatting.",
        )


def check_empty(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where the source has text and the target has none."""
    if plain_text(unit.source).strip() and not plain_text(target.target).strip():
        yield finding("text.empty", "The source has text and the target has none.")


def check_untranslated(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where an engine gave the source back: untranslated, or only unchanged where it may
    be a name.
    """
    source, text = plain_text(unit.source).strip(), plain_text(target.target).strip()
    if (
        target.result_source is not ResultSource.ENGINE
        or not source
        or source.casefold() != text.casefold()
    ):
        return
    words = [word for word in re.findall(r"[^\W\d_]+", VERBATIM.sub(" ", source)) if len(word) > 1]
    if any(_must_change(word) for word in words):
        yield finding("text.untranslated", "The target is the source.")
    elif words:
        yield finding(
            "text.unchanged", "The target is the source; it may be a name or a unit of measure."
        )


def _must_change(word: str) -> bool:
    """Whether a word is neither a name (it has a capital) nor a symbol of a unit (it is short).

    In a script without case, a word of two characters is no symbol.
    """
    return not word[0].isupper() and (len(word) >= _SHORTEST_WORD or not word[0].islower())


def check_numbers(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about numbers whose value is missing on the other side. Separators do not count."""
    text = plain_text(target.target)
    if not text.strip():
        return
    missing, added = unmatched(plain_text(unit.source), text)
    if missing:
        yield finding("numbers.missing", f"Lacks {len(missing)} number(s) of the source.")
    for number in added:
        yield finding(
            "numbers.added", "A number that is not in the source.", number.start, number.end
        )


def check_spacing(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about white space lost or added at the edges, or doubled inside."""
    source, text = plain_text(unit.source), plain_text(target.target)
    if not source.strip() or not text.strip():
        return
    if source[:1].isspace() != text[:1].isspace():
        yield finding("space.leading", "White space at the start differs from the source.", 0, 1)
    if source[-1:].isspace() != text[-1:].isspace():
        yield finding(
            "space.trailing",
            "White space at the end differs from the source.",
            len(text) - 1,
            len(text),
        )
    if not DOUBLED_SPACE.search(source):
        for match in DOUBLED_SPACE.finditer(text):
            yield finding("space.doubled", "White space is doubled.", match.start(), match.end())


def check_words(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about words written twice, where the source repeats none."""
    if DOUBLED_WORD.search(plain_text(unit.source)):
        return
    for match in DOUBLED_WORD.finditer(plain_text(target.target)):
        yield finding("words.doubled", "A word is doubled.", match.start(), match.end())


def check_length(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where the target is longer than its place in the document allows."""
    length = len(plain_text(target.target))
    if unit.max_length_chars is not None and length > unit.max_length_chars:
        message = f"{length} characters where {unit.max_length_chars} are allowed."
        yield finding("text.too_long", message, unit.max_length_chars, length)


CHECKS: tuple[Callable[[Unit, UnitTarget], Iterator[QaFinding]], ...] = (
    check_tags,
    check_empty,
    check_untranslated,
    check_numbers,
    check_spacing,
    check_words,
    check_length,
)
"""The checks of rules 1, in the order findings are shown."""
