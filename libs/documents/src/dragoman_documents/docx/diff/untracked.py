"""The differences that a tracked-changes file could not mark.

Word has no record for the definition of a style, a theme or a setting. A style that was red and is
blue stays blue when all changes are rejected: a difference in word/styles.xml.
"""

from __future__ import annotations

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff.comparable import comparable
from dragoman_documents.docx.diff.compare import compare
from dragoman_documents.docx.diff.report import Change, Difference, DifferenceKind
from dragoman_documents.docx.diff.revisions import accepted, rejected
from dragoman_documents.docx.roles import PartRole

_HELD = {
    PartRole.PICTURE,
    PartRole.EMBEDDED,
    PartRole.CHART,
    PartRole.STATISTICAL_CHART,
    PartRole.DIAGRAM,
}
"""Parts that the text refers to.

They are compared by their bytes at the places that refer to them; their names do not count.
"""


def untracked(
    before: bytes,
    changes: bytes,
    budget: Budget | None = None,
) -> tuple[Difference, ...]:
    """The differences from `before` that remain when all `changes` are rejected.

    Empty where none does.

    Traces of editing that no reader sees, such as session ids, do not count, nor do parts that
    nothing in the text refers to.

    Raises:
        DocumentError: a document is not readable or passes the budget.
    """
    budget = budget or Budget()
    found = compare(
        comparable(accepted(before, budget), budget),
        comparable(rejected(changes, budget), budget),
        budget,
    )
    held = {each.part for each in found.parts if each.role in _HELD}
    return tuple(
        each for each in found.differences if each.part not in held and not _is_packaging(each)
    )


def _is_packaging(difference: Difference) -> bool:
    is_extra = difference.kind is DifferenceKind.PART and difference.change in {
        Change.ADDED,
        Change.MOVED,
    }
    return (
        is_extra
        or difference.kind is DifferenceKind.RELATIONSHIP
        or difference.part.startswith("[")
    )
