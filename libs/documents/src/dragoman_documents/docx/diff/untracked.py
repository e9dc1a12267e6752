"""What a tracked-changes file could not mark: Word has no record for the definition of a style, a
theme, a setting.
"""

from __future__ import annotations

from dragoman_documents.budget import Budget
from dragoman_documents.docx.diff.compare import compare
from dragoman_documents.docx.diff.plain import plain
from dragoman_documents.docx.diff.report import Change, Difference, DifferenceKind
from dragoman_documents.docx.diff.revisions import accepted, rejected
from dragoman_documents.docx.package import PartRole

_HELD = {PartRole.PICTURE, PartRole.EMBEDDED, PartRole.CHART, PartRole.STATISTICAL_CHART, PartRole.DIAGRAM}
"""What the text refers to, and is compared by its bytes where it does: the name of the part says
nothing.
"""


def untracked(before: bytes, changes: bytes, budget: Budget | None = None) -> tuple[Difference, ...]:
    """What of `before` does not come back when all `changes` are rejected; empty where everything
    does.

    What no reader sees, as the ids of editing sessions or where runs are cut, is not looked at, nor
    are parts that stay with nothing in the text that refers to them.

    Raises:
        DocumentError: one of them is no readable Word document or passes the budget.
    """
    budget = budget or Budget()
    found = compare(plain(accepted(before, budget), budget), plain(rejected(changes, budget), budget), budget)
    held = {each.part for each in found.parts if each.role in _HELD}
    return tuple(each for each in found.differences if each.part not in held and not _is_packaging(each))


def _is_packaging(difference: Difference) -> bool:
    is_extra = difference.kind is DifferenceKind.PART and difference.change in {Change.ADDED, Change.MOVED}
    return is_extra or difference.kind is DifferenceKind.RELATIONSHIP or difference.part.startswith("[")
