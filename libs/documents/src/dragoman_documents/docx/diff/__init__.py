"""Structural comparison: the differences of two documents, and the gate that nothing but text
changed.
"""

from dragoman_documents.docx.diff.compare import compare
from dragoman_documents.docx.diff.gate import text_only
from dragoman_documents.docx.diff.report import (
    Change,
    Difference,
    DifferenceKind,
    DocumentDiff,
    GateReport,
    PartChange,
    WordEdit,
)
from dragoman_documents.docx.diff.revisions import accepted, rejected
from dragoman_documents.docx.diff.tracked import tracked
from dragoman_documents.docx.diff.untracked import untracked

__all__ = [
    "Change",
    "Difference",
    "DifferenceKind",
    "DocumentDiff",
    "GateReport",
    "PartChange",
    "WordEdit",
    "accepted",
    "compare",
    "rejected",
    "text_only",
    "tracked",
    "untracked",
]
