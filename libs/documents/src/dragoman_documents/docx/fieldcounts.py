"""Counts of fields that a translation leaves as they are, for preflight.

`{XE "pump"}` is one entry; `{MACROBUTTON NoMacro [Type here]}` one field with text in its code;
`{REF a | Scope}` is kept in step where `a` holds "Scope", else Word has to compute it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dragoman_contracts.text import StoryKind, plain_text
from dragoman_documents.docx.fields import field_kind
from dragoman_documents.docx.instructions import ENTRIES, texts_in_code
from dragoman_documents.docx.located import LocatedUnit
from dragoman_documents.docx.package import Package
from dragoman_documents.docx.repeats import Repeats, paragraph_texts
from dragoman_documents.docx.xml import names

_INCLUDED = names("INCLUDETEXT INCLUDE AUTOTEXT GLOSSARY")
_NO_PARAGRAPHS = frozenset(
    {StoryKind.PROPERTY, StoryKind.ALTERNATIVE_TEXT, StoryKind.CHART, StoryKind.DIAGRAM}
)


class FieldCounts:
    """Numbers of fields by the way their text is treated.

    `entries` mark entries of an index or a table, `texts` have text in their codes, `included`
    fetch text from other files. Of the fields whose words Word computes, `in_step` repeat a text
    and are kept equal to its translation, and `computed` are left for Word.
    """

    def __init__(self, package: Package, units: Sequence[LocatedUnit]) -> None:
        codes = list(_codes(package))
        kinds = [field_kind(code) for code in codes if texts_in_code(code)]
        self.entries = sum(kind in ENTRIES for kind in kinds)
        self.texts = len(kinds) - self.entries
        self.included = sum(field_kind(code) in _INCLUDED for code in codes)
        repeats = Repeats(package)
        self.in_step = self.computed = 0
        if repeats.count:
            texts = (plain_text(unit.content) for unit in units if unit.story not in _NO_PARAGRAPHS)
            self.in_step = repeats.in_step_count(paragraph_texts((text, text) for text in texts))
            self.computed = repeats.count - self.in_step


def _codes(package: Package) -> Iterator[str]:
    """The codes of all fields."""
    for name in package.stories():
        root = package.root(name)
        if root is not None:
            fields = package.fields(name, root)
            yield from (
                known.instruction for known, edge in fields.edges.values() if edge == "begin"
            )
            yield from (known.instruction for known in fields.simple.values())
