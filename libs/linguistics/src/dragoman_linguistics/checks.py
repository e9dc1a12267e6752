"""Deterministic quality checks: each a pure function of a unit and its target that returns findings.

Findings never quote the document. Their codes are stable; `QaProfile` decides how much each one matters:

    tags.missing      tags.added        tags.crossed       tags.moved       tags.emptied       tags.deleted
    tags.reordered    tags.projected    tags.whole_unit    numbers.missing  numbers.added      text.empty
    text.untranslated text.unchanged    text.too_long      space.leading    space.trailing     space.doubled
    words.doubled     tags.inside_word  space.blank
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from dragoman_contracts.model import Value
from dragoman_contracts.reports import QaFinding, Severity, UnitVerification
from dragoman_contracts.text import ResultSource, TagRepair, Unit, UnitTarget, plain_text
from dragoman_linguistics.layout_checks import check_blanks, check_inside_words
from dragoman_linguistics.numbers import unmatched
from dragoman_linguistics.tags import align_tags
from dragoman_linguistics.verdicts import unit_verdict

# Nothing of this is translated: addresses, mail, placeholders, file names and codes with digits.
_VERBATIM = re.compile(r"\S+://\S+|www\.\S+|\S+@\S+|%[a-z]|\{+[^{}]*\}+|\b\w*\d\w*\b|\S+\.\w{2,4}\b", re.IGNORECASE)
_SHORTEST_WORD = 4
_DOUBLED_SPACE = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_DOUBLED_WORD = re.compile(r"\b(\w{2,}) \1\b", re.IGNORECASE)


class QaProfile(Value):
    """Which checks speak, and how much each finding matters. Codes that are not named are off.

    A blocker stops the unit, a warning asks for review, an info only shows.
    """

    severities: dict[str, Severity]


DEFAULT_PROFILE = QaProfile(
    severities={
        **dict.fromkeys(("tags.missing", "tags.crossed", "text.empty"), Severity.BLOCKER),
        **dict.fromkeys(
            (
                "tags.added",
                "tags.moved",
                "tags.emptied",
                "tags.projected",
                "tags.whole_unit",
                "numbers.missing",
                "numbers.added",
                "text.untranslated",
                "text.too_long",
                "space.leading",
                "space.trailing",
                "tags.inside_word",
                "space.blank",
            ),
            Severity.WARNING,
        ),
        **dict.fromkeys(
            ("tags.deleted", "tags.reordered", "text.unchanged", "space.doubled", "words.doubled"), Severity.INFO
        ),
    }
)
"""What blocks: a tag that had to stay and is gone, or no text where the source has some."""


def verify_unit(
    unit: Unit, target: UnitTarget, profile: QaProfile = DEFAULT_PROFILE, not_applicable: Collection[str] = ()
) -> UnitVerification:
    """Run every check on one unit. `not_applicable` are codes that say nothing about the engine that was used."""
    findings = tuple(
        finding.model_copy(update={"severity": profile.severities[finding.code]})
        for check in CHECKS
        for finding in check(unit, target)
        if finding.code in profile.severities and finding.code not in not_applicable
    )
    return UnitVerification(unit_id=unit.unit_id, verdict=unit_verdict(findings), findings=findings)


def check_tags(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about inline tags that are lost, added, out of order, or had to be put back by guess."""
    report = align_tags(unit.source, target.target, unit.tags)
    if report.missing:
        yield _finding("tags.missing", f"Lacks {len(report.missing)} tag(s) that may not be deleted.")
    if report.deleted:
        yield _finding("tags.deleted", f"Leaves out {len(report.deleted)} tag(s) that may be deleted.")
    if report.added:
        yield _finding("tags.added", f"Has {len(report.added)} tag(s) too many.")
    if report.crossed:
        yield _finding("tags.crossed", f"{len(report.crossed)} tag pair(s) do not nest.")
    if report.moved:
        yield _finding("tags.moved", f"{len(report.moved)} tag(s) that may not be reordered stand elsewhere.")
    if report.emptied:
        yield _finding("tags.emptied", f"{len(report.emptied)} tag pair(s) hold no text, as they do in the source.")
    if target.tag_repair is TagRepair.REORDERED:
        yield _finding("tags.reordered", "Tags the engine crossed, doubled or made up were put in order.")
    if target.tag_repair is TagRepair.PROJECTED:
        yield _finding("tags.projected", "Tags the engine lost were put back where the words around them went.")
    if target.tag_repair is TagRepair.WHOLE_UNIT:
        yield _finding("tags.whole_unit", "Tags the engine lost could not be placed by words; look at the formatting.")


