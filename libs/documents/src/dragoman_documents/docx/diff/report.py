"""The differences of two documents, as values that can be printed, stored and sent.

A paragraph with other words is

    Difference(part="word/document.xml", path="0.3", kind="text", change="changed", what="paragraph", …)
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from dragoman_contracts.model import Value


class DifferenceKind(StrEnum):
    """The subject of a difference. All kinds but `text` are more than a translation may change."""

    TEXT = "text"
    FORMATTING = "formatting"
    STRUCTURE = "structure"
    PART = "part"
    RELATIONSHIP = "relationship"
    PROPERTY = "property"


class Change(StrEnum):
    """The change from the first document to the second."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class WordEdit(Value):
    """One change of words inside a text: `before` gave way to `after`. Either may be empty."""

    before: str
    after: str


class Difference(Value):
    """One difference.

    `path` is the structural path of the element below the part's root, as in unit ids: the path in
    the second document, or in the first for an element that was removed; empty for the part as a
    whole. `what` names the element or the part's role. `before` and `after` are short
    forms of the content, empty where content was not asked for.
    """

    part: str
    path: str
    kind: DifferenceKind
    change: Change
    what: str
    before: str = ""
    after: str = ""
    words: tuple[WordEdit, ...] = ()


class GateReport(Value):
    """The differences of two packages beyond text. Holds no document text.

    `differences` has none of kind text, and ends after a hundred. `changed_parts` names the parts
    whose bytes differ, in the order of the package.
    """

    differences: tuple[Difference, ...] = ()
    changed_parts: tuple[str, ...] = ()

    @property
    def is_text_only(self) -> bool:
        """Whether nothing but text differs."""
        return not self.differences

    def summary(self) -> str:
        """The kinds of differences by part, with their numbers, and no text:
        `structure in word/document.xml (2)`.
        """
        counts = Counter((each.kind.value, each.part) for each in self.differences)
        return ", ".join(
            f"{kind} in {part} ({count})" for (kind, part), count in sorted(counts.items())
        )


class PartChange(Value):
    """A part that differs between two packages: its name, its role, its change."""

    part: str
    role: str
    change: Change


class DocumentDiff(Value):
    """Two documents compared.

    Differences stand in the order of the parts, and inside a part in document order.
    """

    is_equal: bool
    is_text_only: bool
    parts: tuple[PartChange, ...] = ()
    differences: tuple[Difference, ...] = ()
    changed_paragraph_count: int = 0
