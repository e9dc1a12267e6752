"""Structural comparison: differences of two documents, and the gate for changes beyond text.

The modules, each with its task:

    gate         are two packages equal but for text: `stream` by markup, `structure` by trees
    compare      the differences by part, path and words: `align` pairs blocks, `paragraphs` the rest
    tracked      one document against another as Word's tracked changes: `track_blocks` marks
                 paragraphs, tables and sections, `track_runs` the words in them, and `dependencies`
                 brings over the parts that deleted words need
    untracked    the differences that tracked changes cannot show, found on `comparable` documents
    revisions    tracked changes accepted and rejected
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