def check_empty(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where the source has text and the target has none."""
    if plain_text(unit.source).strip() and not plain_text(target.target).strip():
        yield _finding("text.empty", "The source has text and the target has none.")


def check_untranslated(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where an engine gave the source back: untranslated, or merely unchanged where it may be a name."""
    source, text = plain_text(unit.source).strip(), plain_text(target.target).strip()
    if target.result_source is not ResultSource.ENGINE or not source or source.casefold() != text.casefold():
        return
    words = [word for word in re.findall(r"[^\W\d_]+", _VERBATIM.sub(" ", source)) if len(word) > 1]
    if any(_must_change(word) for word in words):
        yield _finding("text.untranslated", "The target is the source.")
    elif words:
        yield _finding("text.unchanged", "The target is the source; it may be a name or a unit of measure.")


def _must_change(word: str) -> bool:
    """Whether a word is no name (capital), no symbol of a unit (short); scripts without case have no short words."""
    return not word[0].isupper() and (len(word) >= _SHORTEST_WORD or not word[0].islower())


def check_numbers(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about numbers whose value is not on the other side, whatever separators they are written with."""
    text = plain_text(target.target)
    if not text.strip():
        return
    missing, added = unmatched(plain_text(unit.source), text)
    if missing:
        yield _finding("numbers.missing", f"Lacks {len(missing)} number(s) of the source.")
    for number in added:
        yield _finding("numbers.added", "A number that is not in the source.", number.start, number.end)


def check_spacing(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about white space lost or added at the edges, or doubled inside."""
    source, text = plain_text(unit.source), plain_text(target.target)
    if not source.strip() or not text.strip():
        return
    if source[:1].isspace() != text[:1].isspace():
        yield _finding("space.leading", "White space at the start differs from the source.", 0, 1)
    if source[-1:].isspace() != text[-1:].isspace():
        yield _finding("space.trailing", "White space at the end differs from the source.", len(text) - 1, len(text))
    if not _DOUBLED_SPACE.search(source):
        for match in _DOUBLED_SPACE.finditer(text):
            yield _finding("space.doubled", "White space is doubled.", match.start(), match.end())


def check_words(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """Findings about words written twice, where the source repeats none."""
    if _DOUBLED_WORD.search(plain_text(unit.source)):
        return
    for match in _DOUBLED_WORD.finditer(plain_text(target.target)):
        yield _finding("words.doubled", "A word is doubled.", match.start(), match.end())


def check_length(unit: Unit, target: UnitTarget) -> Iterator[QaFinding]:
    """A finding where the target is longer than its place in the document allows."""
    length = len(plain_text(target.target))
    if unit.max_length_chars is not None and length > unit.max_length_chars:
        message = f"{length} characters where {unit.max_length_chars} are allowed."
        yield _finding("text.too_long", message, unit.max_length_chars, length)


CHECKS: tuple[Callable[[Unit, UnitTarget], Iterator[QaFinding]], ...] = (
    check_tags,
    check_empty,
    check_untranslated,
    check_numbers,
    check_spacing,
    check_words,
    check_length,
    check_inside_words,
    check_blanks,
)
"""Every check, in the order findings are shown."""


def _finding(code: str, message: str, start: int | None = None, end: int | None = None) -> QaFinding:
    """A finding as the check sees it; the profile sets its severity."""
    return QaFinding(code=code, severity=Severity.INFO, message=message, start=start, end=end)
