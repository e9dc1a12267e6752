"""The numbers a chart shows, kept out of its tree.

A chart has a copy of the numbers of its workbook (ECMA-376 Part 1 §21.2.2.121). The copy can be
most of a document, and nothing in it is translated:

    <c:numCache><c:ptCount val="2"/><c:pt idx="0"><c:v>1.5</c:v></c:pt>…</c:numCache>
    <c:numCache><c:ptCount val="2"/><c:pt dragoman-points="0"/></c:numCache>      in the tree

Only points in the plainest form are taken out, since these are sure to be written again as they
were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman_documents.budget import Budget
from dragoman_documents.docx.xml import is_utf8

_START, _POINT, _END = b"<c:numCache>", b"<c:pt ", b"</c:numCache>"
# Possessive (`++`): a part of megabytes that nearly matches fails at once, and tries nothing again.
_POINTS = re.compile(rb'(?:<c:pt idx="\d++"><c:v>[^<>&\x00-\x1f\x7f-\xff]++</c:v></c:pt>)++')
_MARK = b"dragoman-points"
_STUB = re.compile(rb'<c:pt %s="(\d+)"/>' % _MARK)


@dataclass(frozen=True, slots=True)
class Points:
    """The points that were taken out of one part, by the number of their stub."""

    taken: Sequence[bytes]

    def restored(self, written: bytes) -> bytes:
        """The serialised tree with the points in the places of their stubs."""
        return _STUB.sub(lambda found: self.taken[int(found[1])], written)


def take_points(data: bytes, budget: Budget) -> tuple[Points, bytes] | None:
    """The points of a part, and the part without them; None where the part has no points.

    Raises:
        TooLargeError: the part has more elements than the budget allows.
    """
    if _START not in data or _MARK in data or not is_utf8(data):
        return None
    budget.hold("elements", data.count(b"<"))
    taken, kept, copied = list[bytes](), list[bytes](), 0
    while (start := data.find(_START, copied)) >= 0 and (end := data.find(_END, start)) >= 0:
        first = data.find(_POINT, start, end)
        if first >= 0 and _POINTS.fullmatch(data, first, end):
            kept += (data[copied:first], b'<c:pt %s="%d"/>' % (_MARK, len(taken)))
            taken.append(data[first:end])
        else:
            kept.append(data[copied:end])
        copied = end
    return Points(taken), b"".join((*kept, data[copied:]))
