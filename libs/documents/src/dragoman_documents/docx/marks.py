"""The languages that text is marked as, by `w:lang` of its runs and styles.

`<w:lang w:val="fr-FR" w:eastAsia="ja-JP" w:bidi="ar-SA"/>` on a run with "prix" marks it as `fr-FR` alone: the
other two hold for East Asian letters and for complex scripts (ECMA-376 part 1, 17.3.2.20), of which there are none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from dragoman_documents.docx.xml import Element, attribute

# The values come from the document and go into a message, which names none of its text.
_TAG = re.compile("[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
# Codes of BCP 47 that name no language: undetermined, none. Private use ("x-none") is no `_TAG`.
_NO_LANGUAGE = frozenset({"und", "zxx"})
_LETTERS: Mapping[str, re.Pattern[str]] = {
    "w:val": re.compile(""),
    "w:eastAsia": re.compile("[\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff]"),
    # Hebrew to Burmese, Khmer, and the forms of Hebrew and Arabic letters.
    "w:bidi": re.compile("[\u0590-\u109f\u1780-\u17ff\ufb1d-\ufdff\ufe70-\ufefc]"),
}
_NAMED = 12


class LanguageMarks:
    """Counts the marks of a document, and tells which of them hold for its text."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _LETTERS}

    def add(self, mark: Element) -> None:
        """Count a `w:lang`."""
        for name, counts in self._counts.items():
            value = attribute(mark, name) or ""
            if _TAG.fullmatch(value) and _main(value) not in _NO_LANGUAGE:
                counts[value] += 1

    def of(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The tags that hold for these texts, in order of use; empty where nothing is marked."""
        counts = Counter[str]()
        for name, letters in _LETTERS.items():
            if any(letters.search(text) for text in texts):
                counts.update(self._counts[name])
        return tuple(tag for tag, _ in counts.most_common())


def by_language(tags: Sequence[str]) -> tuple[str, ...]:
    """The languages of tags, each with its regions: `en (en-US, en-AU)`, `de-DE`."""
    groups: dict[str, list[str]] = {}
    for tag in tags:
        groups.setdefault(_main(tag), []).append(tag)
    return tuple(
        group[0] if len(group) == 1 else f"{main} ({joined(group)})"
        for main, group in groups.items()
    )


def joined(names: Sequence[str]) -> str:
    """Names in a row; of a long row the first, and how many are left out."""
    left = len(names) - _NAMED
    return ", ".join([*names[:_NAMED], *([f"{left} more"] if left > 0 else [])])


def _main(tag: str) -> str:
    return tag.partition("-")[0].lower()
