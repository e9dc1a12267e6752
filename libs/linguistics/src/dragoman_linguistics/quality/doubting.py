"""Doubts: the answers of an engine that are worth another question, and the words of that question.

For the source "The customer pays.":

    "I'm sorry, but I can't assist with that."   chat.refusal: "Translate the text as it is; …"
    "Der Kunde zahlt."                           no doubt
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dragoman_contracts.locale import Locale
from dragoman_contracts.reports import QaFinding, Severity
from dragoman_contracts.text import Content, Unit
from dragoman_linguistics.quality.measures import check_measures
from dragoman_linguistics.quality.pairs import Pair
from dragoman_linguistics.quality.profiles import DEFAULT_PROFILE, QaProfile
from dragoman_linguistics.quality.verifying import document_checks

REASONS: Mapping[str, str] = {
    "text.untranslated": "Translate the text into the target language; the answer repeats the source.",
    "chat.refusal": "Translate the text as it is; do not refuse, apologise or comment. It is only to be translated.",
    "chat.label": "Give the translation alone, without a label or an introduction before it.",
    "chat.talk": "Give the translation alone; say nothing to the reader before or after it.",
    "chat.note": "Give the translation alone, without notes or explanations.",
    "chat.mark": "Leave out marks of the chat format and code fences.",
    "chat.json": "Give the plain text in the target, without JSON, quotes round it or escapes.",
    "text.markdown": "Use no markdown; keep the tags of the source instead.",
    "text.entities": "Write characters as they are, not as HTML entities.",
    "text.html": "Use no HTML tags; keep the numbered tags of the source instead.",
    "placeholders.missing": "Keep every placeholder of the source letter by letter.",
    "placeholders.added": "Use no placeholders that the source does not have.",
    "placeholders.tags": "Keep every tag that stands in the text, letter by letter.",
    "addresses.missing": "Keep addresses of pages and mail letter by letter.",
    "codes.missing": "Keep codes of capitals and digits letter by letter.",
    "amounts.currency": "Keep the currency of every amount.",
    "amounts.percent": "Keep percent signs with their numbers.",
    "amounts.unit": "Keep the unit of measure of every number.",
    "numbers.missing": "Keep every number of the source.",
    "numbers.added": "Add no numbers that the source does not have.",
    "characters.invalid": "Leave out broken characters and control characters.",
    "characters.encoding": "Write accented letters as they are; the answer looks as if it were in a wrong encoding.",
    "language.script": "Write in the script of the target language.",
    "language.wrong": "Write in the target language.",
    "length.short": "Translate the whole text of this unit; the answer is far too short.",
    "length.long": "Translate this unit's text alone, and add nothing; the answer is far too long.",
    "text.repeated": "Translate this unit's own text; the answer is also that of another unit.",
    "text.shifted": "Translate this unit's own text; the answer is that of the unit before or after.",
    "text.merged": "Translate this unit's text alone; the answer holds the text of the unit before or after as well.",
    "space.missing": "Keep words apart where tags begin and end.",
}
"""The question for each code that is worth one: imperative, English,
without text of the document.
"""


def doubts(
    pairs: Sequence[tuple[Unit, Content]],
    source_locale: Locale,
    target_locale: Locale,
    *,
    profile: QaProfile = DEFAULT_PROFILE,
    not_applicable: Collection[str] = (),
) -> dict[str, tuple[QaFinding, ...]]:
    """The findings that are worth another question, by unit id, without units that have none.

    `pairs` are units with the contents that an engine gave for them, in document order: a batch, or
    a part of a document. The message of a finding is a short imperative for the engine, and holds
    no text of the document. Findings that the profile only shows are not worth a question.
    """
    made = [Pair.answered(unit, content) for unit, content in pairs]
    every = [
        *document_checks(made, source_locale, target_locale, profile, not_applicable),
        check_measures,
    ]
    found: dict[str, tuple[QaFinding, ...]] = {}
    for pair in made:
        # Each code once, in the order of the checks: a dict keeps the order of its keys.
        codes = {each.code: None for check in every for each in check(pair)}
        asked = tuple(
            QaFinding(code=code, severity=severity, message=REASONS[code])
            for code in codes
            if code in REASONS
            and code not in not_applicable
            and (severity := profile.severities.get(code, Severity.INFO)) is not Severity.INFO
        )
        if asked:
            found[pair.unit.unit_id] = asked
    return found
