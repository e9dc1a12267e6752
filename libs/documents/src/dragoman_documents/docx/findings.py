"""The findings of preflight: for each code, its severity and a message that says what it means and
what to do.

Codes are stable. Messages name no text of the document.

    finding("comments", 3)   info, "Comments: 3, translated too. Switch comments off, …"
"""

from __future__ import annotations

from enum import StrEnum

from dragoman_contracts.model import Value


class Severity(StrEnum):
    """The weight of a finding for the translation."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


class Finding(Value):
    """Something noticed in a document: a stable code, and a sentence that says what it means and
    what to do.
    """

    code: str
    severity: Severity
    message: str


_INFO, _WARNING = Severity.INFO, Severity.WARNING

_CATALOGUE: dict[str, tuple[Severity, str]] = {
    "no_text": (
        _WARNING,
        "The document has no text and comes back as it is. If its text is in pictures, run text recognition first.",
    ),
    "part.unreadable": (
        _WARNING,
        "Damaged parts: {count}. Their text stays as it is. Open the file in Word, save it, and send it again.",
    ),
    "macros": (
        _INFO,
        "The document holds macros. They are kept as they are and never run; text inside them is not translated.",
    ),
    "signature": (
        _WARNING,
        "The document is digitally signed. The signature does not cover the translation: sign the result anew.",
    ),
    "protection": (
        _INFO,
        "Editing is restricted in Word. The text is translated and the restriction stays; lift it in Word.",
    ),
    "write_protection": (
        _INFO,
        "Word recommends opening this document read-only. The translation keeps that setting.",
    ),
    "tracked_changes": (
        _WARNING,
        "Tracked changes: {count}. Inserted text is translated, deleted text stays in the source language. "
        "Accept or reject all changes first if the result is to be clean.",
    ),
    "comments": (
        _INFO,
        "Comments: {count}, translated too. Switch comments off, or remove them, if they are internal.",
    ),
    "embedded_objects": (
        _WARNING,
        "Embedded objects (workbooks, slides, packages): {count}. They are kept; text inside them is not translated. "
        "Translate their files on their own.",
    ),
    "chart_workbooks": (
        _INFO,
        "Charts that keep their data in a workbook: {count}. What the charts show is translated, the workbooks are "
        "not: whoever edits a chart's data in Word sees the source language again. Translate the workbook there.",
    ),
    "choices": (
        _WARNING,
        "Lists to choose from: {count}. Their entries stay in the source language, because stored answers name them. "
        "Change the entries in Word, under the properties of the control.",
    ),
    "index_entries": (
        _WARNING,
        "Entries for an index, a table of contents or of authorities in field codes (XE, TC, TA): {count}. They stay "
        "in the source language, and show when Word builds the list anew. Translate them in Word (Alt+F9 shows them).",
    ),
    "field_texts": (
        _WARNING,
        "Fields whose code holds text that Word shows (prompts, buttons, conditions): {count}. What they show now is "
        "translated where it stands in the text, their code is not. Translate it in Word (Alt+F9 shows it).",
    ),
    "included_texts": (
        _INFO,
        "Fields that include text from other files or AutoText: {count}. What they show is translated here; Word "
        "fetches it in the source language again when they are updated. Unlink them (Ctrl+Shift+F9) to keep it.",
    ),
    "repeating_fields": (
        _INFO,
        "Fields that repeat a heading, a caption or the title: {count}. They are kept in step with the translation. "
        "After later edits press Ctrl+A and F9 in Word.",
    ),
    "computed_fields": (
        _INFO,
        "Fields with words that Word computes, or that no longer show what they repeat: {count}. They stay as they "
        "are. Press Ctrl+A and F9 in Word to have them computed anew from the translation.",
    ),
    "imported_chunks": (
        _WARNING,
        "Pieces of other files that Word imports when it opens the document: {count}. They cannot be reached. "
        "Open it in Word and save it once, then send it again.",
    ),
    "subdocuments": (
        _WARNING,
        "Linked subdocuments: {count}. They are not part of this file. Send them as files of their own.",
    ),
    "pictures": (
        _INFO,
        "Pictures: {count}. Text drawn in them is not translated. Check them for text.",
    ),
    "hidden_text": (
        _INFO,
        "Stretches of hidden text: {count}. They stay as they are. Switch hidden text on to translate them.",
    ),
    "numbering": (
        _INFO,
        "Levels of numbered lists and headings with words (such as Article 1): {count}. The words are translated; text "
        "that names them, as in a reference typed by hand, must use the same ones.",
    ),
    "numbering_left": (
        _INFO,
        "Levels of numbering whose words or letters stay as they are: {count}. Change them in Word, under Define New "
        "Multilevel List, where they are to be other ones.",
    ),
    "statistical_charts": (
        _INFO,
        "Newer charts (waterfall, treemap, funnel …): {count}. Their text stays in the source language. Switch "
        "statistical charts on to translate it.",
    ),
    "drop_caps": (
        _INFO,
        "Drop caps: {count}. The letter is translated with the word it begins, and the first letter of the translation "
        "takes its place. Look at those whose target begins with a sign or a number.",
    ),
    "ruby": (
        _WARNING,
        "Ruby annotations (how characters are read aloud): {count}. The text under them is translated with its "
        "sentence; where it changes, the annotation is left out. Add annotations in Word where the target needs them.",
    ),
    "mathematics": (_INFO, "Formulas: {count}, kept as they are."),
    "right_to_left": (
        _INFO,
        "The document has right-to-left text. Directions the source states are kept.",
    ),
    "mail_merge": (
        _INFO,
        "The document is a mail-merge form. Its fields stay and are filled by Word as before.",
    ),
    "data_bound": (
        _INFO,
        "Content controls that show data stored in the document: {count}. That data is translated in step with them.",
    ),
    "data_bound_left": (
        _WARNING,
        "Content controls that Word fills with stored data of the source (dates, chosen entries, text of another "
        "program): {count}. They stay in the source language, dates when Word opens the document. Fill them in again "
        "in the translation.",
    ),
    "fonts": (
        _INFO,
        "Fonts named: {count}. They stay. Where one lacks letters of the target, Word shows another: look at the "
        "result, or change the fonts in its styles.",
    ),
    "languages": (
        _INFO,
        "Text is marked as {count} languages: {names}. All of it is translated as if it were the source's. What must "
        "stay: give it a style of its own, and leave that style out.",
    ),
    "embedded_fonts": (
        _WARNING,
        "Fonts are embedded, often only with the letters the source uses. The target may show in another font.",
    ),
    "external_links": (
        _INFO,
        "Pictures or templates linked from outside: {count}. Nothing is fetched; the links stay.",
    ),
    "very_long": (_INFO, "A long document: about {count} words. Plan for time and cost."),
    "strict": (_INFO, "Saved as Strict Open XML. The translation stays strict."),
}


def finding(code: str, count: int = 0, names: str = "") -> Finding:
    """The finding of a code, with its count, and with the names of what was counted where it has
    them, in the message.
    """
    severity, message = _CATALOGUE[code]
    return Finding(
        code=code, severity=severity, message=message.format(count=f"{count:,}", names=names)
    )
